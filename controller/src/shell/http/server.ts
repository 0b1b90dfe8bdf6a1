/** The HTTP API for page and command line, on loopback: reading is free to this machine, changing needs the token. */

import { type Log, splitAddress } from "@regomesh/base";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { ExplainRequest } from "../../api/explain.ts";
import type { Word } from "../../distribution/intervene.ts";
import { type ControllerCounts, printMetrics } from "../../status/metrics.ts";
import { listTargets } from "../../status/targets.ts";
import { StoreError } from "../../store/store.ts";
import type { Attestor } from "../ca/attestor.ts";
import type { Revoker } from "../ca/revoker.ts";
import { notListening } from "../held-address.ts";
import type { MeshState } from "../mesh.ts";
import type { SourceOperator } from "../sources/operate.ts";
import { EventStream } from "./events.ts";
import { isAuthorized, isLocalHost } from "./guard.ts";
import { addIdentities } from "./identities.ts";
import { loadPage, PAGE_FOLDER, SECURITY_HEADERS } from "./page.ts";
import { addReleases } from "./releases.ts";
import { addSources } from "./sources.ts";

const BODY_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const QUERY_LENGTH_MAX = 1000;
/** Pages, scrapers and commands of one machine; whoever opens more takes no descriptors from proxies. */
const CONNECTIONS_MAX = 256;
/** How often it is looked for requests that have taken too long: those of clients that never say the end of one. */
const LOOK_EVERY_MS = 2000;

export type HttpOptions = {
  /** `HOST:PORT` */
  readonly address: string;
  readonly mesh: MeshState;
  readonly token: string;
  readonly log: Log;
  readonly counts: () => ControllerCounts;
  readonly revoker: Pick<Revoker, "list" | "revoke">;
  readonly attestor: Attestor;
  readonly sourceOperator: SourceOperator;
  /** An operator's word on the release under way; why it has nothing to be about, where that is so. */
  readonly intervene: (word: Word, revision: string | undefined) => string | undefined;
  /** A hook says that the source has something new. */
  readonly onHook: () => void;
  /** An operator confirms what the newest commit takes away; false where it waits for no such word. */
  readonly onConfirm: (hash: string) => boolean;
  readonly pageFolder?: string;
};

export type HttpServer = {
  readonly url: string;
  /** Status has changed. */
  poke(): void;
  close(): Promise<void>;
};

export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, urlHost, port } = splitAddress(options.address);
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { connectionsCheckingInterval: LOOK_EVERY_MS },
    logger: false,
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  const events = new EventStream(options.mesh);
  addGuards(app, urlHost, options);
  addReads(app, options, events);
  addOperatorReads(app, options);
  addQuestions(app, options);
  addWrites(app, options);
  addSources(app, options.sourceOperator, onlyWith(options.token));
  addReleases(app, options.intervene, onlyWith(options.token));
  addIdentities(app, options.attestor, onlyWith(options.token));
  addPage(app, options.pageFolder ?? PAGE_FOLDER);
  await app.listen({ host, port }).catch((error: Error) => {
    throw notListening(options.address, "--http", error);
  });
  const bound = app.server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    url: `http://${urlHost}:${boundPort}`,
    poke: () => events.poke(),
    async close() {
      events.close();
      await app.close();
    },
  };
}

function addGuards(app: FastifyInstance, host: string, { log }: HttpOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (!isLocalHost(request.headers.host, host))
      await reply.code(403).send({ error: "this API answers to this machine's names only" });
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.log("error", "a request failed", { error: error.message });
    await reply.code(status).send({ error: status >= 500 ? "the controller failed" : error.message });
  });
  app.setNotFoundHandler(async (_, reply) => {
    await reply.code(404).send({ error: "nothing here" });
  });
}

function addReads(app: FastifyInstance, { mesh, counts, revoker }: HttpOptions, events: EventStream): void {
  app.get("/healthz", async () => ({ ok: true }));
  // Served once a revision is in force, and the authority open: before that nothing listens here.
  app.get("/readyz", async (_, reply) => {
    const { revision } = mesh.status();
    return await reply.code(revision === undefined ? 503 : 200).send({ ready: revision !== undefined });
  });
  // Prometheus' http_sd_configs: the admin address of every proxy that is connected.
  app.get("/api/targets", async (_, reply) => await fresh(reply).send(listTargets(mesh.status())));
  app.get("/metrics", async (_, reply) => {
    await reply.type("text/plain; version=0.0.4; charset=utf-8").send(printMetrics(mesh.status(), counts()));
  });
  app.get("/api/status", async (_, reply) => await fresh(reply).send(mesh.status()));
  app.get("/api/identity/revoked", async (_, reply) => await fresh(reply).send(revoker.list));
  app.get("/api/graph", async (_, reply) => await fresh(reply).send(mesh.graph()));
  app.get("/api/history", async (request, reply) => {
    const { edge } = request.query as Readonly<Record<string, unknown>>;
    const history = typeof edge === "string" ? mesh.history(edge.slice(0, QUERY_LENGTH_MAX)) : undefined;
    if (history === undefined) return await reply.code(404).send({ error: "no such edge: it is named FROM TO" });
    return await fresh(reply).send(history);
  });
  app.get("/api/decisions", async (request, reply) => {
    const query = request.query as Readonly<Record<string, unknown>>;
    const text = (name: string) => (typeof query[name] === "string" ? query[name].slice(0, QUERY_LENGTH_MAX) : "");
    const [limit, after] = [Number(text("limit") || 100), Number(text("after") || 0)];
    if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(after))
      return await reply.code(400).send({ error: "limit must be a whole number from 1, after one from 0" });
    const before = text("before");
    if (before !== "" && mesh.decisions.find(before) === undefined)
      return await reply.code(404).send({ error: `no decision ${before}: only the last ones are kept` });
    const names = { workload: text("workload"), namespace: text("namespace") };
    const asked = { limit, after, before, verdict: text("verdict"), q: text("q"), ...names };
    return await fresh(reply).send(mesh.decisions.list(asked));
  });
  app.get<{ Params: { id: string } }>("/api/decisions/:id", async (request, reply) => {
    const decision = await mesh.explain(request.params.id);
    if (decision !== undefined) return await fresh(reply).send(decision);
    return await reply.code(404).send({
      error: `no decision ${request.params.id.slice(0, 100)}: only the last ones are kept; regomesh decisions lists them`,
    });
  });
  app.get("/api/events", async (_, reply) => {
    if (events.isFull) return await reply.code(503).send({ error: "too many pages are open" });
    reply.hijack();
    events.add(reply.raw, SECURITY_HEADERS);
    return reply;
  });
}

/** What the whole source says, and what makes work, is for operators. */
function addOperatorReads(app: FastifyInstance, { token, mesh }: HttpOptions): void {
  const onRequest = onlyWith(token);
  app.get("/api/resources", { onRequest }, async (request, reply) => {
    const query = Object.entries(request.query as Readonly<Record<string, unknown>>).filter(
      ([name, value]) => ["kind", "namespace", "name"].includes(name) && typeof value === "string" && value !== "",
    );
    const found = await mesh.resources(Object.fromEntries(query)).catch((error: Error) => error);
    if (found === undefined || found instanceof Error) {
      const why = found instanceof Error ? `: ${found.message}` : "";
      return await reply.code(503).send({ error: `the commit that is in force cannot be read${why}` });
    }
    return await fresh(reply).send(found);
  });
}

/** Headers that a question may have, and how long what it says may be. */
const HEADERS_MAX = 100;

function addQuestions(app: FastifyInstance, { token, mesh }: HttpOptions): void {
  const onRequest = onlyWith(token);
  app.get<{ Params: { id: string } }>("/api/explain/:id", { onRequest }, async (request, reply) => {
    const found = await mesh.explainAgain(request.params.id);
    if ("error" in found) return await reply.code(found.status).send({ error: found.error });
    return await fresh(reply).send(found);
  });
  app.post("/api/explain", { onRequest }, async (request, reply) => {
    const asked = parseQuestion(request.body);
    if (asked === undefined)
      return await reply.code(400).send({ error: "from, method and url are texts, headers a list of [name, value]" });
    const found = await mesh.rehearse(asked);
    if ("error" in found) return await reply.code(found.status).send({ error: found.error });
    return await fresh(reply).send(found);
  });
}

function parseQuestion(body: unknown): ExplainRequest | undefined {
  const { from, method, url, headers = [] } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string => typeof value === "string";
  if (!isText(from) || !isText(method) || !isText(url) || !Array.isArray(headers)) return undefined;
  if (headers.length > HEADERS_MAX) return undefined;
  const pairs = headers.map((each): readonly string[] => (Array.isArray(each) ? each.filter(isText) : []));
  if (pairs.some((pair) => pair.length !== 2)) return undefined;
  return { from, method, url, headers: pairs.map(([name = "", value = ""]) => [name, value] as const) };
}

function onlyWith(token: string): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    if (isAuthorized(request.headers.authorization, token)) return;
    await reply.code(401).send({ error: "the token in the state folder's api-token is needed" });
  };
}

function addWrites(app: FastifyInstance, { token, revoker, onHook, onConfirm }: HttpOptions): void {
  const onlyWithToken = onlyWith(token);
  app.post("/hook", { onRequest: onlyWithToken }, async (_, reply) => {
    onHook();
    return await reply.code(202).send({ ok: true });
  });
  app.post<{ Params: { hash: string } }>("/api/confirm/:hash", { onRequest: onlyWithToken }, async (request, reply) => {
    if (onConfirm(request.params.hash)) return await reply.code(202).send({ ok: true });
    return await reply.code(409).send({ error: "no commit waits for a word on that" });
  });
  app.post("/api/identity/revoked", { onRequest: onlyWithToken }, async (request, reply) => {
    const { serial, workload } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    const text = (value: unknown) => (typeof value === "string" ? value.slice(0, QUERY_LENGTH_MAX) : undefined);
    const [bySerial, byWorkload] = [text(serial), text(workload)];
    if ((bySerial === undefined) === (byWorkload === undefined))
      return await reply.code(400).send({ error: "either serial or workload says what is taken back" });
    const asked = bySerial === undefined ? { workload: byWorkload ?? "" } : { serial: bySerial };
    try {
      const added = await revoker.revoke(asked);
      if (typeof added === "string") return await reply.code(400).send({ error: added });
      return await reply.code(201).send(added);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return await reply.code(503).send({ error: `it cannot be kept, and so nothing is taken back: ${error.message}` });
    }
  });
  // A hook may send anything, or nothing: what it says is not read.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_, __, done) => done(null, undefined));
}

function addPage(app: FastifyInstance, folder: string): void {
  let page = loadPage(folder);
  app.get("/*", async (request, reply) => {
    page ??= loadPage(folder);
    const path = request.url.split("?", 1)[0] ?? "/";
    const file = page?.get(path);
    if (file !== undefined) {
      const cache = file.isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache";
      return await reply.type(file.type).header("cache-control", cache).send(file.content);
    }
    if (path === "/" && page === undefined) {
      const message = "The page is not built here. Run npm run prepare, then reload. The API is at /api/status.\n";
      return await reply.code(503).type("text/plain; charset=utf-8").send(message);
    }
    return await reply.code(404).send({ error: "nothing here" });
  });
}

function fresh(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
