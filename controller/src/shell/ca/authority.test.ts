import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCsr } from "../../../test/make-csr.ts";
import { makeAuthority, makeLease } from "../../../test/make-lease.ts";
import type { Lease } from "../../store/store.ts";
import { readCsr, signSnapshot } from "./authority.ts";
import { JoinTokens, TOKEN_TTL_MS } from "./join-tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "regomesh-ca-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NOW = Date.parse("2026-11-25T12:00:00Z");
const HOUR = 3_600_000;
const ID = "spiffe://cluster.local/ns/default/sa/web";
const WORKLOAD = "default/web";
const authority = await makeAuthority(folder, NOW);
const issue = (csr = makeCsr(), ttlMs = HOUR) =>
  authority.issueSvid(readCsr(csr.der), { spiffeId: ID, workload: WORKLOAD }, ttlMs, NOW);
const derOf = (pem: string) => new X509Certificate(pem).raw;

describe("an SVID", () => {
  test("names its SPIFFE ID and nothing that the CSR asked for", () => {
    const certificate = new X509Certificate(issue(makeCsr({ commonName: "admin" })).chainPem);
    expect(certificate.subjectAltName).toBe(`URI:${ID}`);
    expect(certificate.subject).toBe(`O=Regomesh\nCN=${WORKLOAD}`);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(certificate.validToDate.getTime()).toBe(NOW + HOUR);
    expect(certificate.validFromDate.getTime()).toBe(NOW - 120_000);
  });

  test("proves its principal until it expires, to this authority alone", async () => {
    const { chainPem } = issue();
    const other = await makeAuthority(join(folder, "other"), NOW);
    expect(authority.peerOf(derOf(chainPem), NOW)).toMatchObject({
      principal: ID,
      workload: WORKLOAD,
      notAfterMs: NOW + HOUR,
    });
    expect(authority.peerOf(derOf(chainPem), NOW + HOUR + 1000)).toBeUndefined();
    expect(other.peerOf(derOf(chainPem), NOW)).toBeUndefined();
  });

  test("is what openssl calls valid, as client and as server", async ({ skip }) => {
    try {
      execFileSync("openssl", ["version"]);
    } catch {
      skip("no openssl here");
    }
    const [root, leaf, server] = ["root.pem", "leaf.pem", "server.pem"].map((file) => join(folder, file)) as [
      string,
      string,
      string,
    ];
    const check = (...args: readonly string[]) =>
      execFileSync("openssl", ["verify", "-x509_strict", "-CAfile", root, ...args]).toString();
    // openssl goes by the real clock.
    const fresh = await makeAuthority(join(folder, "fresh"), Date.now());
    writeFileSync(root, fresh.bundlePem);
    writeFileSync(
      leaf,
      fresh.issueSvid(readCsr(makeCsr().der), { spiffeId: ID, workload: WORKLOAD }, HOUR, Date.now()).chainPem,
    );
    writeFileSync(server, fresh.issueServer(["127.0.0.1", "::1", "localhost"], Date.now()).chainPem);
    expect(check("-purpose", "sslclient", leaf)).toContain("OK");
    expect(check("-purpose", "sslserver", "-verify_ip", "127.0.0.1", server)).toContain("OK");
    expect(check("-purpose", "sslserver", "-verify_ip", "::1", server)).toContain("OK");
  });
});

describe("a CSR is refused", () => {
  const cases: Record<string, readonly [Uint8Array, RegExp]> = {
    "of another curve": [makeCsr({ curve: "P-384" }).der, /not an ECDSA P-256 key/],
    "signed by another key": [
      makeCsr({ signer: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }).der,
      /not its key's/,
    ],
    "that is too long": [new Uint8Array(8193), /longer than 8192/],
    "that is nothing": [new Uint8Array(0), /not a PKCS#10/],
    "that is nested without end": [new Uint8Array(8192).fill(0x30), /not a PKCS#10/],
    "cut short": [makeCsr().der.subarray(0, 100), /not a PKCS#10/],
    "with bytes behind it": [Uint8Array.from([...makeCsr().der, 0]), /not a PKCS#10/],
  };
  for (const [name, [der, message]] of Object.entries(cases)) {
    test(name, () => expect(() => readCsr(der)).toThrow(message));
  }
});

describe("the authority", () => {
  test("is the same after a restart, with its key for its owner alone", async () => {
    const again = await makeAuthority(folder, NOW + HOUR);
    expect(again.bundlePem).toBe(authority.bundlePem);
    expect(again.peerOf(derOf(issue().chainPem), NOW)?.principal).toBe(ID);
    expect(statSync(join(folder, "ca/root_key.pem")).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "ca")).sort()).toEqual(["root.pem", "root_key.pem"]);
  });

  test("does not become another trust domain's", async () => {
    await expect(makeAuthority(folder, NOW, "example.org")).rejects.toThrow(
      /of trust domain cluster.local, not example.org/,
    );
  });

  type Loss = { readonly name: string; readonly lose: (at: string) => void; readonly says: RegExp };
  const root = (at: string) => join(at, "ca/root.pem");
  const rootKey = (at: string) => join(at, "ca/root_key.pem");
  const LOSSES: readonly Loss[] = [
    { name: "its key", lose: (at) => rmSync(rootKey(at)), says: /the root key ca\/root_key\.pem is lost: put it back/ },
    {
      name: "all of it",
      lose: (at) => rmSync(join(at, "ca"), { recursive: true }),
      says: /the authority \(ca\/root_key\.pem, ca\/root\.pem\) is lost: put it back/,
    },
    {
      name: "its key for another's",
      lose: (at) => writeFileSync(rootKey(at), makeCsr().keyPem),
      says: /ca\/root_key\.pem is not the key of ca\/root\.pem/,
    },
    { name: "its key to noise", lose: (at) => writeFileSync(rootKey(at), ""), says: /ca\/root_key\.pem is damaged/ },
    { name: "its certificate to noise", lose: (at) => writeFileSync(root(at), "x"), says: /ca\/root\.pem is damaged/ },
  ];
  test.each(LOSSES)("that has lost $name is refused, and no new root is made", async ({ lose, says }) => {
    const at = mkdtempSync(join(folder, "lost-"));
    await makeAuthority(at, NOW);
    writeFileSync(join(at, "controller.json"), "{}");
    lose(at);
    const left = () => readdirSync(at, { recursive: true }).sort();
    const before = left();
    await expect(makeAuthority(at, NOW)).rejects.toMatchObject({
      code: "root_lost",
      message: expect.stringMatching(says),
    });
    expect(left()).toEqual(before);
  });

  test("that has lost its certificate alone has another of the same key, which its SVIDs still prove", async () => {
    const at = mkdtempSync(join(folder, "lost-"));
    const before = await makeAuthority(at, NOW);
    rmSync(root(at));
    const after = await makeAuthority(at, NOW);
    const svid = before.issueSvid(readCsr(makeCsr().der), { spiffeId: ID, workload: WORKLOAD }, HOUR, NOW);
    expect(after.peerOf(derOf(svid.chainPem), NOW)?.principal).toBe(ID);
  });

  test("signs snapshots with a key that is no workload's", () => {
    const signer = authority.issueSnapshotSigner(NOW);
    const body = new TextEncoder().encode("{}");
    const certificate = new X509Certificate(signer.chainPem);
    const key = createPublicKey(certificate.publicKey.export({ type: "spki", format: "pem" }));
    expect(
      verify("sha256", body, { key, dsaEncoding: "ieee-p1363" }, signSnapshot(body, createPrivateKey(signer.keyPem))),
    ).toBe(true);
    expect(certificate.verify(new X509Certificate(authority.bundlePem).publicKey)).toBe(true);
    expect(authority.peerOf(derOf(signer.chainPem), NOW)).toBeUndefined();
    expect(authority.peerOf(derOf(authority.issueServer(["localhost"], NOW).chainPem), NOW)).toBeUndefined();
    expect(authority.peerOf(derOf(authority.bundlePem), NOW)).toBeUndefined();
  });
});

describe("a join token", () => {
  let lease: Lease;
  let tokens: JoinTokens;
  beforeAll(async () => {
    lease = await makeLease(folder);
    tokens = new JoinTokens(lease);
  });
  afterAll(() => lease.end());
  const [first, second] = [makeCsr().publicKey, makeCsr().publicKey];

  test("is good again for the key that used it, and for no other", async () => {
    const { token } = await tokens.create({ spiffeId: ID, workload: WORKLOAD }, NOW);
    expect(await tokens.redeem(token, first, NOW)).toEqual({ spiffeId: ID, workload: WORKLOAD });
    expect(await tokens.redeem(token, first, NOW + 1)).toEqual({ spiffeId: ID, workload: WORKLOAD, firstMs: NOW });
    expect(await tokens.redeem(token, second, NOW + 1)).toEqual({ fault: "the join token was used by another key" });
    const long = await tokens.create({ spiffeId: ID, workload: WORKLOAD, ttlMs: 24 * TOKEN_TTL_MS }, NOW);
    await tokens.redeem(long.token, first, NOW);
    expect(await tokens.redeem(long.token, first, NOW + 3_600_000)).not.toHaveProperty("fault");
    expect(await tokens.redeem(long.token, first, NOW + 3_600_001)).toHaveProperty("fault");
    expect(await new JoinTokens(lease).redeem(token, second, NOW)).toHaveProperty("fault");
  });

  test("expires, and a wrong one is nothing", async () => {
    const { token } = await tokens.create({ spiffeId: ID, workload: WORKLOAD }, NOW);
    expect(await tokens.redeem(token, first, NOW + TOKEN_TTL_MS)).toEqual({ fault: "the join token has expired" });
    expect(await tokens.redeem("", first, NOW)).toEqual({ fault: "the join token is unknown" });
  });

  test("for replicas lets in as many keys as it may, each again, and no more", async () => {
    const { token, id } = await tokens.create({ spiffeId: ID, workload: WORKLOAD, uses: 2 }, NOW);
    const third = makeCsr().publicKey;
    for (const key of [first, second, first, second]) {
      expect(await tokens.redeem(token, key, NOW)).toMatchObject({ spiffeId: ID, workload: WORKLOAD });
    }
    expect(await tokens.redeem(token, third, NOW)).toEqual({ fault: "the join token was used by 2 other keys" });
    const facts = { id, spiffeId: ID, workload: WORKLOAD, expiresAtMs: NOW + TOKEN_TTL_MS, uses: 2, used: 2 };
    expect((await tokens.list(NOW)).find((each) => each.id === id)).toEqual(facts);
  });

  test("lets all its keys in at once, and not one more; one for one key, one of them", async () => {
    for (const uses of [64, 1]) {
      const { token } = await tokens.create({ spiffeId: ID, workload: WORKLOAD, uses }, NOW);
      const keys = Array.from({ length: uses + 4 }, (_, n) => Uint8Array.of(uses, n));
      const redeemed = await Promise.all(keys.map((key) => tokens.redeem(token, key, NOW)));
      expect(redeemed.filter((each) => !("fault" in each))).toHaveLength(uses);
    }
  });

  test("that is taken back is unknown; by a beginning that several have none is", async () => {
    const made = await Promise.all(
      [1, 2, 3].map(() => tokens.create({ spiffeId: ID, workload: WORKLOAD, ttlMs: 5000 }, NOW)),
    );
    const [one, other] = made;
    if (one === undefined || other === undefined) throw new Error("no tokens");
    expect((await tokens.revoke("", NOW)).length).toBeGreaterThan(1);
    expect(await tokens.revoke("no such id", NOW)).toEqual([]);
    expect(await tokens.redeem(one.token, first, NOW)).not.toHaveProperty("fault");
    expect((await tokens.revoke(one.id, NOW)).map(({ id, used }) => [id, used])).toEqual([[one.id, 1]]);
    expect(await tokens.redeem(one.token, first, NOW)).toEqual({ fault: "the join token is unknown" });
    expect(await tokens.redeem(other.token, first, NOW + 4999)).not.toHaveProperty("fault");
    expect(await tokens.redeem(other.token, first, NOW + 5000)).toEqual({ fault: "the join token has expired" });
    expect((await tokens.list(NOW + 5000)).map(({ id }) => id)).not.toContain(other.id);
  });

  test("given to whoever asks drives out no other's", async () => {
    const { id } = await tokens.create({ spiffeId: ID, workload: WORKLOAD }, NOW);
    for (let n = 0; n < 70; n++) await tokens.create({ spiffeId: ID, workload: "default/many", isBrief: true }, NOW);
    const kept = await tokens.list(NOW);
    expect(kept.filter(({ workload }) => workload === "default/many")).toHaveLength(64);
    expect(kept.map((each) => each.id)).toContain(id);
  });

  test("of an earlier version, with one key or none, is as good as before", async () => {
    const { token } = await tokens.create({ spiffeId: ID, workload: WORKLOAD }, NOW);
    await tokens.redeem(token, first, NOW);
    const kept = await lease.get("ca/join-tokens.json");
    const entries = JSON.parse(new TextDecoder().decode(kept?.value)) as Record<string, unknown>[];
    const before = entries.map(({ keyHashes, uses: _, ...rest }) => {
      const [keyHash] = (keyHashes ?? []) as string[];
      return keyHash === undefined ? rest : { ...rest, keyHash };
    });
    await lease.compareAndSet("ca/join-tokens.json", kept?.version, new TextEncoder().encode(JSON.stringify(before)));
    expect(await tokens.redeem(token, first, NOW)).not.toHaveProperty("fault");
    expect(await tokens.redeem(token, second, NOW)).toEqual({ fault: "the join token was used by another key" });
  });

  test("is not kept in the clear", async () => {
    const { token } = await tokens.create({ spiffeId: ID, workload: WORKLOAD }, NOW);
    expect(execFileSync("cat", [join(folder, "ca/join-tokens.json")]).toString()).not.toContain(token);
    expect(statSync(join(folder, "ca/join-tokens.json")).mode & 0o777).toBe(0o600);
  });
});
