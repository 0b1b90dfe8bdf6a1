import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { writeWhole } from "@regomesh/base/node";
import type { JoinTokenFile } from "@regomesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeLease } from "../../test/make-lease.ts";
import type { Lease } from "../store/store.ts";
import { JoinTokens, TOKEN_TTL_MS } from "./ca/join-tokens.ts";
import { type JoinTokenFiles, openJoinTokenFiles } from "./join-token-files.ts";

test("a file that its disk refuses is tried again with the token that it was to hold, however often", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-tokens-"));
  const lease = await makeLease(join(folder, "state"));
  const tokens = new JoinTokens(lease);
  const file = join(folder, "proxies/web.token");
  let refusals = 3;
  const heard: boolean[] = [];
  await new Promise<void>((written) => {
    void openJoinTokenFiles([{ file, spiffeId: "spiffe://td/a", workload: "default/web" }], {
      tokens,
      caPem: "ca",
      clock: { nowMs: () => 1000, sleep: async () => {} },
      log: SILENT,
      signal: new AbortController().signal,
      hear: (_, refusal) => {
        heard.push(refusal === undefined);
        if (refusal === undefined) written();
      },
      isTakenBackSince: () => false,
      write: async (...args) => {
        if (refusals-- > 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        await writeWhole(...args);
      },
    });
  });
  expect([heard, (await tokens.list(1000)).length]).toEqual([[false, false, false, true], 1]);
  const { token } = JSON.parse(readFileSync(file, "utf8")) as JoinTokenFile;
  expect(await tokens.redeem(token, new Uint8Array(1), 1000)).toMatchObject({ spiffeId: "spiffe://td/a" });
  await lease.end();
  rmSync(folder, { recursive: true });
});

describe("a token that lets nobody in", () => {
  const ORDER = { spiffeId: "spiffe://td/a", workload: "default/web" };
  let folder: string;
  let lease: Lease;
  let files: JoinTokenFiles;
  let nowMs: number;
  let isTakenBack: boolean;
  /** Wakes who sleeps, once. */
  let wakes: (() => void)[];
  let written: number;
  /** Told of each message that ends a wait. */
  let said: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "regomesh-tokens-"));
    lease = await makeLease(join(folder, "state"));
    [nowMs, isTakenBack, wakes, written, said] = [1000, false, [], 0, []];
    files = await openJoinTokenFiles([{ file: join(folder, "web.token"), ...ORDER }], {
      tokens: new JoinTokens(lease),
      caPem: "ca",
      clock: { nowMs: () => nowMs, sleep: () => new Promise((wake) => wakes.push(wake)) },
      log: { log: (_, message) => void said.push(message) },
      signal: new AbortController().signal,
      hear: () => written++,
      isTakenBackSince: () => isTakenBack,
    });
  });
  afterEach(async () => {
    await lease.end();
    rmSync(folder, { recursive: true });
  });

  const token = () => (JSON.parse(readFileSync(join(folder, "web.token"), "utf8")) as JoinTokenFile).token;
  /** Lets time pass for who sleeps, until something is said or it sleeps again. */
  async function wakeAt(atMs: number): Promise<void> {
    nowMs = atMs;
    const [wake] = wakes.splice(0);
    const before = said.length;
    wake?.();
    while (said.length === before && wakes.length === 0) await new Promise((next) => setImmediate(next));
  }

  test("is replaced once the last identity of its workload has ended, and so is the next", async () => {
    const seen = [token()];
    for (const startMs of [10_000, 10_000_000]) {
      files.issued(ORDER, startMs);
      files.refused(token());
      files.refused(token());
      expect(wakes).toHaveLength(1);
      await wakeAt(startMs - 1);
      files.issued({ spiffeId: ORDER.spiffeId }, startMs + 5000);
      await wakeAt(startMs + 1000);
      expect(token()).toBe(seen.at(-1));
      await wakeAt(startMs + 6000);
      seen.push(token());
    }
    expect([new Set(seen).size, written]).toEqual([3, 3]);
  });

  test("is replaced where it has expired unused", async () => {
    const first = token();
    files.refused(first);
    await wakeAt(1000 + TOKEN_TTL_MS);
    expect(token()).not.toBe(first);
  });

  test("is not replaced where its workload was taken back what it had, nor where it is not the file's", async () => {
    const first = token();
    files.refused("another");
    expect(wakes).toEqual([]);
    files.refused(first);
    isTakenBack = true;
    await wakeAt(100_000);
    expect([token(), said]).toEqual([first, ["no other join token is written: what its workload had was taken back"]]);
  });

  test("waits for its own workload alone", async () => {
    const first = token();
    files.issued({ ...ORDER, workload: "default/web-v2" }, 1_000_000);
    files.refused(first);
    await wakeAt(2001);
    expect(token()).not.toBe(first);
  });
});
