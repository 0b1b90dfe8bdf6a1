/** One request and its answer, as Go's http.Client makes them; runs on the thread that waits for networks. */
import { readFileSync } from "node:fs";
import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import { createGunzip } from "node:zlib";
import { parseGoUrl } from "../url.ts";
import { checkHost, type HttpRequest, socketOf, type TlsChoice } from "./request.ts";

export type HttpResponse = {
  readonly status: string;
  readonly statusCode: number;
  /** Values by name in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Uint8Array;
};

/** A failure of the network, the peer or the time, as Go's url.Error. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly isTimeout: boolean;

  constructor(message: string, isTimeout: boolean) {
    super(message);
    this.isTimeout = isTimeout;
  }
}

const BODY_BYTES_MAX = 64 * 1024 * 1024;
const REDIRECTS_MAX = 10;
const RETRY_MS = 100;
const RETRY_FACTOR = 1.6;
const RETRY_MS_MAX = 60_000;

/** How long a request may keep whoever waits for it, its retries among it. */
export function longestMs({ timeoutMs, retries }: HttpRequest): number {
  if (timeoutMs <= 0) return Number.POSITIVE_INFINITY;
  const waits = Array.from({ length: retries }, (_, i) => retryMs(i));
  return timeoutMs * (retries + 1) + waits.reduce((sum, ms) => sum + ms, 0);
}

function retryMs(retry: number): number {
  return retry === 0 ? 0 : Math.min(RETRY_MS * RETRY_FACTOR ** retry, RETRY_MS_MAX);
}

/** Throws ExchangeError where no attempt gives an answer. */
export async function exchange(request: HttpRequest): Promise<HttpResponse> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt(request);
    } catch (error) {
      if (!(error instanceof ExchangeError) || retry >= request.retries) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs(retry)));
  }
}

type Step = Pick<HttpRequest, "method" | "url" | "headers" | "body"> & {
  /** The URL that led here. */
  readonly referer?: string | undefined;
};

async function attempt(request: HttpRequest): Promise<HttpResponse> {
  const { timeoutMs, followsRedirects, allowNet } = request;
  const signal = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
  let step: Step = request;
  for (let redirects = 0; ; redirects++) {
    const response = await send(step, request.tls, signal);
    const next = followsRedirects ? redirected(step, response) : undefined;
    if (next === undefined) return response;
    if (redirects >= REDIRECTS_MAX) throw failed(step, `stopped after ${REDIRECTS_MAX} redirects`);
    checkHost(next.url, allowNet);
    step = next;
  }
}

/** As Go: 301 to 303 become a GET without body, 307 and 308 are sent again as they were. */
function redirected(step: Step, { statusCode, headers }: HttpResponse): Step | undefined {
  const [location] = headers["location"] ?? [];
  if (location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const url = new URL(location, step.url).href;
  const isSameHost = new URL(url).host === new URL(step.url).host;
  const kept = Object.entries(step.headers).filter(
    ([name]) => isSameHost || !/^(authorization|www-authenticate|cookie|cookie2|host)$/i.test(name),
  );
  const referer = step.url.startsWith("https:") && !url.startsWith("https:") ? undefined : step.url;
  if (statusCode >= 307) return { ...step, url, headers: Object.fromEntries(kept), referer };
  const method = step.method === "HEAD" ? "HEAD" : "GET";
  const bare = kept.filter(([name]) => !/^content-/i.test(name));
  return { method, url, headers: Object.fromEntries(bare), body: "", referer };
}

async function send(step: Step, tls: TlsChoice, signal: AbortSignal | undefined): Promise<HttpResponse> {
  for (;;) {
    const sent = await sendOnce(step, tls, signal);
    if (sent !== "gone") return sent;
  }
}

/** `gone`: the connection had been kept, and its peer closed it before it got the request. */
function sendOnce(step: Step, tls: TlsChoice, signal: AbortSignal | undefined): Promise<HttpResponse | "gone"> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(failed(step, signal?.aborted ? TIMED_OUT : error.message, signal?.aborted));
    try {
      const client = open(step, tls, signal);
      client.on("error", (error: NodeJS.ErrnoException) => {
        if (client.reusedSocket && error.code === "ECONNRESET") resolve("gone");
        else fail(error);
      });
      client.on("response", (incoming) => {
        read(incoming, step).then(resolve, fail);
      });
      client.end(step.body);
    } catch (error) {
      fail(error as Error);
    }
  });
}

const TIMED_OUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

function failed({ method, url }: Step, why: string, isTimeout = false): ExchangeError {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  return new ExchangeError(`${verb} ${JSON.stringify(url)}: ${why}`, isTimeout);
}

const KEPT = new http.Agent({ keepAlive: true });

function open({ method, url, headers, body, referer }: Step, tls: TlsChoice, signal: AbortSignal | undefined) {
  const parsed = parseGoUrl(url);
  const socket = socketOf(parsed);
  const lengths =
    body === "" && !/^(POST|PUT|PATCH)$/.test(method) ? {} : { "content-length": Buffer.byteLength(body) };
  const options: RequestOptions = {
    method,
    headers: {
      "user-agent": "Regomesh",
      "accept-encoding": "gzip",
      ...(referer === undefined ? {} : { referer }),
      ...lower(headers),
      ...lengths,
    },
    agent: false, // what it gets is for this request alone: a client's certificate is chosen by each
    ...(signal === undefined ? {} : { signal }),
  };
  if (socket !== undefined) return http.request({ ...options, socketPath: socket.socketPath, path: socket.target });
  if (parsed.Scheme !== "http" && parsed.Scheme !== "https") {
    throw new Error(`unsupported protocol scheme ${JSON.stringify(parsed.Scheme)}`);
  }
  if (parsed.Host === "") throw new Error("http: no Host in request URL");
  if (parsed.Scheme === "http") return http.request(url, { ...options, agent: KEPT });
  return https.request(url, { ...options, ...tlsOptions(tls, headers) });
}

function lower(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function tlsOptions(tls: TlsChoice, headers: Readonly<Record<string, string>>) {
  const given = [...tls.ca, ...tls.caFiles.map((file) => readFileSync(file, "utf8"))];
  const pairs = [
    ...tls.pairs,
    ...tls.pairFiles.map(({ cert, key }) => ({ cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") })),
  ];
  const servername = tls.serverName ?? lower(headers)["host"];
  return {
    rejectUnauthorized: !tls.skipsVerify,
    ...(given.length === 0 ? {} : { ca: tls.usesSystemCerts ? [...rootCertificates, ...given] : given }),
    ...(pairs.length === 0 ? {} : { cert: pairs.map(({ cert }) => cert), key: pairs.map(({ key }) => key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

async function read(incoming: IncomingMessage, { headers, method }: Step): Promise<HttpResponse> {
  const fields = fieldsOf(incoming.rawHeaders);
  const asksItself = lower(headers)["accept-encoding"] !== undefined;
  const isPacked = !asksItself && method !== "HEAD" && fields["content-encoding"]?.[0]?.toLowerCase() === "gzip";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const content = isPacked ? incoming.pipe(createGunzip()) : incoming;
  incoming.on("error", (error) => content.destroy(error));
  for await (const chunk of content) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > BODY_BYTES_MAX) {
      incoming.destroy();
      throw new Error(`the response's body is longer than ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk as Uint8Array);
  }
  const { "transfer-encoding": _, ...kept } = fields;
  if (isPacked) {
    delete kept["content-encoding"];
    delete kept["content-length"];
  }
  const statusCode = incoming.statusCode ?? 0;
  return { status: `${statusCode} ${incoming.statusMessage}`, statusCode, headers: kept, body: Buffer.concat(chunks) };
}

function fieldsOf(raw: readonly string[]): Record<string, string[]> {
  const fields = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), raw[i + 1] as string]);
  }
  return Object.fromEntries(fields);
}
