/** What the two ends of the control streams agree on beside the messages themselves. */

/**
 * How long a proxy may take to answer a snapshot before its stream is closed: a proxy compiles
 * its modules in tens of milliseconds, so that this is a machine which stands still.
 */
export const ANSWER_WITHIN_MS = 10_000;

/** What two proxies may speak inside mTLS: `h1` is HTTP/1.1, `h2` is HTTP/2. */
export const TRANSPORTS = ["h1", "h2"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What this version's proxies take and speak. */
export const PROXY_TRANSPORTS: readonly Transport[] = ["h1"];

/** An endpoint that names no transport is of a time when there was but one. */
export const TRANSPORT_DEFAULT: Transport = "h1";

/** Whether a proxy of this version can reach an endpoint that takes these transports. */
export function isReachableBy(transports: readonly string[] | undefined, spoken: readonly Transport[]): boolean {
  const taken = transports === undefined || transports.length === 0 ? [TRANSPORT_DEFAULT] : transports;
  return spoken.some((transport) => taken.includes(transport));
}

/**
 * `delta`: takes a snapshot as contents by hash, and endpoints as what differs · `staleness`: refuses requests when it
 * has been behind for as long as the mesh says · `salted-signature`: takes a signature that several snapshots have
 * together (shared-signature.ts). What needs a feature is withheld from a proxy that has it not.
 */
export type ProxyFeature = "delta" | "staleness" | "salted-signature";
export const PROXY_FEATURES: readonly ProxyFeature[] = ["delta", "staleness", "salted-signature"];
