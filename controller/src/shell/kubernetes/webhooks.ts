/**
 * Admission webhooks on a listener of their own: TLS by a certificate that the mesh's authority issues and renews,
 * two paths to post a review to, and nothing that can be read.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Log } from "@regomesh/base";
import { type Admitted, parseReview, type Review, toAnswer } from "../../kubernetes/admission.ts";
import type { KeyAndChain } from "../ca/authority.ts";

/** An object has 1.5 MB at most, and a review two of them. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** The API server waits for ten seconds at most. */
const ANSWER_WITHIN_MS = 9000;
/** Each may hold a build; an API server that sends more at once is told to come again. */
const REVIEWS_MAX = 64;

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
  const server = createServer(contextOf(certificate), (request, response) => {
    if (underWay >= REVIEWS_MAX) return end(response, 503, "too many reviews at once");
    underWay++;
    answer(request, response, handlers)
      .catch((error: Error) => {
        log.log("error", "a review could not be answered", { reason: error.message });
        end(response, 500, "the review could not be answered");
      })
      .finally(() => underWay--);
  });
  server.requestTimeout = ANSWER_WITHIN_MS;
  const at = address.lastIndexOf(":");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/^\[|\]$/g, ""), resolve);
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

async function answer(request: IncomingMessage, response: ServerResponse, handlers: Handlers): Promise<void> {
  const [path] = (request.url ?? "").split("?");
  if (path !== "/validate" && path !== "/mutate") return end(response, 404, "there is nothing here");
  if (request.method !== "POST") return end(response, 405, "reviews are posted");
  const body = await read(request);
  if (body === undefined) return end(response, 413, `a review has ${BODY_BYTES_MAX} bytes at most`);
  const review = parseReview(parse(body));
  if (review === undefined) return end(response, 400, "that is no AdmissionReview of version 1");
  const admitted = review.object === undefined ? { allowed: true } : await handlers[path](review);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(toAnswer(review.uid, admitted)));
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
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
