/**
 * Whether the names of a chain keep to the constraints above them, as Go's crypto/x509 asks
 * it: constraints sorted so that a subtree's names follow it, those within another left
 * out, and the nearest before a name looked up. The order and the look-up are Go's to the
 * letter, so that odd constraints (networks with host bits) are odd in the same way.
 */
import { isIP } from "node:net";
import type { Certificate } from "./certificate.ts";
import { isDomainName } from "./domain-name.ts";
import type { AlternativeNames } from "./extensions.ts";
import { type Mailbox, parseMailbox } from "./mailbox.ts";
import type { NameConstraints, Network, Subtrees } from "./name-constraints.ts";

type Names = {
  readonly dns: readonly string[];
  readonly addresses: readonly Buffer[];
  readonly uriDomains: readonly string[];
  readonly emails: readonly Mailbox[];
};

/** Whether no certificate of the chain (leaf first) has a name that one above it forbids. */
export function keepsConstraints(chain: readonly Certificate[]): boolean {
  const limits = chain.flatMap((certificate, index) =>
    certificate.hasNameConstraints ? [{ index, check: makeCheck(certificate.facts.constraints) }] : [],
  );
  if (limits.length === 0) return true;
  return chain.every((certificate, index) => {
    if (!certificate.hasAlternativeNames) return true;
    const above = limits.filter((limit) => limit.index > index);
    if (above.length === 0) return true;
    const names = namesOf(certificate.facts.names);
    return names !== undefined && above.every(({ check }) => check(names));
  });
}

/** Undefined where one cannot be matched against any constraint. */
function namesOf({ dns, addresses, uris, emails }: AlternativeNames): Names | undefined {
  const uriDomains = uris.map(({ url }) => uriDomain(url.Host));
  const mailboxes = emails.map((email) => parseMailbox(email));
  if (uriDomains.includes(undefined) || mailboxes.includes(undefined)) return undefined;
  return {
    dns,
    addresses,
    uriDomains: uriDomains as string[],
    emails: (mailboxes as Mailbox[]).map(({ local, domain }) => ({ local, domain: domain.toLowerCase() })),
  };
}

function uriDomain(given: string): string | undefined {
  const host = given.toLowerCase();
  if (host === "" || (host.startsWith("[") && host.endsWith("]"))) return undefined;
  if (!host.includes(":")) return isIP(host) === 0 ? host : undefined;
  const [name = "", ...rest] = given.split(":");
  return rest.length === 1 && !/[[\]]/.test(given) && isIP(name) === 0 ? name : undefined;
}

function makeCheck({ permitted, excluded }: NameConstraints): (names: Names) => boolean {
  const [may, mayNot] = [makeTree(permitted, true), makeTree(excluded, false)];
  const isKept = <T>(kind: (tree: Tree) => ((name: T) => boolean) | undefined, name: T): boolean =>
    (kind(may)?.(name) ?? true) && !(kind(mayNot)?.(name) ?? false);
  return ({ dns, addresses, uriDomains, emails }) =>
    addresses.every((address) => isKept((tree) => tree.address, address)) &&
    dns.every((name) => isDomainName(name, false) && isKept((tree) => tree.dns, name)) &&
    uriDomains.every((domain) => isDomainName(domain, false) && isKept((tree) => tree.uri, domain)) &&
    emails.every((email) => isDomainName(email.domain, false) && isKept((tree) => tree.email, email));
}

/** Whether a name is in the subtrees of its kind; undefined where there are none. */
type Tree = {
  readonly address: ((address: Buffer) => boolean) | undefined;
  readonly dns: ((name: string) => boolean) | undefined;
  readonly uri: ((domain: string) => boolean) | undefined;
  readonly email: ((mailbox: Mailbox) => boolean) | undefined;
};

function makeTree({ dns, networks, emails, uriDomains }: Subtrees, isPermitted: boolean): Tree {
  return {
    address: networks.length === 0 ? undefined : makeNetworks(networks),
    dns: dns.length === 0 ? undefined : makeDomains(dns, isPermitted),
    uri: uriDomains.length === 0 ? undefined : makeDomains(uriDomains, isPermitted),
    email: emails.length === 0 ? undefined : makeEmails(emails, isPermitted),
  };
}

// ── the sorted set ──

function sortAndPrune<T>(
  given: readonly T[],
  compare: (a: T, b: T) => number,
  contains: (a: T, b: T) => boolean,
): readonly T[] {
  const kept: T[] = [];
  for (const one of [...given].sort(compare)) {
    const last = kept.at(-1);
    if (last === undefined || !contains(last, one)) kept.push(one);
  }
  return kept;
}

/** The constraint that is equal to the name in this order, or else the last before it (the first where none is). */
function nearest<T>(
  set: readonly T[],
  compare: (constraint: T) => number,
): { readonly found: boolean; readonly at: T } {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(set[middle] as T) < 0) low = middle + 1;
    else high = middle;
  }
  const found = low < set.length && compare(set[low] as T) === 0;
  return { found, at: set[found ? low : Math.max(0, low - 1)] as T };
}

// ── addresses ──

function makeNetworks(networks: readonly Network[]): (address: Buffer) => boolean {
  const compare = (a: Network, b: Network) => Buffer.compare(a.address, b.address) || Buffer.compare(a.mask, b.mask);
  const sets = new Map(
    [4, 16].map((length) => {
      const own = networks.filter(({ address }) => address.length === length);
      return [length, sortAndPrune(own, compare, containsNetwork)];
    }),
  );
  return (address) => {
    const set = sets.get(address.length) ?? [];
    if (set.length === 0) return false;
    const { found, at } = nearest(set, (network) => Buffer.compare(network.address, address));
    return found || containsAddress(at, address);
  };
}

function containsNetwork(outer: Network, inner: Network): boolean {
  const last = Buffer.from(inner.address.map((byte, i) => byte | (~(inner.mask[i] as number) & 0xff)));
  return containsAddress(outer, inner.address) && containsAddress(outer, last);
}

function containsAddress({ address, mask }: Network, other: Buffer): boolean {
  return address.every((byte, i) => (byte & (mask[i] as number)) === ((other[i] as number) & (mask[i] as number)));
}

// ── domains ──

function makeDomains(given: readonly string[], isPermitted: boolean): (name: string) => boolean {
  if (given.includes("")) return () => true;
  const set = sortAndPrune(given, compareDomains, isSuffix);
  /** What a wildcard stands for includes a name that is excluded. */
  const parents = new Set(
    isPermitted ? [] : set.map((name) => withoutLabel(name.toLowerCase())).filter((name) => name !== ""),
  );
  return (name) => {
    const { found, at } = nearest(set, (constraint) => compareDomains(constraint, name));
    if (found || isSuffix(at, name)) return true;
    return !isPermitted && name.startsWith("*") && parents.has(withoutLabel(name.toLowerCase()));
  };
}

/** From the end, in lower case, periods before everything else. */
function compareDomains(a: string, b: string): number {
  let i = a.length - 1;
  let j = b.length - 1;
  for (; i >= 0 && j >= 0; i--, j--) {
    const difference = weight(a.charCodeAt(i)) - weight(b.charCodeAt(j));
    if (difference !== 0) return difference;
  }
  return i - j;
}

function weight(code: number): number {
  if (code === 0x2e) return 0;
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** Whether the name is the domain or below it; a domain with a leading period has only names below it. */
function isSuffix(domain: string, name: string): boolean {
  if (domain.length > name.length) return false;
  const start = name.length - domain.length;
  if (name.slice(start).toLowerCase() !== domain.toLowerCase()) return false;
  return domain.startsWith(".") || start === 0 || name[start - 1] === ".";
}

function withoutLabel(name: string): string {
  const at = name.indexOf(".");
  return at < 0 ? "" : name.slice(at);
}

// ── mail ──

function makeEmails(given: readonly string[], isPermitted: boolean): (mailbox: Mailbox) => boolean {
  const text = ({ local, domain }: Mailbox) => JSON.stringify([local, domain.toLowerCase()]);
  const whole = new Set(
    given
      .filter((each) => each.includes("@"))
      .flatMap((each) => {
        const mailbox = parseMailbox(each);
        return mailbox === undefined ? [] : [text(mailbox)];
      }),
  );
  const domains = given.filter((each) => !each.includes("@"));
  const isBelow = domains.length === 0 ? () => false : makeDomains(domains, isPermitted);
  return (mailbox) => whole.has(text(mailbox)) || isBelow(mailbox.domain);
}
