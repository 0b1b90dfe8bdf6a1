import { expect, test } from "vitest";
import { Keeper } from "./keeper.ts";
import { type Kept, type Lease, StoreError, type StoreErrorCode } from "./store.ts";

/** A store of one key that says no as often as it is told to. */
class Disk implements Lease {
  readonly epoch = 1;
  readonly written: string[] = [];
  #kept: Kept | undefined;
  #refusals: StoreErrorCode[] = [];

  /** Somebody else has put something there. */
  change(): void {
    this.#kept = { value: new TextEncoder().encode("theirs"), version: "another" };
  }
  refuse(times: number, code: StoreErrorCode = "refused"): void {
    this.#refusals = Array.from({ length: times }, () => code);
  }
  get(): Promise<Kept | undefined> {
    return Promise.resolve(this.#kept);
  }
  compareAndSet(_: string, expected: string | undefined, value: Uint8Array): Promise<string> {
    const code = this.#refusals.pop();
    if (code !== undefined) return Promise.reject(new StoreError(code, "no"));
    if (this.#kept?.version !== expected) return Promise.reject(new StoreError("conflict", "changed"));
    this.written.push(new TextDecoder().decode(value));
    this.#kept = { value, version: String(this.written.length) };
    return Promise.resolve(this.#kept.version);
  }
  before(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  sync(): Promise<boolean> {
    return Promise.resolve(true);
  }
  watch(): void {}
  prove(): Promise<void> {
    return Promise.reject(new StoreError("fenced", "not of this test"));
  }
  list(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
  remove(): Promise<void> {
    return Promise.reject(new StoreError("fenced", "not of this test"));
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** Sleeps are over when the test says so. */
function makeClock() {
  const sleeping: (() => void)[] = [];
  const clock = { nowMs: () => 0, sleep: () => new Promise<void>((done) => void sleeping.push(done)) };
  return { clock, sleeping, wake: () => sleeping.shift()?.() };
}

/** All that can go on without the clock has gone on. */
const settled = () => new Promise<void>((done) => setImmediate(done));

test("what a full disk does not take is tried again until it is kept, the newest alone", async () => {
  const disk = new Disk();
  const { clock, sleeping, wake } = makeClock();
  const keeper = new Keeper(disk, "key", clock);
  disk.refuse(3);
  keeper.keepSoon(() => "old");
  await settled();
  keeper.keepSoon(() => "new");
  expect([disk.written, sleeping.length]).toEqual([[], 1]);
  for (let refusal = 0; refusal < 3; refusal++) {
    wake();
    await settled();
  }
  expect([disk.written, sleeping.length]).toEqual([["new"], 0]);
});

test("what is kept at once takes the place of what waits; where it is refused, that waits on", async () => {
  const disk = new Disk();
  const { clock, wake } = makeClock();
  const keeper = new Keeper(disk, "key", clock);
  disk.refuse(2);
  keeper.keepSoon(() => "waits");
  await settled();
  await expect(keeper.keep("now")).rejects.toMatchObject({ code: "refused" });
  wake();
  await settled();
  expect(disk.written).toEqual(["waits"]);
  disk.refuse(1);
  keeper.keepSoon(() => "late");
  await settled();
  await keeper.keep("now");
  wake();
  await settled();
  expect(disk.written).toEqual(["waits", "now"]);
});

test("before the end what waits is tried once more", async () => {
  const disk = new Disk();
  const { clock } = makeClock();
  const keeper = new Keeper(disk, "key", clock);
  disk.refuse(1);
  keeper.keepSoon(() => "waits");
  await settled();
  await keeper.flush();
  expect(disk.written).toEqual(["waits"]);
  disk.refuse(2);
  keeper.keepSoon(() => "lost");
  await keeper.flush();
  expect(disk.written).toEqual(["waits"]);
});

test("it ends with the lease", async () => {
  const disk = new Disk();
  const { clock, sleeping } = makeClock();
  const keeper = new Keeper(disk, "key", clock);
  disk.refuse(1, "fenced");
  keeper.keepSoon(() => "x");
  await settled();
  expect([disk.written, sleeping.length]).toEqual([[], 0]);
});

test("what somebody else has put there is replaced by what is kept next", async () => {
  const disk = new Disk();
  const { clock } = makeClock();
  const keeper = new Keeper(disk, "key", clock);
  await keeper.keep("first");
  disk.change();
  await keeper.keep("second");
  await keeper.keep("third");
  expect(disk.written).toEqual(["first", "second", "third"]);
});
