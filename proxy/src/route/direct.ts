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
   * Of a connection's own destination, whose port is the application's, or an endpoint's own; where it is neither, the
   * service's port of that number. `no-port`: the address is of the mesh, and no port of it is. Undefined: it is nobody's.
   */
  called(table: ServiceTable, version: number, address: string, port: number): Cluster | "no-port" | undefined {
    const found = this.#at(table, version, address);
    if (found.length === 0) return undefined;
    const chosen = choose(found, port);
    return chosen === undefined ? "no-port" : this.#of(chosen.cluster, chosen.endpoint);
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

/** Undefined where that port is none's, or several ports' that are not one. */
function choose(found: readonly Place[], port: number): Place | undefined {
  const bySight = ({ endpoint }: Place) => endpoint.port === port || endpoint.applicationPort === port;
  const byNumber = ({ cluster }: Place) => cluster.service.port === port;
  const seen = found.filter(bySight);
  if (seen.length > 0) {
    // Several services of one Pod have the same endpoint: whichever is taken, the request arrives there.
    const chosen = seen.find(byNumber) ?? seen[0];
    return seen.every(({ endpoint }) => endpoint.port === chosen?.endpoint.port) ? chosen : undefined;
  }
  const [only, ...others] = found;
  // Of a proxy that says nothing of its application's port, its address alone says whose it is.
  if (others.length === 0 && only?.endpoint.applicationPort === undefined) return only;
  const [numbered, ...more] = found.filter(byNumber);
  return more.length === 0 ? numbered : undefined;
}

function placesOf(cluster: Cluster): readonly Place[] {
  return cluster.groups.get("")?.endpoints.map((endpoint) => ({ cluster, endpoint })) ?? [];
}
