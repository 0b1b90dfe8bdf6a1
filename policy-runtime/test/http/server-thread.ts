/**
 * Servers for tests of what stands still while it waits: on a thread of their own. `/NAME` answers as
 * the table says; what came is counted by path and shown by `/seen`.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";

export type ServerSetup = {
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly socketPath: string;
};
export type ServerPorts = { readonly http: number; readonly https: number };

const seen: Record<string, number> = {};
const JSON_TYPE = { "content-type": "application/json" };

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const ANSWERS: Readonly<Record<string, Answer>> = {
  echo: (request, response, body) => {
    const { method, url, headers } = request;
    const peer = (request.socket as Partial<TLSSocket>).getPeerCertificate?.();
    response.writeHead(200, JSON_TYPE).end(JSON.stringify({ method, url, headers, body, client: peer?.subject?.CN }));
  },
  count: (request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "cache-control": "no-store" }).end(String(seen[request.url ?? ""]));
  },
  aged: (request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "cache-control": "max-age=60" }).end(String(seen[request.url ?? ""]));
  },
  tagged: (request, response) => {
    const fields = { etag: '"1"', "cache-control": "max-age=0" };
    if (request.headers["if-none-match"] === '"1"') response.writeHead(304, fields).end();
    else response.writeHead(200, { ...JSON_TYPE, ...fields }).end(String(seen[request.url ?? ""]));
  },
  "not-found": (_, response) => response.writeHead(404).end("no"),
  yaml: (_, response) => response.writeHead(200, { "content-type": "application/x-yaml" }).end("a: [1, 2]"),
  plain: (_, response) =>
    response.writeHead(200, { "x-many": ["a", "b"], constructor: "c" }).end('{"big": 12345678901234567890}'),
  broken: (_, response) => response.writeHead(200, JSON_TYPE).end("{"),
  packed: (_, response) =>
    response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(gzipSync('{"packed":true}')),
  moved: (_, response) => response.writeHead(302, { location: "/echo" }).end(),
  kept: (_, response) => response.writeHead(307, { location: "/echo" }).end(),
  away: (_, response) => response.writeHead(302, { location: "http://elsewhere.example/" }).end(),
  circle: (_, response) => response.writeHead(302, { location: "/circle" }).end(),
  never: () => undefined,
  flaky: (request, response) => {
    if ((seen[request.url ?? ""] ?? 0) < 3) request.socket.destroy();
    else response.writeHead(200, JSON_TYPE).end(String(seen[request.url ?? ""]));
  },
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = "" } = request;
  seen[url] = (seen[url] ?? 0) + 1;
  const [, name = ""] = url.split(/[/?]/);
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => ANSWERS[name]?.(request, response, body));
}

const { tls, socketPath } = workerData as ServerSetup;
const plain = http.createServer(answer);
const secure = https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer);
http.createServer(answer).listen(socketPath);
const portOf = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
parentPort?.postMessage({ http: await portOf(plain), https: await portOf(secure) } satisfies ServerPorts);
