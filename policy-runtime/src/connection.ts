/**
 * What the policy may know of a request beside its head: facts of the connection,
 * proven by the peer's certificate or by the socket, never by a field.
 */
export type ConnectionContext = {
  readonly scheme: "http" | "https";
  /** SPIFFE ID of the peer; undefined on plaintext. `input.attributes.source.principal`, `input.source.principal`. */
  readonly principal: string | undefined;
  readonly trustDomain: string | undefined;
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** `attributes.destination.principal`: the proxy's own SPIFFE ID. */
  readonly destinationPrincipal: string | undefined;
  /**
   * `attributes.destination.service`: the service and port that the request is for, `orders.shop:80`,
   * whatever its authority says; outbound alone.
   */
  readonly service?: string | undefined;
};

/** `input.destination`: the proxy's own workload. */
export type Destination = {
  readonly service: string;
  readonly namespace: string;
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
};

/** Order of the values in the module's context block (policy-compiler/runtime/assembly/request/region.ts). */
export const CONTEXT_FIELDS = [
  "scheme",
  "principal",
  "trustDomain",
  "namespace",
  "serviceAccount",
  "sourceAddress",
  "sourcePort",
  "destinationAddress",
  "destinationPort",
  "destinationPrincipal",
  "service",
] as const;
