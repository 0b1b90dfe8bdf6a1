import { DEFAULT_LIMITS, openEvaluator } from "@regomesh/policy-runtime";
import { describe, expect, test } from "vitest";
import { makeOwnBuiltins, type OwnBuiltin } from "../../src/builtins/own-builtins.ts";
import { checkOffered, compile } from "../../src/compile.ts";
import { loadRuntime } from "../../src/node.ts";
import { runTests } from "../../src/tester/run.ts";

const runtime = await loadRuntime();
const ANY = { type: "any" } as const;

let calls = 0;
const OWN: readonly OwnBuiltin[] = [
  {
    name: "mesh.quota",
    decl: { type: "function", args: [{ type: "string" }], result: { type: "number" } },
    implementation: (team: string) => (team === "none" ? undefined : team.length),
  },
  {
    name: "broken",
    decl: { type: "function", args: [], result: ANY },
    implementation: () => {
      throw new Error("no such thing");
    },
  },
  { name: "echo", decl: { type: "function", args: [ANY], result: ANY }, implementation: (value: unknown) => value },
  {
    name: "members",
    decl: { type: "function", args: [ANY], result: { type: "set", of: ANY } },
    implementation: (all: readonly unknown[]) => new Set(all),
  },
  {
    name: "keyed",
    decl: { type: "function", args: [], result: ANY },
    implementation: () =>
      new Map<unknown, unknown>([
        [1, [new Set([true])]],
        ["a", 2n ** 70n],
      ]),
  },
  {
    name: "draw",
    decl: { type: "function", args: [ANY], result: { type: "number" } },
    implementation: () => ++calls,
    nondeterministic: true,
  },
];
const { signatures, hostBuiltins } = makeOwnBuiltins(OWN);

const CIRCLE: unknown[] = [];
CIRCLE.push({ inner: CIRCLE });
const DOUBLED = Array.from({ length: 40 }).reduce<unknown[]>((inner) => [inner, inner], []);

class Later {
  // biome-ignore lint/suspicious/noThenProperty: it is what is refused
  then(): void {}
}

function build(text: string, role?: "inbound") {
  return compile({
    units: [{ name: "t", modules: [{ name: "t.rego", text: `package t\n${text}` }], data: {} }],
    entrypoints: [{ unit: "t", name: "t/a" }],
    runtime,
    builtins: signatures,
    ...(role === undefined ? {} : { role }),
  });
}

const answers: Record<string, readonly [rule: string, result: string]> = {
  "a value": ['a := mesh.quota("web")', '[{"result":3}]'],
  "undefined is an undefined call": ['a := mesh.quota("none")', "[]"],
  "whole numbers of any size": [
    "a := echo(123456789012345678901234567890) + 1",
    '[{"result":123456789012345678901234567891}]',
  ],
  "a set arrives as an array": ["a := echo({2, 1})", '[{"result":[1,2]}]'],
  "a Set is a set": ["a := members([1, 1, 2]) & {2, 3}", '[{"result":[2]}]'],
  "an empty Set is the empty set": ["a if members([]) == set()", '[{"result":true}]'],
  "a Map has keys of any kind": ["a := [x | some k, x in keyed(); is_number(k)][0][0] == {true}", '[{"result":true}]'],
  "a bigint in a Map": ["a := keyed().a", '[{"result":1180591620717411303424}]'],
};

/** What `f()` comes to. */
function ask(implementation: OwnBuiltin["implementation"], limits = DEFAULT_LIMITS) {
  const own = makeOwnBuiltins([{ name: "f", decl: { type: "function", result: { type: "any" } }, implementation }]);
  const unit = { name: "t", modules: [{ name: "t.rego", text: "package t\na := f()" }], data: {} };
  const entrypoints = [{ unit: "t", name: "t/a" }];
  const { module } = compile({ units: [unit], entrypoints, runtime, builtins: own.signatures });
  const evaluator = openEvaluator({ wasm: module?.wasm ?? new Uint8Array(), hostBuiltins: own.hostBuiltins, limits });
  return evaluator.evaluate(0, undefined);
}

function* endless<Item>(item: Item): Generator<Item> {
  for (;;) yield item;
}

function never(): never {
  throw new Error("asked");
}

describe("what a built-in gives", () => {
  test.each(Object.entries(answers))("%s", (_, [rule, result]) => {
    const { module, diagnostics } = build(rule);
    expect(diagnostics).toEqual([]);
    expect(
      openEvaluator({ wasm: module?.wasm ?? new Uint8Array(), hostBuiltins }).evaluate(0, undefined),
    ).toMatchObject({
      text: result,
    });
  });

  test("an error is a built-in error, and ends a strict evaluation", () => {
    const { module } = build("a := broken()");
    const evaluator = openEvaluator({ wasm: module?.wasm ?? new Uint8Array(), hostBuiltins });
    expect(evaluator.evaluate(0, undefined)).toMatchObject({ text: "[]", builtinError: "broken: no such thing" });
    expect(evaluator.evaluate(0, undefined, { strict: true })).toMatchObject({ code: "eval_builtin_error" });
  });

  test.each([
    ["a promise", () => Promise.resolve(1), "f: gave a promise: an implementation answers at once"],
    ["NaN", () => [Number.NaN], "f: gave NaN, which is no number of Rego's"],
    ["a function", () => new Map([["a", () => 1]]), "f: gave a function, which is no value"],
    [
      "what is like a promise",
      () => [new Later()],
      "f: gave a value of Later: only plain objects, lists, Sets and Maps have members",
    ],
    [
      "an iterator",
      () => new Map([[1, 2]]).keys(),
      "f: gave a value of Map Iterator: only plain objects, lists, Sets and Maps have members",
    ],
    [
      "a date",
      () => ({ at: new Date(0) }),
      "f: gave a value of Date: only plain objects, lists, Sets and Maps have members",
    ],
    ["undefined in a list", () => [1, undefined], "f: gave undefined as a member of a list, of a set, or as a key"],
    ["what holds itself", () => CIRCLE, "f: gave a value that holds itself, or nests deeper than 512 levels"],
    ["a list that forty others hold twice each", () => DOUBLED, "f: gave more than 1000000 members"],
    [
      "a list without end",
      () => Object.assign(new Set(), { [Symbol.iterator]: () => endless(1) }),
      "f: gave more than 1000000 members",
    ],
    [
      "a map without end",
      () => Object.assign(new Map(), { [Symbol.iterator]: () => endless([1, 1]) }),
      "f: gave more than 1000000 members",
    ],
    ["a text longer than memory", () => "x".repeat(100_000_000), "f: gave more than 67108864 characters"],
    ["a hole of a list", () => new Array(2), "f: gave undefined as a member of a list, of a set, or as a key"],
  ])("%s is no value, but a built-in error", (_, implementation, message) => {
    expect(ask(implementation)).toMatchObject({ text: "[]", builtinError: message });
  });

  /** Thrown as it is, each would end what asks. */
  const THROWN: Record<string, readonly [thrown: unknown, message: string]> = {
    "an object without a text": [Object.create(null), "f: threw what has no text"],
    "a symbol": [Symbol("s"), "f: Symbol(s)"],
    "an error that throws": [
      Object.defineProperty(new Error("x"), "message", { get: () => never() }),
      "f: threw what has no text",
    ],
    "what throws when it is asked what it is": [
      new Proxy({}, { getPrototypeOf: () => never() }),
      "f: threw what has no text",
    ],
  };

  test.each(Object.entries(THROWN))("%s that is thrown is a built-in error", (_, [thrown, message]) => {
    const fail = () => {
      throw thrown;
    };
    expect(ask(fail)).toMatchObject({ text: "[]", builtinError: message });
  });

  test("what a getter gives is asked for once", () => {
    let asked = 0;
    const counting = {
      get n() {
        return asked++ === 0 ? 1 : Number.NaN;
      },
    };
    expect(ask(() => counting)).toMatchObject({ text: '[{"result":{"n":1}}]' });
  });

  test("fuel is what the evaluation took, though what is given does not fit its memory", () => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({ i }));
    const asked = ask(() => many, { ...DEFAULT_LIMITS, memoryBytesMax: 12 * 1024 * 1024 });
    expect(asked).toMatchObject({ kind: "fault", code: "rm_memory" });
    expect(asked.fuelUsed).toBeGreaterThan(0);
  });

  test("names that all objects have are names", () => {
    const names = ["__proto__", "constructor", "toString", "x.__proto__"];
    const decl = { type: "function", result: { type: "any" } } as const;
    const own = makeOwnBuiltins(names.map((name) => ({ name, decl, implementation: () => name })));
    const text = `package t\na := [${names.map((name) => `${name}()`).join(", ")}]`;
    const units = [{ name: "t", modules: [{ name: "t.rego", text }], data: {} }];
    const entrypoints = [{ unit: "t", name: "t/a" }];
    const { module } = compile({ units, entrypoints, runtime, builtins: own.signatures });
    const evaluator = openEvaluator({ wasm: module?.wasm ?? new Uint8Array(), hostBuiltins: own.hostBuiltins });
    expect(evaluator.evaluate(0, undefined)).toMatchObject({ text: JSON.stringify([{ result: names }]) });
  });

  test("what is not deterministic is drawn once in an evaluation, and again in the next", () => {
    const { module } = build('a := [draw(1), draw(1), draw("x")]');
    const evaluator = openEvaluator({ wasm: module?.wasm ?? new Uint8Array(), hostBuiltins });
    const drawn = [0, 1].map(
      () => (JSON.parse((evaluator.evaluate(0, undefined) as { text: string }).text)[0] as { result: number[] }).result,
    );
    expect(drawn.map(([first, second, other]) => [first === second, first === other])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(drawn[0]?.[0]).not.toBe(drawn[1]?.[0]);
  });
});

const refused: Record<string, readonly [rule: string, message: RegExp]> = {
  "an operand of another type": ["a := mesh.quota(1)", /^mesh\.quota: invalid argument\(s\)/],
  "a result where another is needed": ['a := upper(mesh.quota("x"))', /^upper: invalid argument\(s\)/],
  "another number of operands": ["a := mesh.quota()", /mesh\.quota/],
};

test.each(Object.entries(refused))("the checks refuse %s", (_, [rule, message]) => {
  expect(build(rule).diagnostics.map((each) => [each.code, each.message])).toEqual([
    ["rego_type_error", expect.stringMatching(message)],
  ]);
});

test("a proxy is refused it, with the place and the way out, unless its host is said to bring it", () => {
  expect(build('a := mesh.quota("x")', "inbound").diagnostics).toMatchObject([
    {
      code: "policy_not_offered",
      message: "mesh.quota is not offered to a policy of an inbound proxy",
      hint: expect.stringContaining("the policy's data"),
    },
  ]);
  const offered = makeOwnBuiltins(OWN.map((each) => ({ ...each, offeredTo: ["inbound"] }))).signatures;
  const unit = { name: "t", modules: [{ name: "t.rego", text: 'package t\na := mesh.quota("x")' }], data: {} };
  const entrypoints = [{ unit: "t", name: "t/a" }];
  expect(compile({ units: [unit], entrypoints, runtime, builtins: offered, role: "inbound" }).diagnostics).toEqual([]);
});

test("a decision is of the type that the built-in gives", () => {
  const { signatures: offered } = makeOwnBuiltins(OWN.map((each) => ({ ...each, offeredTo: ["inbound"] })));
  const modules = [{ name: "t.rego", text: 'package mesh.authz\nallow := mesh.quota("x")' }];
  expect(checkOffered({ name: "t", modules, data: {} }, offered).map(({ code }) => code)).toEqual(["decision_type"]);
});

test("tests run with them", () => {
  const tests = [{ name: "t_test.rego", text: 'package t\ntest_quota if mesh.quota("web") == 3' }];
  const { tests: ran } = runTests({
    unit: { name: "t", modules: [], data: {}, tests },
    runtime,
    builtins: signatures,
    hostBuiltins,
    nowMs: () => 0,
  });
  expect(ran.map(({ outcome }) => outcome)).toEqual(["pass"]);
});

const NUMBER = { type: "number" } as const;
const faults: Record<string, readonly [own: object, message: string]> = {
  "OPA's name": [{ name: "count" }, "built-in count: OPA has one of this name"],
  "no name": [{ name: "a-b" }, "built-in a-b: no name of a built-in"],
  "a name of Rego's": [{ name: "input.x" }, "built-in input.x: Rego has another use"],
  "too many operands": [
    { decl: { type: "function", args: Array.from({ length: 5 }, () => NUMBER) } },
    "built-in f: takes 5 operands; 4 is the most",
  ],
  "no declaration": [{ decl: undefined }, "built-in f: a declaration must be an object"],
  "a type that is none": [
    { decl: { type: "function", args: [{ type: "text" }] } },
    'built-in f: there is no type "text"',
  ],
  "an implementation that answers later": [
    { implementation: async () => 1 },
    "built-in f: its implementation is async: an evaluation waits for nothing",
  ],
  "no function": [{ implementation: 1 }, "built-in f: its implementation is no function"],
};

test.each(Object.entries(faults))("a built-in is refused with %s", (_, [own, message]) => {
  const whole = { name: "f", decl: { type: "function" }, implementation: () => 1, ...own } as OwnBuiltin;
  expect(() => makeOwnBuiltins([whole])).toThrow(message);
  expect(() => makeOwnBuiltins([{ ...(OWN[0] as OwnBuiltin) }, { ...(OWN[0] as OwnBuiltin) }])).toThrow(
    "declared twice",
  );
});
