/** An API server over real HTTP/2 that says what a test has it say, or nothing. */
import { once } from "node:events";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { KeyAndChain } from "../src/shell/ca/authority.ts";

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly stream: ServerHttp2Stream;
};

/** What it is asked, one after the other, and how it answers. */
export class Script {
  readonly #server: Http2SecureServer;
  readonly #asked: Asked[] = [];
  readonly #sessions = new Set<ServerHttp2Session>();
  #wake: (() => void) | undefined;

  private constructor(server: Http2SecureServer) {
    this.#server = server;
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      session.on("error", () => {});
    });
    server.on("stream", (stream: ServerHttp2Stream, fields) => {
      stream.on("error", () => {});
      const url = new URL(fields[":path"] ?? "", "https://x");
      this.#asked.push({ method: fields[":method"] ?? "", path: url.pathname, query: url.searchParams, stream });
      this.#wake?.();
    });
  }

  static async open({ keyPem, chainPem }: KeyAndChain): Promise<Script> {
    const server = createSecureServer({ key: keyPem, cert: chainPem });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Script(server);
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async next(): Promise<Asked> {
    for (;;) {
      const asked = this.#asked.shift();
      if (asked !== undefined) return asked;
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
  }

  /** Ends every connection without a word. */
  drop(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}

export function answer({ stream }: Asked, body: object, status = 200): void {
  stream.respond({ ":status": status, "content-type": "application/json" });
  stream.end(JSON.stringify(body));
}
