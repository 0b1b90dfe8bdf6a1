/**
 * Certificates that were taken back, as a value: one by its serial number, or whatever a
 * workload was issued so far. An entry is kept until the last certificate that it can be
 * about has ended by itself.
 */
import type { Revoked } from "@regomesh/protocol";

export type Revocation = (
  | { readonly kind: "serial"; readonly serial: string }
  | {
      readonly kind: "workload";
      /** `namespace/name` */
      readonly workload: string;
      readonly principal: string;
      /** Certificates whose validity begins before. */
      readonly beginsBeforeMs: number;
    }
) & { readonly atMs: number; readonly untilMs: number };

/** With another one; of a workload that was taken back before, the newer word stands for both. */
export function addRevocation(list: readonly Revocation[], added: Revocation): readonly Revocation[] {
  return [...list.filter((each) => nameOf(each) !== nameOf(added)), added];
}

export function livingRevocations(list: readonly Revocation[], nowMs: number): readonly Revocation[] {
  const living = list.filter(({ untilMs }) => untilMs > nowMs);
  return living.length === list.length ? list : living;
}

/**
 * Whether something was taken back since, that may be what a workload was given then: who asks by the same
 * proof again is not given another. A serial number does not say whose it is.
 */
export function isTakenBackSince(
  list: readonly Revocation[],
  { spiffeId, workload }: { readonly spiffeId: string; readonly workload?: string },
  sinceMs: number,
): boolean {
  return list.some((each) => {
    if (each.atMs < sinceMs) return false;
    if (each.kind === "serial") return true;
    return each.principal === spiffeId && (workload === undefined || each.workload === workload);
  });
}

export function toRevoked(list: readonly Revocation[]): Revoked {
  return {
    serials: list.flatMap((each) => (each.kind === "serial" ? [each.serial] : [])).sort(),
    workloads: list.flatMap((each) => {
      if (each.kind !== "workload") return [];
      const { workload, principal, beginsBeforeMs } = each;
      return [{ workload, principal, beginsBeforeMs }];
    }),
  };
}

function nameOf(each: Revocation): string {
  return each.kind === "serial" ? `serial ${each.serial}` : `workload ${each.workload} ${each.principal}`;
}
