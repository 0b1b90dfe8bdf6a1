/**
 * Units among files: every directory that holds a `.rego` file and lies below no other such
 * directory is one, as a binding would name it, with all that lies below it.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { type TestedUnit, toUnit } from "@regomesh/policy-compiler";

export type FoundUnit = { readonly unit: TestedUnit; readonly diagnostics: readonly Diagnostic[] };

export function findUnits(files: readonly Source[]): readonly FoundUnit[] {
  const holders = new Set(files.filter(({ name }) => name.endsWith(".rego")).map(({ name }) => directoryOf(name)));
  const roots = [...holders].filter((directory) => !hasHolderAbove(directory, holders)).sort();
  return roots.map((directory) =>
    toUnit({
      name: directory === "" ? "." : directory,
      directory,
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

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
