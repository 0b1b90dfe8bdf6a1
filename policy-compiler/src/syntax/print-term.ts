/** Terms and paths as messages show them: in OPA's form, with the names that the text has. */
import type { Term } from "./ast.ts";

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A longer term is cut: a message names what is meant, it need not repeat it. */
const TEXT_MAX = 200;

/** `data.a["b c"].p`. */
export function printPath(path: readonly string[]): string {
  return path.map((part, i) => (i === 0 ? part : PLAIN.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`)).join("");
}

/** A rule's or reference's path with its variables: `data.a.p[x]`. */
export function printTermPath(path: readonly Term[]): string {
  return path
    .map((part) => {
      if (part.kind === "string" && PLAIN.test(part.value)) return `.${part.value}`;
      return `[${print(part, () => undefined)}]`;
    })
    .join("");
}

/** The name in the text: `x` of `x#3`; `_` for wildcards. */
export function userName(name: string): string {
  if (name.startsWith("$")) return "_";
  const mark = name.indexOf("#");
  return mark < 0 ? name : name.slice(0, mark);
}

/** `subject` gives what a variable that the text does not have stands for. */
export function printTerm(term: Term, subject: (name: string) => Term | undefined = () => undefined): string {
  const text = print(term, subject);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text;
}

function print(term: Term, subject: (name: string) => Term | undefined): string {
  const inner = (part: Term): string => print(part, subject);
  switch (term.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(term.value);
    case "number":
      return term.text;
    case "string":
      return JSON.stringify(term.value);
    case "var": {
      const meant = subject(term.name);
      return meant === undefined ? userName(term.name) : inner(meant);
    }
    case "ref":
      return `${inner(term.head)}${term.path.map((part) => (part.kind === "string" && PLAIN.test(part.value) ? `.${part.value}` : `[${inner(part)}]`)).join("")}`;
    case "array":
      return `[${term.items.map(inner).join(", ")}]`;
    case "set":
      return term.items.length === 0 ? "set()" : `{${term.items.map(inner).join(", ")}}`;
    case "object":
      return `{${term.entries.map(([key, value]) => `${inner(key)}: ${inner(value)}`).join(", ")}}`;
    case "call-term":
      return `${printPath(term.operator.path)}(${term.args.map(inner).join(", ")})`;
    case "array-comprehension":
      return `[${inner(term.value)} | ...]`;
    case "set-comprehension":
      return `{${inner(term.value)} | ...}`;
    case "object-comprehension":
      return `{${inner(term.key)}: ${inner(term.value)} | ...}`;
    case "template":
      return '$"..."';
  }
}
