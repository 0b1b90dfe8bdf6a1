/**
 * SPIFFE IDs (SPIFFE-ID specification, section 2): `spiffe://trust-domain/path`, compared
 * byte by byte, never decoded. Nothing outside the two alphabets is allowed, so there is no
 * escape, port, userinfo, query or fragment to misread.
 */
export type SpiffeId = {
  /** The whole ID: the principal. */
  readonly text: string;
  readonly trustDomain: string;
  /** With its leading slash; empty for the trust domain itself. */
  readonly path: string;
  /** From a path of the form `/ns/NAMESPACE/sa/SERVICE-ACCOUNT`. */
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
};

/** Longest ID in bytes: section 2.3 asks for support of 2,048 and for no more to be made; a certificate of 16 KiB bounds it anyway. */
const SPIFFE_ID_BYTES_MAX = 8192;
/** Longest trust domain in bytes (section 2.1). */
const TRUST_DOMAIN_BYTES_MAX = 255;

const SCHEME = "spiffe://";
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
const WORKLOAD_PATH = /^\/ns\/([^/]+)\/sa\/([^/]+)$/;

/** The ID, or undefined where the text is none. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > SPIFFE_ID_BYTES_MAX || !text.startsWith(SCHEME)) return undefined;
  const slash = text.indexOf("/", SCHEME.length);
  const trustDomain = slash < 0 ? text.slice(SCHEME.length) : text.slice(SCHEME.length, slash);
  const path = slash < 0 ? "" : text.slice(slash);
  if (!isTrustDomain(trustDomain) || !isPath(path)) return undefined;
  const workload = WORKLOAD_PATH.exec(path);
  return { text, trustDomain, path, namespace: workload?.[1], serviceAccount: workload?.[2] };
}

function isTrustDomain(text: string): boolean {
  return text.length <= TRUST_DOMAIN_BYTES_MAX && TRUST_DOMAIN.test(text);
}

/** Empty, or segments that are neither empty nor relative. */
function isPath(path: string): boolean {
  if (path === "") return true;
  return path
    .slice(1)
    .split("/")
    .every((segment) => SEGMENT.test(segment) && segment !== "." && segment !== "..");
}
