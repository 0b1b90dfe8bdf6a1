/**
 * Infix operators: how tight they bind and which built-in each calls. `:=` and `=` are no
 * operators of terms: an expression has at most one.
 */
export type InfixOperator = { readonly builtin: string; readonly level: number };

/** `in` binds loosest, and takes `k, v in xs`. */
export const MEMBERSHIP_LEVEL = 1;
export const RELATION_LEVEL = 2;

export const INFIX: ReadonlyMap<string, InfixOperator> = new Map([
  ["in", { builtin: "internal.member_2", level: MEMBERSHIP_LEVEL }],
  ["==", { builtin: "equal", level: RELATION_LEVEL }],
  ["!=", { builtin: "neq", level: RELATION_LEVEL }],
  ["<", { builtin: "lt", level: RELATION_LEVEL }],
  [">", { builtin: "gt", level: RELATION_LEVEL }],
  ["<=", { builtin: "lte", level: RELATION_LEVEL }],
  [">=", { builtin: "gte", level: RELATION_LEVEL }],
  ["|", { builtin: "or", level: 3 }],
  ["&", { builtin: "and", level: 4 }],
  ["+", { builtin: "plus", level: 5 }],
  ["-", { builtin: "minus", level: 5 }],
  ["*", { builtin: "mul", level: 6 }],
  ["/", { builtin: "div", level: 6 }],
  ["%", { builtin: "rem", level: 6 }],
]);
