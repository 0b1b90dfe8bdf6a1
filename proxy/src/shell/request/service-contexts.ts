/** What policies may know of an application's connection, for each service that it asks for: made once, as most ask for one. */
import type { ConnectionContext } from "@regomesh/policy-runtime";
import type { Cluster } from "../../route/cluster.ts";

/** Services of one connection whose facts are kept; an application that asks for more has them made again. */
const KEPT_MAX = 64;

export class ServiceContexts {
  readonly #made = new WeakMap<ConnectionContext, Map<string, ConnectionContext>>();
  #context: ConnectionContext | undefined = undefined;
  #cluster: Cluster | undefined = undefined;
  #last: ConnectionContext | undefined = undefined;

  /** The connection's facts, and which service the request is for. */
  of(context: ConnectionContext, cluster: Cluster): ConnectionContext {
    if (context === this.#context && cluster === this.#cluster && this.#last !== undefined) return this.#last;
    this.#context = context;
    this.#cluster = cluster;
    this.#last = cluster.address === undefined ? context : this.#find(context, cluster.address);
    return this.#last;
  }

  #find(context: ConnectionContext, service: string): ConnectionContext {
    const made = this.#made.get(context) ?? new Map<string, ConnectionContext>();
    this.#made.set(context, made);
    const found = made.get(service) ?? { ...context, service };
    if (made.size >= KEPT_MAX && !made.has(service)) made.clear();
    made.set(service, found);
    return found;
  }
}
