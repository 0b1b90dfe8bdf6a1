/** Who leads while the API server is slow, or this process was stopped: nobody for longer than another waits. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../../../test/make-lease.ts";
import { type Asked, answer, Script } from "../../../test/script.ts";
import { RENEW_EVERY_MS, RENEW_WITHIN_MS } from "../../kubernetes/leader.ts";
import type { Authority } from "../ca/authority.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { ApiConnection } from "./api-connection.ts";
import { Leadership } from "./leadership.ts";

let authority: Authority;
const folder = mkdtempSync(join(tmpdir(), "regomesh-leadership-"));
beforeAll(async () => {
  authority = await makeAuthority(folder, Date.now());
});
afterAll(() => rmSync(folder, { recursive: true }));
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Time passes when the test says so, and wakes whoever slept until then. */
class Time {
  nowMs = 0;
  #sleeping: { readonly atMs: number; readonly wake: () => void }[] = [];
  readonly #asleep = new Set<() => void>();

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const each = { atMs: this.nowMs + ms, wake: resolve };
      this.#sleeping.push(each);
      signal?.addEventListener("abort", () => {
        this.#sleeping = this.#sleeping.filter((other) => other !== each);
        reject(signal.reason);
      });
      for (const tell of this.#asleep) tell();
    });

  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.#sleeping.filter(({ atMs }) => atMs <= this.nowMs);
    this.#sleeping = this.#sleeping.filter((each) => !due.includes(each));
    for (const { wake } of due) wake();
  }

  /** When somebody sleeps for so long. */
  async until(ms: number): Promise<void> {
    while (!this.#sleeping.some(({ atMs }) => atMs === this.nowMs + ms))
      await new Promise<void>((done) => {
        this.#asleep.add(done);
      });
  }
}

const lease = (version: number, holderIdentity = "") => ({
  metadata: { resourceVersion: String(version) },
  spec: { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 0 },
});

async function lead() {
  const script = await Script.open(authority.issueServer(["127.0.0.1"], Date.now()));
  closers.push(() => script.close());
  const access = { origin: script.origin, basePath: "", tls: { ca: authority.bundlePem }, headers: async () => ({}) };
  const connection = new ApiConnection(access, SYSTEM_CLOCK);
  closers.push(async () => await connection[Symbol.asyncDispose]());
  const time = new Time();
  const lost = Promise.withResolvers<void>();
  const taking = Leadership.take({
    connection,
    namespace: "mesh",
    clock: { nowMs: () => time.nowMs, sleep: time.sleep },
    log: { log: () => {} },
    onLost: lost.resolve,
    passedMs: () => time.nowMs,
  });
  answer(await script.next(), lease(1));
  answer(await script.next(), lease(2));
  const leadership = await taking;
  await time.until(RENEW_EVERY_MS);
  return { script, time, leadership, lost: lost.promise };
}

test("a renewal that is not answered is not waited for: who leads ends before another may begin", async () => {
  const { script, time, leadership, lost } = await lead();
  time.pass(RENEW_EVERY_MS);
  const asked: Asked = await script.next();
  expect([asked.method, asked.path]).toEqual([
    "PUT",
    "/apis/coordination.k8s.io/v1/namespaces/mesh/leases/regomesh-controller",
  ]);
  await time.until(RENEW_WITHIN_MS - RENEW_EVERY_MS);
  time.pass(RENEW_WITHIN_MS - RENEW_EVERY_MS);
  await lost;
  await expect(leadership.require()).rejects.toMatchObject({ code: "fenced" });
});

test("a process that was stopped for longer asks nobody whether it leads still", async () => {
  const { time, leadership, lost } = await lead();
  time.pass(RENEW_WITHIN_MS + 1);
  await lost;
  await expect(leadership.require()).rejects.toMatchObject({ code: "fenced" });
});

test("one that is answered goes on", async () => {
  const { script, time, leadership } = await lead();
  for (const version of [3, 4, 5, 6, 7, 8]) {
    time.pass(RENEW_EVERY_MS);
    answer(await script.next(), lease(version));
    await time.until(RENEW_EVERY_MS);
  }
  const required = leadership.require();
  answer(await script.next(), lease(8, "another"));
  await expect(required).rejects.toMatchObject({ code: "fenced" });
});
