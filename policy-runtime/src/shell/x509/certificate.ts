/** Certificates (RFC 5280 §4.1) as Go's crypto/x509 parses them: as strict, and as lax. */
import { context, contextOf, DerError, DerReader, rightAligned, TAG } from "./der.ts";
import {
  type Extension,
  type ExtensionFacts,
  factsOf,
  NAME_CONSTRAINTS,
  noFacts,
  readExtensions,
  SUBJECT_ALTERNATIVE_NAME,
} from "./extensions.ts";
import { type Name, parseName } from "./name.ts";
import { type PublicKey, readPublicKey } from "./public-key.ts";
import { readAlgorithm, type Signed } from "./signature.ts";
import { type CertificateTime, readTime } from "./time.ts";

export type Certificate = {
  readonly raw: Buffer;
  readonly rawSpki: Buffer;
  readonly rawSubject: Buffer;
  readonly rawIssuer: Buffer;
  /** What was signed, and how. */
  readonly signed: Signed;
  readonly publicKey: PublicKey;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serial: bigint;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: CertificateTime;
  readonly notAfter: CertificateTime;
  readonly extensions: readonly Extension[];
  readonly facts: ExtensionFacts;
  readonly hasNameConstraints: boolean;
  readonly hasAlternativeNames: boolean;
};

const CERTIFICATES_MAX = 100;

/** Certificates one behind the other. Throws DerError. */
export function parseCertificates(der: Buffer): readonly Certificate[] {
  const certificates: Certificate[] = [];
  for (let at = 0; at < der.length; at += (certificates.at(-1) as Certificate).raw.length) {
    if (certificates.length === CERTIFICATES_MAX) throw new Error(`more than ${CERTIFICATES_MAX} certificates`);
    certificates.push(parseCertificate(der.subarray(at)));
  }
  return certificates;
}

/** The certificate at the begin of the bytes. */
function parseCertificate(bytes: Buffer): Certificate {
  const whole = new DerReader(bytes).read(TAG.sequence, "x509: malformed certificate");
  const outer = new DerReader(whole.bytes);
  const signedPart = outer.read(TAG.sequence, "x509: malformed tbs certificate");
  const tbs = new DerReader(signedPart.bytes);
  const version = readVersion(tbs);
  const serial = tbs.integer("x509: malformed serial number");
  if (serial < 0n) throw new DerError("x509: negative serial number");
  const algorithm = tbs.read(TAG.sequence, "x509: malformed signature algorithm identifier").bytes;
  if (!outer.read(TAG.sequence, "x509: malformed algorithm identifier").bytes.equals(algorithm)) {
    throw new DerError("x509: inner and outer signature algorithm identifiers don't match");
  }
  const signatureAlgorithm = readAlgorithm(algorithm);
  const rawIssuer = tbs.read(TAG.sequence, "x509: malformed issuer").raw;
  const issuer = parseName(rawIssuer);
  const validity = tbs.into(TAG.sequence, "x509: malformed validity");
  const [notBefore, notAfter] = [readTime(validity), readTime(validity)];
  const rawSubject = tbs.read(TAG.sequence, "x509: malformed issuer").raw;
  const subject = parseName(rawSubject);
  const rawSpki = tbs.read(TAG.sequence, "x509: malformed spki").raw;
  const publicKey = readPublicKey(rawSpki);
  const extensions = readOptional(tbs, version);
  const has = (oid: string) => extensions.some(({ id }) => id.join(".") === oid);
  return {
    raw: whole.raw,
    ...{ rawSpki, rawSubject, rawIssuer, publicKey, version, serial, issuer, subject, notBefore, notAfter, extensions },
    signed: {
      algorithm: signatureAlgorithm,
      bytes: signedPart.raw,
      signature: rightAligned(outer.bits("x509: malformed signature")),
    },
    facts: extensions.length === 0 ? noFacts() : factsOf(extensions),
    hasNameConstraints: has(NAME_CONSTRAINTS),
    hasAlternativeNames: has(SUBJECT_ALTERNATIVE_NAME),
  };
}

function readVersion(tbs: DerReader): number {
  if (!tbs.isNext(contextOf(0))) return 1;
  const what = "x509: malformed version";
  const inner = tbs.into(contextOf(0), what);
  const version = inner.integer(what) + 1n;
  if (!inner.isEmpty || version < 1n) throw new DerError(what);
  if (version > 3n) throw new DerError("x509: invalid version");
  return Number(version);
}

function readOptional(tbs: DerReader, version: number): readonly Extension[] {
  if (version === 1) return [];
  tbs.optional(context(1), "x509: malformed issuerUniqueID");
  tbs.optional(context(2), "x509: malformed subjectUniqueID");
  const what = "x509: malformed extensions";
  if (version < 3 || !tbs.isNext(contextOf(3))) return [];
  const extensions = readExtensions(tbs.into(contextOf(3), what).into(TAG.sequence, what));
  const ids = extensions.map(({ id }) => id.join("."));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) {
    throw new DerError(`x509: certificate contains duplicate extension with OID "${twice}"`);
  }
  return extensions;
}
