/**
 * Core as text, for people and golden files: one op a line, regions by their labels, `else rN` for the exit. A value is
 * %n, a variable $n, a constant its text; behind a bar stands what passes have found of an op.
 */

import type { CoreModule } from "./module.ts";
import type { CoreCode, CoreFunction, Op, Region, RuleSetOp, TestOp } from "./op.ts";
import { printIndex } from "./print-index.ts";
import { constantOf, isValue, type Local, literalOf, type Value } from "./value.ts";
import { regionsOf } from "./walk.ts";

export function printCore({ plans, functions, indexes, sharesInput }: CoreModule): string {
  return [
    ...(sharesInput ? ["all are given the same input"] : []),
    ...(indexes.length === 0 ? [] : [indexes.map((index, i) => `index ${i} ${printIndex(index)}`).join("\n")]),
    ...[...plans, ...functions].map(printCode),
  ].join("\n\n");
}

function printCode(code: CoreCode): string {
  const facts = code.kind === "plan" ? answerOf(code.answer?.value) : factsOf(code);
  const head = `${code.kind} ${code.name}(${code.params.map(printLocal).join(", ")})`;
  return [withFacts(head, facts), ...printRegions(code.body, "")].join("\n");
}

function answerOf(value: Local | undefined): readonly string[] {
  return value === undefined ? [] : [`answers ${printValue(value)}`];
}

function factsOf({ keeps, countsDepth, stretch, grows }: CoreFunction): readonly string[] {
  return [
    ...(grows === undefined ? [] : [`grows ${printLocal(grows)}`]),
    ...(keeps === "nothing" ? [] : [`keeps ${keeps}`]),
    ...(countsDepth ? ["counts depth"] : []),
    ...(stretch === 0 ? [] : [`ahead ${stretch}`]),
  ];
}

function withFacts(line: string, facts: readonly string[]): string {
  return facts.length === 0 ? line : `${line} | ${facts.join(", ")}`;
}

function printRegions(regions: readonly Region[], indent: string): readonly string[] {
  return regions.flatMap(({ label, ops }) => [
    `${indent}r${label}:`,
    ...ops.flatMap((op) => [
      withFacts(`${indent}  ${printOp(op)}`, opFacts(op)),
      ...(op.kind === "rules" ? printRules(op).map((line) => `${indent}    ${line}`) : []),
      ...printRegions(regionsOf(op), `${indent}  `),
    ]),
  ]);
}

function opFacts(op: Op): readonly string[] {
  return [
    ...(op.kind === "input" && op.looksUp ? ["looks up"] : []),
    ...(op.weight === 0 ? [] : [`fuel ${op.weight}`]),
    ...(op.kind === "loop" && op.turn > 0 ? [`turn ${op.turn}`] : []),
    ...(op.ends.length === 0 ? [] : [`ends ${op.ends.map(printLocal).join(" ")}`]),
  ];
}

function printOp(op: Op): string {
  switch (op.kind) {
    case "return":
    case "result":
      return `${op.kind} ${printValue(op.value)}`;
    case "call":
      return `${printLocal(op.target)} = ${op.callee.name}(${printAll(op.args)}) else r${op.exit}`;
    case "call-path":
      return `${printLocal(op.target)} = call [${printAll(op.path)}](${printAll(op.args)}) else r${op.exit}`;
    case "regions":
      return "regions";
    case "leave":
      return `leave r${op.exit}`;
    case "get": {
      const key = `${op.how === "base" ? "base " : ""}${printValue(op.key)}`;
      return `${printLocal(op.target)} = ${printValue(op.source)}[${key}] else r${op.exit}`;
    }
    case "input":
      return `${printLocal(op.target)} = input ${op.path.join(".")} of ${printLocal(op.source)} else r${op.exit}`;
    case "need-input":
      return `need input ${printLocal(op.source)}`;
    case "length":
      return `${printLocal(op.target)} = length of ${printValue(op.source)}`;
    case "loop":
      return `loop ${printLocal(op.key)}, ${printLocal(op.value)} in ${printValue(op.source)}`;
    case "not":
      return `not else r${op.exit}`;
    case "with": {
      const place = [printLocal(op.local), ...op.path].join(".");
      return `with ${place} as ${printValue(op.value)} else r${op.exit}`;
    }
    case "assign":
      return `${printLocal(op.target)} = ${printValue(op.source)}`;
    case "assign-once":
      return `${printLocal(op.target)} once = ${printValue(op.source)}`;
    case "make":
      return `${printLocal(op.target)} = new ${op.what}`;
    case "grow": {
      const key = op.key === undefined ? "" : `${printValue(op.key)}: `;
      return `${op.how} ${printLocal(op.collection)} ${key}${printValue(op.value)}`;
    }
    case "gather": {
      const key = op.key === undefined ? "" : `${printValue(op.key)}: `;
      return `gather ${op.what} ${printLocal(op.groups)}[${printLocal(op.by)}] ${key}${printValue(op.value)}`;
    }
    case "give-up":
      return "give up where it takes too much";
    case "merge":
      return `${printLocal(op.target)} = merge ${printLocal(op.a)} ${printLocal(op.b)}`;
    case "test":
      return `${printTest(op)} else r${op.exit}`;
    case "one-of":
      return `${printLocal(op.target)} = ${printValue(op.value)} one of ${printAll(op.elements)}`;
    case "mark":
      return `mark ${typeof op.rule === "number" ? op.rule : printLocal(op.rule)}`;
    case "rules": {
      const keys = op.keys.length === 0 ? "" : ` by ${printAll(op.keys)}`;
      return `${printLocal(op.target)} = ${op.how} of the rules (${printAll(op.args)})${keys}`;
    }
    case "narrow": {
      const sure = op.sure === undefined ? "" : `, ${printLocal(op.sure)} where sure`;
      return `${printLocal(op.target)}${sure} = ${printLocal(op.source)} by index ${op.index} [${printAll(op.keys)}]`;
    }
  }
}

function printRules({ rules, index }: RuleSetOp): readonly string[] {
  return [
    ...rules.map(({ guards, body, constants }, i) => {
      const asked = guards.map(({ name, test, options }) => `${name} ${test} ${options.join(" ")}`);
      const given = constants.length === 0 ? "" : `(${printAll(constants)})`;
      return `${i} ${body.name}${given}${asked.length === 0 ? "" : ` if ${asked.join(", ")}`}`;
    }),
    ...index.map((root) => `index ${JSON.stringify(root)}`),
  ];
}

function printTest(op: TestOp): string {
  switch (op.test) {
    case "equal":
      return `test ${printValue(op.a)} == ${printValue(op.b)}`;
    case "not-equal":
      return `test ${printValue(op.a)} != ${printValue(op.b)}`;
    case "array":
    case "object":
    case "set":
    case "collection":
    case "defined":
    case "undefined":
      return `test ${printValue(op.a)} is ${op.test}`;
  }
}

function printAll(values: readonly Value[]): string {
  return values.map(printValue).join(", ");
}

function printLocal(local: Local): string {
  return `${isValue(local) ? "%" : "$"}${local.id}`;
}

function printValue(value: Value): string {
  const known = constantOf(value);
  if (known !== undefined) return literalOf(known);
  return value.kind === "local" ? printLocal(value) : "";
}
