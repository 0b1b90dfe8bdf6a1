/** Which certificates were taken back, in the form in which controller and proxies ask about one. */
import type { Revoked, RevokedWorkload } from "./snapshot.ts";

export type RevokedIndex = {
  readonly serials: ReadonlySet<string>;
  /** By SPIFFE ID. */
  readonly workloads: ReadonlyMap<string, readonly RevokedWorkload[]>;
};

/** What of a certificate decides. */
export type ShownCertificate = {
  /** Lower-case hex without leading zeros. */
  readonly serial: string;
  readonly principal: string;
  /** The one workload of that principal, `namespace/name`; undefined where the certificate names none. */
  readonly workload: string | undefined;
  readonly notBeforeMs: number;
};

/** How people write a serial number, at most twenty octets (RFC 5280, section 4.1.2.2). */
const SERIAL = /^(?:0x)?(?:[0-9a-f]{1,40}|[0-9a-f]{2}(?::[0-9a-f]{2}){0,20})$/i;

/** A serial number (`0A:1B`, `0x0a1b`, `0A1B`) as it is compared: lower-case hex without leading zeros; undefined for what is none. */
export function parseSerial(text: string): string | undefined {
  if (!SERIAL.test(text)) return undefined;
  const digits = text.toLowerCase().replace(/^0x/, "").replaceAll(":", "");
  return digits.replace(/^0+(?=.)/, "");
}

export function indexRevoked({ serials, workloads }: Revoked): RevokedIndex {
  return { serials: new Set(serials), workloads: Map.groupBy(workloads, ({ principal }) => principal) };
}

/** What was taken back with the certificate, for people; undefined where it is good. */
export function findRevoked(index: RevokedIndex, certificate: ShownCertificate): string | undefined {
  const { serial, principal } = certificate;
  if (index.serials.has(serial)) return `the certificate ${serial} of ${principal}`;
  const taken = index.workloads.get(principal)?.find((each) => isOf(each, certificate));
  return taken && `what ${taken.workload} was issued`;
}

function isOf({ workload, beginsBeforeMs }: RevokedWorkload, certificate: ShownCertificate): boolean {
  return certificate.notBeforeMs < beginsBeforeMs && (certificate.workload ?? workload) === workload;
}
