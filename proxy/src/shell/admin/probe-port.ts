/**
 * Where a kubelet asks whether the application is well, in place of the application, whose own ports are captured and
 * take the mesh alone. It is open to the node, in plaintext, and so answers what the table names and nothing else, with
 * a status and no content.
 */
import type { ClientRequest, IncomingMessage, RequestOptions, Server, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { shareFairly } from "@regomesh/base/node";
import type { Probe, Probes } from "@regomesh/protocol";
import type { Address } from "../net/listener.ts";
import { callGrpc } from "./grpc-probe.ts";

/** Not imported, as in admin.ts. */
const { createServer, request: requestHttp } = process.getBuiltinModule("node:http");

/** Where the table does not say: the kubelet gives up before, unless it was told to wait for longer. */
const WITHIN_SECONDS = 10;
/** At a time; who has the most of them gives way. */
const PROBES_MAX = 32;
/** The machine has no IPv6. */
const NO_FAMILY = "EAFNOSUPPORT";
const APPLICATION = "127.0.0.1";

type HttpProbe = Extract<Probe, { readonly kind: "http" }>;

export type ProbePort = { readonly address: Address; close(): Promise<void> };

export async function openProbePort(probes: Probes, port: number): Promise<ProbePort> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (asked, response) => {
    const probe = asked.method === "GET" ? probes.get(asked.url ?? "") : undefined;
    if (probe === undefined) return end(response, 404);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    void ask(probe, asked, gone.signal).then((status) => end(response, status));
  });
  shareFairly(server, PROBES_MAX);
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

/**
 * The application's own status; 502 where it gives none, or cannot be asked so, and 504 where it gives none in time.
 * `gone`: nobody waits any more.
 */
async function ask(probe: Probe, asked: IncomingMessage, gone: AbortSignal): Promise<number> {
  const withinMs = (probe.withinSeconds ?? WITHIN_SECONDS) * 1000;
  return await new Promise<number>((done) => {
    const call = callOf(probe, asked, done);
    call.setTimeout(withinMs, () => {
      done(504);
      call.destroy();
    });
    call.on("error", () => done(502));
    gone.addEventListener("abort", () => call.destroy());
  }).catch(() => 502); // what the table has is no request that could be sent
}

/** Throws where what the table has is no request. */
function callOf(probe: Probe, asked: IncomingMessage, done: (status: number) => void) {
  switch (probe.kind) {
    case "tcp":
      return callPort(probe.port, done);
    case "grpc":
      return callGrpc(probe, { address: APPLICATION, agent: asked.headers["user-agent"] }, done);
    case "http":
      return callHttp(probe, asked, done);
  }
}

function callPort(port: number, done: (status: number) => void): Socket {
  const socket = connect({ host: APPLICATION, port });
  socket.on("connect", () => {
    done(200);
    socket.destroy();
  });
  return socket;
}

/** Throws where a name of a field is none. */
function callHttp(probe: HttpProbe, { headers }: IncomingMessage, done: (status: number) => void): ClientRequest {
  // As the kubelet does: it knows no authority that has signed the application's certificate.
  const request = probe.isTls ? process.getBuiltinModule("node:https").request : requestHttp;
  const agent = headers["user-agent"];
  const own = agent === undefined ? {} : { "user-agent": agent };
  // Values go as the bytes that they are written in.
  const given = probe.fields.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
  const options: RequestOptions & { readonly rejectUnauthorized: boolean } = {
    host: APPLICATION,
    port: probe.port,
    path: targetOf(probe.path),
    headers: { ...own, accept: "*/*", connection: "close", ...Object.fromEntries(given) },
    agent: false,
    rejectUnauthorized: false,
  };
  const outgoing = request(options, (answer) => {
    done(answer.statusCode ?? 502);
    answer.destroy();
  });
  outgoing.end();
  return outgoing;
}

/** As the kubelet sends it: what may not stand in a URL is escaped, and a fragment is left out. */
function targetOf(path: string): string {
  const { pathname, search } = new URL(path.replace(/^\/*/, "/"), `http://${APPLICATION}`);
  return `${pathname}${search}`;
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
