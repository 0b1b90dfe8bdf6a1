/**
 * What the SPIFFE checks need of a certificate, read from its DER (RFC 5280, section 4.1).
 * Signatures and chains are TLS's business; this only reads, bounded and strict.
 */
import type forge from "node-forge";
// Its whole index would bring ciphers, TLS and RSA along: 4 MiB of a process.
import asn1 from "node-forge/lib/asn1.js";
import util from "node-forge/lib/util.js";

export type CertificateFacts = {
  /** Lower-case hex without leading zeros. */
  readonly serial: string;
  /** The subject's; undefined where it has none. */
  readonly commonName: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** URI names of subjectAltName, as they stand. */
  readonly uris: readonly string[];
  readonly isCa: boolean;
  /** keyUsage's bits; undefined where the extension is absent. */
  readonly keyUsage: KeyUsage | undefined;
};
export type KeyUsage = {
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly crlSign: boolean;
};

/** Bytes of a certificate: an SVID takes some 600; more is not parsed. */
const CERTIFICATE_BYTES_MAX = 16 * 1024;

const OID_KEY_USAGE = "2.5.29.15";
const OID_SUBJECT_ALT_NAME = "2.5.29.17";
const OID_COMMON_NAME = "2.5.4.3";
const OID_BASIC_CONSTRAINTS = "2.5.29.19";
const TAG_URI = 6;
const TAG_EXTENSIONS = 3;

/** The facts, or undefined where the bytes are not one well-formed certificate. */
export function readCertificate(der: Uint8Array): CertificateFacts | undefined {
  if (der.length > CERTIFICATE_BYTES_MAX) return undefined;
  try {
    const certificate = asn1.fromDer(util.createBuffer(binaryText(der)), PARSE_OPTIONS);
    return readParts(partsOf(partsOf(certificate)[0]));
  } catch {
    return undefined; // forge reports malformed DER, and the readers below malformed parts, by throwing
  }
}

/** decodeBitStrings: a public key or signature that happens to look like DER stays bytes. */
const PARSE_OPTIONS = { strict: true, parseAllBytes: true, decodeBitStrings: false } as unknown as boolean;

/** Parts of TBSCertificate; an explicit version comes first where it is not 1. */
function readParts(parts: readonly forge.asn1.Asn1[]): CertificateFacts {
  const first = isContext(parts[0], 0) ? 1 : 0;
  const validity = partsOf(parts[first + 3]);
  const extensions = readExtensions(parts.find((part) => isContext(part, TAG_EXTENSIONS)));
  const keyUsage = extensions.get(OID_KEY_USAGE);
  return {
    serial: serialOf(parts[first]),
    commonName: commonNameOf(parts[first + 4]),
    notBeforeMs: timeOf(validity[0]),
    notAfterMs: timeOf(validity[1]),
    uris: urisOf(extensions.get(OID_SUBJECT_ALT_NAME)),
    isCa: isCaOf(extensions.get(OID_BASIC_CONSTRAINTS)),
    keyUsage: keyUsage === undefined ? undefined : keyUsageOf(keyUsage),
  };
}

/** Value by OID; RFC 5280 allows each once. */
function readExtensions(holder: forge.asn1.Asn1 | undefined): Map<string, forge.asn1.Asn1> {
  const extensions = new Map<string, forge.asn1.Asn1>();
  if (holder === undefined) return extensions;
  for (const extension of partsOf(partsOf(holder)[0])) {
    const parts = partsOf(extension);
    const oid = asn1.derToOid(bytesOf(parts[0]));
    if (extensions.has(oid)) throw new Error(`extension ${oid} comes twice`);
    if (![OID_KEY_USAGE, OID_SUBJECT_ALT_NAME, OID_BASIC_CONSTRAINTS].includes(oid)) continue;
    extensions.set(oid, asn1.fromDer(util.createBuffer(bytesOf(parts.at(-1))), PARSE_OPTIONS));
  }
  return extensions;
}

function serialOf(serial: forge.asn1.Asn1 | undefined): string {
  const hex = util.bytesToHex(bytesOf(serial));
  return hex.replace(/^0+(?=.)/, "");
}

/** Name: a sequence of sets of pairs of OID and value (section 4.1.2.4). */
function commonNameOf(name: forge.asn1.Asn1 | undefined): string | undefined {
  for (const set of partsOf(name)) {
    for (const pair of partsOf(set)) {
      const [oid, value] = partsOf(pair);
      if (asn1.derToOid(bytesOf(oid)) === OID_COMMON_NAME) return bytesOf(value);
    }
  }
  return undefined;
}

function urisOf(names: forge.asn1.Asn1 | undefined): string[] {
  if (names === undefined) return [];
  return partsOf(names)
    .filter((name) => isContext(name, TAG_URI))
    .map(bytesOf);
}

/** cA is the first part where it is a boolean; absent means false. */
function isCaOf(constraints: forge.asn1.Asn1 | undefined): boolean {
  if (constraints === undefined) return false;
  const [first] = partsOf(constraints);
  return first !== undefined && Number(first.type) === Number(asn1.Type.BOOLEAN) && bytesOf(first) !== "\0";
}

/** A bit string: a byte of unused bits, then bits from the highest on (section 4.2.1.3). */
function keyUsageOf(usage: forge.asn1.Asn1): KeyUsage {
  const bits = bytesOf(usage).charCodeAt(1);
  return {
    digitalSignature: (bits & 0x80) !== 0,
    keyCertSign: (bits & 0x04) !== 0,
    crlSign: (bits & 0x02) !== 0,
  };
}

function timeOf(time: forge.asn1.Asn1 | undefined): number {
  const text = bytesOf(time);
  const isUtcTime = Number(time?.type) === Number(asn1.Type.UTCTIME);
  const ms = (isUtcTime ? asn1.utcTimeToDate(text) : asn1.generalizedTimeToDate(text)).getTime();
  if (Number.isNaN(ms)) throw new Error("a time cannot be read");
  return ms;
}

function isContext(part: forge.asn1.Asn1 | undefined, tag: number): part is forge.asn1.Asn1 {
  return part !== undefined && part.tagClass === asn1.Class.CONTEXT_SPECIFIC && Number(part.type) === tag;
}

function partsOf(node: forge.asn1.Asn1 | undefined): readonly forge.asn1.Asn1[] {
  if (node === undefined || !Array.isArray(node.value)) throw new Error("a constructed value was expected");
  return node.value;
}

function bytesOf(node: forge.asn1.Asn1 | undefined): string {
  if (node === undefined || typeof node.value !== "string") throw new Error("a primitive value was expected");
  return node.value;
}

/** forge reads strings of a character a byte. */
function binaryText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
