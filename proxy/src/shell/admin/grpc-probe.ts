/** A kubelet's `grpc` probe, asked of the application in its place: whether it says that it is serving. */
import type { ClientHttp2Session } from "node:http2";
import type { Probe } from "@regomesh/protocol";
import { CHECK_BYTES_MAX, CHECK_TARGET, encodeCheck, isServing } from "../../grpc/health.ts";
import { frameMessage, MessageReader } from "../../grpc/message-reader.ts";
import { GrpcStatus } from "../../grpc/status.ts";

type GrpcProbe = Extract<Probe, { readonly kind: "grpc" }>;

/** The session, for whoever waits no longer. `done`: 200 where it serves, 503 where it says anything else, 502 nothing. */
export function callGrpc(
  { port, service }: GrpcProbe,
  { address, agent }: { readonly address: string; readonly agent: string | undefined },
  done: (status: number) => void,
): ClientHttp2Session {
  // Not imported, as in admin.ts.
  const { connect } = process.getBuiltinModule("node:http2");
  const session = connect(`http://${address}:${port}`, { settings: { enablePush: false } });
  const stream = session.request({
    ":method": "POST",
    ":path": CHECK_TARGET,
    "content-type": "application/grpc",
    te: "trailers",
    ...(agent === undefined ? {} : { "user-agent": agent }),
  });
  const reader = new MessageReader(CHECK_BYTES_MAX);
  let isAnswered = false;
  let isWell = false;
  let status: unknown;
  stream.on("response", () => {
    isAnswered = true;
  });
  stream.on("data", (bytes: Buffer) => {
    for (const message of reader.feed(bytes, 0, bytes.length)) isWell = isServing(message);
    if (reader.fault !== undefined) stream.close();
  });
  stream.on("trailers", (fields) => {
    status = fields["grpc-status"];
  });
  // A session that fails says so by itself.
  stream.on("error", () => {});
  stream.on("close", () => {
    const isServed = isWell && reader.fault === undefined && status === String(GrpcStatus.ok);
    done(isServed ? 200 : isAnswered ? 503 : 502);
    session.destroy();
  });
  stream.end(frameMessage(encodeCheck(service)));
  return session;
}
