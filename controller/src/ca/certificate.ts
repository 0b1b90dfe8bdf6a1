/**
 * X.509 certificates as the mesh issues them (RFC 5280, SPIFFE X.509-SVID): ECDSA P-256,
 * one URI in the subject alternative name, nothing taken from the asker but the key.
 * Keys and signatures are the caller's: this file only writes DER.
 */
import {
  type Asn1,
  bits,
  boolean,
  decodeDer,
  encodeDer,
  explicit,
  implicit,
  integer,
  OID,
  octets,
  oid,
  sequence,
  set,
  time,
  utf8,
} from "./der.ts";

export type CertificateFacts = {
  /** Up to 20 bytes, unpredictable. */
  readonly serial: Uint8Array;
  readonly issuer: NameFacts;
  readonly subject: NameFacts;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** The SPIFFE ID; of a root the trust domain's own. */
  readonly uri: string;
  readonly dnsNames?: readonly string[];
  /** 4 or 16 bytes each. */
  readonly addresses?: readonly Uint8Array[];
  readonly use: "root" | "workload" | "snapshots";
  /** SHA-1 of subject's and issuer's public key bits. */
  readonly subjectKeyId: Uint8Array;
  readonly issuerKeyId: Uint8Array;
};

export type NameFacts = { readonly organization: string; readonly commonName: string };

/** Bits of KeyUsage, the first bit first: digitalSignature is 0, keyCertSign 5, cRLSign 6. */
const KEY_USAGE = {
  root: bits(Uint8Array.of(0b0000_0110), 1),
  workload: bits(Uint8Array.of(0b1000_0000), 7),
  snapshots: bits(Uint8Array.of(0b1000_0000), 7),
} as const;

/** A snapshot's signer may not open connections: no TLS peer accepts a certificate for code signing alone. */
const EXTENDED_KEY_USAGE = {
  root: [],
  workload: [OID.serverAuth, OID.clientAuth],
  snapshots: [OID.codeSigning],
} as const;

/** The certificate in DER; `sign` gives an ECDSA P-256 signature with SHA-256, in DER. */
export function encodeCertificate(facts: CertificateFacts, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = sequence(oid(OID.ecdsaSha256));
  const publicKey = decodeDer(facts.publicKey);
  if (publicKey === undefined) throw new Error("the public key is not DER");
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))), // version 3
    integer(facts.serial),
    algorithm,
    name(facts.issuer),
    sequence(time(facts.notBeforeMs), time(facts.notAfterMs)),
    name(facts.subject),
    publicKey,
    explicit(3, sequence(...extensions(facts))),
  );
  return encodeDer(sequence(body, algorithm, bits(sign(encodeDer(body)))));
}

function extensions(facts: CertificateFacts): readonly Asn1[] {
  const { use, uri, dnsNames = [], addresses = [], subjectKeyId, issuerKeyId } = facts;
  const names = [
    implicit(6, new TextEncoder().encode(uri)),
    ...dnsNames.map((each) => implicit(2, new TextEncoder().encode(each))),
    ...addresses.map((each) => implicit(7, each)),
  ];
  const uses = EXTENDED_KEY_USAGE[use].map((each) => oid(each));
  return [
    extension(
      OID.basicConstraints,
      true,
      use === "root" ? sequence(boolean(true), integer(Uint8Array.of(0))) : sequence(),
    ),
    extension(OID.keyUsage, true, KEY_USAGE[use]),
    ...(uses.length === 0 ? [] : [extension(OID.extendedKeyUsage, false, sequence(...uses))]),
    extension(OID.subjectAltName, false, sequence(...names)),
    extension(OID.subjectKeyId, false, octets(subjectKeyId)),
    ...(use === "root" ? [] : [extension(OID.authorityKeyId, false, sequence(implicit(0, issuerKeyId)))]),
  ];
}

function extension(id: string, isCritical: boolean, value: Asn1): Asn1 {
  const content = octets(encodeDer(value));
  return isCritical ? sequence(oid(id), boolean(true), content) : sequence(oid(id), content);
}

function name({ organization, commonName }: NameFacts): Asn1 {
  return sequence(
    set(sequence(oid(OID.organization), utf8(organization))),
    set(sequence(oid(OID.commonName), utf8(commonName))),
  );
}
