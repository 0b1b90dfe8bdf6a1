/** Policies that verify tokens, draw randomness or read the clock, in a proxy on real sockets. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { Client, exchange, openBackend, openBench, statuses } from "../test/bench.ts";
import { type MadePolicy, makePolicy } from "../test/make-policy.ts";
import { makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const NOW_MS = Date.UTC(2027, 0, 1);
const NOW_SECONDS = NOW_MS / 1000;

/** A proxy whose time of day is `clock.ms`. */
async function openTimed(made: MadePolicy) {
  const clock = { ms: NOW_MS };
  const backend = await openBackend((request, response) => response.end(`${request.headers["x-id"] ?? "none"}`));
  const bench = await openBench(backend.port, [], { wallMs: () => clock.ms });
  open.push(backend, bench);
  const apply = async ({ ref, module }: MadePolicy): Promise<void> => {
    const workload = makeWorkload({ policies: { inbound: ref } });
    await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), [module]));
  };
  await apply(made);
  const ask = (token: string, path = "/", method = "GET"): Promise<string> =>
    exchange(bench.inbound, `${method} ${path} HTTP/1.1\r\nHost: svc\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return { clock, bench, backend, apply, ask };
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function makeToken(header: object, claims: object, signer: (input: Buffer) => Buffer): string {
  const input = `${base64(header)}.${base64(claims)}`;
  return `${input}.${signer(Buffer.from(input)).toString("base64url")}`;
}

const hs256 = (secret: string) => (input: Buffer) => createHmac("sha256", secret).update(input).digest();

/** The policy of OPA's tutorial for Envoy, but for its rule on the body. */
const TUTORIAL = `package envoy.authz

import input.attributes.request.http as http_request

default allow := false

allow if {
	is_token_valid
	action_allowed
}

is_token_valid if {
	token.valid
	now := time.now_ns() / 1000000000
	token.payload.nbf <= now
	now < token.payload.exp
}

action_allowed if {
	http_request.method == "GET"
	token.payload.role == "guest"
	glob.match("/people", ["/"], http_request.path)
}

action_allowed if {
	http_request.method == "GET"
	token.payload.role == "admin"
	glob.match("/people", ["/"], http_request.path)
}

action_allowed if {
	http_request.method == "POST"
	token.payload.role == "admin"
	glob.match("/people", ["/"], http_request.path)
}

token := {"valid": valid, "payload": payload} if {
	[_, encoded] := split(http_request.headers.authorization, " ")
	[valid, _, payload] := io.jwt.decode_verify(encoded, {"secret": "secret"})
}
`;

const tutorial = () =>
  makePolicy({ name: "tutorial", rego: TUTORIAL, entrypoints: [{ name: "envoy/authz/allow", kind: "authz" }] });

test("the tutorial policy decides by role, by signature and by the clock", async () => {
  const { ask, clock } = await openTimed(tutorial());
  const claims = (role: string) => ({ role, nbf: NOW_SECONDS - 60, exp: NOW_SECONDS + 60 });
  const header = { alg: "HS256", typ: "JWT" };
  const guest = makeToken(header, claims("guest"), hs256("secret"));
  const admin = makeToken(header, claims("admin"), hs256("secret"));
  const forged = makeToken(header, claims("admin"), hs256("other"));
  const status = async (...request: Parameters<typeof ask>) => statuses(await ask(...request))[0];
  expect(await status(guest, "/people")).toBe(200);
  expect(await status(guest, "/people", "POST")).toBe(403);
  expect(await status(admin, "/people", "POST")).toBe(200);
  expect(await status(admin, "/people/1")).toBe(403);
  expect(await status(forged, "/people")).toBe(403);
  expect(await status("no.token", "/people")).toBe(403);
  clock.ms = NOW_MS - 61_000;
  expect(await status(guest, "/people")).toBe(403);
  clock.ms = NOW_MS + 60_000;
  expect(await status(guest, "/people")).toBe(403);
});

type Signer = { readonly jwk: object; readonly pem: string; readonly sign: (input: Buffer) => Buffer };

function makeSigner(
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  hash: string | null,
): Signer {
  const { publicKey, privateKey } = keys;
  return {
    jwk: publicKey.export({ format: "jwk" }),
    pem: publicKey.export({ format: "pem", type: "spki" }) as string,
    sign: (input) => sign(hash, input, { key: privateKey, dsaEncoding: "ieee-p1363" }),
  };
}

const SIGNERS: Readonly<Record<string, () => Signer>> = {
  RS256: () => makeSigner(generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha256"),
  ES256: () => makeSigner(generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256"),
  EdDSA: () => makeSigner(generateKeyPairSync("ed25519"), null),
};

const byKeys = (keys: string): MadePolicy =>
  makePolicy({
    name: "keys",
    rego: `package mesh.authz

import input.attributes.request.http

default allow := false

encoded := substring(http.headers.authorization, count("Bearer "), -1)

allow if io.jwt.decode_verify(encoded, {"cert": data.keys, "iss": "mesh", "aud": "orders"})[0]
`,
    data: { keys },
    entrypoints: [{ name: "mesh/authz/allow", kind: "authz" }],
  });

const claims = { iss: "mesh", aud: ["orders"], exp: NOW_SECONDS + 60 };

for (const [alg, makeKeys] of Object.entries(SIGNERS)) {
  test(`a token of ${alg} passes by a key set or a PEM in data, until its keys are others`, async () => {
    const own = makeKeys();
    const other = makeKeys();
    const set = (...keys: readonly object[]) => JSON.stringify({ keys });
    const token = makeToken({ alg, kid: "one" }, claims, own.sign);
    const { ask, apply } = await openTimed(byKeys(set({ ...other.jwk, kid: "two" }, { ...own.jwk, kid: "one" })));
    const status = async (text: string) => statuses(await ask(text))[0];
    for (let i = 0; i < 3; i++) expect(await status(token)).toBe(200);
    expect(await status(makeToken({ alg, kid: "one" }, claims, other.sign))).toBe(403);
    expect(await status(makeToken({ alg, kid: "one" }, { ...claims, aud: "web" }, own.sign))).toBe(403);
    expect(await status(`${token.slice(0, -6)}AAAAAA`)).toBe(403);
    await apply(byKeys(own.pem));
    expect(await status(token)).toBe(200);
    await apply(byKeys(set({ ...other.jwk, kid: "one" })));
    expect(await status(token)).toBe(403);
  });
}

test("a token that passed is refused once it has expired, on the same connection", async () => {
  const own = (SIGNERS["ES256"] as () => Signer)();
  const token = makeToken({ alg: "ES256" }, claims, own.sign);
  const { bench, clock } = await openTimed(byKeys(own.pem));
  const client = new Client(bench.inbound);
  const request = `GET / HTTP/1.1\r\nHost: svc\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  client.write(request);
  await client.until("none");
  clock.ms = NOW_MS + 59_999;
  client.text = "";
  client.write(request);
  expect(statuses(await client.until("none"))).toEqual([200]);
  clock.ms = NOW_MS + 60_000;
  client.text = "";
  client.write(request);
  expect(statuses(await client.until("decision"))).toEqual([403]);
  client.close();
});

test("the clock and what is drawn stay the same throughout a decision, and only there", async () => {
  const rego = `package mesh.authz

allow := {"allowed": is_steady, "headers": {"x-id": sprintf("%d %s", [time.now_ns(), id])}}

id := uuid.rfc4122("id")

is_steady if {
	uuid.rfc4122("id") == id
	rand.intn("die", 1000000) == rand.intn("die", 1000000)
	time.now_ns() == time.now_ns()
}
`;
  const made = makePolicy({ name: "drawn", rego, entrypoints: [{ name: "mesh/authz/allow", kind: "authz" }] });
  const { ask } = await openTimed(made);
  const texts = [await ask("x"), await ask("x")];
  expect(texts.flatMap(statuses)).toEqual([200, 200]);
  const [first, second] = texts.map((text) => text.split("\r\n\r\n")[1]);
  expect(first).toMatch(new RegExp(`^${NOW_MS}000000 [0-9a-f-]{36}$`));
  expect(second).not.toBe(first);
});

test("a built-in that throws is an error of the policy: undefined, counted, and the next request is decided anew", async () => {
  const own = (SIGNERS["RS256"] as () => Signer)();
  const { ask, bench } = await openTimed(byKeys(own.pem));
  expect(statuses(await ask("no token at all"))).toEqual([403]);
  expect(statuses(await ask(makeToken({ alg: "RS256" }, claims, own.sign)))).toEqual([200]);
  const { recent } = await bench.proxy.plane.read();
  expect(recent.map(({ builtinErrors }) => builtinErrors)).toEqual([0, 1]);
});

test("verifying token after token is work that fuel measures: the request is refused, the next is decided", async () => {
  const own = (SIGNERS["RS256"] as () => Signer)();
  const rego = `package mesh.authz

import input.attributes.request.http

allow if count([token | some token in split(http.headers["x-tokens"], ","); io.jwt.verify_rs256(token, data.keys)]) > 0
`;
  const made = makePolicy({
    name: "many",
    rego,
    data: { keys: own.pem },
    entrypoints: [{ name: "mesh/authz/allow", kind: "authz", fuel: 10_000_000 }],
  });
  const { bench } = await openTimed(made);
  const ask = (tokens: readonly string[]) =>
    exchange(bench.inbound, `GET / HTTP/1.1\r\nHost: svc\r\nX-Tokens: ${tokens.join(",")}\r\n\r\n`);
  const token = makeToken({ alg: "RS256" }, {}, own.sign);
  const many = await ask(Array.from({ length: 400 }, (_, i) => `e30.e30.${"A".repeat(20)}${i}`));
  expect(statuses(many)).toEqual([503]);
  expect(many).toContain("policy_fuel_exhausted");
  expect(statuses(await ask([token]))).toEqual([200]);
});
