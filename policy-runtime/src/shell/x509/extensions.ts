/** Extensions of certificates as the fields of Go's x509.Certificate. */

import { type GoUrl, parseGoUrl } from "../url.ts";
import { context, contextOf, DerError, DerReader, TAG } from "./der.ts";
import { isDomainName } from "./domain-name.ts";
import { type NameConstraints, NO_CONSTRAINTS, readNameConstraints } from "./name-constraints.ts";

export type Extension = { readonly id: readonly number[]; readonly isCritical: boolean; readonly value: Buffer };

export type PolicyMapping = { readonly issuer: string; readonly subject: string };

/** What the extensions say; absent is undefined, as the type allows it. */
export type ExtensionFacts = {
  /** Bits of Go's x509.KeyUsage; 0: not said. */
  keyUsage: number;
  extKeyUsages: readonly number[];
  unknownExtKeyUsages: readonly (readonly number[])[];
  hasBasicConstraints: boolean;
  isCa: boolean;
  /** -1 where basic constraints have none, 0 also where there are no basic constraints. */
  pathLengthMax: number;
  subjectKeyId: Buffer | undefined;
  authorityKeyId: Buffer | undefined;
  ocspServers: readonly string[];
  issuerUrls: readonly string[];
  crlUrls: readonly string[];
  names: AlternativeNames;
  constraints: NameConstraints;
  /** Object identifiers as dotted text; undefined without the extension. */
  policies: readonly string[] | undefined;
  mappings: readonly PolicyMapping[];
  requireExplicitPolicy: number | undefined;
  inhibitPolicyMapping: number | undefined;
  inhibitAnyPolicy: number | undefined;
  /** Critical, and not understood. */
  unhandled: readonly (readonly number[])[];
};

export type AlternativeNames = {
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  readonly addresses: readonly Buffer[];
  readonly uris: readonly { readonly text: string; readonly url: GoUrl }[];
};

const NO_NAMES: AlternativeNames = { dns: [], emails: [], addresses: [], uris: [] };

/** One extension after the other, of the sequence's contents. */
export function readExtensions(list: DerReader): readonly Extension[] {
  const extensions: Extension[] = [];
  while (!list.isEmpty) {
    const one = list.into(TAG.sequence, "x509: malformed extension");
    const id = one.oid("x509: malformed extension OID field");
    const isCritical = one.isNext(TAG.boolean) && one.boolean("x509: malformed extension critical field");
    extensions.push({
      id,
      isCritical,
      value: one.read(TAG.octetString, "x509: malformed extension value field").bytes,
    });
  }
  return extensions;
}

export function noFacts(): ExtensionFacts {
  return {
    keyUsage: 0,
    extKeyUsages: [],
    unknownExtKeyUsages: [],
    hasBasicConstraints: false,
    isCa: false,
    pathLengthMax: 0,
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    ocspServers: [],
    issuerUrls: [],
    crlUrls: [],
    names: NO_NAMES,
    constraints: NO_CONSTRAINTS,
    policies: undefined,
    mappings: [],
    requireExplicitPolicy: undefined,
    inhibitPolicyMapping: undefined,
    inhibitAnyPolicy: undefined,
    unhandled: [],
  };
}

/** Throws DerError where one is malformed. */
export function factsOf(extensions: readonly Extension[]): ExtensionFacts {
  const facts = noFacts();
  for (const extension of extensions) {
    const read = READERS[extension.id.join(".")];
    if (read === undefined) noteUnhandled(facts, extension);
    else read(facts, new DerReader(extension.value), extension);
  }
  return facts;
}

function noteUnhandled(facts: ExtensionFacts, { id, isCritical }: Extension): void {
  if (isCritical) facts.unhandled = [...facts.unhandled, id];
}

/** Notes what the extension says. */
type Reader = (facts: ExtensionFacts, der: DerReader, extension: Extension) => void;

export const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
export const NAME_CONSTRAINTS = "2.5.29.30";

const READERS: Readonly<Record<string, Reader>> = {
  "2.5.29.14": (facts, der, { isCritical }) => {
    if (isCritical) throw new DerError("x509: subject key identifier incorrectly marked critical");
    facts.subjectKeyId = der.read(TAG.octetString, "x509: invalid subject key identifier").bytes;
  },
  "2.5.29.15": (facts, der) => {
    const { bytes, length } = der.bits("x509: invalid key usage");
    for (let bit = 0; bit < Math.min(9, length); bit++) {
      if (((bytes[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0) facts.keyUsage |= 1 << bit;
    }
  },
  [SUBJECT_ALTERNATIVE_NAME]: (facts, der, extension) => {
    facts.names = readAlternativeNames(der);
    if (Object.values(facts.names).every((names) => names.length === 0)) noteUnhandled(facts, extension);
  },
  "2.5.29.19": (facts, der) => {
    const what = "x509: invalid basic constraints";
    const constraints = der.into(TAG.sequence, what);
    facts.isCa = constraints.isNext(TAG.boolean) && constraints.boolean(what);
    facts.pathLengthMax = constraints.isNext(TAG.integer) ? count(constraints.integer(what), what) : -1;
    facts.hasBasicConstraints = true;
  },
  [NAME_CONSTRAINTS]: (facts, _, extension) => {
    const { constraints, isWhole } = readNameConstraints(extension.value);
    facts.constraints = { ...constraints, isCritical: extension.isCritical };
    if (!isWhole) noteUnhandled(facts, extension);
  },
  "2.5.29.31": (facts, der) => {
    facts.crlUrls = readCrlUrls(der);
  },
  "2.5.29.32": (facts, der) => {
    const what = "x509: invalid certificate policies";
    const list = der.into(TAG.sequence, what);
    const policies: string[] = [];
    while (!list.isEmpty) policies.push(policyOf(list.into(TAG.sequence, what), what));
    if (new Set(policies).size !== policies.length) throw new DerError(what);
    facts.policies = policies;
  },
  "2.5.29.33": (facts, der) => {
    const what = "x509: invalid policy mappings extension";
    const list = der.into(TAG.sequence, what);
    const mappings: PolicyMapping[] = [];
    while (!list.isEmpty) {
      const pair = list.into(TAG.sequence, what);
      mappings.push({ issuer: policyOf(pair, what), subject: policyOf(pair, what) });
    }
    facts.mappings = mappings;
  },
  "2.5.29.35": (facts, der, { isCritical }) => {
    if (isCritical) throw new DerError("x509: authority key identifier incorrectly marked critical");
    const what = "x509: invalid authority key identifier";
    facts.authorityKeyId = der.into(TAG.sequence, what).optional(context(0), what)?.bytes;
  },
  "2.5.29.36": (facts, der) => {
    const what = "x509: invalid policy constraints extension";
    const list = der.into(TAG.sequence, what);
    if (list.isNext(context(0))) facts.requireExplicitPolicy = small(list.integer(what, context(0)), what);
    if (list.isNext(context(1))) facts.inhibitPolicyMapping = small(list.integer(what, context(1)), what);
  },
  "2.5.29.37": (facts, der) => {
    const what = "x509: invalid extended key usages";
    const list = der.into(TAG.sequence, what);
    while (!list.isEmpty) {
      const id = list.oid(what);
      const number = EXTENDED_USAGES.indexOf(id.join("."));
      if (number >= 0) facts.extKeyUsages = [...facts.extKeyUsages, number];
      else facts.unknownExtKeyUsages = [...facts.unknownExtKeyUsages, id];
    }
  },
  "2.5.29.54": (facts, der) => {
    const what = "x509: invalid inhibit any policy extension";
    facts.inhibitAnyPolicy = small(der.integer(what), what);
  },
  "1.3.6.1.5.5.7.1.1": (facts, der, { isCritical }) => {
    if (isCritical) throw new DerError("x509: authority info access incorrectly marked critical");
    const what = "x509: invalid authority info access";
    const list = der.into(TAG.sequence, what);
    while (!list.isEmpty) {
      const access = list.into(TAG.sequence, what);
      const method = access.oid(what).join(".");
      const url = access.optional(context(6), what)?.bytes.toString();
      if (url === undefined) continue;
      if (method === "1.3.6.1.5.5.7.48.1") facts.ocspServers = [...facts.ocspServers, url];
      if (method === "1.3.6.1.5.5.7.48.2") facts.issuerUrls = [...facts.issuerUrls, url];
    }
  },
};

/** Numbers of Go's x509.ExtKeyUsage. */
const EXTENDED_USAGES = [
  ...["2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4"],
  ...["1.3.6.1.5.5.7.3.5", "1.3.6.1.5.5.7.3.6", "1.3.6.1.5.5.7.3.7", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"],
  ...["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.2.1.22", "1.3.6.1.4.1.311.61.1.1"],
];

function count(value: bigint, what: string): number {
  if (value < 0n) throw new DerError(what);
  return small(value, what);
}

/** A number that Go's int holds; beyond 2^53 all are alike to whoever counts certificates. */
function small(value: bigint, what: string): number {
  if (BigInt.asIntN(64, value) !== value) throw new DerError(what);
  return Number(value);
}

/** An object identifier of any size: policies may have arcs that no other field may. */
function policyOf(der: DerReader, what: string): string {
  const { bytes } = der.read(TAG.oid, what);
  if (bytes.length === 0 || (bytes.at(-1) as number) >= 0x80) throw new DerError(what);
  const arcs: bigint[] = [];
  let value = 0n;
  let isFirstByte = true;
  for (const byte of bytes) {
    if (isFirstByte && byte === 0x80) throw new DerError(what);
    value = (value << 7n) | BigInt(byte & 0x7f);
    isFirstByte = byte < 0x80;
    if (!isFirstByte) continue;
    if (arcs.length === 0) {
      const root = value < 80n ? value / 40n : 2n;
      arcs.push(root, value - root * 40n);
    } else arcs.push(value);
    value = 0n;
  }
  return arcs.join(".");
}

function readCrlUrls(der: DerReader): readonly string[] {
  const what = "x509: invalid CRL distribution point";
  const points = der.into(TAG.sequence, "x509: invalid CRL distribution points");
  const urls: string[] = [];
  while (!points.isEmpty) {
    const point = points.into(TAG.sequence, what);
    if (!point.isNext(contextOf(0))) continue;
    const names = point.into(contextOf(0), what).into(contextOf(0), what);
    while (names.isNext(context(6))) urls.push(names.read(context(6), what).bytes.toString());
  }
  return urls;
}

function readAlternativeNames(der: DerReader): AlternativeNames {
  const dns: string[] = [];
  const emails: string[] = [];
  const addresses: Buffer[] = [];
  const uris: AlternativeNames["uris"][number][] = [];
  const names = der.into(TAG.sequence, "x509: invalid subject alternative names");
  while (!names.isEmpty) {
    const { tag, bytes } = names.any("x509: invalid subject alternative name");
    if (tag === context(1)) emails.push(asciiOf(bytes, "x509: SAN rfc822Name is malformed"));
    else if (tag === context(2)) dns.push(asciiOf(bytes, "x509: SAN dNSName is malformed"));
    else if (tag === context(6)) uris.push(uriOf(asciiOf(bytes, "x509: SAN uniformResourceIdentifier is malformed")));
    else if (tag === context(7)) {
      if (bytes.length !== 4 && bytes.length !== 16) {
        throw new DerError(`x509: cannot parse IP address of length ${bytes.length}`);
      }
      addresses.push(bytes);
    }
  }
  return { dns, emails, addresses, uris };
}

function asciiOf(bytes: Buffer, what: string): string {
  if (bytes.some((byte) => byte > 0x7f)) throw new DerError(what);
  return bytes.toString("latin1");
}

function uriOf(text: string): AlternativeNames["uris"][number] {
  const place = `x509: cannot parse URI ${JSON.stringify(text)}`;
  let url: GoUrl;
  try {
    url = parseGoUrl(text);
  } catch (error) {
    throw new DerError(`${place}: ${(error as Error).message}`);
  }
  if (!isDomainName(url.Host, false)) throw new DerError(`${place}: invalid domain`);
  return { text: url.Scheme + text.slice(url.Scheme.length), url };
}
