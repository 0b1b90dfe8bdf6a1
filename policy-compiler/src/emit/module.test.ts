import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { EmitError } from "../core/error.ts";
import type { IrBlock, IrPolicy, IrStmt } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { emitModule } from "./module.ts";

const runtime = await loadRuntime();

/** A plan `eval` of one block; its results are the values of local 2. */
function makePlan(stmts: readonly IrStmt[], more: IrPolicy = {}): IrPolicy {
  const add: IrStmt = { type: "ResultSetAddStmt", stmt: { value: 2 } };
  return { ...more, plans: { plans: [{ name: "eval", blocks: [{ stmts: [...stmts, add] }] }] } };
}

function run(ir: IrPolicy, input?: string, data?: string): string {
  const evaluator = openEvaluator({ wasm: emitModule({ ir, runtime }), data: data ?? "{}" });
  const result = evaluator.evaluate("eval", input);
  return result.kind === "results" ? result.text : result.message;
}

test("an empty policy is a valid module with OPA's ABI", () => {
  const wasm = emitModule({ ir: {}, runtime });
  expect(WebAssembly.validate(wasm)).toBe(true);
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  expect(exports).toContain("opa_wasm_abi_version");
  expect(exports).not.toContain("makeArray");
});

test("a rule that fired has its mark in that evaluation only", () => {
  const rules = ["data.a.x", "data.a.y"].map((path) => ({ unit: "", path, file: "a.rego", row: 1, column: 1 }));
  const ir = makePlan(
    [
      { type: "AssignVarStmt", stmt: { source: { type: "local", value: 0 }, target: 2 } },
      { type: "EqualStmt", stmt: { a: { type: "local", value: 0 }, b: { type: "bool", value: true } } },
      { type: "MarkStmt", stmt: { rule: 1 } },
    ],
    { static: { rules } },
  );
  const evaluator = openEvaluator({ wasm: emitModule({ ir, runtime }) });
  const fired = [true, false, true].map((input) => {
    evaluator.evaluate("eval", `${input}`);
    return evaluator.firedRules().map(({ path }) => path);
  });
  expect(fired).toEqual([["data.a.y"], [], ["data.a.y"]]);
});

test("a break out of a with scope puts back what the scope replaced", () => {
  const inner: IrBlock = {
    stmts: [
      {
        type: "WithStmt",
        stmt: {
          local: 0,
          path: [0],
          value: { type: "bool", value: true },
          block: { stmts: [{ type: "BreakStmt", stmt: { index: 1 } }] },
        },
      },
    ],
  };
  const ir = makePlan(
    [
      { type: "BlockStmt", stmt: { blocks: [inner] } },
      { type: "AssignVarStmt", stmt: { source: { type: "local", value: 0 }, target: 2 } },
    ],
    { static: { strings: [{ value: "a" }] } },
  );
  expect(run(ir, '{"b":1}')).toBe('[{"b":1}]');
});

test("numbers keep every digit", () => {
  const texts = ["0", "-1", "1073741823", "1073741824", "-1073741824", "9223372036854775808", "1.50", "-0.0"];
  const strings = texts.map((value) => ({ value }));
  const stmts: IrStmt[] = [{ type: "MakeArrayStmt", stmt: { capacity: -1, target: 2 } }];
  for (const [Index] of texts.entries()) {
    stmts.push(
      { type: "MakeNumberRefStmt", stmt: { Index, target: 3 } },
      { type: "ArrayAppendStmt", stmt: { array: 2, value: { type: "local", value: 3 } } },
    );
  }
  expect(run(makePlan(stmts, { static: { strings } }))).toBe(`[[${texts.join(",")}]]`);
});

test("statics larger than the five pages that SDKs offer are copied into grown memory", () => {
  const long = "x".repeat(700_000);
  const ir = makePlan([{ type: "AssignVarStmt", stmt: { source: { type: "string_index", value: 0 }, target: 2 } }], {
    static: { strings: [{ value: long }] },
  });
  expect(run(ir)).toBe(`["${long}"]`);
});

const FAULTY: readonly (readonly [what: string, ir: IrPolicy, message: string])[] = [
  [
    "an unknown function",
    makePlan([{ type: "CallStmt", stmt: { func: "f", args: [], result: 2 } }]),
    "plan eval calls f, which is neither a function nor a built-in",
  ],
  [
    "a break out of more blocks than there are",
    makePlan([{ type: "BreakStmt", stmt: { index: 1 } }]),
    "plan eval leaves 2 blocks, but is in fewer",
  ],
  [
    "a string that is not there",
    makePlan([{ type: "AssignVarStmt", stmt: { source: { type: "string_index", value: 7 }, target: 2 } }]),
    "the plan has 0 strings, but uses number 7",
  ],
];

for (const [what, ir, message] of FAULTY) {
  test(`${what} is refused by name`, () => {
    expect(() => emitModule({ ir, runtime })).toThrow(new EmitError(message));
  });
}

test("code of a function that V8 would refuse is refused with its place", () => {
  const key = { type: "string_index", value: 0 } as const;
  const at = { file: 0, row: 3, col: 7 };
  const notNull: IrStmt = { type: "NotEqualStmt", stmt: { ...at, a: { type: "local", value: 0 }, b: key } };
  const ir = makePlan(Array<IrStmt>(500_000).fill(notNull), {
    static: { strings: [{ value: "a" }], files: [{ value: "a.rego" }] },
  });
  expect(() => emitModule({ ir, runtime })).toThrow(
    expect.objectContaining({
      message: "plan eval needs more than 7654321 bytes of code",
      place: { file: "a.rego", row: 3, column: 7 },
    }),
  );
});
