/** DER by node-forge's ASN.1 reader and writer, in bytes (forge itself speaks binary strings). */
import forge from "node-forge";

export type Asn1 = forge.asn1.Asn1;

const { Class, Type } = forge.asn1;

export const OID = {
  ecPublicKey: "1.2.840.10045.2.1",
  p256: "1.2.840.10045.3.1.7",
  ecdsaSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
} as const;

export function sequence(...members: readonly Asn1[]): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...members]);
}

export function set(...members: readonly Asn1[]): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, Type.SET, true, [...members]);
}

export function oid(dotted: string): Asn1 {
  return primitive(Type.OID, forge.asn1.oidToDer(dotted).getBytes());
}

/** A non-negative integer of bytes, as short as DER wants it. */
export function integer(bytes: Uint8Array): Asn1 {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const short = bytes.subarray(start);
  const sign = (short[0] ?? 0) >= 0x80 ? "\0" : "";
  return primitive(Type.INTEGER, sign + toBinary(short));
}

export function boolean(value: boolean): Asn1 {
  return primitive(Type.BOOLEAN, value ? "\xff" : "\0");
}

export function utf8(text: string): Asn1 {
  return primitive(Type.UTF8, forge.util.encodeUtf8(text));
}

export function octets(bytes: Uint8Array): Asn1 {
  return primitive(Type.OCTETSTRING, toBinary(bytes));
}

/** A bit string; `unused` bits at its end do not count. */
export function bits(bytes: Uint8Array, unused = 0): Asn1 {
  return primitive(Type.BITSTRING, String.fromCharCode(unused) + toBinary(bytes));
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after. */
export function time(ms: number): Asn1 {
  const date = new Date(ms);
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, forge.asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, forge.asn1.dateToGeneralizedTime(date));
}

/** `[tag]` around values. */
export function explicit(tag: number, ...members: readonly Asn1[]): Asn1 {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, true, [...members]);
}

/** `[tag]` in place of a primitive value's own tag. */
export function implicit(tag: number, bytes: Uint8Array): Asn1 {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, toBinary(bytes));
}

export function encodeDer(value: Asn1): Uint8Array {
  return fromBinary(forge.asn1.toDer(value).getBytes());
}

/** The value, or undefined where the bytes are not one DER value. */
export function decodeDer(bytes: Uint8Array): Asn1 | undefined {
  try {
    // Bit strings are left as bytes: forge would else look for values inside signatures.
    const options = { strict: true, parseAllBytes: true, decodeBitStrings: false } as unknown as boolean;
    return forge.asn1.fromDer(forge.util.createBuffer(toBinary(bytes)), options);
  } catch {
    return undefined;
  }
}

export function isSequence(value: Asn1 | undefined): value is Asn1 & { readonly value: Asn1[] } {
  return value?.tagClass === Class.UNIVERSAL && value.type === Type.SEQUENCE && Array.isArray(value.value);
}

/** Dotted text of an object identifier; undefined for anything else. */
export function readOid(value: Asn1 | undefined): string | undefined {
  if (value?.type !== Type.OID || typeof value.value !== "string") return undefined;
  return forge.asn1.derToOid(forge.util.createBuffer(value.value));
}

/** Bytes of a bit string without unused bits; undefined for anything else. */
export function readBits(value: Asn1 | undefined): Uint8Array | undefined {
  if (value?.type !== Type.BITSTRING || typeof value.value !== "string" || value.value.charCodeAt(0) !== 0) {
    return undefined;
  }
  return fromBinary(value.value.slice(1));
}

function _fromPem(pem: string): Uint8Array {
  return fromBinary(forge.util.decode64(pem.replace(/-----[^-]+-----|\s/g, "")));
}

export function toPem(label: string, der: Uint8Array): string {
  const lines = forge.util.encode64(toBinary(der), 64).replace(/\r\n/g, "\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function primitive(type: forge.asn1.Type, value: string): Asn1 {
  return forge.asn1.create(Class.UNIVERSAL, type, false, value);
}

function toBinary(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function fromBinary(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
