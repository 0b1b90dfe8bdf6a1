/**
 * Admission webhooks on a listener of their own: TLS by a certificate that the mesh's authority issues and renews,
 * two paths to post a review to, and nothing that can be read.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type Log, splitAddress } from "@regomesh/base";
import { shareFairly } from "@regomesh/base/node";
import { type Admitted, parseReview, type Review, toAnswer } from "../../kubernetes/admission.ts";
import type { KeyAndChain } from "../ca/authority.ts";
import { notListening } from "../held-address.ts";

/** An object has 1.5 MB at most, and a review two of them. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Of all that is read and judged at a time: whoever reaches the listener may post, and takes no more memory than that. */
const HELD_BYTES_MAX = 48 * 1024 * 1024;
/** The API server waits for ten seconds at most. */
const ANSWER_WITHIN_MS = 9000;
/** Each may hold a build; an API server that sends more at once is told to come again. */
const REVIEWS_MAX = 64;
/** An API server has some; whoever else reaches the listener takes none of them by holding others. */
const CONNECTIONS_MAX = 256;

export type Handlers = Readonly<Record<"/validate" | "/mutate", (review: Review) => Promise<Admitted>>>;

export type WebhooksOptions = {
  /** `HOST:PORT`; port 0 is a free one. */
  readonly address: string;
  readonly certificate: KeyAndChain;
  readonly handlers: Handlers;
  readonly log: Log;
};

export type Webhooks = {
  /** `https://HOST:PORT` */
  readonly url: string;
  /** Puts another certificate in place for connections to come. */
  renew(certificate: KeyAndChain): void;
  close(): Promise<void>;
};

export async function serveWebhooks({ address, certificate, handlers, log }: WebhooksOptions): Promise<Webhooks> {
  let underWay = 0;
  const held: Held = { bytes: 0 };
  const server = createServer(contextOf(certificate), (request, response) => {
    if (underWay >= REVIEWS_MAX) return end(response, 503, "too many reviews at once");
    underWay++;
    answer(request, response, handlers, held)
      .catch((error: Error) => {
        log.log("error", "a review could not be answered", { reason: error.message });
        end(response, 500, "the review could not be answered");
      })
      .finally(() => underWay--);
  });
  server.requestTimeout = ANSWER_WITHIN_MS;
  shareFairly(server, CONNECTIONS_MAX);
  const { host, port } = splitAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(notListening(address, "--admission", error)));
    server.listen(port, host, resolve);
  });
  return {
    url: urlOf(server),
    renew: (next) => server.setSecureContext(contextOf(next)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function contextOf({ keyPem, chainPem }: KeyAndChain) {
  return { key: keyPem, cert: chainPem, minVersion: "TLSv1.2" as const };
}

/** What reviews that are under way have sent so far. */
type Held = { bytes: number };

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: Handlers,
  held: Held,
): Promise<void> {
  const [path] = (request.url ?? "").split("?");
  if (path !== "/validate" && path !== "/mutate") return end(response, 404, "there is nothing here");
  if (request.method !== "POST") return end(response, 405, "reviews are posted");
  const body = await read(request, held);
  try {
    if (body === "long") return end(response, 413, `a review has ${BODY_BYTES_MAX} bytes at most`);
    if (body === "busy") return end(response, 503, "too many reviews at once");
    const review = parseReview(parse(body));
    if (review === undefined) return end(response, 400, "that is no AdmissionReview of version 1");
    const admitted = review.object === undefined ? { allowed: true } : await handlers[path](review);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(toAnswer(review.uid, admitted)));
  } finally {
    if (typeof body !== "string") held.bytes -= body.length;
  }
}

/** What it takes of `held` is given back where it is not whole; otherwise its reader gives it back. */
async function read(request: IncomingMessage, held: Held): Promise<Buffer | "long" | "busy"> {
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | "long" | "busy">();
  const refuse = (why: "long" | "busy") => {
    request.removeAllListeners("data").resume();
    resolve(why);
  };
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    held.bytes += chunk.length;
    if (size > BODY_BYTES_MAX) return refuse("long");
    if (held.bytes > HELD_BYTES_MAX) return refuse("busy");
    chunks.push(chunk);
  });
  request.once("end", () => resolve(Buffer.concat(chunks)));
  request.once("error", reject);
  request.once("close", () => reject(new Error("the review was cut off")));
  return await promise.then(
    (body) => {
      if (typeof body === "string") held.bytes -= size;
      return body;
    },
    (error: unknown) => {
      held.bytes -= size;
      throw error;
    },
  );
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function end(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(`${JSON.stringify({ message })}\n`);
}

function urlOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return "";
  return `https://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
