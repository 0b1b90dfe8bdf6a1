/** What is taken back is kept, whatever comes at the same time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { Lease } from "../../store/store.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { openLongestTtl } from "./longest-ttl.ts";
import { RevokedList } from "./revoked-list.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const HOUR = 3_600_000;

let folder: string;
let lease: Lease;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-revoked-"));
  lease = await makeLease(folder);
});
afterEach(async () => {
  await lease.end();
  rmSync(folder, { recursive: true });
});

const serials = (list: RevokedList) =>
  list.list.map((each) => (each.kind === "serial" ? each.serial : each.workload)).sort();

test("many that are taken back at once are all kept, and known to the next start", async () => {
  const list = await RevokedList.open(lease, NOW);
  const wanted = Array.from({ length: 40 }, (_, n) => (0x100 + n).toString(16));
  await Promise.all(wanted.map((serial) => list.add({ kind: "serial", serial }, HOUR, NOW)));
  expect(serials(list)).toEqual(wanted);
  expect(serials(await RevokedList.open(lease, NOW))).toEqual(wanted);
});

test("what is forgotten while another is taken back stays forgotten, and the other stays", async () => {
  const list = await RevokedList.open(lease, NOW);
  await list.add({ kind: "serial", serial: "1" }, HOUR, NOW);
  const adding = list.add({ kind: "serial", serial: "2" }, 3 * HOUR, NOW + 2 * HOUR);
  expect(list.expire(NOW + 2 * HOUR)).toBe(true);
  await adding;
  expect(serials(list)).toEqual(["2"]);
});

test("what is taken back is remembered as long as the longest certificate of any run before", async () => {
  for (const [given, longest] of [
    [HOUR, 24 * HOUR],
    [240 * HOUR, 240 * HOUR],
    [HOUR, 240 * HOUR],
  ] as const)
    expect(await openLongestTtl(lease, given, SYSTEM_CLOCK)).toBe(longest);
});
