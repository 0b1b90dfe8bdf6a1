/** Trees as golden files show them: a line for each rule and expression, terms with their kinds spelt out. */
import type { Body, Expr, Module, Rule, Term } from "@regomesh/policy-compiler";

export function printModule(module: Module): string {
  const lines = [`package ${JSON.stringify(module.package.path)}`];
  for (const { path, alias } of module.imports) {
    lines.push(`import ${path.join(".")}${alias === undefined ? "" : ` as ${alias}`}`);
  }
  for (const { scope, rule, value } of module.annotations) {
    lines.push(`annotation ${scope} of ${rule ?? "package"}: ${JSON.stringify(value)}`);
  }
  for (const rule of module.rules) lines.push(...printRule(rule, "rule"));
  return lines.join("\n");
}

function printRule(rule: Rule, word: string): readonly string[] {
  const { ref, args, isSet, value } = rule.head;
  const head = [
    rule.isDefault ? "default" : word,
    ref.map(printTerm).join("/") + (args === undefined ? "" : `(${args.map(printTerm).join(", ")})`),
    isSet ? "contains" : ":=",
    printTerm(value),
  ];
  const rest = rule.else === undefined ? [] : printRule(rule.else, "else");
  return [head.join(" "), ...printBody(rule.body, "  "), ...rest];
}

function printBody(body: Body, indent: string): readonly string[] {
  return body.flatMap((expr) => printExpr(expr, indent));
}

function printExpr(expr: Expr, indent: string): readonly string[] {
  const [first = "", ...rest] = printWhat(expr, indent);
  const modifiers = expr.with.map(({ target, value }) => ` with ${printTerm(target)} as ${printTerm(value)}`);
  return [`${indent}${expr.isNegated ? "not " : ""}${first}${modifiers.join("")}`, ...rest];
}

function printWhat({ what }: Expr, indent: string): readonly string[] {
  switch (what.kind) {
    case "term":
      return [printTerm(what.term)];
    case "call":
      return [`${what.operator.path.join(".")}(${what.args.map(printTerm).join(", ")})`];
    case "assign":
      return [`${printTerm(what.left)} := ${printTerm(what.right)}`];
    case "unify":
      return [`${printTerm(what.left)} = ${printTerm(what.right)}`];
    case "some":
      return [`some ${what.variables.map(printTerm).join(", ")}`];
    case "some-in": {
      const key = what.key === undefined ? "" : `${printTerm(what.key)}, `;
      return [`some ${key}${printTerm(what.value)} in ${printTerm(what.domain)}`];
    }
    case "every": {
      const key = what.key === undefined ? "" : `${what.key.name}, `;
      return [`every ${key}${what.value.name} in ${printTerm(what.domain)}`, ...printBody(what.body, `${indent}  `)];
    }
    case "body":
      return [what.isImplicit ? "implicit body" : "body", ...printBody(what.body, `${indent}  `)];
  }
}

function printTerm(term: Term): string {
  const list = (items: readonly Term[]) => items.map(printTerm).join(", ");
  switch (term.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(term.value);
    case "number":
      return term.text;
    case "string":
      return JSON.stringify(term.value);
    case "var":
      return term.name;
    case "ref":
      return `${printTerm(term.head)}${term.path.map((part) => `[${printTerm(part)}]`).join("")}`;
    case "array":
      return `[${list(term.items)}]`;
    case "set":
      return `set(${list(term.items)})`;
    case "object":
      return `{${term.entries.map(([key, value]) => `${printTerm(key)}: ${printTerm(value)}`).join(", ")}}`;
    case "call-term":
      return `${term.operator.path.join(".")}(${list(term.args)})`;
    case "template":
      return `template(${term.parts
        .map((part) => (typeof part === "string" ? JSON.stringify(part) : `{${printTerm(part.term)}}`))
        .join(" ")})`;
    case "array-comprehension":
      return `[${printTerm(term.value)} | ${inLine(term.body)}]`;
    case "set-comprehension":
      return `{${printTerm(term.value)} | ${inLine(term.body)}}`;
    case "object-comprehension":
      return `{${printTerm(term.key)}: ${printTerm(term.value)} | ${inLine(term.body)}}`;
  }
}

function inLine(body: Body): string {
  return printBody(body, "")
    .map((line) => line.trim())
    .join("; ");
}
