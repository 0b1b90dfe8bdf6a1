/** What `import rego.v1` asks of the rules of a v0 module: the keywords that v1 has no rule without. */
import type { Diagnostic } from "@regomesh/base";
import type { Rule } from "./ast.ts";
import { makeParseError } from "./cursor.ts";

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
    if (!form.hasBody && !form.hasContains && form.sign === undefined && !isSet) {
      fail(`${what} must have value assignment and/or body declaration`, "write: name := value, or name if ...");
    }
  }
  if (isSet && !rule.form?.hasContains) {
    faults.push(
      makeParseError(rule.at, "`contains` keyword is required for partial set rules", "write: name contains value"),
    );
  }
  return faults;
}
