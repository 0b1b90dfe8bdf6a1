/**
 * Requests that name no service but an endpoint by its address, as a client does that has one from
 * elsewhere: they go to it and nobody else, as its service's settings say. To policies they are for
 * no service, so that routes of one do not hold.
 */
import { type Cluster, makeCluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ServiceTable } from "./service-table.ts";

const ADDRESS = /^(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]):(\d{1,5})$/;

export class DirectClusters {
  /** By the service's own cluster, so that they go with the snapshot that it is of. */
  readonly #made = new WeakMap<Cluster, WeakMap<Endpoint, Cluster>>();

  /** Of an authority with an address and port that an endpoint of the mesh has; undefined for any other. */
  match(table: ServiceTable, authority: string): Cluster | undefined {
    const [, host = "", port] = ADDRESS.exec(authority) ?? [];
    const address = host.startsWith("[") ? host.slice(1, -1) : host;
    if (address === "") return undefined;
    for (const cluster of table.all) {
      const endpoint = cluster.groups
        .get("")
        ?.endpoints.find((each) => each.address === address && each.port === Number(port));
      if (endpoint !== undefined) return this.#of(cluster, endpoint);
    }
    return undefined;
  }

  /**
   * Of a connection's own destination. The port that it called is the application's, which nobody tells of an endpoint:
   * its address says whose it is, and where several services' ports are there, the one of this number.
   */
  called(table: ServiceTable, address: string, port: number): Cluster | undefined {
    const found = table.all.flatMap((cluster) => {
      const all = cluster.groups.get("")?.endpoints.filter((each) => each.address === address) ?? [];
      return all.map((endpoint) => ({ cluster, endpoint }));
    });
    const exact = found.find(({ endpoint }) => endpoint.port === port);
    const [chosen, ...others] =
      exact !== undefined
        ? [exact]
        : found.length < 2
          ? found
          : found.filter(({ cluster }) => cluster.service.port === port);
    return chosen === undefined || others.length > 0 ? undefined : this.#of(chosen.cluster, chosen.endpoint);
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
