import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  const list = keptClaims(lease, SYSTEM_CLOCK);
  list.keepSoon(() => known);
  await list.flush();
  known = [];
  list.keepSoon(() => known);
  await list.flush();
  expect(await keptClaims(lease, SYSTEM_CLOCK).read()).toEqual([claim]);
  await lease.end();
  rmSync(folder, { recursive: true });
});
