/**
 * Who a peer is: the checks of the X.509-SVID specification, sections 2 to 5, on the leaf
 * that TLS has verified against the mesh's authorities, and then the mesh's own: the trust
 * domain, and whether this principal may be the service that was asked for.
 */
import { type CertificateFacts, readCertificate } from "./certificate-facts.ts";
import { parseSpiffeId, type SpiffeId } from "./spiffe-id.ts";

export type PeerFault =
  | "certificate-malformed"
  | "certificate-not-yet-valid"
  | "certificate-expired"
  | "uri-missing"
  | "uri-repeated"
  | "spiffe-id-invalid"
  | "spiffe-id-without-path"
  | "leaf-is-ca"
  | "digital-signature-missing"
  | "leaf-may-sign"
  | "issuer-may-not-sign"
  | "trust-domain-foreign"
  | "principal-unexpected"
  | "principal-not-a-member"
  | "certificate-revoked";

/** What the certificate proves; nothing of it ever comes from a field. */
export type Peer = {
  readonly kind: "peer";
  readonly principal: string;
  readonly trustDomain: string;
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Of its certificate, lower-case hex without leading zeros. */
  readonly serial: string;
  /** The one workload of that principal, `namespace/name`; undefined where the certificate names none. */
  readonly workload: string | undefined;
};
export type PeerRefusal = { readonly kind: "fault"; readonly fault: PeerFault; readonly message: string };

export type PeerCheck = {
  /** The leaf certificate. */
  readonly der: Uint8Array;
  readonly trustDomain: string;
  /** SPIFFE IDs of which the peer must be one; undefined where any of the trust domain will do. */
  readonly expectedPrincipals?: readonly string[] | undefined;
  /** Intermediates that the peer sent, where its chain is at hand. */
  readonly issuers?: readonly Uint8Array[] | undefined;
  readonly nowMs: number;
};

export function checkPeer(check: PeerCheck): Peer | PeerRefusal {
  const facts = readCertificate(check.der);
  if (facts === undefined) return refusal("certificate-malformed", "the certificate cannot be read");
  return (
    checkValidity(facts, check.nowMs) ??
    checkUse(facts) ??
    checkIssuers(check.issuers ?? [], check.nowMs) ??
    checkName(facts, check)
  );
}

/** Section 4: an issuer is a CA that may sign certificates, with at most one SPIFFE ID. */
function checkIssuers(issuers: readonly Uint8Array[], nowMs: number): PeerRefusal | undefined {
  for (const der of issuers) {
    const facts = readCertificate(der);
    if (facts === undefined) return refusal("certificate-malformed", "an issuer's certificate cannot be read");
    const fault = checkValidity(facts, nowMs);
    if (fault !== undefined) return fault;
    if (!facts.isCa || facts.keyUsage?.keyCertSign !== true || facts.uris.length > 1) {
      return refusal("issuer-may-not-sign", "an issuer's certificate is none that may sign certificates");
    }
  }
  return undefined;
}

function checkValidity(facts: CertificateFacts, nowMs: number): PeerRefusal | undefined {
  if (nowMs < facts.notBeforeMs) return refusal("certificate-not-yet-valid", "the certificate is not yet valid");
  if (nowMs > facts.notAfterMs) return refusal("certificate-expired", "the certificate has expired");
  return undefined;
}

function checkUse(facts: CertificateFacts): PeerRefusal | undefined {
  if (facts.isCa) return refusal("leaf-is-ca", "the certificate is a CA's");
  if (facts.keyUsage?.keyCertSign || facts.keyUsage?.crlSign) {
    return refusal("leaf-may-sign", "the certificate may sign certificates or revocation lists");
  }
  if (!facts.keyUsage?.digitalSignature) {
    return refusal("digital-signature-missing", "the certificate's key usage lacks digitalSignature");
  }
  return undefined;
}

function checkName(facts: CertificateFacts, check: PeerCheck): Peer | PeerRefusal {
  const [uri] = facts.uris;
  if (uri === undefined) return refusal("uri-missing", "the certificate has no URI SAN");
  if (facts.uris.length > 1) return refusal("uri-repeated", `the certificate has ${facts.uris.length} URI SANs`);
  const id = parseSpiffeId(uri);
  if (id === undefined) return refusal("spiffe-id-invalid", "the certificate's URI SAN is not a SPIFFE ID");
  if (id.path === "") return refusal("spiffe-id-without-path", `${id.text} names no workload`);
  if (id.trustDomain !== check.trustDomain) {
    return refusal("trust-domain-foreign", `${id.text} is not of the trust domain ${check.trustDomain}`);
  }
  if (check.expectedPrincipals !== undefined && !check.expectedPrincipals.includes(id.text)) {
    return refusal("principal-unexpected", `${id.text} may not answer here`);
  }
  return peerOf(id, facts);
}

function peerOf(id: SpiffeId, facts: CertificateFacts): Peer {
  return {
    kind: "peer",
    principal: id.text,
    trustDomain: id.trustDomain,
    namespace: id.namespace,
    serviceAccount: id.serviceAccount,
    notBeforeMs: facts.notBeforeMs,
    notAfterMs: facts.notAfterMs,
    serial: facts.serial,
    workload: facts.commonName?.includes("/") === true ? facts.commonName : undefined,
  };
}

function refusal(fault: PeerFault, message: string): PeerRefusal {
  return { kind: "fault", fault, message };
}
