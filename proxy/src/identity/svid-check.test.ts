import { describe, expect, test } from "vitest";
import { checkPeer, type PeerCheck } from "./svid-check.ts";
import { type CertificateOptions, makeCertificate } from "./test/make-certificate.ts";

const ID = "spiffe://mesh.local/ns/shop/sa/orders";
const GOOD: CertificateOptions = { uris: [ID], isCa: false, keyUsage: "1" };
const NOW_MS = Date.UTC(2026, 0, 1);

function checked(options: CertificateOptions, check: Partial<PeerCheck> = {}) {
  return checkPeer({ der: makeCertificate(options), trustDomain: "mesh.local", nowMs: NOW_MS, ...check });
}

test("a good SVID gives its principal", () => {
  const peer = {
    kind: "peer",
    principal: ID,
    trustDomain: "mesh.local",
    namespace: "shop",
    serviceAccount: "orders",
    notBeforeMs: Date.UTC(2020, 0, 1),
    serial: "1",
    workload: undefined,
    notAfterMs: Date.UTC(2030, 0, 1),
  };
  expect(checked(GOOD)).toEqual(peer);
  expect(checked({ ...GOOD, dnsNames: ["orders"], isCa: undefined })).toEqual(peer);
  expect(checked(GOOD, { expectedPrincipals: ["spiffe://mesh.local/x", ID] })).toEqual(peer);
  expect(checked(GOOD, { issuers: [makeCertificate({ isCa: true, keyUsage: "000001" })] })).toEqual(peer);
});

describe("a peer is refused", () => {
  const rows: Record<string, readonly [fault: string, options: CertificateOptions, check?: Partial<PeerCheck>]> = {
    "after its last moment": ["certificate-expired", GOOD, { nowMs: Date.UTC(2030, 0, 1) + 1 }],
    "before its first": ["certificate-not-yet-valid", GOOD, { nowMs: Date.UTC(2020, 0, 1) - 1 }],
    "without URI": ["uri-missing", { ...GOOD, uris: [], dnsNames: [ID] }],
    "with two URIs": ["uri-repeated", { ...GOOD, uris: [ID, ID] }],
    "with a URI that is no SPIFFE ID": ["spiffe-id-invalid", { ...GOOD, uris: ["https://mesh.local/orders"] }],
    "with a NUL behind its ID": ["spiffe-id-invalid", { ...GOOD, uris: [`${ID}\0.evil`] }],
    "with the trust domain's ID": ["spiffe-id-without-path", { ...GOOD, uris: ["spiffe://mesh.local"] }],
    "as a CA": ["leaf-is-ca", { ...GOOD, isCa: true }],
    "with keyCertSign": ["leaf-may-sign", { ...GOOD, keyUsage: "100001" }],
    "with cRLSign": ["leaf-may-sign", { ...GOOD, keyUsage: "1000001" }],
    "without digitalSignature": ["digital-signature-missing", { ...GOOD, keyUsage: "01" }],
    "without key usage": ["digital-signature-missing", { ...GOOD, keyUsage: undefined }],
    "of another trust domain": [
      "trust-domain-foreign",
      { ...GOOD, uris: ["spiffe://mesh.local.evil/ns/shop/sa/orders"] },
    ],
    "as a workload that was not asked for": ["principal-unexpected", GOOD, { expectedPrincipals: [`${ID}x`] }],
    "as any workload where none may answer": ["principal-unexpected", GOOD, { expectedPrincipals: [] }],
    "with names twice": ["certificate-malformed", { ...GOOD, repeatsNames: true }],
    "from an issuer that is no CA": ["issuer-may-not-sign", GOOD, { issuers: [makeCertificate(GOOD)] }],
    "from an issuer that may not sign": [
      "issuer-may-not-sign",
      GOOD,
      { issuers: [makeCertificate({ isCa: true, keyUsage: "1" })] },
    ],
    "with bytes behind the certificate": [
      "certificate-malformed",
      GOOD,
      { der: Uint8Array.of(...makeCertificate(GOOD), 0) },
    ],
    "without a certificate": ["certificate-malformed", GOOD, { der: new Uint8Array(0) }],
    "with more bytes than are read": ["certificate-malformed", { ...GOOD, uris: [`${ID}${"a".repeat(17_000)}`] }],
  };
  for (const [name, [fault, options, check]] of Object.entries(rows)) {
    test(name, () => expect(checked(options, check)).toMatchObject({ kind: "fault", fault }));
  }
});

test("a cut or flipped certificate never throws", () => {
  const der = makeCertificate(GOOD);
  for (let at = 0; at < der.length; at++) {
    checkPeer({ der: der.subarray(0, at), trustDomain: "mesh.local", nowMs: NOW_MS });
    const flipped = der.slice();
    flipped[at]! ^= 0xff;
    checkPeer({ der: flipped, trustDomain: "mesh.local", nowMs: NOW_MS });
  }
});
