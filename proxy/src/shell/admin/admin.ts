/**
 * The operator's interface, on loopback: metrics, readiness, what is in force, the last
 * decisions. Every path but /healthz and /readyz, and /metrics where the operator opened it, asks for the token of the 0600 file beside the state,
 * for another user of the machine must not read what passed.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import { diskReason } from "@regomesh/base";
import { SECRET, writeWhole } from "@regomesh/base/node";
import { canonicalJson } from "@regomesh/protocol";
import { printMetrics } from "../../metrics/print-metrics.ts";
import type { Address } from "../net/listener.ts";
import type { DataPlane } from "../plane/data-plane.ts";
import type { Sidecar } from "../proxy.ts";
import type { DiskTroubles } from "./disk-troubles.ts";

/** Not imported: what names node:http in an import has all its exports looked at, and with them 6 MiB of fetch and WebSocket loaded. */
const { createServer } = process.getBuiltinModule("node:http");

const TOKEN_BYTES = 24;
/** In base64url. */
const TOKEN_LENGTH = 32;
const KEEP_AGAIN_MS = 2000;

export type AdminOptions = {
  /** Folder of the token's file; undefined: no token can be given, /healthz alone answers. */
  readonly state: string | undefined;
  /** Where it listens, on loopback; a free port unless said. */
  readonly listen?: Address | undefined;
  /** /metrics is for every process of this machine: a scraper that has no token. */
  readonly isMetricsOpen?: boolean | undefined;
  readonly plane: DataPlane;
  readonly disk: DiskTroubles;
  readonly current: () => Sidecar | undefined;
};

export type Admin = { readonly address: Address; close(): Promise<void> };

type Answer = { readonly status: number; readonly type: string; readonly body: string };
type Page = (options: AdminOptions) => Promise<Answer> | Answer;

const PAGES: Readonly<Record<string, Page>> = {
  "GET /metrics": async ({ plane, current }) => ({
    status: 200,
    type: "text/plain; version=0.0.4; charset=utf-8",
    body: printMetrics(await plane.read(), current()?.facts()),
  }),
  "GET /snapshot": ({ current }) => {
    const load = current()?.load;
    if (load === undefined) return json(503, { error: "no snapshot is in force" });
    return {
      status: 200,
      type: "application/json",
      body: `${canonicalJson({ hash: load.hash, snapshot: load.snapshot })}\n`,
    };
  },
  "GET /decisions": async ({ plane }) => json(200, { decisions: (await plane.read()).recent }),
  "POST /drain": ({ current }) => {
    current()?.requestDrain();
    return json(202, { draining: true });
  },
};

export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const token = await openToken(options);
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000 },
    (request, response) => {
      void answer(request, options, token)
        .catch((error: unknown): Answer => json(500, { error: String(error) }))
        .then(({ status, type, body }) => send(response, status, type, body));
    },
  );
  server.maxConnections = 64;
  const address = await listen(server, options.listen);
  return {
    address,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The token of the file; a new one where there is none that is the owner's alone. */
async function openToken({ state, disk }: AdminOptions): Promise<string> {
  const made = randomBytes(TOKEN_BYTES).toString("base64url");
  if (state === undefined) return made;
  const file = join(state, "admin.token");
  const kept = await readKeptToken(file);
  if (kept === undefined) await keepToken(file, made, disk);
  return kept ?? made;
}

async function readKeptToken(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    const isOwners = ((await stat(file)).mode & 0o077) === 0;
    return isOwners && text.length === TOKEN_LENGTH ? text : undefined;
  } catch {
    return undefined; // another is written in its place
  }
}

/** Writes it, or goes on trying: nobody can ask for pages until it is there, and all else works. */
async function keepToken(file: string, token: string, disk: DiskTroubles): Promise<void> {
  try {
    await writeWhole(file, `${token}\n`, SECRET);
    disk.hear(file, undefined);
  } catch (error) {
    disk.hear(file, `${file} is not written: ${diskReason(error)}`);
    setTimeout(() => void keepToken(file, token, disk), KEEP_AGAIN_MS).unref();
  }
}

async function answer(request: IncomingMessage, options: AdminOptions, token: string): Promise<Answer> {
  const path = new URL(request.url ?? "/", "http://admin").pathname;
  // Both ask the same: a sidecar that cannot serve is no use to the program beside it.
  if (path === "/healthz" || path === "/readyz") {
    const isReady = options.current()?.isReady ?? false;
    return json(isReady ? 200 : 503, { ready: isReady, reason: options.current()?.waitingFor() ?? "starting" });
  }
  const page = PAGES[`${request.method ?? ""} ${path}`];
  if (page === undefined)
    return json(404, {
      error: `no ${path}; there are /healthz, /readyz, /metrics, /snapshot, /decisions and POST /drain`,
    });
  const isOpen = path === "/metrics" && options.isMetricsOpen === true;
  if (!isOpen && !isAuthorized(request, token))
    return json(401, { error: "the token of admin.token is asked for: authorization: Bearer TOKEN" });
  return await page(options);
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function json(status: number, body: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(body)}\n` };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}

async function listen(
  server: Server,
  { address: host, port }: Address = { address: "127.0.0.1", port: 0 },
): Promise<Address> {
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(port, host, () => done());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the admin interface has an address");
  return { address: host, port: address.port };
}
