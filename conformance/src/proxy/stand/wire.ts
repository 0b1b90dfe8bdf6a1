/** One end of a connection that a scenario plays byte by byte: a client of the proxy, or what stands behind it. */
import { connect as connectPlain, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { within } from "./within.ts";

const PATIENCE_MS = 5000;

export class Wire {
  readonly socket: Socket;
  /** Everything that has come, a byte a character. */
  text = "";
  /** The socket is closed, both ways. */
  readonly closed: Promise<void>;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      this.text += chunk;
      this.#wake();
    });
    socket.on("error", () => {});
    this.closed = new Promise((done) => {
      socket.on("close", () => {
        done();
        this.#wake();
      });
    });
  }

  write(text: string): this {
    this.socket.write(Buffer.from(text, "latin1"));
    return this;
  }

  /** Writes, and closes the writing side. */
  end(text = ""): this {
    this.socket.end(Buffer.from(text, "latin1"));
    return this;
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** What has come once it holds `part`; fails where the connection closes first, or too late. */
  async until(part: string | RegExp, ms = PATIENCE_MS): Promise<string> {
    const has = (): boolean => (typeof part === "string" ? this.text.includes(part) : part.test(this.text));
    const come = async (): Promise<string> => {
      while (!has()) {
        if (this.socket.closed) throw new Error(`the connection closed before ${part}; there came: ${this.text}`);
        await new Promise<void>((wake) => this.#waiting.push(wake));
      }
      return this.text;
    };
    return await within(ms, `${part}`, come());
  }

  /** All that came, once the connection is closed. */
  async whole(ms = PATIENCE_MS): Promise<string> {
    await within(ms, "the connection's end", this.closed);
    return this.text;
  }

  /** Statuses of the responses that came, in order. */
  get statuses(): readonly number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export function dial(port: number, host = "127.0.0.1"): Wire {
  return new Wire(connectPlain({ host, port, noDelay: true }));
}

/** One exchange on a connection of its own, half-closed behind the bytes. */
export async function exchange(port: number, text: string): Promise<string> {
  return await dial(port).end(text).whole();
}

/** Plays the `index`-th connection, from 0. */
export type Part = (wire: Wire, index: number) => void | Promise<void>;

/** A server each of whose connections is played by the scenario. */
export class Played {
  readonly server: Server;
  readonly wires: Wire[] = [];
  /** Failures of what is played. */
  readonly failures: unknown[] = [];

  private constructor(play: Part, tls: TlsOptions | undefined) {
    const take = (socket: Socket): void => {
      const wire = new Wire(socket);
      const index = this.wires.push(wire) - 1;
      void (async () => await play(wire, index))().catch((error: unknown) => this.failures.push(error));
    };
    this.server = tls === undefined ? createServer({ noDelay: true }, take) : createTlsServer(tls, take);
  }

  /** Over TLS, a connection is played once its handshake is done. */
  static async open(play: Part, tls?: TlsOptions): Promise<Played> {
    const played = new Played(play, tls);
    await new Promise<void>((done) => played.server.listen(0, "127.0.0.1", done));
    return played;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get openCount(): number {
    return this.wires.filter(({ socket }) => !socket.closed).length;
  }

  /** Resolves when every connection that was opened is closed: by the other end, or by its part. */
  async deserted(ms = PATIENCE_MS): Promise<void> {
    await within(ms, "every connection behind the proxy closed", Promise.all(this.wires.map(({ closed }) => closed)));
  }

  /** The next connection that comes. */
  async next(ms = PATIENCE_MS): Promise<Wire> {
    await within(ms, "a connection", new Promise<void>((done) => this.server.once("connection", () => done())));
    return this.wires.at(-1) as Wire;
  }

  async close(): Promise<void> {
    for (const { socket } of this.wires) socket.destroy();
    await new Promise<void>((done) => this.server.close(() => done()));
  }
}

/** Answers every request with its method and target, and keeps the connection. */
export const echo: Part = async (wire) => {
  for (;;) {
    const head = await wire.until(/\r\n\r\n/, 600_000).catch(() => undefined);
    if (head === undefined) return;
    const [line = ""] = head.split("\r\n");
    wire.text = head.slice(head.indexOf("\r\n\r\n") + 4);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (length > 0) {
      if ((await untilBytes(wire, length)) === undefined) return;
      wire.text = wire.text.slice(length);
    }
    wire.write(response(line.replace(/ HTTP.*/, "")));
  }
};

async function untilBytes(wire: Wire, bytes: number): Promise<string | undefined> {
  return await wire.until(new RegExp(`^[\\s\\S]{${bytes}}`), 600_000).catch(() => undefined);
}

export function response(content: string, status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
}
