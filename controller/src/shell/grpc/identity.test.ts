/** What the Identity service gives, and to whom. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ID, makeRelease } from "../../../test/grpc-messages.ts";
import { makeCsr } from "../../../test/make-csr.ts";
import { makeAuthority } from "../../../test/make-lease.ts";
import { ServedControl } from "../../../test/served-control.ts";
import { readCsr } from "../ca/authority.ts";

let served: ServedControl;
beforeEach(async () => {
  served = await ServedControl.open();
});
afterEach(async () => await served.close());

describe("Identity", () => {
  test("issues for a join token, and renews by the SVID that it gave", async () => {
    const csr = makeCsr();
    const reply = await served.issue(csr, await served.makeToken(ID("web"), "default/web"));
    expect(reply.spiffeId).toBe(ID("web"));
    expect(reply.trustBundlePem).toBe(served.authority.bundlePem);
    const renewed = await served.issue(makeCsr(), "", { reply, csr });
    expect(renewed.spiffeId).toBe(ID("web"));
    expect(renewed.certificateChainPem).not.toBe(reply.certificateChainPem);
  });

  test("refuses whoever shows neither, another's token, and a workload that is gone", async () => {
    await expect(served.issue(makeCsr(), "")).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(served.issue(makeCsr(), "guess")).rejects.toMatchObject({ details: "the join token is unknown" });
    const csr = makeCsr();
    const joining = { spiffeId: ID("gone"), workload: "default/gone" };
    const { chainPem, notAfterMs } = served.authority.issueSvid(readCsr(csr.der), joining, 60_000, Date.now());
    const reply = { certificateChainPem: chainPem, trustBundlePem: "", spiffeId: "", notAfterMs };
    await expect(served.issue(makeCsr(), "", { reply, csr })).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test("gives a used token's key nothing any more once its certificate was taken back, however it was", async () => {
    served.publish(makeRelease(1));
    for (const how of ["workload", "serial"] as const) {
      const [csr, other] = [makeCsr(), makeCsr()];
      const token = (await served.tokens.create({ spiffeId: ID("web"), workload: "default/web", uses: 2 }, Date.now()))
        .token;
      await served.issue(csr, token);
      const { serialNumber } = new X509Certificate((await served.issue(csr, token)).certificateChainPem);
      served.aheadMs += 2000;
      const what = how === "serial" ? { serial: serialNumber } : { workload: "default/web" };
      expect(typeof (await served.revoker.revoke(what))).toBe("object");
      served.aheadMs += 2000;
      await expect(served.issue(csr, token)).rejects.toMatchObject({
        details:
          "the join token was used by this key, and what was issued then was taken back: another token is needed",
      });
      expect((await served.issue(other, token)).spiffeId).toBe(ID("web"));
    }
  });

  test("gives the token of a workload that is gone nothing", async () => {
    const token = await served.makeToken(ID("gone"), "default/gone");
    await expect(served.issue(makeCsr(), token)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "default/gone is no workload of this mesh",
    });
  });

  test("does not know the SVID of another authority", async () => {
    const other = await makeAuthority(join(served.folder, "other"), Date.now());
    const csr = makeCsr();
    const { chainPem, notAfterMs } = other.issueSvid(
      { ...csr, point: csr.publicKey, signed: csr.der, signature: csr.der },
      { spiffeId: ID("web") },
      60_000,
      Date.now(),
    );
    const reply = { certificateChainPem: chainPem, trustBundlePem: "", spiffeId: "", notAfterMs };
    await expect(served.issue(makeCsr(), "", { reply, csr })).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});
