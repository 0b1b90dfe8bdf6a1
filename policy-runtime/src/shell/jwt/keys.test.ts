import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, test } from "vitest";
import { tokenBuiltins } from "./builtins.ts";

type Call = (...operands: unknown[]) => unknown;
const host = tokenBuiltins() as unknown as Record<string, Call>;
const call = (name: string, ...operands: unknown[]): unknown => (host[`io.jwt.${name}`] as Call)(...operands);
const NOW_NS = 1_800_000_000e9;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 768 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const bitcoin = generateKeyPairSync("ec", { namedCurve: "secp256k1" });

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
function makeToken(alg: string, signer: (input: Buffer) => Buffer): string {
  const input = `${part({ alg })}.${part({ a: 1 })}`;
  return `${input}.${signer(Buffer.from(input)).toString("base64url")}`;
}
const rs = (key: KeyObject) => makeToken("RS256", (input) => sign("sha256", input, key));
const es = (key: KeyObject) => makeToken("ES256", (input) => sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }));
const ps = (saltLength: number) =>
  makeToken("PS256", (input) =>
    sign("sha256", input, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  );
const jwk = (key: KeyObject, change: object = {}) => JSON.stringify({ ...key.export({ format: "jwk" }), ...change });
const pem = (key: KeyObject) => key.export({ format: "pem", type: "spki" }) as string;
const isVerified = (token: string, cert: string) => (call("decode_verify", token, { cert }, NOW_NS) as unknown[])[0];

test("what is signed with a key too weak for Go proves nothing", () => {
  for (const keys of [pem(weak.publicKey), jwk(weak.publicKey)]) {
    expect(call("verify_rs256", rs(weak.privateKey), keys)).toBe(false);
    expect(isVerified(rs(weak.privateKey), keys)).toBe(false);
  }
});

test("verify_… want public keys, decode_verify takes the public part of private ones", () => {
  for (const [name, token, key] of [
    ["verify_rs256", rs(rsa.privateKey), rsa.privateKey],
    ["verify_es256", es(p256.privateKey), p256.privateKey],
  ] as const) {
    expect(call(name, token, jwk(key))).toBe(false);
    expect(isVerified(token, jwk(key))).toBe(true);
  }
});

test("a curve that Go does not know is an error, in a JWK as in PEM", () => {
  const token = es(bitcoin.privateKey);
  for (const keys of [jwk(bitcoin.publicKey), pem(bitcoin.publicKey)]) {
    expect(() => call("verify_es256", token, keys)).toThrow("failed to parse");
    expect(() => isVerified(token, keys)).toThrow("failed to parse");
  }
});

test("a signature of ES256 by another curve's key is good, as in OPA", () => {
  expect(call("verify_es256", es(p384.privateKey), pem(p384.publicKey))).toBe(true);
});

test("decode_verify wants a salt as long as the hash, verify_ps256 any", () => {
  const key = pem(rsa.publicKey);
  expect([ps(32), ps(20)].map((token) => call("verify_ps256", token, key))).toEqual([true, true]);
  expect([ps(32), ps(20)].map((token) => isVerified(token, key))).toEqual([true, false]);
});

const good = JSON.parse(jwk(p256.publicKey)) as object;
const broken: Readonly<Record<string, object>> = {
  "no kind": { ...good, kty: "XX" },
  "no curve": { ...good, crv: undefined },
  "a coordinate too short": { ...good, x: "AQAB" },
  "a point that is none": { ...good, x: "A".repeat(43) },
  "a coordinate that is no base64": { ...good, x: "!!" },
  "an id that is no text": { ...good, kid: 5 },
  "a use that is no text": { ...good, use: 3 },
  "operations that are no list": { ...good, key_ops: "verify" },
  "an algorithm that nobody knows": { ...good, alg: "XX" },
  "an algorithm that is no text": { ...good, alg: 5 },
  "a private part that is none": { ...good, d: "AQAB" },
};

test.each(Object.entries(broken))("a set with a key of %s is an error: no key is left out in silence", (_, key) => {
  const set = JSON.stringify({ keys: [good, key] });
  expect(() => call("verify_es256", es(p256.privateKey), set)).toThrow("failed to parse a JWK key (set)");
});

test("a key for something else than signatures is known, and not asked", () => {
  const set = (alg: string) => JSON.stringify({ keys: [{ ...good, alg }] });
  expect(call("verify_es256", es(p256.privateKey), set("ES256"))).toBe(true);
  expect(call("verify_es256", es(p256.privateKey), set("ECDH-ES"))).toBe(false);
});
