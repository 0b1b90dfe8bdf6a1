/**
 * A query that tells the value of each of its expressions beside its variables, as OPA's does: an
 * expression becomes an equation with a variable of its own. Where there is one expression that
 * does not iterate, its value may also be false; otherwise each must hold. A wildcard is a variable, too: what it
 * is found by is an answer of its own.
 */
import { positionAt, type Span } from "@regomesh/base";
import { BUILTINS, type Expr, parseQuery, type RegoSource } from "@regomesh/policy-compiler";

export type CapturedExpression = {
  readonly text: string;
  readonly row: number;
  readonly column: number;
  /** The variable that has its value; undefined where it has none of its own: it is true. */
  readonly variable: string | undefined;
};

export type CapturedQuery = { readonly source: RegoSource; readonly expressions: readonly CapturedExpression[] };

/** What the variables here begin with, that the query has no part in. */
export const CAPTURED = "__value";

/** As it is where it does not parse: the compiler says what is wrong. */
export function captureValues(query: RegoSource): CapturedQuery {
  const { body = [], diagnostics } = parseQuery(query);
  if (body.length === 0 || diagnostics.some(({ severity }) => severity === "error"))
    return { source: query, expressions: [] };
  const wildcards = body.flatMap(({ what, isNegated }) => (isNegated ? [] : findWildcards(what)));
  const named = (start: number, end: number): string => nameWildcards(query.text, { start, end }, wildcards);
  const parts: string[] = [];
  const checks: string[] = [];
  const mustHold = body.length > 1 || iterates(body);
  const expressions = body.flatMap((expr, index): readonly CapturedExpression[] => {
    const { start, end } = expr.at.span;
    const text = query.text.slice(start, end);
    const { row, column } = positionAt(query, start);
    if (!hasValue(expr)) {
      parts.push(named(start, end));
      // Naming a variable says nothing that could be true.
      return expr.what.kind === "some" ? [] : [{ text, row, column, variable: undefined }];
    }
    const variable = `${CAPTURED}${index}`;
    const inner = expr.what.at.span;
    parts.push(`${variable} = (${named(inner.start, inner.end)})${query.text.slice(inner.end, end)}`);
    if (mustHold) checks.push(variable);
    return [{ text, row, column, variable }];
  });
  // A line each: an expression may end in a comment.
  return { source: { ...query, text: [...parts, ...checks].join("\n") }, expressions };
}

/** Where they begin, in the order of the text. Those inside of closures are these' own. */
function findWildcards(node: unknown): readonly number[] {
  if (Array.isArray(node)) return node.flatMap(findWildcards);
  if (typeof node !== "object" || node === null) return [];
  const { kind, name, at } = node as {
    readonly kind?: unknown;
    readonly name?: unknown;
    readonly at?: { readonly span: Span };
  };
  if (kind === "var" && name === "_" && at !== undefined) return [at.span.start];
  if (typeof kind === "string" && (kind.endsWith("-comprehension") || CLOSED.has(kind))) return [];
  const found = Object.entries(node).filter(([part]) => part !== "at" && part !== "source");
  return found.flatMap(([, part]) => findWildcards(part)).sort((a, b) => a - b);
}

const CLOSED: ReadonlySet<string> = new Set(["template", "every", "body", "and", "or"]);

function nameWildcards(text: string, { start, end }: Span, wildcards: readonly number[]): string {
  let out = "";
  let from = start;
  for (const [i, at] of wildcards.entries()) {
    if (at < from || at >= end) continue;
    out += `${text.slice(from, at)}${CAPTURED}_${i}`;
    from = at + "_".length;
  }
  return out + text.slice(from, end);
}

/** A call that names its output as one more argument has none beside, nor has what prints. */
function hasValue({ what, isNegated }: Expr): boolean {
  if (isNegated) return false;
  if (what.kind === "term") return true;
  if (what.kind !== "call") return false;
  const signature = BUILTINS.resolve(what.operator.path.join("."));
  return signature === undefined || (!signature.isVoid && what.args.length <= signature.args.length);
}

/** Whether some reference of it may have several values; those inside comprehensions do not count. */
function iterates(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(iterates);
  if (typeof node !== "object" || node === null) return false;
  const { kind, path, operator } = node as {
    readonly kind?: unknown;
    readonly path?: unknown;
    readonly operator?: unknown;
  };
  if (typeof kind === "string" && kind.endsWith("-comprehension")) return false;
  if (kind === "ref" && Array.isArray(path) && path.some((part: { readonly kind?: unknown }) => part.kind === "var"))
    return true;
  if (isWalk(operator)) return true;
  return Object.entries(node).some(([name, value]) => name !== "at" && name !== "source" && iterates(value));
}

function isWalk(operator: unknown): boolean {
  const { path } = (operator ?? {}) as { readonly path?: unknown };
  return Array.isArray(path) && path.length === 1 && path[0] === "walk";
}
