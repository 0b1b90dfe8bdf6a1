import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseJsonExact } from "../../exact-json.ts";
import { makeBuiltinLoader } from "../host-builtins.ts";

/** root (path length 1) → mid (path length 0) → leaf, made with openssl for a hundred years. */
const file = (name: string) => readFileSync(join(import.meta.dirname, "../../../test/certificates", name), "utf8");
const [root, mid, leaf] = ["root.pem", "mid.pem", "leaf.pem"].map(file) as [string, string, string];

const host = await makeBuiltinLoader({ nowMs: () => 0 })();
const NOW_NS = Date.UTC(2027, 0, 1) * 1e6;
type Fields = { readonly [field: string]: unknown };
const call = <T = Fields>(name: string, ...operands: unknown[]): T =>
  (host[`crypto.${name}`] as (...operands: unknown[]) => unknown)(...operands) as T;

test("a certificate's fields are those of Go's structure", () => {
  const [fields] = call<Fields[]>("x509.parse_certificates", leaf);
  expect(fields).toMatchObject({
    Version: 3,
    SignatureAlgorithm: 10,
    PublicKeyAlgorithm: 3,
    Subject: { CommonName: "orders", Country: ["CH"], Organization: null },
    Issuer: { CommonName: "mid" },
    DNSNames: ["orders.mesh"],
    URIStrings: ["spiffe://mesh/ns/a/sa/b"],
    URIs: [{ Scheme: "spiffe", Host: "mesh", Path: "/ns/a/sa/b" }],
    IPAddresses: ["10.0.0.1", "2001:db8::1"],
    KeyUsage: 1,
    ExtKeyUsage: [1, 2],
    BasicConstraintsValid: true,
    IsCA: false,
    MaxPathLen: -1,
    EmailAddresses: null,
  });
});

test("certificates may come as PEM, as base64 of PEM, and as base64 of DER", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const der = (pem: string) => Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
  const names = (text: string) =>
    call<Fields[]>("x509.parse_certificates", text).map(({ Subject }) => (Subject as Fields)["CommonName"]);
  expect(names(root + leaf)).toEqual(["root", "orders"]);
  expect(names(base64(root + leaf))).toEqual(["root", "orders"]);
  expect(names(Buffer.concat([der(root), der(leaf)]).toString("base64"))).toEqual(["root", "orders"]);
});

test("every cut of a certificate is refused with an error, none is read past its end", () => {
  const der = Buffer.from(leaf.replace(/-----.*-----|\s/g, ""), "base64");
  for (let length = 1; length < der.length; length++) {
    expect(() => call("x509.parse_certificates", der.subarray(0, length).toString("base64"))).toThrow("malformed");
  }
});

const VERIFY = "x509.parse_and_verify_certificates";
const chains: Record<string, readonly [certificates: string, options: object | undefined, isValid: boolean]> = {
  "root, mid, leaf": [root + mid + leaf, undefined, true],
  "root, leaf": [root + leaf, undefined, false],
  "mid as root": [mid + leaf, undefined, true],
  "a lone certificate": [root, undefined, false],
  "what is no certificate": ["foobar", undefined, false],
  "the name of the leaf": [root + mid + leaf, { DNSName: "orders.mesh" }, true],
  "another name": [root + mid + leaf, { DNSName: "payments.mesh" }, false],
  "before it begins": [root + mid + leaf, { CurrentTime: 1e18 }, false],
  "a usage it has": [root + mid + leaf, { KeyUsages: ["KeyUsageClientAuth"] }, true],
  "a usage it has not": [root + mid + leaf, { KeyUsages: ["KeyUsageCodeSigning"] }, false],
};

for (const [name, [certificates, options, isValid]] of Object.entries(chains)) {
  test(`a chain ${isValid ? "verifies" : "does not verify"}: ${name}`, () => {
    const [valid, chain] =
      options === undefined
        ? call<[boolean, unknown[]]>(VERIFY, certificates, NOW_NS)
        : call<[boolean, unknown[]]>(`${VERIFY}_with_options`, certificates, options, NOW_NS);
    expect(valid).toBe(isValid);
    expect(chain.length > 0).toBe(isValid);
  });
}

test("a certificate request's fields are those of Go's structure", () => {
  expect(call("x509.parse_certificate_request", file("leaf.csr"))).toMatchObject({
    Version: 0,
    Subject: { CommonName: "orders" },
    DNSNames: ["orders.mesh"],
  });
  expect(() => call("x509.parse_certificate_request", "YmFkc3RyaW5n")).toThrow("asn1: structure error");
});

test("private keys are read from PEM of each kind", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const pem = rsa.export({ format: "pem", type: "pkcs1" }) as string;
  const both = pem + (ec.export({ format: "pem", type: "sec1" }) as string);
  expect(call("x509.parse_rsa_private_key", pem)).toEqual(rsa.export({ format: "jwk" }));
  expect(call("x509.parse_rsa_private_key", Buffer.from(both).toString("base64"))).toMatchObject({ kty: "RSA" });
  expect(JSON.stringify(call("parse_private_keys", both))).toMatch(/^\[\{"N":\d{600,},"E":65537,.*"X":\d+/);
  expect(call("parse_private_keys", "")).toBe(null);
  expect(call("parse_private_keys", "no key")).toEqual([]);
  expect(call("parse_private_keys", pem.replaceAll("RSA PRIVATE KEY", "constructor"))).toEqual([]);
  expect(call("parse_private_keys", `text before\n${pem}`)).toHaveLength(1);
  expect(() => call("x509.parse_rsa_private_key", "no key")).toThrow("illegal base64");
  expect(() => call("x509.parse_keypair", leaf, pem)).toThrow("private key does not match");
});

type Probe = {
  readonly certificates: string;
  readonly options: object;
  /** What OPA says; null: a built-in error. */
  readonly valid: boolean | null;
  readonly length: number;
};

/** Chains with one oddity each (constraints, usages, policies, versions, keys, PEM), made at random, answered by OPA. */
const probes = parseJsonExact(file("chains.json")) as readonly Probe[];

test.each(probes.map((probe, i) => [i, probe] as const))("chain %d is to us what it is to OPA", (_, probe) => {
  const ask = () => call<[boolean, unknown[]]>(`${VERIFY}_with_options`, probe.certificates, probe.options, NOW_NS);
  if (probe.valid === null) expect(ask).toThrow();
  else {
    const [valid, chain] = ask();
    expect([valid, chain.length]).toEqual([probe.valid, probe.length]);
  }
});

test("a certificate has every field of Go's structure, and OPA's own where nothing is verified with options", () => {
  const [fields] = call<Fields[]>("x509.parse_certificates", leaf);
  const names =
    "AuthorityKeyId BasicConstraintsValid CRLDistributionPoints DNSNames EmailAddresses ExcludedDNSDomains ExcludedEmailAddresses ExcludedIPRanges ExcludedURIDomains ExtKeyUsage Extensions ExtraExtensions IPAddresses InhibitAnyPolicy InhibitAnyPolicyZero InhibitPolicyMapping InhibitPolicyMappingZero IsCA Issuer IssuingCertificateURL KeyUsage MaxPathLen MaxPathLenZero NotAfter NotBefore OCSPServer PermittedDNSDomains PermittedDNSDomainsCritical PermittedEmailAddresses PermittedIPRanges PermittedURIDomains Policies PolicyIdentifiers PolicyMappings PublicKey PublicKeyAlgorithm Raw RawIssuer RawSubject RawSubjectPublicKeyInfo RawTBSCertificate RequireExplicitPolicy RequireExplicitPolicyZero SerialNumber Signature SignatureAlgorithm Subject SubjectKeyId URIStrings URIs UnhandledCriticalExtensions UnknownExtKeyUsage Version";
  expect(Object.keys(fields as Fields).sort()).toEqual(names.split(" "));
  const [, [verified]] = call<[boolean, Fields[]]>(`${VERIFY}_with_options`, root + mid + leaf, {}, NOW_NS);
  expect(Object.keys(verified as Fields).sort()).toEqual(names.split(" ").filter((name) => name !== "URIStrings"));
});

test("text of a client keeps nobody waiting: PEM and options are read in one go", () => {
  const spaces = " ".repeat(200_000);
  expect(() => call("x509.parse_certificates", `-----BEGIN CERTIFICATE-----\n${spaces}x\n${spaces}`)).not.toThrow();
  expect(
    call<[boolean]>(`${VERIFY}_with_options`, root + leaf, { DNSName: `${'"'.repeat(200_000)}x` }, NOW_NS)[0],
  ).toBe(false);
});
