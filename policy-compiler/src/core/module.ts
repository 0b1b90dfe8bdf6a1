/** A policy in core: its plans and functions, in the order in which they are emitted. */
import type { IrRule } from "../ir/policy.ts";
import type { DataIndex } from "./index-node.ts";
import type { CoreCode, CoreFunction, CorePlan } from "./op.ts";

export type CoreModule = {
  readonly plans: readonly CorePlan[];
  functions: readonly CoreFunction[];
  /** What marks point to. */
  readonly rules: readonly IrRule[];
  /** What the places of ops point to. */
  readonly files: readonly string[];
  /** What narrow ops point to. */
  indexes: readonly DataIndex[];
  /** All functions of one generation get the same input: what is read of it may be kept (optimize/memo.ts, optimize/values.ts). */
  sharesInput: boolean;
  /** No function grows what another one made: whole literals may be shared, and answers kept. */
  growsOwn: boolean;
};

/**
 * What a pass does to each function and plan by itself, and when it has been to all: several are done to one before the
 * next, which is still in the processor's caches then.
 */
export type EachCode = { readonly each: (code: CoreCode) => void; readonly end?: () => void };

export function codesOf({ plans, functions }: CoreModule): readonly CoreCode[] {
  return [...plans, ...functions];
}
