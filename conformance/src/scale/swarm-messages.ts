/** What the measurement and the process of its simulated proxies say to each other. */
import type { TestIdentity } from "@regomesh/controller/test";

export type StartOrder = {
  readonly kind: "start";
  readonly address: string;
  readonly proxies: readonly { readonly workload: string; readonly identity: TestIdentity }[];
  /** Addresses that each says it listens at. */
  readonly endpointsEach: number;
  /** Milliseconds over which connections are spread. */
  readonly withinMs: number;
};

export type SwarmOrder =
  | StartOrder
  /** One proxy says that it listens elsewhere. */
  | { readonly kind: "move"; readonly proxy: number; readonly port: number };

/** All times are milliseconds since 1970, with fractions. */
export type SwarmReport = {
  /** A snapshot came whole: proxy, revision, time, bytes. */
  readonly snapshots: readonly (readonly [number, string, number, number])[];
  /** Endpoints came: proxy, services, time, bytes. */
  readonly endpoints: readonly (readonly [number, readonly string[], number, number])[];
  readonly errors: readonly string[];
  readonly connected: number;
};
