import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { emitModule } from "../emit/module.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { parseRuntime, type RuntimeModule } from "./runtime-module.ts";

const runtime = await loadRuntime();

/** A plan that gives `io.jwt.decode`'s, `time.parse_rfc3339_ns`'s … answer to one string. */
function callOf(name: string, text: string): IrPolicy {
  return {
    static: {
      strings: [{ value: text }],
      builtin_funcs: [{ name, decl: { args: [{ type: "string" }], result: { type: "any" } } }],
    },
    plans: {
      plans: [
        {
          name: "eval",
          blocks: [
            {
              stmts: [
                { type: "CallStmt", stmt: { func: name, args: [{ type: "string_index", value: 0 }], result: 2 } },
                { type: "ResultSetAddStmt", stmt: { value: 2 } },
              ],
            },
          ],
        },
      ],
    },
  };
}

const CALLS = {
  "time.parse_rfc3339_ns": ["2026-11-27T14:02:01Z", "1795788121000000000"],
  "base64.decode": ["aGVsbG8=", '"hello"'],
  "crypto.sha256": ["", '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'],
  upper: ["grün", '"GRÜN"'],
} as const;

test.each(Object.entries(CALLS))("what %s uses is linked", (name, [text, want]) => {
  const evaluator = openEvaluator({ wasm: emitModule({ ir: callOf(name, text), runtime }) });
  expect(evaluator.evaluate("eval", undefined)).toMatchObject({ kind: "results", text: `[${want}]` });
});

test("a module carries what it reaches", () => {
  const empty = emitModule({ ir: {}, runtime }).length;
  expect(empty).toBeLessThan(45_000);
  expect(emitModule({ ir: callOf("crypto.sha256", ""), runtime }).length).toBeGreaterThan(empty + 500);
  const everything: RuntimeModule = { ...runtime, exports: new Map([...runtime.exports].map(asAbi)) };
  expect(emitModule({ ir: {}, runtime: everything }).length).toBeGreaterThan(empty * 3);
});

/** All built-ins exported to the host, and so kept. */
function asAbi([name, found]: [string, { readonly name: string; readonly kind: number; readonly index: number }]) {
  return [name, name.startsWith("b$") ? { ...found, name: `rm_${name}` } : found] as const;
}

test("a runtime that does not say what it reaches is refused", () => {
  const bytes = readFileSync(join(import.meta.dirname, "../../runtime/build/runtime.wasm"));
  expect(() => parseRuntime(bytes.subarray(0, 8))).toThrow("does not say what its exports reach");
});

type Text = (base: number, address: number) => string;

/** Two functions, each with a static; the optimised one has folded an offset into its address. */
const makeText: Text = (base, address) => `(module
 (import "env" "memory" (memory $0 1))
 (import "env" "stop" (func $stop (param i32)))
 (global $held i32 (i32.const ${base + 16}))
 (data $0 (i32.const ${base}) "\\01\\02\\03\\04")
 (data $1 (i32.const ${base + 16}) "table\\n")
 (export "first" (func $first))
 (export "second" (func $second))
 (start $begin)
 (func $inner
  i32.const ${address}
  i32.load8_u
  drop
 )
 (func $first
  call $inner
  call $stop
 )
 (func $second
  global.get $held
  drop
 )
 (func $begin
  nop
 )
)`;

type ReachScript = {
  readonly FAR_BASE: number;
  readonly runtimeReach: (optimised: string, plain: string, base: number) => { readonly reach: unknown };
};

test("statics are followed where the optimiser has hidden them", async () => {
  const path = "../../../scripts/runtime-reach.mjs";
  const { FAR_BASE, runtimeReach } = (await import(path)) as ReachScript;
  const plain = makeText(FAR_BASE, FAR_BASE + 2);
  expect(runtimeReach(makeText(1024, 1024 - 0x41), plain, 1024).reach).toEqual({
    calls: [[], [1, 0], [], []],
    statics: [1024, 1040],
    end: 1046,
    uses: { first: [0], second: [1], "": [] },
  });
  expect(() => runtimeReach(plain, makeText(FAR_BASE, FAR_BASE - 0x41), 1024)).toThrow("outside of its statics");
  expect(() => runtimeReach(plain, plain.replace("\\01\\02\\03\\04", "\\10\\00\\00\\30"), 1024)).toThrow(
    "holds an address",
  );
});
