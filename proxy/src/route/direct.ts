/**
 * Requests that name no service but an endpoint by its address, as a client does that has one from
 * elsewhere: they go to it and nobody else, as its service's settings say. To policies they are for
 * no service, so that routes of one do not hold.
 */
import { type Cluster, makeCluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ServiceTable } from "./service-table.ts";

const ADDRESS = /^(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]):(\d{1,5})$/;

/** An endpoint, and the service whose it is. */
type Place = { readonly cluster: Cluster; readonly endpoint: Endpoint };

export class DirectClusters {
  /** By address, of `#table` as its endpoints were at `#version`. */
  #places: ReadonlyMap<string, readonly Place[]> = new Map();
  #table: ServiceTable | undefined = undefined;
  #version = -1;
  /** By the service's own cluster, so that they go with the snapshot that it is of. */
  readonly #made = new WeakMap<Cluster, WeakMap<Endpoint, Cluster>>();

  /**
   * Of an authority with an address and port that an endpoint of the mesh has; undefined for any other. `version`: of
   * the table's endpoints, another one with each change.
   */
  match(table: ServiceTable, version: number, authority: string): Cluster | undefined {
    const [, host = "", port] = ADDRESS.exec(authority) ?? [];
    const address = host.startsWith("[") ? host.slice(1, -1) : host;
    if (address === "") return undefined;
    const found = this.#at(table, version, address).find(({ endpoint }) => endpoint.port === Number(port));
    return found && this.#of(found.cluster, found.endpoint);
  }

  /**
   * Of a connection's own destination. The port that it called is the application's, which nobody tells of an endpoint:
   * its address says whose it is, and where several services' ports are there, the one of this number.
   */
  called(table: ServiceTable, version: number, address: string, port: number): Cluster | undefined {
    const found = this.#at(table, version, address);
    const exact = found.find(({ endpoint }) => endpoint.port === port);
    const [chosen, ...others] =
      exact !== undefined
        ? [exact]
        : found.length < 2
          ? found
          : found.filter(({ cluster }) => cluster.service.port === port);
    return chosen === undefined || others.length > 0 ? undefined : this.#of(chosen.cluster, chosen.endpoint);
  }

  #at(table: ServiceTable, version: number, address: string): readonly Place[] {
    if (table !== this.#table || version !== this.#version) {
      this.#places = Map.groupBy(table.all.flatMap(placesOf), ({ endpoint }) => endpoint.address);
      this.#table = table;
      this.#version = version;
    }
    return this.#places.get(address) ?? NOWHERE;
  }

  #of(cluster: Cluster, endpoint: Endpoint): Cluster {
    const made = this.#made.get(cluster) ?? new WeakMap<Endpoint, Cluster>();
    this.#made.set(cluster, made);
    const known = made.get(endpoint);
    if (known !== undefined) return known;
    const edge = cluster.groups.get("")?.edge ?? -1;
    const service = { ...cluster.service, subsets: [], defaultRoute: [] };
    const direct = makeCluster(service, [endpoint], () => edge, undefined, endpoint);
    made.set(endpoint, direct);
    return direct;
  }
}

const NOWHERE: readonly Place[] = [];

function placesOf(cluster: Cluster): readonly Place[] {
  return cluster.groups.get("")?.endpoints.map((endpoint) => ({ cluster, endpoint })) ?? [];
}
