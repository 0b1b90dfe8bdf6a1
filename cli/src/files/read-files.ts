/**
 * Files that a command was given: named ones, and what lies below named directories.
 * Hidden entries (but for a bundle's `.manifest`) and `node_modules` are passed over; sizes and counts are bounded.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Source } from "@regomesh/base";
import { UsageError } from "../command.ts";

const FILES_MAX = 20_000;
/** As the controller's own limit for a file of a commit. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Reads what `paths` name, relative to `cwd`; files keep the name by which the user knows them. Throws UsageError. */
export async function readFiles(paths: readonly string[], cwd: string, wanted: RegExp): Promise<readonly Source[]> {
  const names = new Set<string>();
  for (const path of paths) await addPath(names, path.replace(/(?!^)\/+$/, ""), cwd, wanted, true);
  return await Promise.all([...names].sort().map(async (name) => ({ name, text: await readText(resolve(cwd, name)) })));
}

/** The text of one file that a flag named. Throws UsageError with the flag's name. */
export async function readFlagFile(path: string, cwd: string, flag: string): Promise<string> {
  try {
    return await readText(resolve(cwd, path));
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${reasonOf(error)}`);
  }
}

async function addPath(names: Set<string>, path: string, cwd: string, wanted: RegExp, isNamed: boolean): Promise<void> {
  const place = resolve(cwd, path);
  const facts = await stat(place).catch((error: unknown) => {
    throw new UsageError(`${path}: ${reasonOf(error)}`);
  });
  if (facts.isFile()) {
    if (isNamed || wanted.test(path)) names.add(path);
    if (names.size > FILES_MAX) throw new UsageError(`more than ${FILES_MAX} files; name fewer directories`);
    return;
  }
  if (!facts.isDirectory()) return;
  for (const entry of await readdir(place, { withFileTypes: true })) {
    if ((entry.name.startsWith(".") && entry.name !== ".manifest") || entry.name === "node_modules") continue;
    const below = path === "." ? entry.name : join(path, entry.name);
    if (entry.isDirectory() || (entry.isFile() && wanted.test(entry.name))) {
      await addPath(names, below, cwd, wanted, false);
    }
  }
}

async function readText(place: string): Promise<string> {
  const { size } = await stat(place);
  if (size > FILE_BYTES_MAX) throw new UsageError(`${place} has ${size} bytes; at most ${FILE_BYTES_MAX} are read`);
  return await readFile(place, "utf8");
}

function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES") return "may not be read";
  return error instanceof Error ? error.message : String(error);
}
