/**
 * The listener on which servers of git say that there is something new: nothing can be read there,
 * and all that comes of a request is a look that would have been made a little later. Who asks is
 * known by a secret: GitHub's (and Gitea's) signature of the body, or GitLab's token.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, type Log, splitAddress } from "@regomesh/base";
import { shareFairly } from "@regomesh/base/node";
import { notListening } from "../held-address.ts";

/** A push of many commits; GitHub's own bound is 25 MB, of which only large histories come near. */
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
/** Of one source: looks that are asked for within are one, at its end. */
const APART_MS = 1000;

export type WebhookOptions = {
  /** `HOST:PORT` */
  readonly address: string;
  readonly secret: string;
  /** Has a source looked at, or all of them where none is named; false where there is none of that name. */
  readonly wake: (source: string | undefined) => boolean;
  readonly clock: Clock;
  readonly log: Log;
};

export type Webhook = { readonly url: string; close(): Promise<void> };

/** Throws ControllerFailed where its address cannot be listened on. */
export async function serveWebhook(options: WebhookOptions): Promise<Webhook> {
  const { log } = options;
  const at = splitAddress(options.address);
  const ending = new AbortController();
  const looks = new Looks(options, ending.signal);
  const server: Server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      void answer(request, options, looks).then(
        (status) => end(response, status),
        (error: Error) => {
          log.log("warn", "a webhook could not be answered", { reason: error.message });
          end(response, 400);
        },
      );
    },
  );
  shareFairly(server, CONNECTIONS_MAX);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(notListening(options.address, "--webhook", error)));
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${at.urlHost}:${port}`,
    close: () =>
      new Promise((resolve) => {
        ending.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Status = 202 | 400 | 401 | 404 | 405 | 413;

async function answer(request: IncomingMessage, { secret }: WebhookOptions, looks: Looks): Promise<Status> {
  const [, source] = /^\/hook(?:\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?))?$/.exec(request.url ?? "") ?? [];
  const isHook = /^\/hook(\/|$)/.test(request.url ?? "");
  if (!isHook) return 404;
  if (request.method !== "POST") return 405;
  const signed = await readSigned(request, secret);
  if (signed === undefined) return 413;
  // Before a name is looked at: whoever has no secret learns no names.
  if (!signed) return 401;
  if (source === undefined && request.url !== "/hook") return 404;
  return looks.ask(source) ? 202 : 404;
}

/** Looks that were asked for: of each source one at once, and one for all that come soon after, so that no push is missed. */
class Looks {
  readonly #options: WebhookOptions;
  readonly #signal: AbortSignal;
  /** By source, whether another look was asked for since. */
  readonly #resting = new Map<string | undefined, boolean>();

  constructor(options: WebhookOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** False where there is no such source. */
  ask(source: string | undefined): boolean {
    if (this.#resting.has(source)) this.#resting.set(source, true);
    else if (!this.#options.wake(source)) return false;
    else void this.#rest(source);
    return true;
  }

  async #rest(source: string | undefined): Promise<void> {
    do {
      this.#resting.set(source, false);
      await this.#options.clock.sleep(APART_MS, this.#signal).catch(() => {});
    } while (!this.#signal.aborted && this.#resting.get(source) === true && this.#options.wake(source));
    this.#resting.delete(source);
  }
}

/**
 * Whether it is signed; undefined where it is longer than is read. Nothing of it is kept: whoever
 * has no secret takes no memory.
 */
async function readSigned(request: IncomingMessage, secret: string): Promise<boolean | undefined> {
  const hmac = createHmac("sha256", secret);
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    hmac.update(chunk as Buffer);
  }
  const { headers } = request;
  const signature = headers["x-hub-signature-256"];
  if (typeof signature === "string") return isSame(signature, `sha256=${hmac.digest("hex")}`);
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
