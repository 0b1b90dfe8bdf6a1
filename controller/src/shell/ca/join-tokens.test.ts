/** Join tokens at their bound. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import { JoinTokens } from "./join-tokens.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const ORDER = { spiffeId: "spiffe://cluster.local/ns/default/sa/web", workload: "default/web" };
const KEY = Uint8Array.of(1);

test("one more than the bound is refused, and takes none of those that were given", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-tokens-"));
  const lease = await makeLease(folder);
  try {
    const tokens = new JoinTokens(lease, 3);
    const given = [];
    for (let n = 0; n < 3; n++) given.push(await tokens.create({ ...ORDER, ttlMs: 1000 + n }, NOW));
    await expect(tokens.create(ORDER, NOW)).rejects.toThrow(
      "there are 3 join tokens already: take some back with regomesh token revoke",
    );
    for (const { token } of given) expect(await tokens.redeem(token, KEY, NOW)).not.toHaveProperty("fault");
    // One has ended: there is room again.
    expect(await tokens.create(ORDER, NOW + 1000)).toHaveProperty("token");
  } finally {
    await lease.end();
    rmSync(folder, { recursive: true });
  }
});
