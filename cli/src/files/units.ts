/**
 * Units among files: every directory that holds a `.rego` file, or a bundle's `.manifest` above some, and lies below no
 * other such directory is one, as a binding would name it, with all that lies below it.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { type TestedUnit, toUnit, type UnitFiles } from "@regomesh/policy-compiler";

export type FoundUnit = { readonly unit: TestedUnit; readonly diagnostics: readonly Diagnostic[] };

/** Which files a unit is made of, by their names. */
export const UNIT_FILES = /\.rego$|(^|\/)data\.(json|ya?ml)$|(^|\/)\.manifest$/;

/** The language of files of which no manifest says one, and what they may use of it. */
export type Said = Pick<UnitFiles, "version" | "language">;

export function findUnits(files: readonly Source[], { version, language }: Said = {}): readonly FoundUnit[] {
  const modules = files.filter(({ name }) => name.endsWith(".rego")).map(({ name }) => directoryOf(name));
  const manifests = files.filter(({ name }) => /(^|\/)\.manifest$/.test(name)).map(({ name }) => directoryOf(name));
  const holders = new Set([...modules, ...manifests]);
  const isUnit = (directory: string) => modules.some((each) => isAtOrBelow(each, directory));
  const roots = [...holders].filter((directory) => !hasHolderAbove(directory, holders) && isUnit(directory)).sort();
  return roots.map((directory) =>
    toUnit({
      name: directory === "" ? "." : directory,
      directory,
      version,
      language,
      files: files.filter(({ name }) => directory === "" || name.startsWith(`${directory}/`)),
    }),
  );
}

function hasHolderAbove(directory: string, holders: ReadonlySet<string>): boolean {
  if (directory === "") return false;
  for (let above = directoryOf(directory); ; above = directoryOf(above)) {
    if (holders.has(above)) return true;
    if (above === "") return false;
  }
}

function isAtOrBelow(directory: string, above: string): boolean {
  return above === "" || directory === above || directory.startsWith(`${above}/`);
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
