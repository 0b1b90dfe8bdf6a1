/**
 * One HTTP/2 connection to the API server for all requests and watches. It is pinged: a server that is
 * stalled, or a path that loses packets, ends the connection, and with it each watch, within seconds; without
 * that a watch that says nothing looks like one of which nothing changes.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Clock } from "@regomesh/base";
import type { Access } from "./access.ts";
import { PatientTimeout } from "./patient-timeout.ts";

/** So that what has stalled is known, and made anew, within the 15 s that a recovery may take. */
const PING_EVERY_MS = 3000;
const PONG_WITHIN_MS = 5000;
const CONNECT_WITHIN_MS = 5000;
const ANSWER_WITHIN_MS = 15_000;
/** Lists of a page, and objects of 1.5 MB: far above either. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** Of a watch, one line is one event. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;
/** A window of 64 KiB would make a list of ten thousand objects wait for its acknowledgements. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export type Answer = { readonly status: number; readonly body: unknown };

export type ApiRequest = {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; JSON where absent. */
  readonly type?: string;
  readonly signal?: AbortSignal;
};

/** The API server did not answer, or not in time. */
class ApiUnreachable extends Error {
  readonly code = "api_unreachable";
}

export class ApiConnection implements AsyncDisposable {
  readonly #access: Access;
  readonly #clock: Clock;
  #session: Promise<ClientHttp2Session> | undefined;
  #isClosed = false;

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  get origin(): string {
    return this.#access.origin;
  }

  /** Throws ApiUnreachable where there is no whole answer; what the server refuses is an answer. */
  async request(request: ApiRequest): Promise<Answer> {
    const { stream, status } = await this.#open(request, ANSWER_WITHIN_MS);
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = new PatientTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ANSWER_WITHIN_MS);
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > BODY_BYTES_MAX) throw new Error(`an answer of more than ${BODY_BYTES_MAX} bytes`);
        chunks.push(chunk);
      }
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error("the answer was cut off");
    } catch (cause) {
      stream.close(constants.NGHTTP2_CANCEL);
      throw new ApiUnreachable(`${request.path}: ${(cause as Error).message}`, { cause });
    } finally {
      timer.clear();
    }
    return { status, body: parse(Buffer.concat(chunks).toString("utf8")) };
  }

  /**
   * Hands over each line of a watch until the server ends it or the signal is aborted. Gives the status and,
   * where that is not 200, what the server said. Throws ApiUnreachable where the connection is lost.
   */
  async watch(path: string, onLine: (line: unknown) => void, signal: AbortSignal): Promise<Answer> {
    const { stream, status } = await this.#open({ path, signal }, ANSWER_WITHIN_MS);
    let rest = "";
    stream.setEncoding("utf8");
    try {
      for await (const chunk of stream as AsyncIterable<string>) {
        rest += chunk;
        if (rest.length > LINE_BYTES_MAX) throw new Error(`an event of more than ${LINE_BYTES_MAX} bytes`);
        if (status !== 200) continue;
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") onLine(JSON.parse(line));
      }
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !signal.aborted) throw new Error("the watch was cut off");
    } catch (cause) {
      stream.close(constants.NGHTTP2_CANCEL);
      if (!signal.aborted) throw new ApiUnreachable(`${path}: ${(cause as Error).message}`, { cause });
    }
    return { status, body: status === 200 ? undefined : parse(rest) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const session = await this.#session?.catch(() => undefined);
    session?.destroy();
  }

  async #open(
    { method = "GET", path, body, type = "application/json", signal }: ApiRequest,
    withinMs: number,
  ): Promise<{ stream: ClientHttp2Stream; status: number }> {
    const session = await this.#connected();
    const headers = await this.#access.headers();
    const stream = session.request({
      ...headers,
      ":method": method,
      ":path": `${this.#access.basePath}${path}`,
      accept: "application/json",
      "user-agent": "regomesh",
      ...(body === undefined ? {} : { "content-type": type }),
    });
    const abort = () => stream.close(constants.NGHTTP2_CANCEL);
    signal?.addEventListener("abort", abort, { once: true });
    stream.once("close", () => signal?.removeEventListener("abort", abort));
    if (signal?.aborted === true) abort();
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    const status = await new Promise<number>((resolve, reject) => {
      const fail = (why: string) => reject(new ApiUnreachable(`${path}: ${why}`));
      const timer = new PatientTimeout(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        fail(`no answer within ${withinMs / 1000} s`);
      }, withinMs);
      stream.once("response", (fields) => {
        timer.clear();
        resolve(Number(fields[":status"]));
      });
      stream.on("error", (error: Error) => {
        timer.clear();
        fail(error.message);
      });
      stream.once("close", () => {
        timer.clear();
        fail("the connection is lost");
      });
    });
    return { stream, status };
  }

  #connected(): Promise<ClientHttp2Session> {
    if (this.#isClosed) return Promise.reject(new ApiUnreachable("the connection is closed"));
    this.#session ??= this.#connect();
    return this.#session;
  }

  #connect(): Promise<ClientHttp2Session> {
    const { origin, tls } = this.#access;
    const session = connect(origin, { ...tls, settings: { initialWindowSize: WINDOW_BYTES, enablePush: false } });
    const forget = () => {
      if (this.#session === opening) this.#session = undefined;
    };
    const opening = new Promise<ClientHttp2Session>((resolve, reject) => {
      const timer = new PatientTimeout(() => session.destroy(new Error("no connection in time")), CONNECT_WITHIN_MS);
      session.once("connect", () => {
        timer.clear();
        session.setLocalWindowSize(WINDOW_BYTES * 4);
        void this.#ping(session);
        resolve(session);
      });
      session.on("error", (error: Error) => {
        timer.clear();
        forget();
        reject(new ApiUnreachable(`${origin}: ${error.message}`, { cause: error }));
      });
      // Streams under way are ended by the server; new ones go to a connection of their own.
      session.on("goaway", forget);
      session.on("close", () => {
        timer.clear();
        forget();
        reject(new ApiUnreachable(`${origin}: the connection ended`));
      });
    });
    opening.catch(() => {}); // whoever waits for it hears of it
    return opening;
  }

  async #ping(session: ClientHttp2Session): Promise<void> {
    while (!session.destroyed && !session.closed) {
      const pong = new Promise<boolean>((done) => {
        const timer = new PatientTimeout(() => done(false), PONG_WITHIN_MS);
        const isSent = session.ping((error) => {
          timer.clear();
          done(error === null);
        });
        if (!isSent) done(false);
      });
      if (!(await pong)) {
        session.destroy(new Error(`no answer to a ping within ${PONG_WITHIN_MS / 1000} s`));
        return;
      }
      await this.#clock.sleep(PING_EVERY_MS);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What the API server says of what it refuses. */
export function refusalOf({ status, body }: Answer): string {
  const message = (body as { readonly message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message : `status ${status}`;
}
