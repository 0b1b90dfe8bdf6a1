/** Where and how a permitted request goes on: what the route, or the service's own settings, say. */
import type { FieldChanges } from "@regomesh/policy-runtime";
import type { Cluster, Group } from "../route/cluster.ts";
import type { Endpoint } from "../route/endpoint.ts";
import type { ExchangePlan } from "./exchange.ts";
import type { RequestCopy, StreamPool } from "./upstream-stream.ts";

/** For a free connection of a full pool: as long as a whole request may take by default. */
export const POOL_WAIT_MS = 15_000;

export type Forwarding = ExchangePlan & {
  readonly cluster: Cluster;
  readonly group: Group;
  /** The workload's own application, not a peer. */
  readonly isApplication: boolean;
  /** Requests of one key go to one endpoint; undefined: the balancer picks. */
  readonly hashKey: string | undefined;
  /** Told the whole request; undefined: nobody is. */
  readonly mirror: ((request: RequestCopy) => void) | undefined;
  /** What the route changes in the request's fields; undefined where nothing. */
  readonly requestChanges: FieldChanges | undefined;
  /** What the route changes in the response's. */
  readonly responseChanges: FieldChanges | undefined;
  /** Another subset of the service, where the route names others and this one has no endpoint any more. */
  readonly elsewhere: (() => Group | undefined) | undefined;
  /** Brings the group's endpoints up to date: what it named is gone. */
  readonly refresh: () => void;
  readonly poolOf: (endpoint: Endpoint) => StreamPool;
};

/** What an injected fault does to a request: first it waits, then it ends. */
export type InjectedFault = { readonly delayMs: number; readonly abortStatus: number };

export const NO_FAULT: InjectedFault = { delayMs: 0, abortStatus: 0 };
