/**
 * What of the runtime a module needs. scripts/runtime-reach.mjs finds out, when the runtime is
 * built, which functions each one calls and which statics each export may use; the linker keeps
 * what the module's own calls and its exports reach.
 */
import type { RuntimeData, RuntimeModule } from "./runtime-module.ts";

export const REACH_SECTION = "regomesh.reach";

export type Reach = {
  /** For each function that is not imported, the functions that it calls. */
  readonly calls: readonly (readonly number[])[];
  /** Where each static begins, in order; it ends where the next one begins. */
  readonly statics: readonly number[];
  /** First byte behind the statics. */
  readonly end: number;
  /** For each function that is not imported, where its code names functions and globals (scripts/wasm-sites.mjs). */
  readonly sites: readonly (readonly number[])[];
  /** For each exported function, and for the start as "", the statics that it may use. */
  readonly uses: Readonly<Record<string, readonly number[]>>;
};

export type Reached = {
  readonly functions: ReadonlySet<number>;
  /** Entries of the data section. */
  readonly data: readonly Uint8Array[];
};

/** What these functions of the runtime reach, and its start. Each of them is exported. */
export function reachedFrom(runtime: RuntimeModule, roots: ReadonlySet<number>): Reached {
  const { calls, uses } = runtime.reach;
  const functions = new Set<number>();
  const open = [...roots, ...(runtime.start === undefined ? [] : [runtime.start])];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (functions.has(index)) continue;
    functions.add(index);
    open.push(...(calls[index - runtime.functionImports] ?? []));
  }
  // Functions that came out alike are one in the module, each with its own name.
  const used = new Set(uses[""]);
  for (const { name, kind, index } of runtime.exports.values())
    if (kind === 0 && roots.has(index)) for (const held of uses[name] ?? []) used.add(held);
  return { functions, data: dataOf(runtime, used) };
}

/** The segments that hold one of these statics; both stand in their order. */
function dataOf({ data, reach: { statics } }: RuntimeModule, used: ReadonlySet<number>): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  let first = 0;
  for (let i = 0; i < data.length; i++) {
    const { from, to, entry } = data[i] as RuntimeData;
    while (first + 1 < statics.length && (statics[first + 1] as number) <= from) first++;
    let at = first;
    while (at < statics.length && (statics[at] as number) < to && !used.has(at)) at++;
    if (at < statics.length && (statics[at] as number) < to) entries.push(entry);
  }
  return entries;
}
