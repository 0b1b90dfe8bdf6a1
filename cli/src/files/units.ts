/** Units among files, as a binding would name them: each a directory with all that lies below it. */
import type { Source } from "@regomesh/base";
import { type MadeUnit, toUnit, type UnitFiles } from "@regomesh/policy-compiler";
import { isManifest, isModule, unitFinder } from "@regomesh/policy-compiler/units";

export type FoundUnit = Pick<MadeUnit, "unit" | "diagnostics">;

/** JSON and YAML: data, or resources of a mesh. */
export const isDocument = (name: string): boolean => /\.(json|ya?ml)$/.test(name);
export const isOfPolicies = (name: string): boolean => isModule(name) || isManifest(name) || isDocument(name);

/** The language of files of which no manifest says one, and what they may use of it. */
export type Said = Pick<UnitFiles, "version" | "language">;

export function findUnits(files: readonly Source[], { version, language }: Said = {}): readonly FoundUnit[] {
  const names = files.map(({ name }) => name);
  const roots = new Set(names.filter(isModule).map(unitFinder(names)));
  return [...roots]
    .filter((directory) => directory !== undefined)
    .sort()
    .map((directory) =>
      toUnit({
        name: directory === "" ? "." : directory,
        directory,
        version,
        language,
        files: files.filter(({ name }) => directory === "" || name.startsWith(`${directory}/`)),
      }),
    );
}
