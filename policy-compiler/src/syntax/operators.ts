/**
 * Infix operators: how tight they bind and which built-in each calls. `:=` and `=` are no
 * operators of terms: an expression has at most one.
 */
export type InfixOperator = {
  readonly builtin: string;
  /** Its name in parts. */
  readonly path: readonly string[];
  readonly level: number;
};

/** `in` binds loosest, and takes `k, v in xs`. */
export const MEMBERSHIP_LEVEL = 1;
export const RELATION_LEVEL = 2;

export const INFIX: ReadonlyMap<string, InfixOperator> = new Map([
  ["in", makeOperator("internal.member_2", MEMBERSHIP_LEVEL)],
  ["==", makeOperator("equal", RELATION_LEVEL)],
  ["!=", makeOperator("neq", RELATION_LEVEL)],
  ["<", makeOperator("lt", RELATION_LEVEL)],
  [">", makeOperator("gt", RELATION_LEVEL)],
  ["<=", makeOperator("lte", RELATION_LEVEL)],
  [">=", makeOperator("gte", RELATION_LEVEL)],
  ["|", makeOperator("or", 3)],
  ["&", makeOperator("and", 4)],
  ["+", makeOperator("plus", 5)],
  ["-", makeOperator("minus", 5)],
  ["*", makeOperator("mul", 6)],
  ["/", makeOperator("div", 6)],
  ["%", makeOperator("rem", 6)],
]);

function makeOperator(builtin: string, level: number): InfixOperator {
  return { builtin, path: builtin.split("."), level };
}
