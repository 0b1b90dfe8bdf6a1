/** Files of the state folder: written whole or not at all, secrets for the owner's eyes only. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export const SECRET = 0o600;
export const PUBLIC = 0o644;

/** Replaces a file in one step; a crash leaves the old one or the new one. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  rmSync(beside, { force: true });
  writeFileSync(beside, content, { mode, flag: "wx" });
  renameSync(beside, path);
}

/** A file's text, or undefined where there is none; any other failure is thrown. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
