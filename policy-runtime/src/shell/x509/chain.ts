/** Whether certificates form a chain: the first is the root, the last the leaf, all others between them. */
import { X509Certificate } from "node:crypto";
import { numberOf } from "../../exact-json.ts";
import { expectNumber, expectObject } from "../operands.ts";
import { certificateBytes, certificateFields } from "./certificate.ts";

const INVALID = [false, []] as const;
const CHAIN_MAX = 20;

const KEY_USAGES: readonly string[] = [
  ...[
    "Any",
    "ServerAuth",
    "ClientAuth",
    "CodeSigning",
    "EmailProtection",
    "IPSECEndSystem",
    "IPSECTunnel",
    "IPSECUser",
  ],
  ...["TimeStamping", "OCSPSigning", "MicrosoftServerGatedCrypto", "NetscapeServerGatedCrypto"],
  ...["MicrosoftCommercialCodeSigning", "MicrosoftKernelCodeSigning"],
];

type VerifyOptions = { nowMs: number; dnsName?: string; usages: readonly number[] };
type Link = { readonly certificate: X509Certificate; readonly fields: { readonly [field: string]: unknown } };

/** `[true, chain from leaf to root]`, or `[false, []]`. */
export function parseAndVerify(value: unknown, nowNs: unknown): unknown {
  return verify(value, { nowMs: expectNumber(nowNs, 2) / 1e6, usages: [1] });
}

/** Options: DNSName, CurrentTime (ns), KeyUsages, MaxConstraintComparisons. */
export function parseAndVerifyWith(value: unknown, given: unknown, nowNs: unknown): unknown {
  const options: VerifyOptions = { nowMs: expectNumber(nowNs, 3) / 1e6, usages: [1] };
  for (const [name, option] of Object.entries(expectObject(given, 2))) {
    if (name === "DNSName") {
      if (typeof option !== "string") throw new Error("'DNSName' should be a string");
      options.dnsName = option;
    } else if (name === "CurrentTime") {
      const ns = numberOf(option);
      if (ns === undefined) throw new Error("'CurrentTime' should be a number");
      options.nowMs = ns / 1e6;
    } else if (name === "KeyUsages") options.usages = readUsages(option);
    else if (name === "MaxConstraintComparisons") expectNumber(option, 2);
    else throw new Error("invalid key option");
  }
  return verify(value, options);
}

function readUsages(option: unknown): readonly number[] {
  if (!Array.isArray(option)) throw new Error("'KeyUsages' should be an Array or Set");
  const numbers = option.map((name) => KEY_USAGES.indexOf(String(name).replace(/^KeyUsage/, "")));
  const unknown = option.filter((_, i) => numbers[i] === -1);
  if (unknown.length > 0) throw new Error(`invalid entries for 'KeyUsages' found: [${unknown.join(" ")}]`);
  return numbers.length === 0 ? [1] : numbers;
}

function verify(value: unknown, options: VerifyOptions): unknown {
  let links: readonly Link[];
  try {
    links = certificateBytes(value).map((bytes) => ({
      certificate: new X509Certificate(bytes),
      fields: certificateFields(bytes) as Link["fields"],
    }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "eval_type_error") throw error;
    return INVALID;
  }
  const root = links[0];
  const leaf = links.at(-1);
  if (links.length < 2 || links.length > CHAIN_MAX || root === undefined || leaf === undefined) return INVALID;
  const { dnsName, usages } = options;
  if (dnsName !== undefined && leaf.certificate.checkHost(dnsName) === undefined) return INVALID;
  const chain = chainTo(leaf, root, links.slice(1, -1), options.nowMs, [leaf]);
  if (chain === undefined || !usages.some((usage) => chain.every((link) => mayServe(link, usage)))) return INVALID;
  return [true, chain.map(({ fields }) => fields)];
}

function mayServe({ fields }: Link, usage: number): boolean {
  const given = fields["ExtKeyUsage"] as readonly number[] | null;
  const unknown = fields["UnknownExtKeyUsage"] as readonly unknown[] | null;
  if (usage === 0 || (given === null && unknown === null)) return true;
  return given !== null && (given.includes(usage) || given.includes(0));
}

/** Depth first over the intermediates; each may stand in the chain once. */
function chainTo(
  from: Link,
  root: Link,
  others: readonly Link[],
  nowMs: number,
  chain: readonly Link[],
): readonly Link[] | undefined {
  if (!isInTime(from, nowMs)) return undefined;
  if (from.certificate.raw.equals(root.certificate.raw)) return chain;
  for (const issuer of [root, ...others]) {
    if (chain.includes(issuer) || !isIssuedBy(from, issuer, chain.length - 1)) continue;
    const found = chainTo(issuer, root, others, nowMs, [...chain, issuer]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isInTime({ certificate }: Link, nowMs: number): boolean {
  return certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime();
}

const KEY_CERT_SIGN = 1 << 5;

function isIssuedBy(subject: Link, issuer: Link, between: number): boolean {
  const { fields } = issuer;
  const longest = fields["MaxPathLen"] as number;
  const usage = fields["KeyUsage"] as number;
  if (fields["Version"] === 3 && !(fields["BasicConstraintsValid"] === true && fields["IsCA"] === true)) return false;
  if (usage !== 0 && (usage & KEY_CERT_SIGN) === 0) return false;
  if (fields["BasicConstraintsValid"] === true && longest >= 0 && between > longest) return false;
  return (
    subject.certificate.checkIssued(issuer.certificate) && subject.certificate.verify(issuer.certificate.publicKey)
  );
}
