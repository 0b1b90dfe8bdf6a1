/**
 * What of the runtime a module needs. scripts/runtime-reach.mjs finds out, when the runtime is
 * built, which functions each one calls and which statics each export may use; the linker keeps
 * what the module's own calls and its exports reach.
 */
import type { RuntimeModule } from "./runtime-module.ts";

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
  readonly holdsStatic: (from: number, to: number) => boolean;
};

/** What these functions of the runtime reach, and its start. Each of them is exported. */
export function reachedFrom(runtime: RuntimeModule, roots: ReadonlySet<number>): Reached {
  const { calls, statics, uses } = runtime.reach;
  const functions = new Set<number>();
  const open = [...roots, ...(runtime.start === undefined ? [] : [runtime.start])];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (functions.has(index)) continue;
    functions.add(index);
    open.push(...(calls[index - runtime.functionImports] ?? []));
  }
  // Functions that came out alike are one in the module, each with its own name.
  const names = [...runtime.exports.values()].filter(({ kind, index }) => kind === 0 && roots.has(index));
  const used = new Set(["", ...names.map(({ name }) => name)].flatMap((name) => uses[name] ?? []));
  return {
    functions,
    holdsStatic: (from, to) => {
      for (let i = staticAt(statics, from); i < statics.length && (statics[i] as number) < to; i++)
        if (used.has(i)) return true;
      return false;
    },
  };
}

/** The last static that begins at or before the address. */
function staticAt(statics: readonly number[], address: number): number {
  let low = 0;
  for (let high = statics.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if ((statics[middle] as number) <= address) low = middle;
    else high = middle;
  }
  return low;
}
