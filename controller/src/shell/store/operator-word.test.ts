import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
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
