/** Join tokens and identities as operators see them. Every time is milliseconds since the epoch, every rate requests a second. */

/** A join token as operators see it; the token itself is given once, where it is made. */
export type TokenBody = {
  readonly id: string;
  readonly spiffeId: string;
  /** `namespace/name` */
  readonly workload: string;
  readonly expiresAtMs: number;
  /** How many keys may use it, and how many have. */
  readonly uses: number;
  readonly used: number;
};

export type IdentitiesBody = {
  readonly trustDomain: string;
  /** sha256 of the root's certificate, as openssl prints it. */
  readonly rootFingerprint: string;
  readonly rootNotAfterMs: number;
  readonly svidTtlMs: number;
  /** Of the proxies that are connected, by the certificate that they have shown. */
  readonly proxies: readonly {
    readonly namespace: string;
    readonly workload: string;
    readonly instance: string;
    readonly spiffeId: string;
    readonly serial: string;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
  }[];
};
