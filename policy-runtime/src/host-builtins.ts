/**
 * Built-ins that the host brings, by their Rego names. Operands and results are JSON values:
 * a set arrives as an array in Rego's order, a number that a double cannot hold as its text
 * (exact-json.ts). What depends on the time takes the evaluation's, in nanoseconds, last. `undefined` makes the call undefined; a thrown
 * error is a built-in error (the call is undefined, or the evaluation ends in strict mode);
 * one whose `code` is `eval_type_error` ends it with that code.
 */
export type HostBuiltins = Readonly<Record<string, HostBuiltin>>;
export type HostBuiltin = ((...operands: never[]) => unknown) & {
  /** In one evaluation the same operands give what they gave first. */
  readonly isNondeterministic?: boolean;
};

/** A result that JSON has no words for (sets, keys of any kind), as a ground Rego term. */
export class RegoTerm {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
