/**
 * Results of the last builds by the content that they came from: a commit that touches one
 * unit compiles and tests that unit alone. A test that goes by the clock counts as it was
 * when its unit last changed.
 */
import { createHash } from "node:crypto";
import type { BuildTools } from "../../build/tools.ts";

/** A revert and its revert are quick; what is older is built again. */
const KEPT_MAX = 64;

export function remember<Tools extends BuildTools>(tools: Tools): Tools {
  const compiled = new Map<string, ReturnType<BuildTools["compile"]>>();
  const tested = new Map<string, ReturnType<BuildTools["test"]>>();
  const meanings = new Map<string, string>();
  return {
    ...tools,
    compile: (units, entrypoints, role) =>
      recall(compiled, digestOf([units, entrypoints, role]), () => tools.compile(units, entrypoints, role)),
    meaningOf: (unit) => recall(meanings, digestOf(unit), () => tools.meaningOf(unit)),
    test: (unit) => recall(tested, digestOf(unit), () => tools.test(unit)),
  };
}

function recall<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const value = kept.get(key) ?? make();
  // Taken out and put back: the order is that of use, and the oldest goes first.
  kept.delete(key);
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  return value;
}

function digestOf(asked: unknown): string {
  return createHash("sha256").update(JSON.stringify(asked)).digest("hex");
}
