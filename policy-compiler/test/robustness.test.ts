/** What a module does when an evaluation goes wrong: it says so, and the next one is right. */
import { DEFAULT_LIMITS, type Evaluator, openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { emitModule } from "../src/emit/module.ts";
import type { IrFunc, IrOperand, IrPolicy, IrStmt } from "../src/ir/policy.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";

const runtime = await loadRuntime();
const local = (value: number): IrOperand => ({ type: "local", value });
const text = (value: number): IrOperand => ({ type: "string_index", value });
const scan = (source: number, first: number, stmts: readonly IrStmt[]): IrStmt => ({
  type: "ScanStmt",
  stmt: { source, key: first, value: first + 1, block: { stmts } },
});

const endless: IrFunc = {
  name: "endless",
  params: [0, 1, 2],
  return: 3,
  blocks: [
    {
      stmts: [
        { type: "CallStmt", stmt: { func: "endless", args: [local(0), local(1), local(2)], result: 3 } },
        { type: "ReturnLocalStmt", stmt: { source: 3 } },
      ],
    },
  ],
};

const misdeeds: Readonly<Record<string, readonly IrStmt[]>> = {
  // Four nested walks over data.list.
  rm_fuel: [
    { type: "DotStmt", stmt: { source: local(1), key: text(1), target: 5 } },
    scan(5, 10, [scan(5, 12, [scan(5, 14, [scan(5, 16, [])])])]),
  ],
  // An array that holds an array for each pair of data.list.
  rm_memory: [
    { type: "DotStmt", stmt: { source: local(1), key: text(1), target: 5 } },
    { type: "MakeArrayStmt", stmt: { capacity: 0, target: 6 } },
    scan(5, 10, [
      scan(5, 12, [
        { type: "MakeArrayStmt", stmt: { capacity: 4096, target: 7 } },
        { type: "ArrayAppendStmt", stmt: { array: 7, value: local(13) } },
        { type: "ArrayAppendStmt", stmt: { array: 6, value: local(7) } },
      ]),
    ]),
  ],
  rm_depth: [{ type: "CallStmt", stmt: { func: "endless", args: [local(0), local(1), local(0)], result: 5 } }],
  eval_conflict_error: [
    { type: "AssignVarOnceStmt", stmt: { source: text(0), target: 5 } },
    { type: "AssignVarOnceStmt", stmt: { source: text(1), target: 5 } },
  ],
};

const strings = ["misdeed", "list", "answer", ...Object.keys(misdeeds)];

/** `input.misdeed` names what goes wrong; without it the result is `data.answer`. */
const policy: IrPolicy = {
  static: { strings: strings.map((value) => ({ value })) },
  plans: {
    plans: [
      {
        name: "eval",
        blocks: [
          ...Object.entries(misdeeds).map(([name, stmts]) => ({
            stmts: [
              { type: "DotStmt", stmt: { source: local(0), key: text(0), target: 3 } },
              { type: "EqualStmt", stmt: { a: local(3), b: text(strings.indexOf(name)) } },
              ...stmts,
            ] as const,
          })),
          {
            stmts: [
              { type: "DotStmt", stmt: { source: local(1), key: text(2), target: 2 } },
              { type: "ResultSetAddStmt", stmt: { value: 2 } },
            ],
          },
        ],
      },
    ],
  },
  funcs: { funcs: [endless] },
};

const data = JSON.stringify({
  list: Array.from({ length: 1000 }, (_, i) => i),
  answer: { z: [1, 2.5, "three"], a: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i])) },
});
const right = `[${JSON.stringify({
  a: Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`k${i}`, i] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ),
  z: [1, 2.5, "three"],
})}]`;

const LIMITS = { ...DEFAULT_LIMITS, fuel: 10_000_000 };

function open(limits = LIMITS): Evaluator {
  return openEvaluator({ wasm: emitModule({ ir: policy, runtime }), data, limits });
}

for (const code of Object.keys(misdeeds)) {
  test(`after ${code} the next evaluation is right`, () => {
    const evaluator = open();
    for (let i = 0; i < 3; i++) {
      expect(evaluator.evaluate("eval", JSON.stringify({ misdeed: code }))).toMatchObject({ kind: "fault", code });
      expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: right });
    }
  });
}

test("after a thousand evaluations cut short the data is as it was", () => {
  const evaluator = open({ ...DEFAULT_LIMITS, fuel: 20_000 });
  const codes = Object.keys(misdeeds);
  for (let i = 0; i < 1000; i++) {
    const outcome = evaluator.evaluate(
      "eval",
      JSON.stringify({ misdeed: codes[i % codes.length], pad: "x".repeat(i) }),
    );
    expect(outcome.kind).toBe("fault");
  }
  expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: right });
});

test("an input that is not JSON is a fault, and so is one nested beyond the limit", () => {
  const evaluator = open();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  for (const input of ["{", '{"a":}', "", "{} {}", deep]) {
    expect(evaluator.evaluate("eval", input), input.slice(0, 10)).toMatchObject({ kind: "fault", code: "rm_input" });
  }
  expect(JSON.stringify(evaluator.evaluate("eval", deep))).toContain("deeper than 10000 levels");
  expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: right });
});

test("data is replaced, also after a fault", () => {
  const evaluator = open();
  evaluator.evaluate("eval", '{"misdeed":"rm_fuel"}');
  evaluator.setData('{"answer":1}');
  expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: "[1]" });
  expect(() => evaluator.setData("{")).toThrow("rm_input: the data is not JSON");
  expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: "[]" });
});

test("data that does not fit the memory is refused", () => {
  const evaluator = open({ ...DEFAULT_LIMITS, memoryBytesMax: 4 * 1024 * 1024 });
  expect(() => evaluator.setData(JSON.stringify("x".repeat(3_000_000)))).toThrow("rm_memory");
  evaluator.setData('{"answer":1}');
  expect(evaluator.evaluate("eval", "{}")).toMatchObject({ kind: "results", text: "[1]" });
});

test("reading a document takes steps in proportion to its size", () => {
  const documentOf = (keys: number) =>
    JSON.stringify(
      Object.fromEntries(Array.from({ length: keys }, (_, i) => [`key-${i * 7919}`, { i, tags: ["a", `t${i}`] }])),
    );
  const evaluator = open();
  const steps = (keys: number): number => evaluator.evaluate("eval", documentOf(keys)).fuelUsed;
  const ratio = steps(16_000) / steps(4_000);
  expect(ratio).toBeGreaterThan(3.5);
  // The table of what was interned grows now and then, in one of the two more than in the other; square would be 16.
  expect(ratio).toBeLessThan(5);
});
