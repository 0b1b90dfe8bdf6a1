/**
 * Files that a command was given: named ones, and what lies below named directories, symbolic links followed as opa
 * follows them. Hidden entries (but for a bundle's `.manifest`), `node_modules` and what `--ignore` matches are passed
 * over; sizes and counts are bounded.
 */
import { readFileSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, normalize, resolve } from "node:path";
import { type DecodedText, decodeText, positionAt, type Source } from "@regomesh/base";
import { UsageError } from "../command.ts";

const FILES_MAX = 20_000;
/** As the controller's own limit for a file of a commit. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

export type Wanted = {
  /** Of a file's name below a directory. */
  readonly wanted: (name: string) => boolean;
  /** A file that is named and not wanted is refused; else it is read, whatever its name. */
  readonly refusesOthers?: boolean;
  /** Says of the name of a file or directory below a named one that it is passed over. */
  readonly isIgnored?: ((name: string) => boolean) | undefined;
  /** Links to directories are not followed: of what is written nothing may lie elsewhere. */
  readonly staysInside?: boolean;
};

/** A path as the files below it begin with it: `./policy/` is `policy`. As in opa it may be a `file://` URL. */
export function nameOf(path: string): string {
  return normalize(path.replace(/^file:\/\//, "")).replace(/(?!^)\/$/, "");
}

/** Reads what `paths` name, relative to `cwd`; files are named below `nameOf` of the path that they were found by. Throws UsageError. */
export async function readFiles(paths: readonly string[], cwd: string, which: Wanted): Promise<readonly Source[]> {
  const names = new Set<string>();
  for (const path of paths) await addNamed({ names, cwd, which }, nameOf(path));
  return await Promise.all([...names].sort().map(async (name) => ({ name, ...(await readText(resolve(cwd, name))) })));
}

/** The text of one file that a flag named. Throws UsageError with the flag's name. */
export async function readFlagFile(path: string, cwd: string, flag: string): Promise<string> {
  const decoded = await readText(resolve(cwd, path)).catch((error: unknown) => {
    throw new UsageError(`${flag} ${path}: ${reasonOf(error)}`);
  });
  return legalText(`${flag} ${path}`, decoded);
}

/** What standard input holds. Throws UsageError where it is no text. */
export function readStandardInput(): string {
  return legalText("standard input", decodeText(readFileSync(0)));
}

function legalText(name: string, { text, illegalAt }: DecodedText): string {
  if (illegalAt === undefined) return text;
  const { row, column } = positionAt({ name, text }, illegalAt);
  throw new UsageError(`${name}:${row}:${column}: illegal utf-8 character`);
}

type Search = { readonly names: Set<string>; readonly cwd: string; readonly which: Wanted };

async function addNamed(search: Search, path: string): Promise<void> {
  const place = resolve(search.cwd, path);
  const facts = await stat(place).catch((error: unknown) => {
    throw new UsageError(`${path}: ${reasonOf(error)}`);
  });
  if (facts.isDirectory()) return await addBelow(search, path, []);
  if (!facts.isFile()) throw new UsageError(`${path}: neither a file nor a directory`);
  if (/\.(tar\.gz|tgz)$/.test(path)) throw new UsageError(`${path}: a bundle is read as a directory; unpack it first`);
  if (search.which.refusesOthers && !search.which.wanted(basename(path)))
    throw new UsageError(`${path}: by its name neither Rego nor data`);
  addFile(search, path);
}

/** `above`: the real places of the directories that this one lies in, so that a link to one of them ends. */
async function addBelow(search: Search, path: string, above: readonly string[]): Promise<void> {
  const { cwd, which } = search;
  const place = await realpath(resolve(cwd, path));
  if (above.includes(place)) return;
  for (const entry of await readdir(place, { withFileTypes: true })) {
    if ((entry.name.startsWith(".") && entry.name !== ".manifest") || entry.name === "node_modules") continue;
    if (which.isIgnored?.(entry.name)) continue;
    const below = path === "." ? entry.name : join(path, entry.name);
    // A link that leads nowhere is no file.
    const facts = entry.isSymbolicLink() ? await stat(resolve(cwd, below)).catch(() => undefined) : entry;
    if (facts?.isDirectory() && which.staysInside && entry.isSymbolicLink()) continue;
    if (facts?.isDirectory()) await addBelow(search, below, [...above, place]);
    else if (facts?.isFile() && which.wanted(entry.name)) addFile(search, below);
  }
}

function addFile({ names }: Search, path: string): void {
  names.add(path);
  if (names.size > FILES_MAX) throw new UsageError(`more than ${FILES_MAX} files; name fewer directories`);
}

async function readText(place: string): Promise<DecodedText> {
  const { size } = await stat(place);
  if (size > FILE_BYTES_MAX) throw new UsageError(`${place} has ${size} bytes; at most ${FILE_BYTES_MAX} are read`);
  return decodeText(await readFile(place));
}

/** Why a file cannot be read. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES") return "may not be read";
  return error instanceof Error ? error.message : String(error);
}
