/**
 * Who leads, by a Lease of the cluster: client-go's rules and times. Clocks of other machines are not believed: a
 * holder is gone when its Lease has not changed for as long as it lasts, by the clock of whoever looks.
 */

const LEASE_SECONDS = 15;
/** Who has not renewed for so long leads no more, though nobody else does yet. */
export const RENEW_WITHIN_MS = 10_000;
export const RENEW_EVERY_MS = 2000;

export type LeaseSpec = {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

/** A version of the Lease, and when it was seen first. */
export type Observed = { readonly version: string; readonly atMs: number };

/** What is known after one more look. */
export function observe(known: Observed | undefined, version: string, nowMs: number): Observed {
  return known?.version === version ? known : { version, atMs: nowMs };
}

export function mayTake(
  { holderIdentity, leaseDurationSeconds = LEASE_SECONDS }: LeaseSpec,
  me: string,
  seen: Observed,
  nowMs: number,
): boolean {
  if (holderIdentity === undefined || holderIdentity === "" || holderIdentity === me) return true;
  return nowMs - seen.atMs > leaseDurationSeconds * 1000;
}

/** The Lease as it is when taken; each taking has a number of its own. */
export function taken(
  before: LeaseSpec | undefined,
  me: string,
  nowIso: string,
): LeaseSpec & { readonly leaseTransitions: number } {
  return {
    holderIdentity: me,
    leaseDurationSeconds: LEASE_SECONDS,
    acquireTime: nowIso,
    renewTime: nowIso,
    leaseTransitions: (before?.leaseTransitions ?? -1) + 1,
  };
}
