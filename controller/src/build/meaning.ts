/**
 * What a unit says, without where and how it says it: two texts that differ in comments, layout or
 * the order of their files are one. What the built module names besides, the rows of its rules, is
 * right for the text that it was built from; whoever has that module needs no other.
 */
import { type Module, parseModule, type RegoSource, toUnit } from "@regomesh/policy-compiler";
import { canonicalJson, snapshotHash } from "@regomesh/protocol";
import type { UnitFiles } from "./tools.ts";

/** Of nodes of the tree: where they stand, and how the text has them. */
const NO_MEANING: ReadonlySet<string> = new Set(["at", "comments", "groups", "form", "written"]);

/** A digest of modules and data; tests are no part of it. */
export function meaningOf(files: UnitFiles): string {
  const { unit } = toUnit(files);
  const modules = unit.modules.map((source) => {
    const { module } = parseModule(source);
    return module === undefined ? source.text : printMeaning(source, module);
  });
  return snapshotHash(canonicalJson({ modules: modules.sort(), data: unit.data }));
}

function printMeaning({ version = "v1", text }: RegoSource, { annotations, ...module }: Module): string {
  // What people write into annotations is theirs, whatever its keys.
  const said = annotations.map(({ scope, rule, value }) => ({ scope, rule, value }));
  try {
    return `${version} ${JSON.stringify(said)} ${JSON.stringify(module, withoutPlaces)}`;
  } catch {
    return text; // nested deeper than the stack: compared as it is written
  }
}

function withoutPlaces(key: string, value: unknown): unknown {
  if (NO_MEANING.has(key)) return undefined;
  return typeof value === "bigint" ? String(value) : value;
}
