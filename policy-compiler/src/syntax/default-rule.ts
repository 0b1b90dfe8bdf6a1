/** What a `default` rule may say: a constant, and wildcards or distinct variables as arguments. */
import type { Head, Term } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { describeTerm } from "./literal.ts";

export function checkDefault(cursor: Cursor, head: Head): void {
  checkConstant(cursor, head.value);
  const seen = new Set<string>();
  for (const arg of head.args ?? []) {
    const isRoot = arg.kind === "var" && (arg.name === "input" || arg.name === "data");
    if (arg.kind !== "var" || isRoot) {
      cursor.fail(arg.at, `illegal default rule (arguments cannot contain ${isRoot ? "ref" : describeTerm(arg)})`);
    }
    if (arg.name !== "_" && seen.has(arg.name)) {
      cursor.fail(arg.at, `illegal default rule (arguments cannot be repeated ${arg.name})`);
    }
    seen.add(arg.name);
  }
}

/** Comprehensions close over nothing, so they may stand in a default. */
function checkConstant(cursor: Cursor, term: Term): void {
  switch (term.kind) {
    case "var":
    case "ref":
    case "call-term":
      throw cursor.fault(term.at, `illegal default rule (value cannot contain ${describeTerm(term)})`);
    case "array":
    case "set":
      for (const item of term.items) checkConstant(cursor, item);
      return;
    case "object":
      for (const entry of term.entries) for (const part of entry) checkConstant(cursor, part);
      return;
    case "template":
      for (const part of term.parts) if (typeof part !== "string") checkConstant(cursor, part.term);
      return;
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return;
  }
}
