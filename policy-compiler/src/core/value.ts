/**
 * What statements of core compute with: constants, and locals with what is known of them.
 *
 * A local is a *value* where one op writes it and all that reads it stands behind that op, in its region or inside:
 * then it is what that op made, and `origin` says which. Any other is a *variable*, of which nothing is known.
 */
import type { Op, Region } from "./op.ts";

/** Sets of kinds, as bits: what a value may be where it is read. A small integer is one that is a word by itself. */
export const Type = {
  undefined: 1,
  null: 2,
  boolean: 4,
  smallInt: 8,
  number: 16,
  string: 32,
  array: 64,
  object: 128,
  set: 256,
} as const;

/** Any of them. */
const ANYTHING = 2 * Type.set - 1;

export type Constant = {
  readonly kind: "constant";
  /** One bit. */
  readonly type: number;
  /** A string as it is; of others the text of a literal, JSON or Rego's. */
  readonly text: string;
};

export type Local = {
  readonly kind: "local";
  /** As the plan numbers it; 0 is input and 1 data, unless the function numbers its parameters otherwise. */
  readonly id: number;
  type: number;
  origin: Origin;
  /** How often it is read; `UNCOUNTED` as long as nobody has counted. */
  reads: number;
  /** A collection that grows in its own region alone, before anything reads it. */
  isSettled: boolean;
  /** Its place in the function may be another's before it is written and behind its last use. */
  isPassing: boolean;
  // What one pass keeps while it walks a function, and no other finds: a field is read without a look-up by identity, for each use of each local.
  /** How often it is written (core/uses.ts, optimize/values.ts). */
  writes: number;
  /** Where it is written last (optimize/values.ts). */
  region: Region | undefined;
  /** Bits of what was seen of it, each pass's own (optimize/values.ts, optimize/flow.ts, optimize/index/exposed.ts). */
  seen: number;
  /** How deep the region that writes it lies, and the op of that region that uses it last (optimize/lifetimes.ts). */
  home: number;
  last: Op | undefined;
  /** Where in WebAssembly it is, while its function is emitted (emit/body.ts). */
  place: number;
};

export type Value = Constant | Local;

export type Origin = Constant | Op | typeof PARAMETER | typeof VARIABLE;

export const PARAMETER = { kind: "parameter" } as const;
export const VARIABLE = { kind: "variable" } as const;

export const UNDEFINED: Constant = { kind: "constant", type: Type.undefined, text: "undefined" };
export const NULL: Constant = { kind: "constant", type: Type.null, text: "null" };
export const TRUE: Constant = { kind: "constant", type: Type.boolean, text: "true" };
export const FALSE: Constant = { kind: "constant", type: Type.boolean, text: "false" };

/** As often as any. A small integer: a field that holds another number is an object of its own. */
export const UNCOUNTED = 2 ** 30 - 1;

/** It has no place: its function is not emitted yet, or is already. */
export const NOWHERE = -1;

export const NO_LOCALS: readonly Local[] = [];

export function makeLocal(id: number): Local {
  return {
    kind: "local",
    id,
    type: ANYTHING,
    origin: VARIABLE,
    reads: UNCOUNTED,
    isSettled: false,
    isPassing: false,
    writes: 0,
    region: undefined,
    seen: 0,
    home: 0,
    last: undefined,
    place: NOWHERE,
  };
}

export function stringConstant(text: string): Constant {
  return { kind: "constant", type: Type.string, text };
}

const SMALL_INT = 2 ** 30;
const INTEGER = /^-?[1-9][0-9]{0,9}$|^0$/;

/** Whether a number of this text is a word by itself (value/value.ts of the runtime). */
function isSmallInt(text: string): boolean {
  if (!INTEGER.test(text)) return false;
  const value = Number(text);
  return value >= -SMALL_INT && value < SMALL_INT;
}

export function numberConstant(text: string): Constant {
  return { kind: "constant", type: isSmallInt(text) ? Type.smallInt : Type.number, text };
}

/** What the value is known to be before the policy runs. */
export function constantOf(value: Value): Constant | undefined {
  if (value.kind === "constant") return value;
  return value.origin.kind === "constant" ? value.origin : undefined;
}

export function isValue({ origin }: Local): boolean {
  return origin !== VARIABLE;
}

/** The text of a literal that reads as the constant. */
export function literalOf({ type, text }: Constant): string {
  return type === Type.string ? JSON.stringify(text.toWellFormed()) : text;
}
