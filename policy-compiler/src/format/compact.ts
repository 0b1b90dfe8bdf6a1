/** Terms as OPA's values print themselves, in one line: what stands in the brackets of a short head. */
import type { Term } from "../syntax/ast.ts";

export function compactTerm(term: Term): string {
  switch (term.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(term.value);
    case "number":
      return term.text;
    case "string":
      return quote(term.value);
    case "var":
      return term.name;
    case "ref":
      return compactRef(term.head, term.path);
    case "array":
      return `[${term.items.map(compactTerm).join(", ")}]`;
    case "set":
      return term.items.length === 0 ? "set()" : `{${term.items.map(compactTerm).join(", ")}}`;
    case "object":
      return `{${term.entries.map(([key, value]) => `${compactTerm(key)}: ${compactTerm(value)}`).join(", ")}}`;
    case "call-term":
      return `${term.operator.path.join(".")}(${term.args.map(compactTerm).join(", ")})`;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
    case "template":
      return term.at.source.text.slice(term.at.span.start, term.at.span.end);
  }
}

export const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function compactRef(head: Term, path: readonly Term[]): string {
  const parts = path.map((part) =>
    part.kind === "string" && PLAIN_NAME.test(part.value) ? `.${part.value}` : `[${compactTerm(part)}]`,
  );
  return `${compactTerm(head)}${parts.join("")}`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string literal: what cannot be seen is escaped. */
export function quote(text: string): string {
  const escaped = text.replace(/["\\\p{C}\p{Zl}\p{Zp}]/gu, (c) => {
    const short = SHORT[c];
    if (short !== undefined) return short;
    return [...c.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  });
  return `"${escaped}"`;
}
