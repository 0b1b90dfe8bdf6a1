/** The controller's gRPC server: one port for Control and Identity. */

import { logVerbosity, Server, setLogVerbosity } from "@grpc/grpc-js";
import { splitAddress } from "@regomesh/base";
import {
  type ControlServer,
  ControlService,
  encodeControllerMessage,
  type IdentityServer,
  IdentityService,
} from "@regomesh/protocol";
import { notListening } from "../held-address.ts";
import type { ServerIdentity } from "./credentials.ts";
import { endSilent, FIRST_MESSAGE_MS } from "./first-message.ts";
import { writeInPieces } from "./small-writes.ts";

/** Reports are small; a megabyte is a thousand edges with their histograms. */
const RECEIVE_BYTES_MAX = 1024 * 1024;
/** A proxy opens three. */
const STREAMS_MAX = 16;
/**
 * Silence of a whole machine shows after these; a killed process closes its sockets at once. The answer may
 * take long: where machines are so busy that it takes seconds, proxies that are sent away come back all at
 * once, and their handshakes make them busier still.
 */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 15_000;
/** A connection without a call: a proxy has three for as long as it lives, and who joins asks at once. */
const IDLE_MS = 60_000;

export type GrpcServer = {
  readonly address: string;
  close(): Promise<void>;
};

export async function serveGrpc(
  address: string,
  identity: ServerIdentity,
  services: { readonly control: ControlServer; readonly identity: IdentityServer },
  firstMessageMs = FIRST_MESSAGE_MS,
): Promise<GrpcServer> {
  setLogVerbosity(logVerbosity.NONE); // what fails is told once, by us
  const writeAsBefore = writeInPieces();
  const server = new Server({
    "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": STREAMS_MAX,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.max_connection_idle_ms": IDLE_MS,
    interceptors: [endSilent(firstMessageMs)],
  });
  const snapshots = { ...ControlService.snapshots, responseSerialize: encodeControllerMessage };
  server.addService({ ...ControlService, snapshots }, services.control);
  server.addService(IdentityService, services.identity);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, identity.credentials, (error, bound) =>
      error ? reject(notListening(address, "--grpc", error)) : resolve(bound),
    );
  });
  return {
    address: `${splitAddress(address).urlHost}:${port}`,
    async close() {
      server.forceShutdown();
      writeAsBefore();
      await Promise.resolve();
    },
  };
}
