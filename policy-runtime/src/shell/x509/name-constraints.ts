/**
 * Name constraints (RFC 5280 §4.2.1.10): the names that certificates below may have. What
 * is read here is matched in constraint-sets.ts. As in Go, constraints on directory names
 * and the like are not understood, so that a critical one makes the certificate useless.
 */
import { isIP } from "node:net";
import { context, contextOf, DerError, DerReader, TAG } from "./der.ts";
import { isDomainName } from "./domain-name.ts";
import { parseMailbox } from "./mailbox.ts";

export type Network = { readonly address: Buffer; readonly mask: Buffer };

export type Subtrees = {
  readonly dns: readonly string[];
  readonly networks: readonly Network[];
  readonly emails: readonly string[];
  readonly uriDomains: readonly string[];
};

export type NameConstraints = {
  readonly isCritical: boolean;
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
};

const NO_SUBTREES: Subtrees = { dns: [], networks: [], emails: [], uriDomains: [] };
export const NO_CONSTRAINTS: NameConstraints = { isCritical: false, permitted: NO_SUBTREES, excluded: NO_SUBTREES };

const INVALID = "x509: invalid NameConstraints extension";

/** `isWhole` is false where names of a kind that is not matched are constrained. */
export function readNameConstraints(value: Buffer): {
  readonly constraints: NameConstraints;
  readonly isWhole: boolean;
} {
  const outer = new DerReader(value);
  const list = outer.into(TAG.sequence, INVALID);
  const permitted = list.optional(contextOf(0), INVALID)?.bytes;
  const excluded = list.optional(contextOf(1), INVALID)?.bytes;
  if (!outer.isEmpty || !list.isEmpty) throw new DerError(INVALID);
  if ((permitted ?? "").length === 0 && (excluded ?? "").length === 0) {
    throw new DerError("x509: empty name constraints extension");
  }
  const first = readSubtrees(permitted);
  const second = readSubtrees(excluded);
  return {
    constraints: { isCritical: false, permitted: first.subtrees, excluded: second.subtrees },
    isWhole: first.isWhole && second.isWhole,
  };
}

function readSubtrees(bytes: Buffer | undefined): { readonly subtrees: Subtrees; readonly isWhole: boolean } {
  if (bytes === undefined) return { subtrees: NO_SUBTREES, isWhole: true };
  const der = new DerReader(bytes);
  const dns: string[] = [];
  const networks: Network[] = [];
  const emails: string[] = [];
  const uriDomains: string[] = [];
  let isWhole = true;
  while (!der.isEmpty) {
    const { tag, bytes: name } = der.into(TAG.sequence, INVALID).any(INVALID);
    if (tag === context(1)) emails.push(emailOf(name));
    else if (tag === context(2)) dns.push(domainOf(name, "dnsName"));
    else if (tag === context(6)) uriDomains.push(uriDomainOf(name));
    else if (tag === context(7)) networks.push(networkOf(name));
    else isWhole = false;
  }
  return { subtrees: { dns, networks, emails, uriDomains }, isWhole };
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  if (!/^[\0-\x7f]*$/.test(text)) throw new DerError(`x509: invalid constraint value: ${JSON.stringify(text)}`);
  return text;
}

function domainOf(bytes: Buffer, kind: string): string {
  const domain = textOf(bytes);
  if (!isDomainName(domain, true)) throw new DerError(`x509: failed to parse ${kind} constraint "${domain}"`);
  return domain;
}

function emailOf(bytes: Buffer): string {
  const email = textOf(bytes);
  if (!email.includes("@")) return domainOf(bytes, "rfc822Name");
  if (parseMailbox(email) === undefined) throw new DerError(`x509: failed to parse rfc822Name constraint "${email}"`);
  return email;
}

function uriDomainOf(bytes: Buffer): string {
  const domain = domainOf(bytes, "URI");
  if (isIP(domain) !== 0) throw new DerError(`x509: failed to parse URI constraint "${domain}": cannot be IP address`);
  return domain;
}

function networkOf(bytes: Buffer): Network {
  if (bytes.length !== 8 && bytes.length !== 32) {
    throw new DerError(`x509: IP constraint contained value of length ${bytes.length}`);
  }
  const mask = bytes.subarray(bytes.length / 2);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) {
    throw new DerError(`x509: IP constraint contained invalid mask ${mask.toString("hex")}`);
  }
  return { address: bytes.subarray(0, bytes.length / 2), mask };
}
