/**
 * Built-ins that the host brings, by their Rego names. Operands and results are JSON values:
 * a set arrives as an array in Rego's order; a JavaScript Set in a result becomes a set.
 * `undefined` makes the call undefined; a thrown error is a built-in error (the call is
 * undefined, or the evaluation ends in strict mode); one whose `code` is `eval_type_error`
 * ends it with that code.
 */
export type HostBuiltins = Readonly<Record<string, HostBuiltin>>;
export type HostBuiltin = (...operands: never[]) => unknown;

/** A result as a Rego term: JSON, and sets as Rego writes them. */
export function termText(value: unknown): string {
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${[...value].map(termText).join(",")}}`;
  if (Array.isArray(value)) return `[${value.map(termText).join(",")}]`;
  if (typeof value !== "object" || value === null || isRaw(value)) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${termText(member)}`).join(",")}}`;
}

/** JSON.rawJSON's object, or one that says itself how it is written. */
function isRaw(value: object): boolean {
  return Object.getPrototypeOf(value) === null || "toJSON" in value;
}
