import { createHash, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSignature, SALT_BYTES, signTogether } from "./shared-signature.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const dsaEncoding = "ieee-p1363";
const signWith = (bytes: Uint8Array) => sign("sha256", bytes, { key: privateKey, dsaEncoding });
const salt = () => randomBytes(SALT_BYTES);
const bodies = (count: number) => Array.from({ length: count }, (_, at) => Buffer.from(`{"body":${at}}`));

function isSigned(body: Uint8Array, signature: Uint8Array): boolean {
  const read = readSignature(body, signature);
  return read !== undefined && verify("sha256", read.signed, { key: publicKey, dsaEncoding }, read.signature);
}

test("of however many bodies each is signed by its own signature, and by one word of the signer", () => {
  for (const count of [1, 2, 3, 5, 8, 15, 16, 17, 1024]) {
    let asked = 0;
    const all = bodies(count);
    const signatures = signTogether(
      all,
      (bytes) => {
        asked++;
        return signWith(bytes);
      },
      salt,
    );
    expect(asked).toBe(1);
    expect(signatures).toHaveLength(count);
    for (const [at, body] of all.entries()) expect(isSigned(body, signatures[at] ?? Buffer.of())).toBe(true);
    expect(isSigned(all[0] ?? Buffer.of(), signatures[1] ?? Buffer.of())).toBe(false);
  }
  expect(signTogether([], signWith, salt)).toEqual([]);
  expect(() => signTogether(bodies(1025), signWith, salt)).toThrow("1025 bodies are too many for one signature");
});

test("alone a body is signed as it is: every proxy reads that", () => {
  const [body = Buffer.of()] = bodies(1);
  const [signature = Buffer.of()] = signTogether([body], signWith, salt);
  expect(signature).toHaveLength(64);
  expect(verify("sha256", body, { key: publicKey, dsaEncoding }, signature)).toBe(true);
});

test("a bit that is another, a byte that is missing or one more, and it is no signature of any body", () => {
  const all = bodies(11);
  const signatures = signTogether(all, signWith, salt);
  const place = fc.tuple(fc.nat(10), fc.nat(), fc.nat(7), fc.constantFrom("signature", "body"));
  fc.assert(
    fc.property(place, ([at, byte, bit, what]) => {
      const [body, signature] = [Buffer.from(all[at] ?? ""), Buffer.from(signatures[at] ?? "")];
      const changed = what === "body" ? body : signature;
      const index = byte % changed.length;
      changed[index] = (changed[index] ?? 0) ^ (1 << bit);
      expect(all.some((each) => isSigned(what === "body" ? body : each, signature))).toBe(false);
    }),
    { numRuns: 200 },
  );
  const [body = Buffer.of(), signature = Buffer.of()] = [all[3], signatures[3]];
  for (let length = 0; length < signature.length; length++)
    expect(isSigned(body, signature.subarray(0, length))).toBe(false);
  expect(isSigned(body, Buffer.concat([signature, Buffer.alloc(33)]))).toBe(false);
  expect(readSignature(body, Buffer.alloc(64 + 33 * 11))).toBeUndefined();
});

test("a node is no leaf, and what is signed of several is no body", () => {
  const said: Uint8Array[] = [];
  const [first = Buffer.of(), second = Buffer.of()] = signTogether(
    bodies(4),
    (bytes) => {
      said.push(bytes);
      return signWith(bytes);
    },
    salt,
  );
  // The hashes of the first two, side by side: their node is hashed behind another byte than a body of the same bytes.
  const [leaf, beside] = [second.subarray(81, 113), first.subarray(81, 113)];
  const upper = Buffer.concat([first.subarray(0, 64), first.subarray(-33)]);
  expect(isSigned(Buffer.concat([leaf, beside]), upper)).toBe(false);
  expect(isSigned(Buffer.concat([Buffer.of(0x01), leaf, beside]), upper)).toBe(false);
  // The root's text alone is signed by the key's own signature: it is no JSON, which every body is.
  const [root = Buffer.of()] = said;
  expect(isSigned(root, first.subarray(0, 64))).toBe(true);
  expect(() => JSON.parse(Buffer.from(root).toString("utf8"))).toThrow();
});

test("whoever knows all of its neighbour's body but the salt cannot tell that it is that", () => {
  const all = bodies(2);
  const [own = Buffer.of()] = signTogether(all, signWith, salt);
  const beside = own.subarray(-32);
  const guesses = [0x00, 0x02].map((first) =>
    createHash("sha256")
      .update(Buffer.of(first))
      .update(all[1] ?? "")
      .digest(),
  );
  expect(guesses.some((guess) => guess.equals(beside))).toBe(false);
  const [again = Buffer.of()] = signTogether(all, signWith, salt);
  expect(again.subarray(-32).equals(beside)).toBe(false);
});

test("what an earlier version has signed without salts, and a proxy has kept, is read", () => {
  const sha256 = (...parts: readonly Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  const [body = Buffer.of(), beside = Buffer.of()] = bodies(2);
  const other = sha256(Buffer.of(0x00), beside);
  const root = sha256(Buffer.of(0x01), sha256(Buffer.of(0x00), body), other);
  const signature = signWith(Buffer.concat([Buffer.from("regomesh snapshots\0", "latin1"), root]));
  expect(isSigned(body, Buffer.concat([signature, Buffer.of(0x00), other]))).toBe(true);
  expect(isSigned(beside, Buffer.concat([signature, Buffer.of(0x00), other]))).toBe(false);
});
