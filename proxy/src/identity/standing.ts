/**
 * Whether a peer that TLS and its SVID have proven may still speak to anybody: it is a
 * workload of the mesh, and its certificate has not been taken back. Both change while
 * connections are open, so that open ones are asked about as well.
 */
import {
  findRevoked,
  indexRevoked,
  type Member,
  NOTHING_REVOKED,
  type Revoked,
  type RevokedIndex,
} from "@regomesh/protocol";
import type { Peer, PeerRefusal } from "./svid-check.ts";

export type Standing = {
  /** Workloads by their SPIFFE ID; undefined where any of the trust domain will do. */
  readonly members: ReadonlyMap<string, readonly string[]> | undefined;
  readonly revoked: RevokedIndex;
};

export const ANYONE: Standing = { members: undefined, revoked: indexRevoked(NOTHING_REVOKED) };

export function withMembers(standing: Standing, members: readonly Member[] | undefined): Standing {
  return { ...standing, members: members && indexed(members) };
}

/** Of lists: one snapshot after the other has the same. */
const indexes = new WeakMap<readonly Member[], ReadonlyMap<string, readonly string[]>>();

function indexed(members: readonly Member[]): ReadonlyMap<string, readonly string[]> {
  const index = indexes.get(members) ?? new Map(members.map(({ principal, workloads }) => [principal, workloads]));
  indexes.set(members, index);
  return index;
}

export function withRevoked(standing: Standing, revoked: Revoked): Standing {
  return { ...standing, revoked: indexRevoked(revoked) };
}

/** Whether the two say the same of everybody: then no connection needs to be asked about. */
export function isSameStanding(one: Standing, other: Standing): boolean {
  return (
    printRevoked(one) === printRevoked(other) &&
    (one.members === other.members || printMembers(one) === printMembers(other))
  );
}

function printRevoked({ revoked: { serials, workloads } }: Standing): string {
  return JSON.stringify([[...serials], [...workloads.values()]]);
}

function printMembers({ members }: Standing): string {
  return JSON.stringify(members === undefined ? null : [...members]);
}

/** Why the peer may not speak here; undefined where it may. */
export function refusalOf({ members, revoked }: Standing, peer: Peer): PeerRefusal | undefined {
  const taken = findRevoked(revoked, peer);
  if (taken !== undefined) return { kind: "fault", fault: "certificate-revoked", message: `${taken} was taken back` };
  if (members === undefined) return undefined;
  const { principal, workload } = peer;
  const workloads = members.get(principal);
  if (workloads !== undefined && (workload === undefined || workloads.includes(workload))) return undefined;
  const message = `${workload ?? principal} is no workload of this mesh`;
  return { kind: "fault", fault: "principal-not-a-member", message };
}
