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

describe("lossOf, of several sources", () => {
  const holds = (...names: readonly string[]) => ({ bindings: names, workloads: names });
  const mesh = (sources: Readonly<Record<string, readonly string[]>>): Inventory => ({
    hasConfig: true,
    ...holds(...Object.values(sources).flat()),
    sources: Object.fromEntries(Object.entries(sources).map(([name, held]) => [name, holds(...held)])),
  });
  const large = ["d/1", "d/2", "d/3", "d/4", "d/5", "d/6"];
  test.each<readonly [string, Inventory, Inventory, readonly string[]]>([
    [
      "a small one that is emptied, among large ones",
      mesh({ root: large, shop: ["s/a", "s/b"] }),
      mesh({ root: large, shop: [] }),
      [
        "the commit takes away 2 of 2 workloads of source shop: s/a, s/b",
        "the commit takes away 2 of 2 bindings of source shop: s/a, s/b",
      ],
    ],
    [
      "one of a name that all objects have, which is new",
      mesh({ root: large }),
      mesh({ root: ["d/1"], constructor: ["s/a"] }),
      [
        "the commit takes away 5 of 6 workloads: d/2, d/3, d/4, d/5, d/6",
        "the commit takes away 5 of 6 bindings: d/2, d/3, d/4, d/5, d/6",
      ],
    ],
    ["half of one", mesh({ root: large, shop: ["s/a", "s/b"] }), mesh({ root: large, shop: ["s/a"] }), []],
    [
      "what another source has now",
      mesh({ root: large, shop: ["s/a"] }),
      mesh({ root: [...large, "s/a"], shop: [] }),
      [],
    ],
    ["a source that is no longer named", mesh({ root: large, shop: ["s/a"] }), mesh({ root: large }), []],
    [
      "the mesh's own beside a large one, which it now names",
      { hasConfig: true, ...holds("d/1", "d/2") },
      mesh({ root: [], shop: large.slice(2) }),
      ["the commit takes away 2 of 2 workloads: d/1, d/2", "the commit takes away 2 of 2 bindings: d/1, d/2"],
    ],
    [
      "the mesh's own, small beside the others'",
      mesh({ root: ["d/1"], shop: ["s/a", "s/b"] }),
      mesh({ root: [], shop: ["s/a", "s/b"] }),
      [
        "the commit takes away 1 of 1 workloads of source root: d/1",
        "the commit takes away 1 of 1 bindings of source root: d/1",
      ],
    ],
  ])("%s", (_, before, after, want) => {
    expect(reasons(before, after)).toEqual(want);
  });
});

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
