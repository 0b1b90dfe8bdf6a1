/**
 * The data plane of one thread: what is in force, the endpoints, the pools, and the
 * connections of its listeners.
 */
import type { X509Certificate } from "node:crypto";
import { type EndpointState, type FileEndpoint, NOTHING_REVOKED, type Revoked } from "@regomesh/protocol";
import { ANYONE, isSameStanding, refusalOf, type Standing, withMembers, withRevoked } from "../../identity/standing.ts";
import type { Cluster } from "../../route/cluster.ts";
import { setEndpoints } from "../../route/cluster.ts";
import { type Endpoint, updateEndpoints } from "../../route/endpoint.ts";
import type { InForce } from "../../snapshot/in-force.ts";
import type { StreamPool } from "../../stream/upstream-stream.ts";
import type { PeerDial } from "../net/tls.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { Pool, type PoolSettings } from "../upstream/pool.ts";
import type { Thread } from "./thread.ts";

export class Plane {
  readonly thread: Thread;
  /** What a request under way may still take when its connection has come to its end. */
  readonly graceMs: number;
  inForce: InForce | undefined = undefined;
  /** Since when (wall clock) it is not known that the newest revision is in force; undefined while it is. */
  behindSinceMs: number | undefined = undefined;
  /** Responses end their connections: of clients, and of the application. */
  isDraining = false;
  isOutboundDraining = false;
  /** How peers are reached; undefined on a mesh in plaintext. */
  peer: PeerDial | undefined = undefined;
  /** Who may speak to us, and be spoken to. */
  standing: Standing = ANYONE;
  /** Another one with each change of endpoints. */
  endpointsVersion = 0;
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #pools = new Map<Endpoint, Pool>();
  /** Of endpoints that are gone, with their service: busy connections still end with the identity that opened them. */
  readonly #leaving = new Map<Pool, string>();

  constructor(thread: Thread, graceMs: number) {
    this.thread = thread;
    this.graceMs = graceMs;
  }

  /** Why a snapshot decides nothing any more; undefined where it does. */
  whyStale({ staleAtMs, staleAfterMs }: InForce, wallMs: number): string | undefined {
    if (staleAtMs <= wallMs) return "the snapshot has expired";
    const { behindSinceMs } = this;
    if (behindSinceMs === undefined || behindSinceMs + staleAfterMs > wallMs) return undefined;
    return "the proxy has been behind its controller for longer than the mesh allows";
  }

  endpointsOf(service: string): readonly Endpoint[] {
    return this.#endpoints.get(service) ?? [];
  }

  /** The newest word on some services; with `isComplete`, what it does not name is gone. */
  setEndpoints(services: ReadonlyMap<string, readonly Omit<FileEndpoint, "service">[]>, isComplete: boolean): void {
    this.endpointsVersion++;
    const names = isComplete ? new Set([...this.#endpoints.keys(), ...services.keys()]) : new Set(services.keys());
    for (const name of names) {
      const { endpoints, gone } = updateEndpoints(this.endpointsOf(name), services.get(name) ?? []);
      if (endpoints.length === 0) this.#endpoints.delete(name);
      else this.#endpoints.set(name, endpoints);
      for (const cluster of this.inForce?.services.all ?? []) {
        if (cluster.key === name) setEndpoints(cluster, endpoints);
      }
      for (const endpoint of gone) this.#retire(endpoint, name);
    }
  }

  /** Brings a cluster of an older snapshot up to date, for requests that began on it. */
  refresh(cluster: Cluster): void {
    this.endpointsVersion++;
    setEndpoints(cluster, this.endpointsOf(cluster.key));
  }

  poolOf(cluster: Cluster, endpoint: Endpoint, isApplication: boolean): StreamPool {
    if (endpoint.pool !== undefined) return endpoint.pool;
    const pool = new Pool(this.thread, endpoint, this.#poolSettings(cluster, isApplication));
    endpoint.pool = pool;
    this.#pools.set(endpoint, pool);
    return pool;
  }

  /** Swaps the snapshot in; pools learn the new settings, and lose connections to whom it no longer allows. */
  enforce(next: InForce): void {
    const before = this.inForce;
    this.inForce = next;
    for (const cluster of next.services.all) {
      const { principals } = cluster.service;
      const allowed = new Set(principals);
      const isNarrowed = !isSame(before, cluster, principals);
      for (const endpoint of cluster.groups.get("")?.endpoints ?? []) {
        const pool = this.#pools.get(endpoint);
        if (pool === undefined) continue;
        pool.settings = this.#poolSettings(cluster, false);
        if (isNarrowed) pool.revoke(({ peer }) => peer === undefined || allowed.has(peer.principal));
      }
    }
    const applications = new Set([...next.applications.values()].flatMap(endpointsIn));
    for (const endpoint of [...(before?.applications.values() ?? [])].flatMap(endpointsIn)) {
      if (!applications.has(endpoint)) this.#retire(endpoint, "");
    }
    const allowedIn = makeAllowedIn(next);
    for (const [service, endpoints] of this.#endpoints) {
      const mayStay = allowedIn(service);
      if (mayStay.isNamed) continue;
      for (const endpoint of endpoints) this.#pools.get(endpoint)?.revoke(mayStay.test);
    }
    for (const [pool, service] of this.#stillLeaving()) pool.revoke(allowedIn(service).test);
    const { members, revoked = NOTHING_REVOKED } = next.snapshot;
    this.#setStanding(withRevoked(withMembers(this.standing, members), revoked));
  }

  /** The newest word on certificates that were taken back, whatever comes of the snapshot that brought it. */
  revoke(revoked: Revoked): void {
    this.#setStanding(withRevoked(this.standing, revoked));
  }

  /** Connections to whom may be spoken to no longer end at once, idle or busy; those of clients are their acceptors'. */
  #setStanding(standing: Standing): void {
    if (isSameStanding(standing, this.standing)) return;
    this.standing = standing;
    const mayStay = ({ peer }: UpstreamConnection): boolean =>
      peer === undefined || refusalOf(standing, peer) === undefined;
    for (const pool of [...this.#pools.values(), ...this.#stillLeaving().keys()]) pool.revoke(mayStay);
  }

  #stillLeaving(): ReadonlyMap<Pool, string> {
    for (const pool of this.#leaving.keys()) if (pool.openCount === 0) this.#leaving.delete(pool);
    return this.#leaving;
  }

  #poolSettings(
    { service: { traffic, principals, protocol = "http" } }: Cluster,
    isApplication: boolean,
  ): PoolSettings {
    return {
      connectTimeoutMs: traffic.connectTimeoutMs,
      idleTimeoutMs: traffic.idleTimeoutMs,
      connectionsMax: traffic.connectionsMax,
      pendingMax: traffic.pendingMax,
      principals,
      graceMs: this.graceMs,
      isApplication,
      protocol: protocol === "http" ? "http1" : "http2",
      refusalOf: (peer) => refusalOf(this.standing, peer),
      peer: isApplication ? () => undefined : () => this.peer,
    };
  }

  /**
   * Connections made from now on show the new identity, and those open take no further
   * request. `authorities`: where some are no longer trusted, those that still are;
   * connections to whom they do not vouch for end at once.
   */
  setPeer(peer: PeerDial | undefined, authorities: readonly X509Certificate[] | undefined): void {
    this.peer = peer;
    const dialled = [...this.#endpoints.values()].flat().map((endpoint) => this.#pools.get(endpoint));
    for (const pool of [...dialled, ...this.#stillLeaving().keys()]) {
      if (authorities !== undefined) pool?.revoke((upstream) => upstream.isTrustedBy(authorities));
      pool?.renew();
    }
  }

  /** Breakers of every endpoint that a service of the snapshot has. */
  endpointStates(): readonly EndpointState[] {
    return [...this.#endpoints].flatMap(([service, endpoints]) =>
      endpoints.map(({ address, port, breaker }) => ({ service, address, port, breaker: breaker.kind })),
    );
  }

  close(): void {
    for (const pool of [...this.#pools.values(), ...this.#leaving.keys()]) pool.destroy();
    this.#pools.clear();
    this.#leaving.clear();
  }

  #retire(endpoint: Endpoint, service: string): void {
    endpoint.isGone = true;
    const pool = this.#pools.get(endpoint);
    if (pool === undefined) return;
    pool.close();
    this.#pools.delete(endpoint);
    this.#stillLeaving();
    if (pool.openCount > 0) this.#leaving.set(pool, service);
  }
}

type MayStay = { readonly test: (upstream: UpstreamConnection) => boolean; readonly isNamed: boolean };

/**
 * Whose connections to a service's endpoints may go on: of those that the snapshot allows
 * for it; where it is no more (`isNamed` is false), of those that it allows for any.
 */
function makeAllowedIn(next: InForce): (service: string) => MayStay {
  const byService = new Map<string, Set<string>>();
  const all = new Set<string>();
  for (const { key, service } of next.services.all) {
    const own = byService.get(key) ?? new Set<string>();
    byService.set(key, own);
    for (const principal of service.principals) {
      own.add(principal);
      all.add(principal);
    }
  }
  return (service) => {
    const allowed = byService.get(service);
    const test = ({ peer }: UpstreamConnection): boolean => peer === undefined || (allowed ?? all).has(peer.principal);
    return { test, isNamed: allowed !== undefined };
  };
}

function endpointsIn(cluster: Cluster): readonly Endpoint[] {
  return cluster.groups.get("")?.endpoints ?? [];
}

/** Whether the same principals may answer for the service as before. */
function isSame(before: InForce | undefined, cluster: Cluster, principals: readonly string[]): boolean {
  const old = before?.services.all.find(
    ({ key, service }) => key === cluster.key && service.port === cluster.service.port,
  );
  return old !== undefined && old.service.principals.join("\n") === principals.join("\n");
}
