/**
 * Whether certificates form a chain, as Go's Certificate.Verify says: the first is the root,
 * the last the leaf, all others may stand between them.
 */
import { expectObject } from "../operands.ts";
import type { Certificate } from "./certificate.ts";
import { certificateFields, withUriStrings } from "./certificate-json.ts";
import { readCertificates } from "./certificate-text.ts";
import { keepsConstraints } from "./constraint-sets.ts";
import { isForHost } from "./host-name.ts";
import { arePoliciesValid } from "./policies.ts";
import { isSignedWith } from "./signature.ts";
import { readVerifyOptions, type VerifyOptions } from "./verify-options.ts";

const INVALID = [false, []] as const;
/** Signatures that building all chains may look at: chains are short, but certificates may share a name. */
const SIGNATURES_MAX = 100;

/** `[true, chain from leaf to root]`, or `[false, []]`. */
export function parseAndVerify(value: unknown, nowNs: unknown): unknown {
  const certificates = tryRead(value);
  if (certificates === undefined) return INVALID;
  const chain = verify(certificates, readVerifyOptions({}, nowNs));
  return chain === undefined ? INVALID : [true, chain.map(withUriStrings)];
}

/** As parseAndVerify, with options: DNSName, CurrentTime (ns), KeyUsages, MaxConstraintComparisons. */
export function parseAndVerifyWith(value: unknown, given: unknown, nowNs: unknown): unknown {
  const options = expectObject(given, 2);
  const certificates = tryRead(value);
  if (certificates === undefined) return INVALID;
  const chain = verify(certificates, readVerifyOptions(options, nowNs));
  return chain === undefined ? INVALID : [true, chain.map(certificateFields)];
}

function tryRead(value: unknown): readonly Certificate[] | undefined {
  try {
    return readCertificates(value);
  } catch (error) {
    const isTyped = error instanceof Error && "code" in error && error.code === "eval_type_error";
    if (isTyped || !(error instanceof Error)) throw error;
    return undefined;
  }
}

/** The first chain that everything agrees with, from leaf to root. */
function verify(certificates: readonly Certificate[], options: VerifyOptions): readonly Certificate[] | undefined {
  const [root] = certificates;
  const leaf = certificates.at(-1);
  if (certificates.length < 2 || root === undefined || leaf === undefined) return undefined;
  if (!mayStand("leaf", leaf, [], options)) return undefined;
  if (options.dnsName !== "" && !isForHost(leaf.facts.names, options.dnsName)) return undefined;
  const builder = new ChainBuilder(root, certificates.slice(1, -1), options);
  const chains = leaf.raw.equals(root.raw) ? [[leaf]] : builder.chainsFrom([leaf]);
  return chains.find((chain) => arePoliciesValid(chain) && mayServe(chain, options.usages) && keepsConstraints(chain));
}

type Place = "leaf" | "intermediate" | "root";

class ChainBuilder {
  readonly #root: Certificate;
  readonly #intermediates: readonly Certificate[];
  readonly #options: VerifyOptions;
  #signatures = 0;

  constructor(root: Certificate, intermediates: readonly Certificate[], options: VerifyOptions) {
    this.#root = root;
    this.#intermediates = intermediates.filter(
      ({ raw }, i) => intermediates.findIndex((other) => other.raw.equals(raw)) === i,
    );
    this.#options = options;
  }

  /** Every way from the last certificate of `chain` to the root; ends early where there are too many. */
  chainsFrom(chain: readonly Certificate[]): readonly (readonly Certificate[])[] {
    const child = chain.at(-1) as Certificate;
    const chains: (readonly Certificate[])[] = [];
    const candidates = [
      ...issuersOf(child, [this.#root]).map((issuer) => ({ place: "root" as const, issuer })),
      ...issuersOf(child, this.#intermediates).map((issuer) => ({ place: "intermediate" as const, issuer })),
    ];
    for (const { place, issuer } of candidates) {
      if (++this.#signatures > SIGNATURES_MAX) break;
      if (issuer.publicKey.json === null || isInChain(issuer, chain) || !isIssuedBy(child, issuer)) continue;
      if (!mayStand(place, issuer, chain, this.#options)) continue;
      if (place === "root") chains.push([...chain, issuer]);
      else chains.push(...this.chainsFrom([...chain, issuer]));
    }
    return chains;
  }
}

/** Those of the right name; first whose key's identifier is the one wanted, last whose is another. */
function issuersOf({ rawIssuer, facts }: Certificate, among: readonly Certificate[]): readonly Certificate[] {
  const named = among.filter(({ rawSubject }) => rawSubject.equals(rawIssuer));
  const wanted = facts.authorityKeyId ?? Buffer.alloc(0);
  const rankOf = ({ facts: { subjectKeyId = Buffer.alloc(0) } }: Certificate) => {
    if (subjectKeyId.equals(wanted)) return 0;
    return (subjectKeyId.length === 0) !== (wanted.length === 0) ? 1 : 2;
  };
  return [0, 1, 2].flatMap((rank) => named.filter((issuer) => rankOf(issuer) === rank));
}

/** By name, key and alternative names rather than by bytes, so that cross-signed certificates make no rings. */
function isInChain(candidate: Certificate, chain: readonly Certificate[]): boolean {
  const own = alternativeNames(candidate);
  for (const other of chain) {
    if (!candidate.rawSubject.equals(other.rawSubject) || !candidate.rawSpki.equals(other.rawSpki)) continue;
    const names = alternativeNames(other);
    if (own === undefined && names === undefined) return true;
    if (own === undefined || names === undefined) return false;
    if (own.equals(names)) return true;
  }
  return false;
}

function alternativeNames({ extensions }: Certificate): Buffer | undefined {
  return extensions.find(({ id }) => id.join(".") === "2.5.29.17")?.value;
}

const KEY_CERT_SIGN = 1 << 5;

function isIssuedBy({ signed }: Certificate, { version, facts, publicKey }: Certificate): boolean {
  if (version === 3 && !facts.hasBasicConstraints) return false;
  if (facts.hasBasicConstraints && !facts.isCa) return false;
  if (facts.keyUsage !== 0 && (facts.keyUsage & KEY_CERT_SIGN) === 0) return false;
  return isSignedWith(signed, publicKey);
}

/** Whether the certificate may stand above those of `below` (leaf first). */
function mayStand(
  place: Place,
  { facts, notBefore, notAfter }: Certificate,
  below: readonly Certificate[],
  { nowNs }: VerifyOptions,
): boolean {
  if (facts.unhandled.length > 0) return false;
  if (nowNs < nanoseconds(notBefore.ms) || nowNs > nanoseconds(notAfter.ms)) return false;
  if (place === "intermediate" && !(facts.hasBasicConstraints && facts.isCa)) return false;
  return !facts.hasBasicConstraints || facts.pathLengthMax < 0 || below.length - 1 <= facts.pathLengthMax;
}

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

const ANY_USAGE = 0;

/** From the root down, each certificate leaves what it has of the usages; one must be left. */
function mayServe(chain: readonly Certificate[], usages: readonly number[]): boolean {
  if (usages.includes(ANY_USAGE)) return true;
  return usages.some((usage) =>
    chain.every(({ facts: { extKeyUsages, unknownExtKeyUsages } }) => {
      if (extKeyUsages.length === 0 && unknownExtKeyUsages.length === 0) return true;
      return extKeyUsages.includes(ANY_USAGE) || extKeyUsages.includes(usage);
    }),
  );
}
