/** Extensions of certificates as the fields of Go's x509.Certificate. */
import { isIPv4 } from "node:net";
import { arcsOf, bitsOf, childrenOf, type DerNode, expectTag, integerOf, oidOf, readWhole, TAG } from "./der.ts";

export type Extension = { readonly Id: readonly number[]; readonly Critical: boolean; readonly Value: Buffer };

export function extensionsOf(node: DerNode): readonly Extension[] {
  return childrenOf(node).map((extension) => {
    const parts = childrenOf(extension);
    const critical = parts[1]?.tag === TAG.boolean && parts[1].bytes[0] !== 0;
    const value = expectTag(parts.at(-1), TAG.octetString);
    return { Id: arcsOf(parts[0] as DerNode), Critical: critical, Value: value.bytes };
  });
}

/** Numbers of Go's x509.ExtKeyUsage. */
const EXTENDED_USAGES = [
  ...["2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4"],
  ...["1.3.6.1.5.5.7.3.5", "1.3.6.1.5.5.7.3.6", "1.3.6.1.5.5.7.3.7", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"],
  ...["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.2.1.22", "1.3.6.1.4.1.311.61.1.1"],
];

export function extensionFields(extensions: readonly Extension[]): { readonly [field: string]: unknown } {
  const fields: Record<string, unknown> = {
    KeyUsage: 0,
    ExtKeyUsage: null,
    UnknownExtKeyUsage: null,
    BasicConstraintsValid: false,
    IsCA: false,
    MaxPathLen: 0,
    MaxPathLenZero: false,
    SubjectKeyId: null,
    AuthorityKeyId: null,
    OCSPServer: null,
    IssuingCertificateURL: null,
    CRLDistributionPoints: null,
    PolicyIdentifiers: null,
    ...alternativeNames(undefined),
  };
  for (const extension of extensions) {
    const read = READERS[extension.Id.join(".")];
    if (read !== undefined) Object.assign(fields, read(readWhole(extension.Value)));
  }
  return fields;
}

const READERS: Readonly<Record<string, (node: DerNode) => object>> = {
  "2.5.29.14": (node) => ({ SubjectKeyId: node.bytes.toString("base64") }),
  "2.5.29.15": (node) => {
    const [first = 0, second = 0] = bitsOf(node);
    let usage = 0;
    for (let bit = 0; bit < 9; bit++) {
      const byte = bit < 8 ? first : second;
      if ((byte & (0x80 >> (bit & 7))) !== 0) usage |= 1 << bit;
    }
    return { KeyUsage: usage };
  },
  "2.5.29.17": alternativeNames,
  "2.5.29.19": (node) => {
    const parts = childrenOf(node);
    const isCa = parts[0]?.tag === TAG.boolean && parts[0].bytes[0] !== 0;
    const length = parts.find(({ tag }) => tag === TAG.integer);
    const longest = length === undefined ? -1 : Number(integerOf(length));
    return { BasicConstraintsValid: true, IsCA: isCa, MaxPathLen: longest, MaxPathLenZero: longest === 0 };
  },
  "2.5.29.31": (node) => {
    const names = childrenOf(node).flatMap((point) => childrenOf(point).filter(({ tag }) => tag === 0xa0));
    const uris = names
      .flatMap(childrenOf)
      .flatMap(childrenOf)
      .filter(({ tag }) => tag === 0x86);
    return { CRLDistributionPoints: listOf(uris.map(({ bytes }) => bytes.toString())) };
  },
  "2.5.29.32": (node) => ({
    PolicyIdentifiers: listOf(childrenOf(node).map((policy) => arcsOf(childrenOf(policy)[0] as DerNode))),
  }),
  "2.5.29.35": (node) => {
    const id = childrenOf(node).find(({ tag }) => tag === 0x80);
    return { AuthorityKeyId: id?.bytes.toString("base64") ?? null };
  },
  "2.5.29.37": (node) => {
    const usages = childrenOf(node);
    const numberOf = (usage: DerNode) => EXTENDED_USAGES.indexOf(oidOf(usage));
    return {
      ExtKeyUsage: listOf(usages.map(numberOf).filter((number) => number >= 0)),
      UnknownExtKeyUsage: listOf(usages.filter((usage) => numberOf(usage) < 0).map(arcsOf)),
    };
  },
  "1.3.6.1.5.5.7.1.1": (node) => {
    const entries = childrenOf(node).map(childrenOf);
    const urls = (method: string) =>
      listOf(
        entries
          .filter(([type, name]) => type !== undefined && oidOf(type) === method && name?.tag === 0x86)
          .map(([, name]) => (name as DerNode).bytes.toString()),
      );
    return { OCSPServer: urls("1.3.6.1.5.5.7.48.1"), IssuingCertificateURL: urls("1.3.6.1.5.5.7.48.2") };
  },
};

/** As Go, which has nil for what is absent. */
function listOf<T>(values: readonly T[]): readonly T[] | null {
  return values.length === 0 ? null : values;
}

function alternativeNames(node: DerNode | undefined): object {
  const names = node === undefined ? [] : childrenOf(node);
  const texts = (tag: number) => names.filter((name) => name.tag === tag).map(({ bytes }) => bytes.toString());
  const uris = texts(0x86);
  return {
    DNSNames: listOf(texts(0x82)),
    EmailAddresses: listOf(texts(0x81)),
    IPAddresses: listOf(names.filter(({ tag }) => tag === 0x87).map(({ bytes }) => addressOf(bytes))),
    URIs: listOf(uris.map(urlFields)),
    URIStrings: listOf(uris),
  };
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  const text = new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
  const mapped = text.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : text;
}

/** The fields of Go's url.URL. */
function urlFields(text: string): object {
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  const [, scheme = "", host, path = "", query, fragment] = found ?? [];
  return {
    Scheme: scheme.toLowerCase(),
    Opaque: host === undefined && !path.startsWith("/") ? path : "",
    User: null,
    Host: host ?? "",
    Path: host === undefined && !path.startsWith("/") ? "" : path,
    Fragment: fragment?.slice(1) ?? "",
    RawQuery: query?.slice(1) ?? "",
    RawPath: "",
    RawFragment: "",
    ForceQuery: query === "?",
    OmitHost: false,
  };
}
