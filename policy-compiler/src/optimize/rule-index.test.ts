/**
 * What is indexed answers as what is not: value or fault, rules that fired, errors of built-ins. The module
 * without the pass says so, and the interpreter, which shares nothing with either. Indexes that are wrong on
 * purpose must be found out by the same comparison.
 */
import { openEvaluator } from "@regomesh/policy-runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planRequest } from "../compile.ts";
import { coreOf } from "../core/from-ir.ts";
import type { IndexNode } from "../core/index-node.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import type { Rule, RuleSetOp } from "../core/op.ts";
import { eachOp } from "../core/walk.ts";
import { emitCore } from "../emit/module.ts";
import { interpret } from "../interpret/interpret.ts";
import { printJson } from "../interpret/text.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { toUnit } from "../unit/unit.ts";
import { indexRules } from "./rule-index.ts";

const runtime = await loadRuntime();
const SEED = Number(process.env["REGOMESH_SEED"] ?? 15);

/** Whatever can be asked about is. */
const ALWAYS = { groupsMin: 3, unguardedMax: 1 };

function planOf(rules: readonly string[]): IrPolicy {
  const text = ["package p", "import rego.v1", ...rules].join("\n");
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text }] });
  const { policy, diagnostics } = planRequest({ units: [unit], entrypoints: [{ unit: "u", name: "p/out" }] });
  if (policy === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("; ")}\n${text}`);
  return policy;
}

const DATA = JSON.stringify({ mode: "/a", teams: { "/a": "x", "/a/b": "y", x: 1 }, list: ["/a", "x"] });

function indexedOf(policy: IrPolicy): CoreModule {
  const module = coreOf(policy);
  indexRules(module, ALWAYS);
  return module;
}

function eachSet(module: CoreModule, visit: (set: RuleSetOp) => void): void {
  for (const { body } of codesOf(module)) {
    eachOp(body, (op) => {
      if (op.kind === "rules") visit(op);
    });
  }
}

/** Everything that an answer says, as text. */
type Ask = (input: string, strict: boolean) => string;

function askerOf(module: CoreModule): Ask {
  const { wasm } = emitCore({ module, runtime, without: new Set(["rule-index"]) });
  const evaluator = openEvaluator({ wasm, data: DATA, seed: 1 });
  return (input, strict) => {
    const answer = evaluator.evaluate("p/out", input, { strict });
    const fired = answer.kind === "results" ? evaluator.firedRules().map(({ row, column }) => `${row}:${column}`) : [];
    return JSON.stringify([answer.kind === "results" ? answer.text : answer.code, answer.builtinErrors, fired]);
  };
}

function interpreted(policy: IrPolicy, input: string): string {
  const builtin = (name: string, args: readonly unknown[]): boolean => {
    const [pattern, , text] = args as [string, unknown, unknown];
    if (name !== "glob.match" || typeof text !== "string") throw new Error(`${name}: operand`);
    return new RegExp(`^${pattern.replaceAll("**", "\0").replaceAll("*", "[^/]*").replaceAll("\0", ".*")}$`).test(text);
  };
  const answer = interpret({ policy, entrypoint: "p/out", data: DATA, input, builtin });
  return answer.kind === "fault" ? answer.code : `[${answer.results.map((result) => printJson(result)).join(",")}]`;
}

// ── policies and inputs ──

const TEXTS = ["", "/", "/a", "/a/b", "/a/c", "/ab", "/b", "b", "a/b", "x", "y", "é", "/é/b", "GET", "PUT"];
const text = fc.constantFrom(...TEXTS);
const quoted = text.map((value) => JSON.stringify(value));
const constant = fc.oneof(
  { weight: 6, arbitrary: quoted },
  {
    weight: 3,
    arbitrary: fc.constantFrom("1", "2", "1.0", "1e0", "true", "false", "null", '["/a", 1]', "[]", '{"a": 1}'),
  },
);
const TERMS = [
  "input.a",
  "input.b",
  "input.c.d",
  "input.list[0]",
  "input.list[1]",
  "data.mode",
  "data.teams[input.a]",
  "input.c",
];
const some = fc.array(constant, { minLength: 1, maxLength: 3 });

type Form = readonly [weight: number, (asked: string) => fc.Arbitrary<string>];
const FORMS: readonly Form[] = [
  [9, (asked) => constant.map((value) => `${asked} == ${value}`)],
  [1, (asked) => constant.map((value) => `${value} = ${asked}`)],
  [4, (asked) => some.map((values) => `${asked} in {${values.join(", ")}}`)],
  [1, (asked) => some.map((values) => `${asked} in [${values.join(", ")}]`)],
  [4, (asked) => quoted.map((value) => `startswith(${asked}, ${value})`)],
  [4, (asked) => quoted.map((value) => `endswith(${asked}, ${value})`)],
  [3, (asked) => fc.tuple(text, text).map(([a, b]) => `glob.match("${a}*${b}", ["/"], ${asked})`)],
  [2, () => fc.tuple(quoted, quoted).map(([a, b]) => `input.list = [${a}, ${b}]`)],
  [1, () => quoted.map((value) => `input.list = [${value}, _]`)],
  [2, (asked) => constant.map((value) => `input.list == [${value}, ${asked}]`)],
  [1, (asked) => constant.map((value) => `[${asked}, "x", ${value}] == input.list`)],
  [1, (asked) => constant.map((value) => `input.c == {"d": ${value}, "e": [${asked}, ${value}]}`)],
  [1, (asked) => constant.map((value) => `${asked} != ${value}`)],
  [1, (asked) => constant.map((value) => `not ${asked} == ${value}`)],
  [1, () => constant.map((value) => `some V in input.list; V == ${value}`)],
  [1, (asked) => constant.map((value) => `every V in input.list { ${asked} == ${value}; V != 1 }`)],
  [1, (asked) => constant.map((value) => `ok(${asked}) with input.a as ${value}`)],
  [1, (asked) => fc.constant(`count(${asked}) > 0`)],
];

type Part = fc.Arbitrary<string>;

/** Rules of one policy ask for few things, as those of people do. */
function rulesOf(make: (body: Part) => fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> {
  return fc.uniqueArray(fc.constantFrom(...TERMS), { minLength: 1, maxLength: 2 }).chain((terms) => {
    const condition = fc.oneof(
      ...FORMS.map(([weight, form]) => ({ weight, arbitrary: fc.constantFrom(...terms).chain(form) })),
    );
    return make(
      fc
        .array(condition, { minLength: 1, maxLength: 3 })
        .map((parts) => `{ ${parts.map((part, i) => part.replaceAll("V", `v${i}`)).join("\n\t")} }`),
    );
  });
}

/** Rules that ask for the same things in the same order, as lists of grants do. */
function alikeOf(make: (body: Part) => fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> {
  const form = fc.oneof(...FORMS.map(([weight, arbitrary]) => ({ weight, arbitrary: fc.constant(arbitrary) })));
  const parts = fc.array(fc.tuple(fc.constantFrom(...TERMS), form), { minLength: 1, maxLength: 3 });
  return parts.chain((asked) =>
    make(
      fc
        .tuple(...asked.map(([term, ask]) => ask(term)))
        .map((filled) => `{ ${filled.map((part, i) => part.replaceAll("V", `v${i}`)).join("\n\t")} }`),
    ),
  );
}

const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("1", "2", '"v"', '"w"') },
  { weight: 1, arbitrary: fc.constant("input.a") },
);
const MANY = { minLength: 3, maxLength: 24 };

const POLICIES: Readonly<Record<string, (body: Part) => fc.Arbitrary<readonly string[]>>> = {
  "rules of one value": (body) =>
    fc.array(
      body.map((when) => `r if ${when}`),
      MANY,
    ),
  "rules of several values": (body) =>
    fc.array(
      fc.tuple(value, body).map(([then, when]) => `r := ${then} if ${when}`),
      MANY,
    ),
  "rules with else": (body) =>
    fc.array(
      fc
        .tuple(value, body, value, body)
        .map(([then, when, other, otherwise]) => `r := ${then} if ${when} else := ${other} if ${otherwise}`),
      MANY,
    ),
  "members of a set": (body) =>
    fc.array(
      fc.tuple(value, body).map(([then, when]) => `r contains ${then} if ${when}`),
      MANY,
    ),
  "keys of an object": (body) =>
    fc.array(
      fc.tuple(value, value, body).map(([key, then, when]) => `r[[input.b, ${key}]] := ${then} if ${when}`),
      MANY,
    ),
  "links of one rule": (body) =>
    fc
      .array(fc.tuple(value, body), MANY)
      .map((links) => [links.map(([then, when], i) => `${i === 0 ? "r" : "else"} := ${then} if ${when}`).join(" ")]),
  functions: (body) =>
    fc
      .array(fc.tuple(constant, value, body), MANY)
      .map((rules) => [
        ...rules.map(([first, then, when]) => `f(${first}, y) := ${then} if { y != 3; true } else := 2 if ${when}`),
        "r := f(input.a, input.b)",
      ]),
  "a default beside them": (body) =>
    fc.array(body, MANY).map((bodies) => ["default r := 0", ...bodies.map((when) => `r := 1 if ${when}`)]),
};

const scalar = fc.oneof(
  { weight: 5, arbitrary: quoted },
  fc.constantFrom("1", "1.0", "2", "true", "false", "null", '["/a", 1]', "[]"),
);
const input = fc
  .record(
    {
      a: scalar,
      b: scalar,
      c: fc.oneof(
        scalar,
        scalar.map((inner) => `{"d": ${inner}}`),
      ),
      list: fc.oneof(
        scalar,
        fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
      ),
    },
    { requiredKeys: [] },
  )
  .map(
    (fields) =>
      `{${Object.entries(fields)
        .map(([key, inner]) => `"${key}": ${inner}`)
        .join(",")}}`,
  );

const REST = ["out := r", 'ok("/a") := true', 'ok("x") if input.a == "y"'];

const DRAWN = { rules: rulesOf, "rules that are alike": alikeOf };
const CASES = Object.entries(POLICIES).flatMap(([name, make]) =>
  Object.entries(DRAWN).map(([what, draw]) => ({
    name: `${what}: ${name}`,
    drawn: draw(make),
    isAlike: draw === alikeOf,
  })),
);

for (const { name, drawn: arbitrary, isAlike } of CASES) {
  test(`${name} answer as they do without an index`, () => {
    let sets = 0;
    let shared = 0;
    fc.assert(
      fc.property(arbitrary, fc.array(input, { minLength: 4, maxLength: 12 }), (drawn, inputs) => {
        const plan = planOf([...drawn, ...REST]);
        const indexed = indexedOf(plan);
        eachSet(indexed, ({ rules }) => {
          sets++;
          if (rules.some(({ constants }) => constants.length > 0)) shared++;
        });
        const [plain, fast] = [askerOf(coreOf(plan)), askerOf(indexed)];
        for (const given of inputs) {
          for (const strict of [false, true]) expect(fast(given, strict), given).toBe(plain(given, strict));
          const [told] = JSON.parse(fast(given, false)) as [string];
          expect(parsed(told), given).toEqual(parsed(interpreted(plan, given)));
        }
      }),
      { seed: SEED, numRuns: 40 },
    );
    expect(sets).toBeGreaterThan(isAlike ? 20 : 2);
    if (isAlike) expect(shared).toBeGreaterThan(1);
  });
}

function parsed(told: string): unknown {
  return told.startsWith("[") ? JSON.parse(told) : told;
}

// ── wrong indexes ──

/** All ways to make one index of the policy wrong by one step of the kind. */
type Mutate = (node: IndexNode) => IndexNode | undefined;

const MUTANTS: Readonly<Record<string, Mutate>> = {
  "a rule missing in a list": (node) =>
    node.kind === "list" && node.rules.length > 0 ? { ...node, rules: node.rules.slice(1) } : undefined,
  "cases exchanged": (node) => {
    if (node.kind !== "equal" || node.cases.length < 2) return undefined;
    const [first, second, ...others] = node.cases as [readonly [string, IndexNode], readonly [string, IndexNode]];
    return { ...node, cases: [[first[0], second[1]], [second[0], first[1]], ...others] };
  },
  "strings that end one another forgotten": (node) => {
    if (node.kind !== "prefix" && node.kind !== "suffix") return undefined;
    const cases = node.cases.map(([option, then]) => [option, onlyLast(then)] as const);
    return JSON.stringify(cases) === JSON.stringify(node.cases) ? undefined : { ...node, cases };
  },
  "what is no string passed over": (node) =>
    node.kind === "prefix" || node.kind === "suffix" ? { ...node, noString: node.otherwise } : undefined,
  "rules without a guard left out where nothing fits": (node) =>
    node.kind !== "list" && listed(node.otherwise).length > 0
      ? { ...node, otherwise: { kind: "list", rules: [] } }
      : undefined,
};

function onlyLast(node: IndexNode): IndexNode {
  return node.kind === "list" ? { ...node, rules: node.rules.slice(-1) } : node;
}

function listed(node: IndexNode): readonly number[] {
  return node.kind === "list" ? node.rules : [];
}

/** Whether there was one to make wrong. */
function mutate(module: CoreModule, change: Mutate): boolean {
  let isChanged = false;
  const node = (at: IndexNode): IndexNode => {
    const changed = isChanged ? undefined : change(at);
    if (changed !== undefined) {
      isChanged = true;
      return changed;
    }
    if (at.kind === "list") return at;
    return { ...at, cases: at.cases.map(([option, then]) => [option, node(then)] as const) };
  };
  eachSet(module, (set) => {
    Object.assign(set, { index: set.index.map(node) });
  });
  return isChanged;
}

const RULES = [
  ...["/a", "/a/b", "/b", "x", "1"].map(
    (a) => `r contains "is ${a}" if input.a == ${a === "1" ? a : JSON.stringify(a)}`,
  ),
  ...["/", "/a", "/a/b", "/b"].map((a) => `r contains "begins ${a}" if startswith(input.b, "${a}")`),
  ...["b", "/b", "x"].map((a) => `r contains "ends ${a}" if endswith(input.c, "${a}")`),
  'r contains "always" if count(input) >= 0',
];

/** Rules that share a body, of which two are given what is the other's. */
function exchange(module: CoreModule): boolean {
  let isChanged = false;
  eachSet(module, ({ rules }) => {
    const [first, second] = rules.filter(({ body }) => body === rules[0]?.body) as [Rule?, Rule?];
    if (first === undefined || second === undefined) return;
    const { constants } = first;
    Object.assign(first, { constants: second.constants });
    Object.assign(second, { constants });
    isChanged = true;
  });
  return isChanged;
}

const WRONG: Readonly<Record<string, (module: CoreModule) => boolean>> = {
  ...Object.fromEntries(
    Object.entries(MUTANTS).map(([name, change]) => [name, (module: CoreModule) => mutate(module, change)]),
  ),
  "what one rule is given handed to another": exchange,
};

for (const [name, change] of Object.entries(WRONG)) {
  test(`an index is found out: ${name}`, () => {
    const plan = planOf([...RULES, ...REST]);
    const wrong = indexedOf(plan);
    expect(change(wrong)).toBe(true);
    const [plain, asked] = [askerOf(coreOf(plan)), askerOf(wrong)];
    const differs = fc.check(
      fc.property(input, (given) => {
        expect(asked(given, false)).toBe(plain(given, false));
      }),
      { seed: SEED, numRuns: 500 },
    );
    expect(differs.failed).toBe(true);
  });
}
