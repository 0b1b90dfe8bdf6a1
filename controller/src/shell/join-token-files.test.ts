import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { writeWhole } from "@regomesh/base/node";
import type { JoinTokenFile } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { makeLease } from "../../test/make-lease.ts";
import { JoinTokens } from "./ca/join-tokens.ts";
import { writeJoinTokenFiles } from "./join-token-files.ts";

test("a file that its disk refuses is tried again with the token that it was to hold, however often", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-tokens-"));
  const lease = await makeLease(join(folder, "state"));
  const tokens = new JoinTokens(lease);
  const file = join(folder, "proxies/web.token");
  let refusals = 3;
  const heard: boolean[] = [];
  await new Promise<void>((written) => {
    void writeJoinTokenFiles([{ file, spiffeId: "spiffe://td/a", workload: "default/web" }], {
      tokens,
      caPem: "ca",
      clock: { nowMs: () => 1000, sleep: async () => {} },
      log: SILENT,
      signal: new AbortController().signal,
      hear: (_, refusal) => {
        heard.push(refusal === undefined);
        if (refusal === undefined) written();
      },
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
