/** What of the newest commits is not in force. */
import type { RefusedBody, StatusBody } from "@regomesh/controller/api";

/** The first source's, the mesh's own before others'; undefined where nothing was refused. */
export function refusedOf(status: StatusBody | undefined): RefusedBody | undefined {
  return status?.sources.find(({ refused }) => refused !== undefined)?.refused;
}
