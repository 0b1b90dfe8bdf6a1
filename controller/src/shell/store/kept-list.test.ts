import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { Claim } from "../../distribution/endpoints.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { keptClaims } from "./kept-list.ts";

test("what is known at the flush is what is kept: proxies whose streams end with the controller are no proxies that end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-kept-"));
  const lease = await makeLease(folder);
  const claim: Claim = { workload: "default/web", instance: "1", listen: [] };
  let known: readonly Claim[] = [claim];
  const list = keptClaims(lease, SYSTEM_CLOCK, SILENT);
  list.keepSoon(() => known, [known]);
  await list.flush();
  known = [];
  list.keepSoon(() => known, [known]);
  await list.flush();
  expect(await keptClaims(lease, SYSTEM_CLOCK, SILENT).read()).toEqual([claim]);
  await lease.end();
  rmSync(folder, { recursive: true });
});

test("a list of which nothing is other is not asked for again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-kept-"));
  const lease = await makeLease(folder);
  const asked: string[] = [];
  const sleeps: (() => void)[] = [];
  const clock = { ...SYSTEM_CLOCK, sleep: () => new Promise<void>((done) => sleeps.push(done)) };
  const list = keptClaims(lease, clock, SILENT);
  const ask = async (what: string, of: readonly unknown[]) => {
    list.keepSoon(() => {
      asked.push(what);
      return [{ workload: `default/${what}`, listen: [] }];
    }, of);
    for (const done of sleeps.splice(0)) done();
    await Promise.resolve();
  };
  const [one, other] = [{}, {}];
  await ask("first", [one, 1]);
  await ask("the same", [one, 1]);
  await ask("moved", [one, 2]);
  await ask("others", [other, 2]);
  await ask("the same", [other, 2]);
  expect(asked).toEqual(["first", "moved", "others"]);
  await list.flush();
  expect(await keptClaims(lease, SYSTEM_CLOCK, SILENT).read()).toEqual([{ workload: "default/others", listen: [] }]);
  await lease.end();
  rmSync(folder, { recursive: true });
});
