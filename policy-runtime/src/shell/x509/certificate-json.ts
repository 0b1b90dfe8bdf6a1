/** Certificates as the JSON of Go's x509.Certificate, which has nil for what is absent. */
import { exactInteger } from "../../exact-json.ts";
import { printAddress } from "../address.ts";
import type { Certificate } from "./certificate.ts";
import type { AlternativeNames, Extension, ExtensionFacts } from "./extensions.ts";
import type { Network, Subtrees } from "./name-constraints.ts";

type Fields = { readonly [field: string]: unknown };

const base64 = (bytes: Buffer | undefined) => bytes?.toString("base64") ?? null;

export function certificateFields(certificate: Certificate): Fields {
  const { signed, publicKey, facts, extensions } = certificate;
  return {
    Raw: base64(certificate.raw),
    RawTBSCertificate: base64(signed.bytes),
    RawSubjectPublicKeyInfo: base64(certificate.rawSpki),
    RawSubject: base64(certificate.rawSubject),
    RawIssuer: base64(certificate.rawIssuer),
    Signature: base64(signed.signature),
    SignatureAlgorithm: signed.algorithm?.number ?? 0,
    PublicKeyAlgorithm: publicKey.algorithm,
    PublicKey: publicKey.json,
    Version: certificate.version,
    SerialNumber: exactInteger(certificate.serial),
    Issuer: certificate.issuer,
    Subject: certificate.subject,
    NotBefore: certificate.notBefore.text,
    NotAfter: certificate.notAfter.text,
    ...factFields(facts),
    ...alternativeNameFields(facts.names),
    ...constraintFields(facts),
    ...policyFields(facts),
    Extensions: listOf(extensions.map(extensionFields)),
    ExtraExtensions: null,
    UnhandledCriticalExtensions: listOf(facts.unhandled),
  };
}

/** With OPA's own field beside Go's. */
export function withUriStrings(certificate: Certificate): Fields {
  return {
    ...certificateFields(certificate),
    URIStrings: listOf(certificate.facts.names.uris.map(({ text }) => text)),
  };
}

export function extensionFields({ id, isCritical, value }: Extension): Fields {
  return { Id: id, Critical: isCritical, Value: base64(value) };
}

export function alternativeNameFields({ dns, emails, addresses, uris }: AlternativeNames): Fields {
  return {
    DNSNames: listOf(dns),
    EmailAddresses: listOf(emails),
    IPAddresses: listOf(addresses.map(printAddress)),
    URIs: listOf(uris.map(({ url }) => url)),
  };
}

function factFields(facts: ExtensionFacts): Fields {
  return {
    KeyUsage: facts.keyUsage,
    ExtKeyUsage: listOf(facts.extKeyUsages),
    UnknownExtKeyUsage: listOf(facts.unknownExtKeyUsages),
    BasicConstraintsValid: facts.hasBasicConstraints,
    IsCA: facts.isCa,
    MaxPathLen: facts.pathLengthMax,
    MaxPathLenZero: facts.hasBasicConstraints && facts.pathLengthMax === 0,
    SubjectKeyId: base64(facts.subjectKeyId),
    AuthorityKeyId: base64(facts.authorityKeyId),
    OCSPServer: listOf(facts.ocspServers),
    IssuingCertificateURL: listOf(facts.issuerUrls),
    CRLDistributionPoints: listOf(facts.crlUrls),
  };
}

function constraintFields({ constraints: { isCritical, permitted, excluded } }: ExtensionFacts): Fields {
  const of = (prefix: string, { dns, networks, emails, uriDomains }: Subtrees) => ({
    [`${prefix}DNSDomains`]: listOf(dns),
    [`${prefix}IPRanges`]: listOf(networks.map(networkFields)),
    [`${prefix}EmailAddresses`]: listOf(emails),
    [`${prefix}URIDomains`]: listOf(uriDomains),
  });
  return { PermittedDNSDomainsCritical: isCritical, ...of("Permitted", permitted), ...of("Excluded", excluded) };
}

function networkFields({ address, mask }: Network): Fields {
  return { IP: printAddress(address), Mask: base64(mask) };
}

const ARC_MAX = 2n ** 31n - 1n;

function policyFields(facts: ExtensionFacts): Fields {
  const { policies, mappings, requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = facts;
  const arcs = policies
    ?.map((policy) => policy.split("."))
    .filter((parts) => parts.every((arc) => BigInt(arc) <= ARC_MAX));
  return {
    PolicyIdentifiers: arcs?.map((parts) => parts.map(Number)) ?? null,
    Policies: listOf(policies ?? []),
    PolicyMappings: listOf(
      mappings.map(({ issuer, subject }) => ({ IssuerDomainPolicy: issuer, SubjectDomainPolicy: subject })),
    ),
    InhibitAnyPolicy: inhibitAnyPolicy ?? 0,
    InhibitAnyPolicyZero: inhibitAnyPolicy === 0,
    InhibitPolicyMapping: inhibitPolicyMapping ?? 0,
    InhibitPolicyMappingZero: inhibitPolicyMapping === 0,
    RequireExplicitPolicy: requireExplicitPolicy ?? 0,
    RequireExplicitPolicyZero: requireExplicitPolicy === 0,
  };
}

function listOf<T>(values: readonly T[]): readonly T[] | null {
  return values.length === 0 ? null : values;
}
