/** A client of the mesh that a scenario plays: TLS with whatever certificate it is given. */
import { connect, type TLSSocket } from "node:tls";
import type { Identity } from "@regomesh/proxy";
import { Wire } from "./wire.ts";
import { within } from "./within.ts";

/** Without an identity it shows no certificate. What the other end shows is taken as it is. */
export function startMeshClient(port: number, identity: Pick<Identity, "keyPem" | "chainPem"> | undefined): Wire {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ...(identity === undefined ? {} : { key: identity.keyPem, cert: identity.chainPem }),
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  return new Wire(socket);
}

/** As `startMeshClient`, once the handshake is done. */
export async function dialMesh(port: number, identity: Identity): Promise<Wire> {
  const wire = startMeshClient(port, identity);
  const secure = new Promise<void>((done) => (wire.socket as TLSSocket).once("secureConnect", () => done()));
  await within(5000, "a handshake", secure);
  return wire;
}
