import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { HASH_SHOWN, type Inventory, lossOf, names } from "./loss.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
const inventory = (bindings: number, workloads: number, hasConfig = true): Inventory => ({
  hasConfig,
  bindings: Array.from({ length: bindings }, (_, at) => `default/b${at}`),
  workloads: Array.from({ length: workloads }, (_, at) => `default/w${at}`),
});
const reasons = (before: Inventory, after: Inventory, pathMissing?: string) =>
  lossOf(before, after, { pathMissing, digest })?.reasons ?? [];

describe("lossOf", () => {
  test.each<readonly [string, Inventory, Inventory, readonly string[]]>([
    ["nothing", inventory(4, 4), inventory(4, 4), []],
    ["half", inventory(4, 4), inventory(2, 2), []],
    ["more than it had", inventory(1, 1), inventory(4, 4), []],
    ["settings that were never there", inventory(1, 1, false), inventory(1, 1, false), []],
    ["a mesh that holds nothing", inventory(0, 0, false), inventory(0, 0, false), []],
    ["its settings", inventory(1, 1), inventory(1, 1, false), ["the commit takes away the mesh's MeshConfig"]],
    [
      "more than half of its bindings",
      inventory(3, 4),
      inventory(1, 4),
      ["the commit takes away 2 of 3 bindings: default/b1, default/b2"],
    ],
    [
      "more than half of its workloads",
      inventory(4, 9),
      inventory(4, 2),
      ["the commit takes away 7 of 9 workloads: default/w2, default/w3, default/w4, default/w5, default/w6 and 2 more"],
    ],
    ["its last workload", inventory(0, 1), inventory(0, 0), ["the commit takes away every workload: default/w0"]],
    [
      "everything",
      inventory(1, 1),
      inventory(0, 0, false),
      [
        "the commit takes away the mesh's MeshConfig",
        "the commit takes away every workload: default/w0",
        "the commit takes away 1 of 1 bindings: default/b0",
      ],
    ],
    [
      "all by other names",
      inventory(2, 1),
      { ...inventory(0, 1), bindings: ["default/x", "default/y"] },
      ["the commit takes away 2 of 2 bindings: default/b0, default/b1"],
    ],
  ])("of %s", (_, before, after, expected) => {
    expect(reasons(before, after)).toEqual(expected);
  });

  test("a path that is not there needs a word whatever the mesh holds", () => {
    expect(reasons(inventory(0, 0, false), inventory(0, 0, false), "nope")).toEqual([
      "the commit has no directory nope, which is the source",
    ]);
  });
});

test("a loss is named by its hash, or by its beginning, and by no other's", () => {
  const loss = lossOf(inventory(1, 1), inventory(1, 1, false), { pathMissing: undefined, digest });
  const other = lossOf(inventory(1, 1), inventory(0, 1), { pathMissing: undefined, digest });
  if (loss === undefined || other === undefined) throw new Error("no loss");
  for (const text of [
    loss.hash,
    loss.hash.slice(0, HASH_SHOWN),
    `Take it away\n\nconfirm ${loss.hash.slice(0, 20)}.`,
  ]) {
    expect(names(text, loss)).toBe(true);
    expect(names(text, other)).toBe(false);
  }
  for (const text of ["", loss.hash.slice(0, HASH_SHOWN - 1), `x${"0".repeat(64)}`])
    expect(names(text, loss)).toBe(false);
});
