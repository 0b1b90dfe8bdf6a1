/** Data is final once loaded: no evaluation, whole or cut short, changes a byte of it. */
import { createHash } from "node:crypto";
import { emitModule, type IrPolicy } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { expect, test } from "vitest";
import { openInstance, PolicyAbort, writeText } from "../src/instance.ts";

const runtime = await loadRuntime();

/** Walks data.objects, looks each object up by the input, compares all with all. */
const policy: IrPolicy = {
  static: { strings: [{ value: "objects" }] },
  plans: {
    plans: [
      {
        name: "eval",
        blocks: [
          {
            stmts: [
              {
                type: "DotStmt",
                stmt: { source: { type: "local", value: 1 }, key: { type: "string_index", value: 0 }, target: 2 },
              },
              {
                type: "ScanStmt",
                stmt: {
                  ...{ source: 2, key: 3, value: 4 },
                  block: {
                    stmts: [
                      {
                        type: "BlockStmt",
                        stmt: {
                          blocks: [
                            {
                              stmts: [
                                {
                                  type: "DotStmt",
                                  stmt: {
                                    source: { type: "local", value: 4 },
                                    key: { type: "local", value: 0 },
                                    target: 5,
                                  },
                                },
                                { type: "ResultSetAddStmt", stmt: { value: 4 } },
                              ],
                            },
                          ],
                        },
                      },
                      {
                        type: "ScanStmt",
                        stmt: {
                          ...{ source: 2, key: 6, value: 7 },
                          block: {
                            stmts: [
                              {
                                type: "EqualStmt",
                                stmt: { a: { type: "local", value: 4 }, b: { type: "local", value: 7 } },
                              },
                            ],
                          },
                        },
                      },
                    ],
                  },
                },
              },
            ],
          },
        ],
      },
    ],
  },
};

test("no evaluation changes a byte below the mark", () => {
  const open = openInstance({ wasm: emitModule({ ir: policy, runtime }) });
  const { exports } = open;
  const objects = Array.from({ length: 40 }, (_, i) =>
    Object.fromEntries(
      Array.from({ length: i }, (_, k) => [`k${(k * 7) % 40}`, { z: k, a: [1.5, "x", { b: null, a: 1 }] }]),
    ),
  );
  const from = exports.opa_heap_ptr_get();
  const data = exports.opa_json_parse(...writeText(open, JSON.stringify({ objects })));
  const mark = exports.opa_heap_ptr_get();
  const digest = () => createHash("sha256").update(open.bytes().subarray(from, mark)).digest("hex");
  const before = digest();
  let cut = 0;
  for (let fuel = 1; fuel < 20_000; fuel = Math.ceil(fuel * 1.05)) {
    exports.rm_fuel?.(fuel);
    exports.opa_heap_ptr_set(mark);
    const [ptr, length] = writeText(open, JSON.stringify(`k${fuel % 40}`));
    try {
      exports.opa_eval(0, 0, data, ptr, length, exports.opa_heap_ptr_get(), 0);
    } catch (error) {
      if (!(error instanceof PolicyAbort)) throw error;
      cut++;
    }
    expect(digest()).toBe(before);
  }
  expect(cut).toBeGreaterThan(50);
});
