/** The keywords that v1 has no rule without: what it says of v0's forms, and what `import rego.v1` asks of a v0 module. */
import type { Diagnostic } from "@regomesh/base";
import type { Head, Rule, RuleForm } from "./ast.ts";
import { type Cursor, makeParseError } from "./cursor.ts";

export const IF = "`if` keyword is required before rule body";
export const IF_HINT = "Rego v1 writes: name if { ... }";
export const CONTAINS = "`contains` keyword is required for partial set rules";
/** Goes on after the hint of a file's first such fault: what is written for v0 has one for every rule. */
const V0_HINT = "; v0 is read with --v0-compatible, and made v1 by regomesh fmt --rego-v1 -w";

/** `p[x]`: with neither `if`, `contains` nor value that is a set in v0, and of `p[x] = y` it has no `else`. */
export function isShort({ ref, args, isSet }: Head): boolean {
  return ref.length === 2 && args === undefined && !isSet;
}

/** Braces behind a head are v0's. What was a set there is none with `if` alone, and is told of it, too. */
export function failV0Body(cursor: Cursor, head: Head, sign: RuleForm["sign"]): never {
  const isFirst = !cursor.diagnostics.some(({ hint }) => hint?.endsWith(V0_HINT));
  const hintOf = (hint: string) => (isFirst ? hint + V0_HINT : hint);
  const at = cursor.at(cursor.token);
  if (sign === undefined && isShort(head)) {
    cursor.report(head.at, CONTAINS, hintOf("Rego v1 writes: name contains value if { ... }"));
    cursor.fail(at, IF);
  }
  cursor.fail(at, head.args === undefined ? IF : "`if` keyword is required before function body", hintOf(IF_HINT));
}

export function checkForm(rule: Rule): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  const { isSet, args } = rule.head;
  const what = args === undefined ? "rule" : "function";
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const { form } = link;
    if (form === undefined || link.isDefault) continue;
    const fail = (message: string, hint: string) => faults.push(makeParseError(link.at, message, hint));
    if (form.hasBody && !form.hasIf) {
      fail(`\`if\` keyword is required before ${what} body`, "write: name if { ... }");
    }
    // A function needs neither: f("a") is true of "a".
    const isBare = !form.hasBody && !form.hasContains && form.sign === undefined && !isSet;
    if (isBare && args === undefined) {
      fail("rule must have value assignment and/or body declaration", "write: name := value, or name if ...");
    }
  }
  if (isSet && !rule.form?.hasContains) {
    faults.push(makeParseError(rule.at, CONTAINS, "write: name contains value"));
  }
  return faults;
}
