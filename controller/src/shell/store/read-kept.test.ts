import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Log } from "@regomesh/base";
import { afterAll, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import { JoinTokens } from "../ca/join-tokens.ts";
import { openLongestTtl } from "../ca/longest-ttl.ts";
import { RevokedList } from "../ca/revoked-list.ts";
import { openApiToken } from "../http/guard.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { keptClaims, keptProxies, keptStages } from "./kept-list.ts";
import { KeptPin, type Pin } from "./kept-pin.ts";

const folder = mkdtempSync(join(tmpdir(), "regomesh-word-"));
const lease = await makeLease(folder);
afterAll(async () => {
  await lease.end();
  rmSync(folder, { recursive: true });
});
const kept = new KeptPin(lease, SYSTEM_CLOCK);
const PIN: Pin = { revision: "a".repeat(40), inputs: [], atMs: 1 };

test("a word that is kept is read again, and none where none is", async () => {
  expect(await kept.read()).toBeUndefined();
  await kept.write(PIN);
  expect(await kept.read()).toEqual(PIN);
  await kept.write(undefined);
  expect(await kept.read()).toBeUndefined();
});

test.each([
  ["an empty file", ""],
  ["half of it", '{"pin":{"revision":"a'],
  ["bytes that are no text", "\u0000\ufffd"],
  ["null", "null"],
  ["a list", "[]"],
  ["a pin that is none", '{"pin":{"revision":7}}'],
  ["a pin that is null", '{"pin":null}'],
  ["inputs that are none", '{"pin":{"revision":"a","inputs":[null],"atMs":1}}'],
])("%s in its place stops whoever reads it, with the way out", async (_, text) => {
  mkdirSync(join(folder, "sources"), { recursive: true });
  writeFileSync(join(folder, "sources/pin.json"), text);
  await expect(kept.read()).rejects.toMatchObject({
    code: "damaged",
    message:
      "what is kept in sources/pin.json is damaged: put it back from a backup, or take it away: no revision is pinned above git then",
  });
});

test.each([
  ["ca/revoked.json", () => RevokedList.open(lease, 1), "what was taken back must be taken back anew then"],
  [
    "ca/longest-ttl.json",
    () => openLongestTtl(lease, 1, SYSTEM_CLOCK),
    "no identity is taken to last longer than a day, or than --svid-ttl says, then",
  ],
])("of %s a torn one stops whoever reads it", async (key, read, wayOut) => {
  const put = (text: string) => {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    writeFileSync(join(folder, key), text);
  };
  for (const text of ["", '[{"kind":"ser', "null", '{"ttlMs":"a day"}']) {
    put(text);
    await expect(read()).rejects.toMatchObject({
      code: "damaged",
      message: `what is kept in ${key} is damaged: put it back from a backup, or take it away: ${wayOut}`,
    });
  }
  rmSync(join(folder, key));
  await read();
});

test.each([
  ["ca/join-tokens.json", (log: Log) => JoinTokens.open(lease, log), /tokens .* given: make others/],
  ["snapshots/endpoints.json", (log: Log) => keptClaims(lease, SYSTEM_CLOCK, log).read(), /^where proxies listened: /],
  ["snapshots/proxies.json", (log: Log) => keptProxies(lease, SYSTEM_CLOCK, log).read(), /^which proxies there were: /],
  ["snapshots/stage.json", (log: Log) => keptStages(lease, SYSTEM_CLOCK, log).read(), /^how far the release .* anew$/],
  ["api-token", (log: Log) => openApiToken(lease, log), /^the token of before: /],
])("of %s a torn one is told, with what is lost, and one that is not there is not", async (key, read, lost) => {
  const told: unknown[] = [];
  const log: Log = { log: (...line) => void told.push(line) };
  await read(log);
  expect(told).toEqual([]);
  mkdirSync(dirname(join(folder, key)), { recursive: true });
  writeFileSync(join(folder, key), '[{"hash":"00');
  await read(log);
  const facts = { key, reason: "it is damaged", lost: expect.stringMatching(lost) };
  expect(told).toEqual([["warn", "what is kept is not used", facts]]);
});

test("of a list that holds what it does not, the rest is used, and that is told", async () => {
  const told: unknown[] = [];
  const log: Log = { log: (...line) => void told.push(line) };
  const known = { workload: "default/web", instance: "i", principal: "p", heardMs: 1 };
  mkdirSync(join(folder, "snapshots"), { recursive: true });
  writeFileSync(join(folder, "snapshots/proxies.json"), JSON.stringify([null, known, { workload: 7 }]));
  expect(await keptProxies(lease, SYSTEM_CLOCK, log).read()).toEqual([known]);
  const reason = "2 of its 3 are damaged";
  expect(told).toMatchObject([["warn", "what is kept is not used", { key: "snapshots/proxies.json", reason }]]);
});

test("join tokens of which one is none let nobody in, and are replaced by the next", async () => {
  mkdirSync(join(folder, "ca"), { recursive: true });
  writeFileSync(join(folder, "ca/join-tokens.json"), "[null]");
  const tokens = new JoinTokens(lease);
  expect(await tokens.redeem("a", Uint8Array.of(1), 1)).toEqual({ fault: "the join token is unknown" });
  const { token } = await tokens.create({ spiffeId: "spiffe://td/a", workload: "default/web" }, 1);
  expect(await tokens.redeem(token, Uint8Array.of(1), 1)).toMatchObject({ workload: "default/web" });
});
