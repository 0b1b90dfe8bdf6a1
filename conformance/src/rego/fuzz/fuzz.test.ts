import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { suiteFolder } from "../main.ts";
import { fuzz } from "./fuzz.ts";
import { readSeeds } from "./seeds.ts";

const isThere = existsSync(suiteFolder("rego-conformance"));

test.skipIf(!isThere && !process.env["CI"])(
  "mutated modules never throw, hang or take much memory, and fmt makes nothing that does not parse",
  () => {
    const { faults, parsed, heapBytesMost } = fuzz({ count: 1500, seed: 1, seeds: readSeeds() });
    expect(faults).toEqual([]);
    expect(parsed).toBeGreaterThan(50);
    expect(heapBytesMost).toBeLessThan(400 * 1024 * 1024);
  },
  120_000,
);
