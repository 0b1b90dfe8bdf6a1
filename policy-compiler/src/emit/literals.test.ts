/** What is folded, compared in line or kept must give what the statements say one by one. */
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import type { IrFunc, IrOperand, IrPolicy, IrStmt } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { emitModule } from "./module.ts";

const runtime = await loadRuntime();
const STRINGS = ["a", "b", "1", "1.0", "c", "2"];
const local = (value: number): IrOperand => ({ type: "local", value });
const text = (value: string): IrOperand => ({ type: "string_index", value: STRINGS.indexOf(value) });
const number = (digits: string, target: number): IrStmt => ({
  type: "MakeNumberRefStmt",
  stmt: { Index: STRINGS.indexOf(digits), target },
});
const array = (target: number): IrStmt => ({ type: "MakeArrayStmt", stmt: { capacity: 1, target } });
const set = (target: number): IrStmt => ({ type: "MakeSetStmt", stmt: { target } });
const append = (to: number, value: IrOperand): IrStmt => ({ type: "ArrayAppendStmt", stmt: { array: to, value } });
const add = (to: number, value: IrOperand): IrStmt => ({ type: "SetAddStmt", stmt: { set: to, value } });
const dot = (source: number, key: string, target: number): IrStmt => ({
  type: "DotStmt",
  stmt: { source: local(source), key: text(key), target },
});
const assign = (source: IrOperand, target: number): IrStmt => ({ type: "AssignVarStmt", stmt: { source, target } });
const call = (func: string, args: readonly IrOperand[], result: number): IrStmt => ({
  type: "CallStmt",
  stmt: { func, args, result },
});
const member = (value: IrOperand, collection: number, result: number): IrStmt =>
  call("internal.member_2", [value, local(collection)], result);
const scan = (source: number, value: number, stmts: readonly IrStmt[]): IrStmt => ({
  type: "ScanStmt",
  stmt: { source, key: 99, value, block: { stmts } },
});
const inBlock = (...stmts: readonly IrStmt[]): IrStmt => ({ type: "BlockStmt", stmt: { blocks: [{ stmts }] } });
const withInput = (value: IrOperand, ...stmts: readonly IrStmt[]): IrStmt => ({
  type: "WithStmt",
  stmt: { local: 0, path: [0], value, block: { stmts } },
});

type Row = {
  readonly stmts: readonly IrStmt[];
  readonly funcs?: readonly IrFunc[];
  /** Inputs one after the other, and the result (the values of local 2) of each. */
  readonly runs: readonly (readonly [input: string, results: string])[];
};

const grow: IrFunc = {
  name: "grow",
  params: [0, 1, 2],
  return: 2,
  blocks: [{ stmts: [append(2, text("b")), { type: "ReturnLocalStmt", stmt: { source: 2 } }] }],
};

const readA: IrFunc = {
  name: "read_a",
  params: [0, 1],
  return: 2,
  blocks: [{ stmts: [dot(0, "a", 2), { type: "ReturnLocalStmt", stmt: { source: 2 } }] }],
};

const ROWS: Readonly<Record<string, Row>> = {
  "a literal of literals is one constant": {
    stmts: [
      array(3),
      append(3, text("a")),
      set(2),
      add(2, local(3)),
      number("1", 4),
      add(2, local(4)),
      add(2, text("b")),
    ],
    runs: [["{}", '[[1,"b",["a"]]]']],
  },
  "an array that grows in a loop begins anew in each evaluation": {
    stmts: [array(2), scan(0, 3, [append(2, local(3))])],
    runs: [
      ["[1,2]", "[[1,2]]"],
      ["[3]", "[[3]]"],
    ],
  },
  "a literal in a loop that grows after it was read is made each time": {
    stmts: [
      set(2),
      scan(0, 3, [array(4), append(4, text("a")), member(text("b"), 4, 5), append(4, local(3)), add(2, local(4))]),
    ],
    runs: [["[1,2]", '[[["a",1],["a",2]]]']],
  },
  "a literal that another function grows is not shared": {
    stmts: [
      array(3),
      append(3, text("a")),
      array(2),
      call("grow", [local(0), local(1), local(3)], 5),
      append(2, local(5)),
    ],
    funcs: [grow],
    runs: [
      ["{}", '[[["a","b"]]]'],
      ["{}", '[[["a","b"]]]'],
    ],
  },
  "a value of a block that was left is undefined behind it": {
    stmts: [
      array(2),
      inBlock(dot(0, "a", 3), array(4), append(4, text("a"))),
      inBlock({ type: "IsDefinedStmt", stmt: { source: 4 } }, append(2, text("b"))),
    ],
    runs: [
      ['{"a":1}', '[["b"]]'],
      ["{}", "[[]]"],
    ],
  },
  "membership in a literal compares with what its elements were": {
    stmts: [
      dot(0, "a", 3),
      dot(0, "b", 4),
      set(5),
      add(5, local(3)),
      add(5, text("c")),
      number("1", 6),
      add(5, local(6)),
      member(local(4), 5, 2),
    ],
    runs: [
      ['{"a":{"x":[1.0]},"b":{"x":[1]}}', "[true]"],
      ['{"a":"x","b":"c"}', "[true]"],
      ['{"a":"x","b":1.0}', "[true]"],
      ['{"a":"x","b":2}', "[false]"],
      ['{"a":1.0,"b":true}', "[false]"],
    ],
  },
  "an element that is assigned again keeps its set": {
    stmts: [assign(text("a"), 3), set(4), add(4, local(3)), assign(text("b"), 3), member(text("a"), 4, 2)],
    runs: [["{}", "[true]"]],
  },
  "numbers are equal by value, in line or not": {
    stmts: [
      dot(0, "a", 3),
      number("1", 4),
      array(2),
      inBlock({ type: "EqualStmt", stmt: { a: local(3), b: local(4) } }, append(2, text("a"))),
      inBlock({ type: "NotEqualStmt", stmt: { a: local(4), b: local(3) } }, append(2, text("b"))),
      number("1.0", 5),
      inBlock({ type: "EqualStmt", stmt: { a: local(4), b: local(5) } }, append(2, text("c"))),
    ],
    runs: [
      ['{"a":1}', '[["a","c"]]'],
      ['{"a":1.00}', '[["a","c"]]'],
      ['{"a":2}', '[["b","c"]]'],
      ['{"a":"1"}', '[["b","c"]]'],
      ['{"a":null}', '[["b","c"]]'],
    ],
  },
  "what is kept of input changes under with, and comes back behind it": {
    stmts: [
      array(2),
      dot(0, "a", 3),
      append(2, local(3)),
      call("read_a", [local(0), local(1)], 4),
      append(2, local(4)),
      withInput(
        text("b"),
        dot(0, "a", 5),
        append(2, local(5)),
        call("read_a", [local(0), local(1)], 6),
        append(2, local(6)),
      ),
      dot(0, "a", 7),
      append(2, local(7)),
      call("read_a", [local(0), local(1)], 8),
      append(2, local(8)),
    ],
    funcs: [readA],
    runs: [
      ['{"a":1}', '[[1,1,"b","b",1,1]]'],
      ['{"a":2}', '[[2,2,"b","b",2,2]]'],
      ["{}", "[]"],
    ],
  },
};

for (const [name, { stmts, funcs = [], runs }] of Object.entries(ROWS)) {
  test(name, () => {
    const ir: IrPolicy = {
      static: {
        strings: STRINGS.map((value) => ({ value })),
        builtin_funcs: [{ name: "internal.member_2", decl: { result: {} } }],
      },
      plans: {
        plans: [{ name: "eval", blocks: [{ stmts: [...stmts, { type: "ResultSetAddStmt", stmt: { value: 2 } }] }] }],
      },
      funcs: { funcs },
    };
    const evaluator = openEvaluator({ wasm: emitModule({ ir, runtime }) });
    const got = runs.map(([input]) => {
      const result = evaluator.evaluate("eval", input);
      return [input, result.kind === "results" ? result.text : result.message];
    });
    expect(got).toEqual(runs);
  });
}
