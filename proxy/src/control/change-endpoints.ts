/** The endpoints of a service after the controller's word on it. */
import { type FileEndpoint, isReachableBy, PROXY_TRANSPORTS, type ServiceEndpoints } from "@regomesh/protocol";

/** Those that this proxy can reach: all that are told, or what is told of some put in the others' place. */
export function changeEndpoints(
  before: readonly FileEndpoint[],
  { service, endpoints, partial, gone }: ServiceEndpoints,
): readonly FileEndpoint[] {
  const told = endpoints
    .filter(({ transports }) => isReachableBy(transports, PROXY_TRANSPORTS))
    .map((endpoint): FileEndpoint => ({ ...endpoint, service }));
  if (partial !== true) return told;
  const replaced = new Set([...gone, ...endpoints.map(placeOf)]);
  return [...before.filter((endpoint) => !replaced.has(placeOf(endpoint))), ...told];
}

function placeOf({ address, port }: Pick<FileEndpoint, "address" | "port">): string {
  return `${address} ${port}`;
}
