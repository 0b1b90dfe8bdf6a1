/**
 * The data plane of one thread: what is in force, the endpoints, the pools, and the
 * connections of its listeners.
 */
import type { EndpointState, FileEndpoint } from "@regomesh/protocol";
import type { Cluster } from "../route/cluster.ts";
import { setEndpoints } from "../route/cluster.ts";
import { type Endpoint, updateEndpoints } from "../route/endpoint.ts";
import type { InForce } from "../snapshot/in-force.ts";
import { Pool } from "./pool.ts";
import type { Thread } from "./thread.ts";
import type { PeerDial } from "./tls.ts";

export class Plane {
  readonly thread: Thread;
  inForce: InForce | undefined = undefined;
  isDraining = false;
  /** How peers are reached; undefined on a mesh in plaintext. */
  peer: PeerDial | undefined = undefined;
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #pools = new Set<Pool>();

  constructor(thread: Thread) {
    this.thread = thread;
  }

  endpointsOf(service: string): readonly Endpoint[] {
    return this.#endpoints.get(service) ?? [];
  }

  /** The newest word on some services; with `isComplete`, what it does not name is gone. */
  setEndpoints(services: ReadonlyMap<string, readonly Omit<FileEndpoint, "service">[]>, isComplete: boolean): void {
    const names = isComplete ? new Set([...this.#endpoints.keys(), ...services.keys()]) : new Set(services.keys());
    for (const name of names) {
      const { endpoints, gone } = updateEndpoints(this.endpointsOf(name), services.get(name) ?? []);
      if (endpoints.length === 0) this.#endpoints.delete(name);
      else this.#endpoints.set(name, endpoints);
      for (const cluster of this.inForce?.services.all ?? []) {
        if (cluster.key === name) setEndpoints(cluster, endpoints);
      }
      for (const endpoint of gone) this.#retire(endpoint);
    }
  }

  poolOf(cluster: Cluster, endpoint: Endpoint, isApplication: boolean): Pool {
    if (endpoint.pool !== undefined) return endpoint.pool;
    const { traffic, principals } = cluster.service;
    const pool = new Pool(this.thread, endpoint, {
      connectTimeoutMs: traffic.connectTimeoutMs,
      idleTimeoutMs: traffic.idleTimeoutMs,
      connectionsMax: traffic.connectionsMax,
      pendingMax: traffic.pendingMax,
      principals,
      peer: isApplication ? () => undefined : () => this.peer,
    });
    endpoint.pool = pool;
    this.#pools.add(pool);
    return pool;
  }

  /** Swaps the snapshot in; pools learn the new settings. */
  enforce(next: InForce): void {
    const before = this.inForce;
    this.inForce = next;
    for (const cluster of next.services.all) {
      for (const endpoint of cluster.groups.get("")?.endpoints ?? []) {
        const { traffic, principals } = cluster.service;
        if (endpoint.pool === undefined) continue;
        endpoint.pool.settings = {
          connectTimeoutMs: traffic.connectTimeoutMs,
          idleTimeoutMs: traffic.idleTimeoutMs,
          connectionsMax: traffic.connectionsMax,
          pendingMax: traffic.pendingMax,
          principals,
          peer: () => this.peer,
        };
        if (!isSame(before, cluster, principals)) endpoint.pool.renew();
      }
    }
  }

  /** Connections made from now on show the new identity; idle ones of the old are closed. */
  setPeer(peer: PeerDial | undefined): void {
    this.peer = peer;
    for (const endpoints of this.#endpoints.values()) for (const { pool } of endpoints) pool?.renew();
  }

  /** Breakers of every endpoint that a service of the snapshot has. */
  endpointStates(): readonly EndpointState[] {
    return [...this.#endpoints].flatMap(([service, endpoints]) =>
      endpoints.map(({ address, port, breaker }) => ({ service, address, port, breaker: breaker.kind })),
    );
  }

  close(): void {
    for (const pool of this.#pools) pool.destroy();
    this.#pools.clear();
  }

  #retire(endpoint: Endpoint): void {
    endpoint.isGone = true;
    if (endpoint.pool === undefined) return;
    endpoint.pool.close();
    this.#pools.delete(endpoint.pool);
  }
}

/** Whether the same principals may answer for the service as before. */
function isSame(before: InForce | undefined, cluster: Cluster, principals: readonly string[]): boolean {
  const old = before?.services.all.find(
    ({ key, service }) => key === cluster.key && service.port === cluster.service.port,
  );
  return old !== undefined && old.service.principals.join("\n") === principals.join("\n");
}
