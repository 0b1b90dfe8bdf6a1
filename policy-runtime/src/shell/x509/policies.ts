/**
 * Whether a chain's certificate policies are valid (RFC 5280 §6.1 as RFC 9618 changes it):
 * a graph of the policies that each certificate leaves, a stratum for each certificate below
 * the root. Any policy is acceptable to us; what counts is whether a certificate asks for one.
 */
import type { Certificate } from "./certificate.ts";

const ANY = "2.5.29.32.0";

type Node = {
  readonly policy: string;
  expected: readonly string[];
  readonly parents: Set<Node>;
  readonly children: Set<Node>;
};
type Stratum = Map<string, Node>;

/** Certificates that may still come before the rule holds. */
type Counters = { explicit: number; mapping: number; any: number };

/** `chain` from leaf to root. */
export function arePoliciesValid(chain: readonly Certificate[]): boolean {
  const [leaf] = chain;
  const length = chain.length - 1;
  if (leaf === undefined || length === 0) return true;
  let strata: Stratum[] | undefined = [new Map([[ANY, makeNode(ANY, [])]])];
  const left: Counters = { explicit: length + 1, mapping: length + 1, any: length + 1 };
  for (let i = length - 1; i >= 0; i--) {
    const certificate = chain[i] as Certificate;
    const isSelfIssued = certificate.rawIssuer.equals(certificate.rawSubject);
    if ((certificate.facts.policies ?? []).length === 0) strata = undefined;
    if (left.explicit === 0 && strata === undefined) return false;
    if (strata !== undefined) {
      addStratum(strata, certificate.facts.policies ?? [], left.any > 0 || (i > 0 && isSelfIssued));
      if (i > 0 && !applyMappings(strata, certificate, left.mapping > 0)) return false;
    }
    if (i > 0) countDown(left, certificate, isSelfIssued);
  }
  if (left.explicit > 0) left.explicit--;
  if (leaf.facts.requireExplicitPolicy === 0) left.explicit = 0;
  return left.explicit !== 0 || (strata !== undefined && hasValidPolicy(strata));
}

function countDown(left: Counters, { facts }: Certificate, isSelfIssued: boolean): void {
  if (!isSelfIssued) {
    left.explicit = Math.max(0, left.explicit - 1);
    left.mapping = Math.max(0, left.mapping - 1);
    left.any = Math.max(0, left.any - 1);
  }
  const lower = (own: number, given: number | undefined) =>
    given === undefined || given < 0 ? own : Math.min(own, given);
  left.explicit = lower(left.explicit, facts.requireExplicitPolicy);
  left.mapping = lower(left.mapping, facts.inhibitPolicyMapping);
  left.any = lower(left.any, facts.inhibitAnyPolicy);
}

function makeNode(policy: string, parents: readonly Node[], expected: readonly string[] = [policy]): Node {
  const node: Node = { policy, expected, parents: new Set(parents), children: new Set() };
  for (const parent of parents) parent.children.add(node);
  return node;
}

/** 6.1.3 (d): what the certificate's policies make of those above. */
function addStratum(strata: Stratum[], policies: readonly string[], isAnyAllowed: boolean): void {
  const above = strata.at(-1) as Stratum;
  const expecting = new Map<string, Node[]>();
  for (const node of above.values()) {
    for (const policy of node.expected) expecting.set(policy, [...(expecting.get(policy) ?? []), node]);
  }
  const own: Stratum = new Map();
  strata.push(own);
  const anyAbove = above.get(ANY);
  for (const policy of policies) {
    if (policy === ANY) continue;
    const parents = expecting.get(policy) ?? (anyAbove === undefined ? [] : [anyAbove]);
    if (parents.length > 0) own.set(policy, makeNode(policy, parents));
  }
  if (policies.includes(ANY) && isAnyAllowed) {
    const missing = [...expecting].filter(([policy]) => !own.has(policy));
    for (const [policy, parents] of missing) own.set(policy, makeNode(policy, parents));
  }
  prune(strata);
}

/** Nodes above the last stratum that lead nowhere go. */
function prune(strata: readonly Stratum[]): void {
  for (let depth = strata.length - 2; depth > 0; depth--) {
    const stratum = strata[depth] as Stratum;
    for (const node of [...stratum.values()]) {
      if (node.children.size > 0) continue;
      for (const parent of node.parents) parent.children.delete(node);
      stratum.delete(node.policy);
    }
  }
}

/** 6.1.4 (b); false where the mapping is not allowed to be. */
function applyMappings(strata: readonly Stratum[], { facts }: Certificate, isAllowed: boolean): boolean {
  const leaves = strata.at(-1) as Stratum;
  const subjects = new Map<string, string[]>();
  for (const { issuer, subject } of facts.mappings) {
    if (!isAllowed) {
      const leaf = leaves.get(issuer);
      for (const parent of leaf?.parents ?? []) parent.children.delete(leaf as Node);
      leaves.delete(issuer);
    } else if (issuer === ANY || subject === ANY) return false;
    else subjects.set(issuer, [...(subjects.get(issuer) ?? []), subject]);
  }
  if (facts.mappings.length > 0) prune(strata);
  for (const [issuer, expected] of subjects) {
    const leaf = leaves.get(issuer);
    const any = leaves.get(ANY);
    if (leaf !== undefined) leaf.expected = expected;
    else if (any !== undefined) leaves.set(issuer, makeNode(issuer, [any], expected));
  }
  return true;
}

/** 6.1.5 (g), where every policy is acceptable: one that an authority gave, or any. */
function hasValidPolicy(strata: readonly Stratum[]): boolean {
  if ((strata.at(-1) as Stratum).has(ANY)) return true;
  return strata.some((stratum) =>
    [...stratum.values()].some(
      ({ policy, parents }) =>
        policy !== ANY && parents.size === 1 && [...parents].every((parent) => parent.policy === ANY),
    ),
  );
}
