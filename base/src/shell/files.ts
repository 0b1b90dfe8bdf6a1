/** Files written whole or not at all, also where power fails; secrets for the owner's eyes only. */
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

export const SECRET = 0o600;
export const PUBLIC = 0o644;

/** Beside a file that is not synced yet, what was synced last. */
export const BEFORE = ".before";

/**
 * Replaces a file in one step: written beside it and synced, renamed, and the folder synced,
 * so that a crash leaves the old one or the new one. Where it fails nothing is left beside it.
 */
export async function writeWhole(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await replace(path, content, mode, { isSynced: true });
  await syncPath(dirname(path));
}

/**
 * As `writeWhole`, but no disk is waited for: whoever reads has the new file at once, also where this process ends.
 * Where the machine ends before `syncWritten` has returned, the file may be torn; what was synced last stays beside
 * it, by a name that ends in `.before`.
 */
export async function writeUnsynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await replace(path, content, mode, { isSynced: false });
}

/** What `writeUnsynced` has put there is on the disk when this returns. What was synced before stays until somebody takes it away. */
export async function syncWritten(path: string): Promise<void> {
  await syncPath(path);
  await syncPath(dirname(path));
}

async function replace(
  path: string,
  content: string | Uint8Array,
  mode: number,
  { isSynced }: { readonly isSynced: boolean },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  await rm(beside, { force: true });
  try {
    const file = await open(beside, "wx", mode);
    try {
      await file.writeFile(content);
      if (isSynced) await file.sync();
    } finally {
      await file.close();
    }
    if (!isSynced) await keepBefore(path);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}); // the first error says more
    throw error;
  }
}

/** Under a second name, so that there is never none; where one is there already, what stands there now was never synced. */
async function keepBefore(path: string): Promise<void> {
  try {
    await link(path, `${path}${BEFORE}`);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "EEXIST"].includes(code)) throw error;
  }
}

/** A file, or a folder: what was renamed into one is there after a crash only when the folder is written too. */
async function syncPath(path: string): Promise<void> {
  const opened = await open(path, "r");
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/** A file's bytes, or undefined where there is none; any other failure is thrown. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
