/** Requests for certificates (PKCS#10, RFC 2986) as the JSON of Go's x509.CertificateRequest. */
import { decodeBase64 } from "../base64.ts";
import { expectSize, expectString } from "../operands.ts";
import { readPem } from "../pem.ts";
import { alternativeNameFields, extensionFields } from "./certificate-json.ts";
import { DerError, type DerNode, DerReader, rightAligned, TAG } from "./der.ts";
import { factsOf, readExtensions, SUBJECT_ALTERNATIVE_NAME } from "./extensions.ts";
import { parseName } from "./name.ts";
import { readPublicKey } from "./public-key.ts";
import { readAlgorithm } from "./signature.ts";

const TEXT_BYTES_MAX = 512 * 1024;
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const WHAT = "asn1: structure error";

export function parseCertificateRequest(value: unknown): object {
  const text = expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the certificate request");
  const isPem = text.startsWith("-----BEGIN CERTIFICATE REQUEST-----");
  const bytes = isPem ? Buffer.from(text) : decodeBase64(text);
  const block = readPem(bytes.toString("latin1"));
  if (block !== undefined && block.type !== "CERTIFICATE REQUEST") {
    throw new Error("invalid PEM-encoded certificate signing request");
  }
  return requestFields(block?.bytes ?? bytes);
}

function requestFields(bytes: Buffer): object {
  const outer = new DerReader(bytes);
  const whole = outer.read(TAG.sequence, WHAT);
  if (!outer.isEmpty) throw new DerError("asn1: syntax error: trailing data");
  const parts = new DerReader(whole.bytes);
  const signed = parts.read(TAG.sequence, WHAT);
  const algorithm = parts.read(TAG.sequence, WHAT).bytes;
  const signature = rightAligned(parts.bits(WHAT));
  const info = new DerReader(signed.bytes);
  const version = Number(info.integer(WHAT));
  const subject = info.read(TAG.sequence, WHAT).raw;
  const spki = info.read(TAG.sequence, WHAT).raw;
  const attributes = info.isNext(0xa0) ? setsOf(info.into(0xa0, WHAT)) : [];
  const requested = attributes.find(({ oid }) => oid.join(".") === EXTENSION_REQUEST)?.values[0];
  const extensions = requested === undefined ? [] : readExtensions(new DerReader(requested.bytes));
  const { names } = factsOf(extensions.filter(({ id }) => id.join(".") === SUBJECT_ALTERNATIVE_NAME));
  const publicKey = readPublicKey(spki);
  return {
    Raw: whole.raw.toString("base64"),
    RawTBSCertificateRequest: signed.raw.toString("base64"),
    RawSubjectPublicKeyInfo: spki.toString("base64"),
    RawSubject: subject.toString("base64"),
    Version: version,
    Signature: signature.toString("base64"),
    SignatureAlgorithm: readAlgorithm(algorithm)?.number ?? 0,
    PublicKeyAlgorithm: publicKey.algorithm,
    PublicKey: publicKey.json,
    Subject: parseName(subject),
    Attributes: attributeFields(attributes),
    Extensions: extensions.length === 0 ? null : extensions.map(extensionFields),
    ExtraExtensions: null,
    ...alternativeNameFields(names),
  };
}

type Attribute = { readonly oid: readonly number[]; readonly values: readonly DerNode[] };

function setsOf(list: DerReader): readonly Attribute[] {
  const attributes: Attribute[] = [];
  while (!list.isEmpty) {
    const attribute = list.into(TAG.sequence, WHAT);
    const oid = attribute.oid(WHAT);
    const set = attribute.into(TAG.set, WHAT);
    const values: DerNode[] = [];
    while (!set.isEmpty) values.push(set.any(WHAT));
    attributes.push({ oid, values });
  }
  return attributes;
}

/** Only those whose values are sequences of types with values: Go's structure holds no other. */
function attributeFields(attributes: readonly Attribute[]): readonly object[] | null {
  const fields = attributes.flatMap(({ oid, values }) => {
    try {
      return [{ Type: oid, Value: values.map(pairsOf) }];
    } catch (error) {
      if (error instanceof DerError) return [];
      throw error;
    }
  });
  return fields.length === 0 ? null : fields;
}

function pairsOf({ tag, bytes }: DerNode): readonly object[] {
  if (tag !== TAG.sequence) throw new DerError(WHAT);
  const list = new DerReader(bytes);
  const pairs: object[] = [];
  while (!list.isEmpty) {
    const pair = list.into(TAG.sequence, WHAT);
    pairs.push({ Type: pair.oid(WHAT), Value: anyOf(pair.any(WHAT)) });
  }
  return pairs;
}

/** What Go's asn1 makes of a value of any type. */
function anyOf({ tag, bytes }: DerNode): unknown {
  if (tag === TAG.octetString) return bytes.toString("base64");
  if (tag === TAG.boolean) return bytes[0] !== 0;
  const isText = [TAG.utf8String, TAG.printableString, TAG.ia5String, TAG.numericString].some((each) => each === tag);
  return isText ? bytes.toString() : null;
}
