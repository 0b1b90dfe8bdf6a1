import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleHash } from "@regomesh/protocol";
import { afterAll, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { BuiltModule } from "../../build/tools.ts";
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

function module(byte: number): BuiltModule {
  const [wasm, data] = [Uint8Array.of(byte, 97, 255), '{"a":1}'];
  return { hash: moduleHash(wasm, data), wasm, data };
}

function withModules(...modules: readonly BuiltModule[]): Kept {
  return { ...kept, release: { ...kept.release, plan: { ...kept.release.plan, modules } } };
}

/** As it was kept: what is read has its modules cut. */
function plain({ kept: read, ...fault }: Awaited<ReturnType<LastGood["read"]>>) {
  const whole = ({ release }: Pick<Kept, "release">) => {
    const modules = release.plan.modules.map(({ hash, wasm, data }) => ({ hash, wasm: Uint8Array.from(wasm), data }));
    return { ...release, plan: { ...release.plan, modules } };
  };
  if (read === undefined) return fault;
  const { fallback } = read;
  const back = fallback === undefined ? {} : { fallback: { ...fallback, release: whole(fallback) } };
  return { ...fault, kept: { ...read, release: whole(read), ...back } };
}

const packs = () => readdirSync(join(folder, "snapshots")).filter((name) => name.startsWith("modules-"));

const kept: Kept = {
  release: {
    revision: { epoch: "e", sequence: 3, name: "r" },
    plan: {
      mesh: { name: "m", trustDomain: "td" },
      workloads: [],
      outbound: [],
      services: [],
      modules: [module(0)],
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
  expect(plain(await store.read())).toEqual({ kept });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a file that was changed, cut or is of another format is not used, and said so", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(kept);
  const text = readFileSync(file, "utf8");
  for (const [changed, fault] of [
    [text.replace('"sequence":3', '"sequence":4'), /another digest/],
    [text.slice(0, text.length / 2), /cannot be read/],
    [text.replace('"format":4', '"format":1'), /has format 1/],
    [text.replace("/modules-", "/../modules-"), /is no pack/],
    ["", /cannot be read/],
  ] as const) {
    writeFileSync(file, changed);
    const read = await store.read();
    expect(read.kept).toBeUndefined();
    expect(read.fault).toMatch(fault);
  }
});

test("a module is written once, and taken away once nothing names it", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(withModules(module(1), module(2)));
  const [first] = packs();
  const both = { ...withModules(module(3)), fallback: { ...withModules(module(1)), release: kept.release } };
  const next = withModules(module(1), module(2), module(3));
  await store.write(next);
  expect(packs().length).toBe(2);
  expect(packs()).toContain(first);
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: next });
  await store.write(both);
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: both });
  await store.write(withModules(module(3)));
  expect(packs().length).toBe(1);
});

test("what turns out not to be kept, while its modules are written, leaves what was kept", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  const before = withModules(module(1));
  expect(await store.write(before)).toBe(true);
  expect(await store.write(withModules(module(2)), async () => false)).toBe(false);
  const failing = store.write(withModules(module(4)), async () => {
    throw new Error("it failed");
  });
  await expect(failing).rejects.toThrow("it failed");
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: before });
  await store.write(withModules(module(3)));
  expect(packs().length).toBe(1);
});

test("a pack that was changed, cut or taken away makes the file none, and a later one is whole again", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(withModules(module(7)));
  const pack = join(folder, "snapshots", packs()[0] ?? "");
  const bytes = readFileSync(pack);
  for (const [damaged, fault] of [
    [Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)]), /is not what its name says/],
    [bytes.subarray(0, bytes.length - 4), /is not what its name says/],
    [undefined, /is not there/],
  ] as const) {
    if (damaged === undefined) rmSync(pack);
    else writeFileSync(pack, damaged);
    const read = await new LastGood(lease, SYSTEM_CLOCK).read();
    expect(read.kept).toBeUndefined();
    expect(read.fault).toMatch(fault);
  }
  const anew = new LastGood(lease, SYSTEM_CLOCK);
  await anew.write(withModules(module(7)));
  expect(plain(await anew.read())).toEqual({ kept: withModules(module(7)) });
});

test("packs that somebody takes away from a controller that runs come back with what is kept next", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(withModules(module(8)));
  for (const name of packs()) rmSync(join(folder, "snapshots", name));
  const next = withModules(module(8), module(9));
  await store.write(next);
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: next });
});

test("what an earlier version has kept, with its modules within, is read", async () => {
  const { hash, wasm, data } = module(5);
  const inline = { hash, wasm: Buffer.from(wasm).toString("base64"), data };
  const content = { ...kept, release: { ...kept.release, plan: { ...kept.release.plan, modules: [inline] } } };
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  writeFileSync(file, JSON.stringify({ format: 3, digest, content }));
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: withModules(module(5)) });
});
