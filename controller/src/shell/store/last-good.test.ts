import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleHash } from "@regomesh/protocol";
import { afterAll, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { BuiltModule } from "../../build/tools.ts";
import { type Lease, StoreError } from "../../store/store.ts";
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
function plain({ kept: read, ...fault }: Awaited<ReturnType<LastGood["read"]>>): {
  readonly kept?: unknown;
  readonly fault?: string;
} {
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
  await store.sync();
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
  await store.sync();
  const [first] = packs();
  const both = { ...withModules(module(3)), fallback: { ...withModules(module(1)), release: kept.release } };
  const next = withModules(module(1), module(2), module(3));
  await store.write(next);
  await store.sync();
  expect(packs().length).toBe(2);
  expect(packs()).toContain(first);
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: next });
  await store.write(both);
  await store.sync();
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: both });
  await store.write(withModules(module(3)));
  await store.sync();
  expect(packs().length).toBe(1);
});

test("what turns out not to be kept, while its modules are written, leaves what was kept", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  const before = withModules(module(1));
  expect(await store.write(before)).toBe(true);
  await store.sync();
  expect(await store.write(withModules(module(2)), async () => false)).toBe(false);
  const failing = store.write(withModules(module(4)), async () => {
    throw new Error("it failed");
  });
  await expect(failing).rejects.toThrow("it failed");
  expect(plain(await new LastGood(lease, SYSTEM_CLOCK).read())).toEqual({ kept: before });
  await store.write(withModules(module(3)));
  await store.sync();
  expect(packs().length).toBe(1);
});

test("a pack that was changed, cut or taken away makes the file none, and a later one is whole again", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  await store.write(withModules(module(7)));
  await store.sync();
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
  await store.sync();
  for (const name of packs()) rmSync(join(folder, "snapshots", name));
  const next = withModules(module(8), module(9));
  await store.write(next);
  await store.flush();
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

/** A folder of its own with a release that is kept and synced; whatever is written since is seen after each step. */
async function makePlay() {
  const own = mkdtempSync(join(tmpdir(), "regomesh-steps-"));
  const states = mkdtempSync(join(tmpdir(), "regomesh-states-"));
  const held = await makeLease(own);
  let steps: string[] | undefined;
  const refusals = new Set<string>();
  /** After each write, sync or removal, the folder as a controller would find it that starts then. */
  const seen = async <T>(what: string, key: string, work: () => Promise<T>): Promise<T> => {
    if (refusals.delete(`${what} ${key.replace(/[0-9a-f]{32}/, "N")}`)) throw new StoreError("refused", "no");
    const done = await work();
    if (steps !== undefined) {
      steps.push(`${what} ${key.replace(/[0-9a-f]{32}/, "N")}`);
      cpSync(own, join(states, String(steps.length)), { recursive: true });
    }
    return done;
  };
  const watched: Lease = {
    epoch: held.epoch,
    get: (key) => held.get(key),
    before: (key) => held.before(key),
    watch: (...all) => held.watch(...all),
    prove: (key) => held.prove(key),
    list: (under) => held.list(under),
    end: () => held.end(),
    remove: (key) => seen("remove", key, () => held.remove(key)),
    sync: (key, version) => seen("sync", key, () => held.sync(key, version)),
    compareAndSet: (key, ...all) => seen("write", key, () => held.compareAndSet(key, ...all)),
  };
  const store = new LastGood(watched, SYSTEM_CLOCK);
  await store.write(withModules(module(1)));
  await store.sync();
  steps = [];
  return {
    store,
    steps,
    refusals,
    /** What a controller reads that starts after so many steps; `torn`: where the machine ended, what was cut by that. */
    async startAfter(count: number, torn: readonly ("file" | "pack")[]) {
      const folderThen = mkdtempSync(join(states, "start-"));
      cpSync(join(states, String(count)), folderThen, { recursive: true });
      const under = join(folderThen, "snapshots");
      if (torn.includes("file")) truncateSync(join(under, "last-good.json"), 0);
      if (torn.includes("pack"))
        for (const name of readdirSync(under).filter((each) => each.endsWith(".pack")))
          if (readFileSync(join(under, name)).includes(module(2).hash)) truncateSync(join(under, name), 10);
      const then = await makeLease(folderThen);
      const started = new LastGood(then, SYSTEM_CLOCK);
      const read = plain(await started.read());
      await started.flush();
      const left = readdirSync(under).filter((name) => name.endsWith(".before"));
      const again = plain(await new LastGood(then, SYSTEM_CLOCK).read());
      await then.end();
      return { read, left, again };
    },
    async end() {
      await store.flush();
      await held.end();
      for (const each of [own, states]) rmSync(each, { recursive: true });
    },
  };
}

test("whenever a controller ends, the next one has the old release or the new one", async () => {
  const play = await makePlay();
  const [old, next] = [withModules(module(1)), withModules(module(2))];
  await play.store.write(next);
  await play.store.sync();
  expect(play.steps).toEqual([
    "write snapshots/modules-N.pack",
    "write snapshots/last-good.json",
    "sync snapshots/modules-N.pack",
    "sync snapshots/last-good.json",
    "remove snapshots/modules-N.pack",
  ]);
  // A process loses nothing of what it has written.
  for (const [at, kept] of [old, next, next, next, next].entries())
    expect(await play.startAfter(at + 1, [])).toEqual({ read: { kept }, left: [], again: { kept } });
  await play.end();
});

test("whenever a controller ends, or its machine, with large releases of which each has lists of its own, the next one has one of them", async () => {
  const play = await makePlay();
  const large = (byte: number): Kept => {
    const { release } = withModules(module(byte));
    const workloads = Array.from({ length: 300 }, (_, at) => ({ name: `w${at} ${byte}` }));
    const plan = { ...release.plan, workloads } as unknown as Kept["release"]["plan"];
    return { ...kept, release: { ...release, plan } };
  };
  const all = [withModules(module(1)), large(3), large(2)];
  for (const each of all.slice(1)) {
    await play.store.write(each);
    await play.store.sync();
  }
  const one = ["write modules", "write modules", "write last-good", "sync modules", "sync modules", "sync last-good"];
  const steps = play.steps.map((each) => each.replace(/snapshots\/([a-z-]+)[-.].*/, "$1"));
  expect(steps).toEqual([...one, "remove modules", ...one, "remove modules", "remove modules"]);
  const written = [0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];
  for (const [at, which] of written.entries()) {
    const { read } = await play.startAfter(at + 1, []);
    expect(read).toEqual({ kept: all[which] });
  }
  // Until the last is synced, and its packs.
  const torn = await play.startAfter(10, ["file", "pack"]);
  expect(torn.read.kept).toEqual(all[1]);
  await play.end();
});

test("whenever its machine ends, the next controller has the last release that was synced, or the new one", async () => {
  const play = await makePlay();
  const [old, next] = [withModules(module(1)), withModules(module(2))];
  await play.store.write(next);
  await play.store.sync();
  const rows = [
    [1, ["pack"], old],
    [2, ["pack"], old],
    [2, ["file"], old],
    [2, ["file", "pack"], old],
    [3, ["file"], old],
    [3, [], next],
    [4, [], next],
    [5, [], next],
  ] as const;
  for (const [count, torn, kept] of rows) {
    const { read, left, again } = await play.startAfter(count, torn);
    expect([read.kept, left, again]).toEqual([kept, [], { kept }]);
    expect(read.fault === undefined).toBe(count === 1 || torn.length === 0);
  }
  await play.end();
});

test("of a release that comes while the one before is synced, whichever was synced last stays until the new one is", async () => {
  for (let round = 0; round < 10; round++) {
    const play = await makePlay();
    await play.store.write(withModules(module(3)));
    const syncing = play.store.sync();
    await play.store.write(withModules(module(2)));
    await syncing;
    const { read } = await play.startAfter(play.steps.length, ["file", "pack"]);
    expect([withModules(module(1)), withModules(module(3))]).toContainEqual(read.kept);
    await play.store.sync();
    const { read: after } = await play.startAfter(play.steps.length, []);
    expect(after).toEqual({ kept: withModules(module(2)) });
    await play.end();
  }
});

test("a disk that takes a release and does not sync it is given it again", async () => {
  for (const refused of ["sync snapshots/modules-N.pack", "sync snapshots/last-good.json"]) {
    const play = await makePlay();
    play.refusals.add(refused);
    await play.store.write(withModules(module(2)));
    await play.store.sync();
    await play.store.flush();
    const { read, left } = await play.startAfter(play.steps.length, []);
    expect([read, left]).toEqual([{ kept: withModules(module(2)) }, []]);
    await play.end();
  }
});

test("a disk that does not take a release has the one before, and nothing beside it", async () => {
  for (const refused of ["write snapshots/modules-N.pack", "write snapshots/last-good.json"]) {
    const play = await makePlay();
    play.refusals.add(refused);
    await expect(play.store.write(withModules(module(2)))).rejects.toMatchObject({ code: "refused" });
    await play.store.write(withModules(module(1)));
    const { read } = await play.startAfter(play.steps.length, []);
    expect(read).toEqual({ kept: withModules(module(1)) });
    await play.end();
  }
});

test("numbers are reserved ahead of their use, and after a start begin beyond all of them", async () => {
  const own = mkdtempSync(join(tmpdir(), "regomesh-numbers-"));
  const held = await makeLease(own);
  const { numbers } = new LastGood(held, SYSTEM_CLOCK);
  expect(await numbers.read()).toBe(0);
  await numbers.reserve(1);
  for (let number = 2; number <= 60; number++) await numbers.reserve(number);
  await numbers.flush();
  const reserved = await new LastGood(held, SYSTEM_CLOCK).numbers.read();
  expect(reserved).toBeGreaterThan(100);
  writeFileSync(join(own, "snapshots/numbers.json"), "{");
  await expect(new LastGood(held, SYSTEM_CLOCK).numbers.read()).rejects.toMatchObject({ code: "damaged" });
  await held.end();
  rmSync(own, { recursive: true });
});
