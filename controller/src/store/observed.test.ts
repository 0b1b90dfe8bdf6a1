import { expect, test } from "vitest";
import { KEEP_AGAIN_MS } from "./keeper.ts";
import { observed } from "./observed.ts";
import { type Lease, StoreError, type StoreErrorCode } from "./store.ts";

/** A store that says so of writes, and of proofs that a write would be taken. */
function makeLease(answer: { of: StoreErrorCode | undefined }): Lease {
  const act = async (): Promise<void> => {
    if (answer.of !== undefined) throw new StoreError(answer.of, answer.of);
  };
  return {
    epoch: 1,
    get: async () => undefined,
    before: async () => undefined,
    sync: async () => {
      await act();
      return true;
    },
    watch: () => {},
    prove: act,
    list: async () => [],
    remove: act,
    compareAndSet: async () => {
      await act();
      return "1";
    },
    end: async () => {},
  };
}

/** Sleeps are over when the test says so. */
function makeClock() {
  const sleeping: (() => void)[] = [];
  const slept: number[] = [];
  const sleep = (ms: number) => {
    slept.push(ms);
    return new Promise<void>((done) => void sleeping.push(done));
  };
  return { clock: { nowMs: () => 0, sleep }, slept, wake: () => sleeping.shift()?.() };
}

const settled = () => new Promise<void>((done) => setImmediate(done));
const bytes = new Uint8Array(1);

test("what was refused is heard of once it would be taken, though nobody tries it again", async () => {
  const answer: { of: StoreErrorCode | undefined } = { of: "refused" };
  const { clock, slept, wake } = makeClock();
  const heard: string[] = [];
  const lease = observed(makeLease(answer), clock, (key, refusal) => void heard.push(`${key} ${refusal?.code}`));
  await expect(lease.compareAndSet("key", undefined, bytes)).rejects.toThrow("refused");
  await expect(lease.compareAndSet("key", undefined, bytes)).rejects.toThrow("refused");
  wake();
  await settled();
  expect([heard, slept]).toEqual([
    ["key refused", "key refused"],
    [KEEP_AGAIN_MS, KEEP_AGAIN_MS],
  ]);
  answer.of = undefined;
  wake();
  await settled();
  wake();
  await settled();
  expect([heard.slice(2), slept.length]).toEqual([["key undefined"], 2]);
});

test("what is taken before that is heard of at once, and asked for no more", async () => {
  const answer: { of: StoreErrorCode | undefined } = { of: "refused" };
  const { clock, slept, wake } = makeClock();
  const heard: string[] = [];
  const lease = observed(makeLease(answer), clock, (key, refusal) => void heard.push(`${key} ${refusal?.code}`));
  await expect(lease.compareAndSet("key", undefined, bytes)).rejects.toThrow("refused");
  answer.of = undefined;
  await lease.compareAndSet("key", undefined, bytes);
  wake();
  await settled();
  expect([heard, slept.length]).toEqual([["key refused", "key undefined"], 1]);
});

test("a lease that has ended asks no more, and a conflict is nobody's disk", async () => {
  const answer: { of: StoreErrorCode | undefined } = { of: "refused" };
  const { clock, slept, wake } = makeClock();
  const heard: string[] = [];
  const lease = observed(makeLease(answer), clock, (key, refusal) => void heard.push(`${key} ${refusal?.code}`));
  await expect(lease.compareAndSet("key", undefined, bytes)).rejects.toThrow("refused");
  answer.of = "fenced";
  wake();
  await settled();
  wake();
  await settled();
  answer.of = "conflict";
  await expect(lease.compareAndSet("other", undefined, bytes)).rejects.toThrow("conflict");
  expect([heard, slept.length]).toEqual([["key refused"], 1]);
});
