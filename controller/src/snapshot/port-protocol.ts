/** What a service's port speaks, in the words of snapshots. */
import type { PortProtocol } from "@regomesh/protocol";
import type { MeshService } from "@regomesh/resources";

type Port = MeshService["spec"]["ports"][number];

const PROTOCOLS: Readonly<Record<Port["protocol"], PortProtocol>> = { HTTP: "http", HTTP2: "http2", GRPC: "grpc" };

export function portProtocol({ protocol }: Pick<Port, "protocol">): PortProtocol {
  return PROTOCOLS[protocol];
}
