/** Distinguished names as Go's pkix.Name prints in JSON. */
import { DerError, DerReader, TAG } from "./der.ts";

const LISTS: Readonly<Record<string, string>> = {
  "2.5.4.6": "Country",
  "2.5.4.7": "Locality",
  "2.5.4.8": "Province",
  "2.5.4.9": "StreetAddress",
  "2.5.4.10": "Organization",
  "2.5.4.11": "OrganizationalUnit",
  "2.5.4.17": "PostalCode",
};

export type Name = { readonly [field: string]: unknown };

/** The name in a whole RDNSequence. */
export function parseName(raw: Buffer): Name {
  const lists: Record<string, string[] | null> = Object.fromEntries(Object.values(LISTS).map((field) => [field, null]));
  const names: { Type: readonly number[]; Value: string }[] = [];
  let commonName = "";
  let serialNumber = "";
  for (const { arcs, text } of attributesOf(raw)) {
    names.push({ Type: arcs, Value: text });
    const oid = arcs.join(".");
    const field = LISTS[oid];
    if (field !== undefined) lists[field] = [...(lists[field] ?? []), text];
    else if (oid === "2.5.4.3") commonName = text;
    else if (oid === "2.5.4.5") serialNumber = text;
  }
  return {
    ...lists,
    SerialNumber: serialNumber,
    CommonName: commonName,
    Names: names.length === 0 ? null : names,
    ExtraNames: null,
  };
}

function attributesOf(raw: Buffer): readonly { readonly arcs: readonly number[]; readonly text: string }[] {
  const what = "x509: invalid RDNSequence";
  const sequence = new DerReader(raw).into(TAG.sequence, what);
  const attributes: { arcs: readonly number[]; text: string }[] = [];
  while (!sequence.isEmpty) {
    const set = sequence.into(TAG.set, what);
    while (!set.isEmpty) {
      const attribute = set.into(TAG.sequence, `${what}: invalid attribute`);
      const arcs = attribute.oid(`${what}: invalid attribute type`);
      const { tag, bytes } = attribute.any(`${what}: invalid attribute value`);
      attributes.push({ arcs, text: textOf(tag, bytes) });
    }
  }
  return attributes;
}

/** What an attribute's value may be written in; throws what is none of these, or malformed. */
function textOf(tag: number, bytes: Buffer): string {
  const wrong = (kind: string) => new DerError(`x509: invalid RDNSequence: invalid attribute value: ${kind}`);
  switch (tag) {
    case TAG.t61String: // nearly Latin-1, and read as that by everyone
      return bytes.toString("latin1");
    case TAG.utf8String: {
      const text = bytes.toString();
      if (!Buffer.from(text).equals(bytes)) throw wrong("invalid UTF-8 string");
      return text;
    }
    case TAG.bmpString:
      return bmpText(bytes, wrong("invalid BMPString"));
    case TAG.printableString:
      return matching(bytes, /^[A-Za-z0-9'()+,\-./ :=?*&]*$/, wrong("invalid PrintableString"));
    case TAG.ia5String:
      return matching(bytes, /^[\0-\x7f]*$/, wrong("invalid IA5String"));
    case TAG.numericString:
      return matching(bytes, /^[0-9 ]*$/, wrong("invalid NumericString"));
    default:
      throw wrong(`unsupported string type: ${tag}`);
  }
}

function matching(bytes: Buffer, pattern: RegExp, error: DerError): string {
  const text = bytes.toString("latin1");
  if (!pattern.test(text)) throw error;
  return text;
}

/** UCS-2: no surrogates, none of the permanent non-characters; one terminator is dropped. */
function bmpText(bytes: Buffer, error: DerError): string {
  if (bytes.length % 2 !== 0) throw error;
  const hasEnd = bytes.length >= 2 && bytes.readUInt16BE(bytes.length - 2) === 0;
  let text = "";
  for (let i = 0; i < bytes.length - (hasEnd ? 2 : 0); i += 2) {
    const point = bytes.readUInt16BE(i);
    if (point >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef) || (point >= 0xd800 && point <= 0xdfff)) throw error;
    text += String.fromCharCode(point);
  }
  return text;
}
