import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import type { Kept } from "./last-good.ts";
import { LastGood } from "./last-good.ts";

const folder = mkdtempSync(join(tmpdir(), "regomesh-store-"));
const lease = await makeLease(folder);
afterAll(async () => {
  await lease.end();
  rmSync(folder, { recursive: true });
});
const file = join(folder, "snapshots/last-good.json");

const kept: Kept = {
  release: {
    revision: { epoch: "e", sequence: 3, name: "r" },
    plan: {
      mesh: { name: "m", trustDomain: "td" },
      workloads: [],
      outbound: [],
      services: [],
      modules: [{ hash: "h", wasm: Uint8Array.of(0, 97, 255), data: '{"a":1}' }],
    },
    source: "git main",
    builtAtMs: 1,
    issuedAtMs: 2,
    explainDenials: false,
  },
  compiler: "c",
  built: "commit path",
};

test("what is kept comes back, modules byte for byte, for its owner alone", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  expect(await store.read()).toEqual({});
  await store.write(kept);
  expect(await store.read()).toEqual({ kept });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a file that was changed, cut or is of another format is not used, and said so", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(kept);
  const text = readFileSync(file, "utf8");
  for (const [changed, fault] of [
    [text.replace('"sequence":3', '"sequence":4'), /another digest/],
    [text.slice(0, text.length / 2), /cannot be read/],
    [text.replace('"format":3', '"format":1'), /has format 1/],
    ["", /cannot be read/],
  ] as const) {
    writeFileSync(file, changed);
    const read = await store.read();
    expect(read.kept).toBeUndefined();
    expect(read.fault).toMatch(fault);
  }
});
