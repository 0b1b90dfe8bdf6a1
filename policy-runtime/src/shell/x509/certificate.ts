/** Certificates and requests for them as the JSON of Go's crypto/x509 structures. */
import { createPublicKey } from "node:crypto";
import { decodeBase64 } from "../base64.ts";
import { expectSize, expectString } from "../operands.ts";
import { readPem, readPemBlocks } from "../pem.ts";
import {
  bitsOf,
  childrenOf,
  type DerNode,
  expectTag,
  integerOf,
  oidOf,
  readDer,
  readWhole,
  TAG,
  timeOf,
} from "./der.ts";
import { extensionFields, extensionsOf } from "./extensions.ts";
import { nameOf } from "./name.ts";

const TEXT_BYTES_MAX = 512 * 1024;
const CERTIFICATES_MAX = 100;

/** Numbers of Go's x509.SignatureAlgorithm. */
const SIGNATURE_ALGORITHMS: Readonly<Record<string, number>> = {
  "1.2.840.113549.1.1.2": 1,
  "1.2.840.113549.1.1.4": 2,
  "1.2.840.113549.1.1.5": 3,
  "1.2.840.113549.1.1.11": 4,
  "1.2.840.113549.1.1.12": 5,
  "1.2.840.113549.1.1.13": 6,
  "1.2.840.10040.4.3": 7,
  "2.16.840.1.101.3.4.3.2": 8,
  "1.2.840.10045.4.1": 9,
  "1.2.840.10045.4.3.2": 10,
  "1.2.840.10045.4.3.3": 11,
  "1.2.840.10045.4.3.4": 12,
  "1.3.101.112": 16,
};
const KEY_ALGORITHMS: Readonly<Record<string, number>> = {
  "1.2.840.113549.1.1.1": 1,
  "1.2.840.10040.4.1": 2,
  "1.2.840.10045.2.1": 3,
  "1.3.101.112": 4,
};

/** The DER of each certificate in PEM, in base64 of PEM, or in base64 of DER. */
export function certificateBytes(value: unknown): readonly Buffer[] {
  const text = expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the certificates");
  if (text.startsWith("-----BEGIN")) return ofPem(text);
  const bytes = decodeBase64(text);
  if (bytes.subarray(0, 10).toString("latin1").startsWith("-----BEGIN")) return ofPem(bytes.toString());
  const certificates: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { raw } = malformed("certificate", () => readDer(bytes, at));
    certificates.push(raw);
    at += raw.length;
  }
  return checkCount(certificates);
}

function ofPem(text: string): readonly Buffer[] {
  const blocks = readPemBlocks(text);
  const last = blocks.at(-1);
  if (last === undefined) throw new Error("failed to decode PEM block");
  for (const { type, headers } of blocks) {
    if (type !== "CERTIFICATE" || headers !== "") throw new Error("PEM data contains blocks that are not certificates");
  }
  if (last.rest.trim() !== "") throw new Error("extra data after the certificates");
  return checkCount(blocks.map(({ bytes }) => bytes));
}

function checkCount(certificates: readonly Buffer[]): readonly Buffer[] {
  if (certificates.length <= CERTIFICATES_MAX) return certificates;
  throw new Error(`more than ${CERTIFICATES_MAX} certificates`);
}

function malformed<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`x509: malformed ${what}: ${(error as Error).message}`);
  }
}

export function parseCertificates(value: unknown): readonly object[] {
  return certificateBytes(value).map(certificateFields);
}

/** Throws where the bytes are no certificate. */
export function certificateFields(bytes: Buffer): object {
  return malformed("certificate", () => {
    const whole = readWhole(bytes);
    const [signed, algorithm, signature] = childrenOf(expectTag(whole, TAG.sequence)) as unknown as readonly DerNode[];
    const parts = [...childrenOf(expectTag(signed, TAG.sequence))];
    const version = parts[0]?.tag === 0xa0 ? Number(integerOf(readWhole((parts.shift() as DerNode).bytes))) + 1 : 1;
    const [serial, , issuer, validity, subject, key, ...optional] = parts as unknown as readonly [
      DerNode,
      DerNode,
      DerNode,
      DerNode,
      DerNode,
      DerNode,
      ...DerNode[],
    ];
    const [notBefore, notAfter] = childrenOf(validity) as unknown as readonly [DerNode, DerNode];
    const list = optional.find(({ tag }) => tag === 0xa3);
    const extensions = list === undefined ? [] : extensionsOf(readWhole(list.bytes));
    const base64 = (node: DerNode) => node.raw.toString("base64");
    return {
      Raw: base64(whole),
      RawTBSCertificate: base64(signed as DerNode),
      RawSubjectPublicKeyInfo: base64(key),
      RawSubject: base64(subject),
      RawIssuer: base64(issuer),
      Signature: bitsOf(signature as DerNode).toString("base64"),
      SignatureAlgorithm: signatureAlgorithm(algorithm as DerNode),
      ...keyFields(key),
      Version: version,
      SerialNumber: rawNumber(integerOf(serial)),
      Issuer: nameOf(issuer),
      Subject: nameOf(subject),
      NotBefore: timeOf(notBefore),
      NotAfter: timeOf(notAfter),
      ...extensionFields(extensions),
      Extensions: extensions.map(({ Value, ...rest }) => ({ ...rest, Value: Value.toString("base64") })),
      ExtraExtensions: null,
      UnhandledCriticalExtensions: null,
    };
  });
}

function signatureAlgorithm(node: DerNode): number {
  return SIGNATURE_ALGORITHMS[oidOf(childrenOf(node)[0] as DerNode)] ?? 0;
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
function rawNumber(value: bigint): unknown {
  return rawJson(value.toString());
}

/** The key as Go's structures: RSA `{N, E}`, elliptic curves `{X, Y}`, Ed25519 its bytes. */
function keyFields(info: DerNode): object {
  const [algorithm] = childrenOf(info);
  const number = KEY_ALGORITHMS[oidOf(childrenOf(algorithm as DerNode)[0] as DerNode)] ?? 0;
  return { PublicKeyAlgorithm: number, PublicKey: publicKeyOf(info.raw) };
}

function publicKeyOf(spki: Buffer): unknown {
  let jwk: { readonly [name: string]: unknown };
  try {
    jwk = createPublicKey({ key: spki, format: "der", type: "spki" }).export({ format: "jwk" }) as typeof jwk;
  } catch {
    return null; // of a kind that Node does not know
  }
  const number = (name: string) =>
    rawNumber(BigInt(`0x${Buffer.from(String(jwk[name]), "base64url").toString("hex")}`));
  if (jwk["kty"] === "RSA") return { N: number("n"), E: number("e") };
  if (jwk["kty"] === "EC") return { Curve: {}, X: number("x"), Y: number("y") };
  return Buffer.from(String(jwk["x"]), "base64url").toString("base64");
}

export function parseCertificateRequest(value: unknown): object {
  const text = expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the certificate request");
  const isPem = text.startsWith("-----BEGIN CERTIFICATE REQUEST-----");
  const bytes = isPem ? Buffer.from(text) : decodeBase64(text);
  const block = readPem(bytes.toString("latin1"));
  if (block !== undefined && block.type !== "CERTIFICATE REQUEST") {
    throw new Error("invalid PEM-encoded certificate signing request");
  }
  try {
    return requestFields(block?.bytes ?? bytes);
  } catch (error) {
    throw new Error(`asn1: structure error: ${(error as Error).message}`);
  }
}

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

function requestFields(bytes: Buffer): object {
  const whole = expectTag(readWhole(bytes), TAG.sequence);
  const [signed, algorithm, signature] = childrenOf(whole) as unknown as readonly DerNode[];
  const [version, subject, key, attributes] = childrenOf(expectTag(signed, TAG.sequence)) as unknown as DerNode[];
  const requested = (attributes === undefined ? [] : childrenOf(attributes))
    .map(childrenOf)
    .find(([type]) => type !== undefined && oidOf(type) === EXTENSION_REQUEST)?.[1];
  const extensions = requested === undefined ? [] : extensionsOf(childrenOf(requested)[0] as DerNode);
  const { DNSNames, EmailAddresses, IPAddresses, URIs } = extensionFields(extensions);
  const base64 = (node: DerNode | undefined) => (node as DerNode).raw.toString("base64");
  return {
    Raw: base64(whole),
    RawTBSCertificateRequest: base64(signed),
    RawSubjectPublicKeyInfo: base64(key),
    RawSubject: base64(subject),
    Version: Number(integerOf(version as DerNode)),
    Signature: bitsOf(signature as DerNode).toString("base64"),
    SignatureAlgorithm: signatureAlgorithm(algorithm as DerNode),
    ...keyFields(key as DerNode),
    Subject: nameOf(subject as DerNode),
    Attributes: [],
    Extensions: extensions.map(({ Value, ...rest }) => ({ ...rest, Value: Value.toString("base64") })),
    ExtraExtensions: null,
    ...{ DNSNames, EmailAddresses, IPAddresses, URIs },
  };
}
