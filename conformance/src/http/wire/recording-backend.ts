/**
 * The application behind the proxy: parses strictly, records what it sees, answers every
 * request with its number, and answers what breaks the grammar with 400 and a close.
 */
import { createServer, type Server, type Socket } from "node:net";
import { parseStrictly, type SeenRequest } from "./strict-request.ts";

export type Recording = {
  readonly requests: SeenRequest[];
  readonly violations: string[];
  /** Messages that began and whose connection ended before they were whole. */
  partial: number;
};

export class RecordingBackend {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #recording: Recording = { requests: [], violations: [], partial: 0 };
  #answered = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<RecordingBackend> {
    const server = createServer({ noDelay: true });
    const backend = new RecordingBackend(server);
    server.on("connection", (socket) => backend.#serve(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return backend;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** What was recorded since the last time, and a new page. */
  take(): Recording {
    const recording = this.#recording;
    this.#recording = { requests: [], violations: [], partial: 0 };
    return recording;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = "";
    let isContinued = false;
    socket.on("data", (data) => {
      text += data.toString("latin1");
      for (;;) {
        const parsed = parseStrictly(text);
        if (parsed.kind === "violation") {
          this.#recording.violations.push(parsed.what);
          socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
          text = "";
          return;
        }
        if (parsed.kind === "incomplete") {
          if (parsed.hasHead && !isContinued && /\r\nexpect: *100-continue/i.test(text)) {
            isContinued = true;
            socket.write("HTTP/1.1 100 Continue\r\n\r\n");
          }
          return;
        }
        text = text.slice(parsed.end);
        isContinued = false;
        this.#recording.requests.push(parsed.request);
        socket.write(this.#answer(parsed.request), "latin1");
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (text !== "") this.#recording.partial++;
    });
  }

  #answer(request: SeenRequest): string {
    const body = `${request.target}\n`;
    const head = [
      "HTTP/1.1 200 OK",
      `x-backend-answer: ${++this.#answered}`,
      `x-backend-method: ${request.method}`,
      `content-length: ${body.length}`,
    ];
    return `${head.join("\r\n")}\r\n\r\n${request.method === "HEAD" ? "" : body}`;
  }
}
