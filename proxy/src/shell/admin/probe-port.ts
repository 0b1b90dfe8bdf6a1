/**
 * Where a kubelet asks whether the application is well, in place of the application, whose own ports are captured and
 * take the mesh alone. It is open to the node, in plaintext, and so answers what the table names and nothing else, with
 * a status and no content.
 */
import type { IncomingMessage, RequestOptions, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Probe, Probes } from "@regomesh/protocol";
import type { Address } from "../net/listener.ts";

/** Not imported, as in admin.ts. */
const { createServer, request: requestHttp } = process.getBuiltinModule("node:http");

/** The kubelet gives up before, unless it was told to wait for longer. */
const ANSWER_WITHIN_MS = 10_000;
/** At a time. */
const PROBES_MAX = 32;
/** The machine has no IPv6. */
const NO_FAMILY = "EAFNOSUPPORT";
const APPLICATION = "127.0.0.1";

export type ProbePort = { readonly address: Address; close(): Promise<void> };

export async function openProbePort(probes: Probes, port: number): Promise<ProbePort> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (asked, response) => {
    const probe = asked.method === "GET" ? probes.get(asked.url ?? "") : undefined;
    if (probe === undefined) return end(response, 404);
    void ask(probe, asked).then((status) => end(response, status));
  });
  server.maxConnections = PROBES_MAX;
  const address = await listen(server, port);
  return {
    address,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The application's own status; 502 where it gives none, 504 where it gives none in time. */
async function ask(probe: Probe, asked: IncomingMessage): Promise<number> {
  return await new Promise((done) => {
    const late = () => done(504);
    const failed = () => done(502);
    if (probe.kind === "tcp") {
      const socket = connect({ host: APPLICATION, port: probe.port, timeout: ANSWER_WITHIN_MS });
      socket
        .on("connect", () => done(200))
        .on("timeout", late)
        .on("error", failed);
      socket.on("connect", () => socket.destroy()).on("timeout", () => socket.destroy());
      return;
    }
    // As the kubelet does: it knows no authority that has signed the application's certificate.
    const request = probe.isTls ? process.getBuiltinModule("node:https").request : requestHttp;
    const outgoing = request(toOptions(probe, asked), (answer) => {
      done(answer.statusCode ?? 502);
      answer.destroy();
    });
    outgoing.on("timeout", () => {
      late();
      outgoing.destroy();
    });
    outgoing.on("error", failed);
    outgoing.end();
  });
}

function toOptions({ port, path, fields }: Extract<Probe, { kind: "http" }>, { headers }: IncomingMessage) {
  const given = Object.fromEntries(fields);
  const agent = headers["user-agent"];
  const own = agent === undefined ? {} : { "user-agent": agent };
  const options: RequestOptions & { readonly rejectUnauthorized: boolean } = {
    host: APPLICATION,
    port,
    path: path.startsWith("/") ? path : `/${path}`,
    headers: { ...own, accept: "*/*", connection: "close", ...given },
    timeout: ANSWER_WITHIN_MS,
    agent: false,
    rejectUnauthorized: false,
  };
  return options;
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0, connection: "close" });
  response.end();
}

/** On every address: the kubelet calls the Pod's. */
async function listen(server: Server, port: number): Promise<Address> {
  const on = (host: string) =>
    new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen({ host, port }, () => {
        server.off("error", fail);
        done();
      });
    });
  await on("::").catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== NO_FAMILY) throw error;
    await on("0.0.0.0");
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a listener has an address");
  return { address: bound.address, port: bound.port };
}
