import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import { readSignature } from "@regomesh/protocol";
import { expect, test } from "vitest";
import type { PackedSnapshot } from "../../distribution/release.ts";
import { makeSharedSigner } from "./sign-together.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const dsaEncoding = "ieee-p1363";

function makeSnapshot(name: string): PackedSnapshot {
  const body = Buffer.from(JSON.stringify({ name }));
  const hash = createHash("sha256").update(body).digest("hex");
  return { workload: name, hash, body } as unknown as PackedSnapshot;
}

function makeSnapshots(names: readonly string[]): Map<string, PackedSnapshot> {
  return new Map(names.map((name) => [name, makeSnapshot(name)]));
}

function makeCounting() {
  let asked = 0;
  const signer = makeSharedSigner((bytes) => {
    asked++;
    return { signature: sign("sha256", bytes, { key: privateKey, dsaEncoding }), signerPem: `signer ${asked}` };
  });
  return { signer, asked: () => asked };
}

function isSigned({ body }: PackedSnapshot, { signature }: { readonly signature: Uint8Array }): boolean {
  const read = readSignature(body, signature);
  return read !== undefined && verify("sha256", read.signed, { key: publicKey, dsaEncoding }, read.signature);
}

test("forty snapshots of a publication are signed by three words, however often each is sent", () => {
  const snapshots = makeSnapshots(Array.from({ length: 40 }, (_, at) => `w${at}`));
  const { signer, asked } = makeCounting();
  for (let turn = 0; turn < 2; turn++)
    for (const snapshot of snapshots.values()) expect(isSigned(snapshot, signer(snapshot, { snapshots }))).toBe(true);
  expect(asked()).toBe(3);
});

test("of a publication in which one is new that one is signed alone, and the others keep what they have", () => {
  const first = makeSnapshots(["a", "b", "c"]);
  const { signer, asked } = makeCounting();
  const [a, b] = [first.get("a"), first.get("b")];
  if (a === undefined || b === undefined) throw new Error("no snapshot");
  const before = signer(a, { snapshots: first });
  const next = makeSnapshot("a, anew");
  const second = new Map(first).set("a", next);
  const alone = signer(next, { snapshots: second });
  expect([alone.signature.length, isSigned(next, alone), alone.signerPem]).toEqual([64, true, "signer 2"]);
  expect(signer(b, { snapshots: second }).signerPem).toBe(before.signerPem);
  expect(asked()).toBe(2);
});

test("a snapshot of no publication that is known is signed by itself", () => {
  const { signer } = makeCounting();
  const snapshot = makeSnapshot("lone");
  expect(isSigned(snapshot, signer(snapshot, undefined))).toBe(true);
});
