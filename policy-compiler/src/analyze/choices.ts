/**
 * Which constants a variable of a body can be, as far as equations show that: `k = "a"`,
 * `some x in ["a", "b"]`. What a reference with such variables can mean is then a few paths.
 */

import type { Expr, Term, Variable } from "../resolved/ast.ts";
import { isGround, scalarKey, scalarText } from "../syntax/ground.ts";
import { plainNumber } from "../syntax/number-literal.ts";

/** Of a body's variables, as far as it has been gone through: what it equates with constants. */
export type Choices = Map<string, readonly Term[]>;

/** Paths that one reference is taken apart into; more choices count as any. */
const PATHS_MAX = 64;

/** Behind the expression more may be known. */
export function noteConstants({ what, isNegated, with: modifiers }: Expr, known: Choices): void {
  if (what.kind !== "unify" || isNegated || modifiers.length > 0) return;
  const { left, right } = what;
  if (left.kind === "var") noteConstant(left, right, known);
  if (right.kind === "var") noteConstant(right, left, known);
}

function noteConstant({ name }: Variable, other: Term, known: Choices): void {
  if (known.has(name)) return;
  const values = valuesOf(other, known);
  if (values !== undefined && values.length <= PATHS_MAX) known.set(name, values);
}

function valuesOf(term: Term, known: Choices): readonly Term[] | undefined {
  if (term.kind === "var") return known.get(term.name);
  if (term.kind !== "ref") return isGround(term) ? [term] : undefined;
  let values = valuesOf(term.head, known);
  for (const key of term.path) {
    if (values === undefined) return undefined;
    const members = values.map((value) => membersOf(value, key));
    if (members.some((found) => found === undefined)) return undefined;
    values = members.flatMap((found) => found ?? []);
  }
  return values;
}

/** The members that a key may choose. A constant key chooses one, any other all. */
function membersOf(value: Term, key: Term): readonly Term[] | undefined {
  const wanted = scalarKey(key);
  switch (value.kind) {
    case "array":
      return wanted === undefined ? value.items : value.items.filter((_, i) => plainNumber(String(i)) === wanted);
    case "set":
      return wanted === undefined ? value.items : value.items.filter((item) => scalarKey(item) === wanted);
    case "object": {
      const entries = value.entries.filter(([name]) => wanted === undefined || scalarKey(name) === wanted);
      return entries.map(([, member]) => member);
    }
    default:
      return undefined;
  }
}

/** The paths that a reference may be, a part each: constants as text, strings in quotes, null for any. */
export function expandPath(path: readonly Term[], known: Choices): readonly (readonly (string | null)[])[] {
  if (!path.some((part) => part.kind === "var" && known.has(part.name))) return [path.map(scalarText)];
  let paths: (string | null)[][] = [[]];
  for (const part of path) {
    const values = part.kind === "var" ? known.get(part.name) : undefined;
    const texts = values === undefined || values.length === 0 ? [scalarText(part)] : values.map(scalarText);
    const isTooMany = paths.length * texts.length > PATHS_MAX;
    paths = paths.flatMap((before) => (isTooMany ? [null] : texts).map((text) => [...before, text]));
  }
  return paths;
}
