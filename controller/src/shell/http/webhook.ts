/**
 * The listener on which servers of git say that there is something new: nothing can be read there,
 * and all that comes of a request is a look that would have been made a little later. Who asks is
 * known by a secret: GitHub's (and Gitea's) signature of the body, or GitLab's token.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "@regomesh/base";

/** A push of many commits; GitHub's own bound is 25 MB, of which only large histories come near. */
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
/** Of one source: a look that was asked for answers all that come within. */
const APART_MS = 1000;

export type WebhookOptions = {
  /** `HOST:PORT` */
  readonly address: string;
  readonly secret: string;
  /** Has a source looked at, or all of them where none is named; false where there is none of that name. */
  readonly wake: (source: string | undefined) => boolean;
  readonly nowMs: () => number;
  readonly log: Log;
};

export type Webhook = { readonly url: string; close(): Promise<void> };

export async function serveWebhook(options: WebhookOptions): Promise<Webhook> {
  const { address, log } = options;
  const at = address.lastIndexOf(":");
  const lastMs = new Map<string, number>();
  const server: Server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      void answer(request, options, lastMs).then(
        (status) => end(response, status),
        (error: Error) => {
          log.log("warn", "a webhook could not be answered", { reason: error.message });
          end(response, 400);
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/^\[|\]$/g, ""), resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address.slice(0, at)}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Status = 202 | 400 | 401 | 404 | 405 | 413;

async function answer(
  request: IncomingMessage,
  { secret, wake, nowMs }: WebhookOptions,
  lastMs: Map<string, number>,
): Promise<Status> {
  const [, source] = /^\/hook(?:\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?))?$/.exec(request.url ?? "") ?? [];
  const isHook = /^\/hook(\/|$)/.test(request.url ?? "");
  if (!isHook) return 404;
  if (request.method !== "POST") return 405;
  const body = await readBody(request);
  if (body === undefined) return 413;
  // Before a name is looked at: whoever has no secret learns no names.
  if (!isSigned(request, body, secret)) return 401;
  if (source === undefined && request.url !== "/hook") return 404;
  const key = source ?? "";
  if (nowMs() - (lastMs.get(key) ?? Number.NEGATIVE_INFINITY) < APART_MS) return 202;
  if (!wake(source)) return 404;
  lastMs.set(key, nowMs());
  return 202;
}

/** Undefined where it is longer than is read. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function isSigned({ headers }: IncomingMessage, body: Buffer, secret: string): boolean {
  const signature = headers["x-hub-signature-256"];
  if (typeof signature === "string") {
    const wanted = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    return isSame(signature, wanted);
  }
  const token = headers["x-gitlab-token"];
  return typeof token === "string" && isSame(token, secret);
}

/** In a time that says nothing of where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function end(response: ServerResponse, status: Status): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", connection: "close" });
  response.end(status === 202 ? '{"ok":true}\n' : "{}\n");
}
