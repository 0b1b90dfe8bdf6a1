import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect, test } from "vitest";
import { makeBuiltinLoader } from "./host-builtins.ts";

type Call = (...operands: unknown[]) => unknown;

const NOW_MS = Date.UTC(2026, 0, 1);
const host = (await makeBuiltinLoader({
  nowMs: () => NOW_MS,
  env: { HOME: "/" },
  hosts: "127.0.0.1 localhost # loopback",
})()) as unknown as Record<string, Call>;
/** Tokens are verified at a time, which the module gives. */
const call = (name: string, ...operands: unknown[]): unknown =>
  name === "io.jwt.decode_verify" ? (host[name] as Call)(...operands, NOW_MS * 1e6) : (host[name] as Call)(...operands);

const SECRET = { kty: "oct", k: Buffer.from("not so secret").toString("base64url") };
const payload = { iss: "mesh", aud: ["orders", "payments"], exp: NOW_MS / 1000 + 60, nbf: NOW_MS / 1000 - 60 };

function hsToken(claims: unknown, header: unknown = { alg: "HS256", typ: "JWT" }): string {
  return call("io.jwt.encode_sign", header, claims, SECRET) as string;
}

type Keys = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
const ASYMMETRIC: Record<string, () => Keys> = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS384: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

for (const [alg, makeKeys] of Object.entries(ASYMMETRIC)) {
  test(`a token signed with ${alg} verifies with its key in each form, and with no other`, () => {
    const { privateKey, publicKey } = makeKeys();
    const jwk = (key: KeyObject) => key.export({ format: "jwk" });
    const token = call("io.jwt.encode_sign", { alg, kid: "a" }, payload, jwk(privateKey)) as string;
    const verify = `io.jwt.verify_${alg.toLowerCase()}`;
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const other = jwk(makeKeys().publicKey);
    const set = (keys: readonly object[]) => JSON.stringify({ keys });
    expect(call(verify, token, pem)).toBe(true);
    expect(call(verify, token, JSON.stringify(jwk(publicKey)))).toBe(true);
    expect(call(verify, token, set([other, jwk(publicKey)]))).toBe(true);
    expect(call(verify, token, set([other]))).toBe(false);
    // The key that the header names is the only one asked.
    expect(call(verify, token, set([{ ...other, kid: "a" }, jwk(publicKey)]))).toBe(false);
    expect(call(verify, token, set([{ ...jwk(publicKey), alg: "HS256" }]))).toBe(false);
    expect(call(verify, `${token.slice(0, -8)}AAAAAAAA`, pem)).toBe(false);
    expect(call("io.jwt.decode_verify", token, { cert: pem, aud: "orders" })).toEqual([
      true,
      { alg, kid: "a" },
      payload,
    ]);
  });
}

test("a secret never verifies with a public key's text as the secret's algorithm", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ format: "pem", type: "spki" }) as string;
  const forged = call("io.jwt.encode_sign", { alg: "HS256" }, payload, {
    kty: "oct",
    k: Buffer.from(pem).toString("base64url"),
  });
  expect(call("io.jwt.decode_verify", forged, { cert: pem, aud: "orders" })).toEqual([false, {}, {}]);
});

const unverified: Record<string, readonly [claims: unknown, constraints: object, header?: object]> = {
  "another issuer": [payload, { iss: "other", aud: "orders" }],
  "another audience": [payload, { aud: "web" }],
  "an audience that was not asked for": [payload, {}],
  "no audience where one is asked for": [{}, { aud: "web" }],
  expired: [payload, { aud: "orders", time: (NOW_MS + 60_000) * 1e6 }],
  "not yet valid": [payload, { aud: "orders", time: (NOW_MS - 61_000) * 1e6 }],
  "another algorithm": [payload, { aud: "orders", alg: "HS512" }],
  "an unknown critical parameter": [payload, { aud: "orders" }, { alg: "HS256", crit: ["x"], x: 1 }],
};

for (const [name, [claims, constraints, header]] of Object.entries(unverified)) {
  test(`decode_verify shows nothing of a token: ${name}`, () => {
    const token = hsToken(claims, header);
    expect(call("io.jwt.decode_verify", token, { secret: "not so secret", ...constraints })).toEqual([false, {}, {}]);
  });
}

test("decode_verify follows tokens within tokens", () => {
  const header = '{"alg":"HS256","cty":"JWT","typ":"nested"}';
  const outer = call("io.jwt.encode_sign_raw", header, hsToken({ a: 1 }), JSON.stringify(SECRET));
  const wanted = [true, { alg: "HS256", typ: "JWT" }, { a: 1 }];
  expect(call("io.jwt.decode_verify", outer, { secret: "not so secret" })).toEqual(wanted);
});

const faults: Record<string, readonly [name: string, operands: readonly unknown[], wanted: string]> = {
  "no token": ["io.jwt.verify_rs256", ["a", "b"], "encoded JWT had no period separators"],
  "two sections": ["io.jwt.verify_hs256", ["a.b", "b"], "encoded JWT must have 3 sections, found 2"],
  "a number for a token": ["io.jwt.verify_rs256", [1, "b"], "operand 1 must be string but got number"],
  "a huge token": ["io.jwt.verify_hs256", ["a".repeat(70_000), "b"], "longer than 65536 bytes"],
  "no key": ["io.jwt.decode_verify", ["a.b.c", {}], "no key constraint"],
  "two keys": ["io.jwt.decode_verify", ["a.b.c", { secret: "x", cert: '{"keys":[]}' }], "duplicate key constraints"],
  "an unknown constraint": ["io.jwt.decode_verify", ["a.b.c", { foo: 1 }], "unknown token validation constraint: foo"],
  "a header that is no base64": [
    "io.jwt.verify_rs256",
    ["e^.b.YWJj", '{"keys":[]}'],
    "illegal base64 data at input byte 1",
  ],
  "an algorithm of another key": ["io.jwt.encode_sign", [{ alg: "RS256" }, {}, SECRET], "cannot sign with RS256"],
  "no algorithm": ["io.jwt.encode_sign", [{}, {}, SECRET], 'header "alg" not found'],
  "an unknown algorithm": ["io.jwt.encode_sign", [{ alg: "none" }, {}, SECRET], "unknown JWS algorithm: none"],
};

for (const [name, [builtin, operands, wanted]] of Object.entries(faults)) {
  test(`${builtin} fails: ${name}`, () => {
    expect(() => call(builtin, ...operands)).toThrow(wanted);
  });
}

test("numbers that a double cannot hold stay as they were", () => {
  const header = Buffer.from('{"alg":"HS256"}').toString();
  const token = call("io.jwt.encode_sign_raw", header, '{"id":9007199254740993,"n":1.50}', JSON.stringify(SECRET));
  const result = call("io.jwt.decode_verify", token, { secret: "not so secret" });
  expect(JSON.stringify(result)).toBe('[true,{"alg":"HS256"},{"id":9007199254740993,"n":1.50}]');
});

test("zones know their offsets and names; what is no zone is undefined", () => {
  const facts = (name: string, iso: string) => call("time.zone", name, Date.parse(iso) / 1000);
  expect(facts("America/Los_Angeles", "2018-02-05T07:00:00Z")).toEqual([-28_800, "PST"]);
  expect(facts("America/Los_Angeles", "2018-07-05T07:00:00Z")).toEqual([-25_200, "PDT"]);
  expect(facts("Asia/Kolkata", "2018-07-05T07:00:00Z")).toEqual([19_800, "IST"]);
  expect(facts("Europe/Berlin", "1800-01-01T00:00:00Z")).toEqual([3208, "LMT"]);
  expect(facts("Europe/Berlin", "2024-07-05T07:00:00Z")).toEqual([7200, "CEST"]);
  expect(facts("America/New_York", "1944-07-05T07:00:00Z")).toEqual([-14_400, "EWT"]);
  expect(facts("America/Sao_Paulo", "2024-07-05T07:00:00Z")).toEqual([-10_800, "-03"]);
  expect(facts("EST", "1943-07-05T07:00:00Z")).toEqual([-18_000, "EST"]);
  expect(facts("MET", "2024-07-05T07:00:00Z")).toEqual([7200, "MEST"]);
  expect(facts("Asia/Tehran", "2024-07-05T07:00:00Z")).toEqual([12_600, "+0330"]);
  for (const name of ["Mars/Olympus", "+05:00", "../etc/passwd", "", "europe/berlin"]) {
    expect(facts(name, "2018-07-05T07:00:00Z")).toBe(undefined);
  }
});

test("zones that have been alike since 1970 are what each was before", () => {
  const rows: readonly (readonly [name: string, seconds: number, offset: number, abbreviation: string])[] = [
    ["Europe/Amsterdam", -1_000_000_000, 1200, "+0020"],
    ["Europe/Amsterdam", -1_735_690_773, 1172, "AMT"],
    ["Africa/Monrovia", -1, -2670, "MMT"],
    ["Africa/Accra", -1_600_000_000, 0, "GMT"],
    ["Antarctica/Troll", 1_000_000_000, 0, "-00"],
    ["Asia/Vientiane", -800_000_000, 28_800, "+08"],
    ["Europe/Oslo", -300_000_000, 7200, "CEST"],
    ["Europe/Amsterdam", 1, 3600, "CET"],
    ["Europe/Oslo", -1, 3600, "CET"],
  ];
  for (const [name, seconds, ...facts] of rows) expect([name, call("time.zone", name, seconds)]).toEqual([name, facts]);
});

test("the clock, randomness and the environment come from the options", () => {
  expect(call("time.now_ns")).toBe(NOW_MS * 1e6);
  expect(call("uuid.rfc4122", "k")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(call("rand.intn", "k", 1)).toBe(0);
  expect(call("opa.runtime")).toEqual({ env: { HOME: "/" }, version: "1.22.2", commit: "" });
});

test("names are looked up in the hosts given, never in the network", () => {
  expect(call("net.lookup_ip_addr", "LocalHost")).toEqual(["127.0.0.1"]);
  expect(call("net.lookup_ip_addr", "::1")).toEqual(["::1"]);
  expect(() => call("net.lookup_ip_addr", "loopback")).toThrow("lookup loopback: no such host");
});

test("a loader gives what is asked for and nothing else, and only what there is", async () => {
  const load = makeBuiltinLoader({ nowMs: () => 0 });
  expect(Object.keys(await load(["io.jwt.verify_rs256", "time.now_ns", "http.send", "net.lookup_ip_addr"]))).toEqual([
    "io.jwt.verify_rs256",
    "time.now_ns",
  ]);
  expect(Object.hasOwn(await load(), "net.lookup_ip_addr")).toBe(false);
});
