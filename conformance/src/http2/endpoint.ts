/**
 * The codec on a socket, for tests against other implementations: a server that answers with what it
 * was sent, and a client that asks.
 */
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { Http2Connection, Http2Event, type Http2Limits, type Http2Stream, Method, textOf } from "@regomesh/proxy";

export type Message = {
  readonly head: string;
  readonly content: Buffer;
  readonly trailers: string;
  /** How it ended. */
  readonly end: "whole" | `reset ${number}` | "lost";
};

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A stream with what came of it and what is still to be sent. */
class Turn {
  head = "";
  trailers = "";
  readonly parts: Buffer[] = [];
  toSend: Uint8Array = new Uint8Array(0);
  sent = 0;
  isSending = false;
  settle: ((message: Message) => void) | undefined;

  message(end: Message["end"]): Message {
    return { head: this.head, content: Buffer.concat(this.parts), trailers: this.trailers, end };
  }
}

/** Drives a connection from a socket; what it tells is given to `onEnd`, `onRefusal`. */
function drive(
  socket: Socket,
  connection: Http2Connection,
  hears: {
    onEnd(stream: Http2Stream, turn: Turn): void;
    onRefusal?(stream: Http2Stream, status: number): void;
  },
): { flush(): void } {
  const turnOf = (stream: Http2Stream): Turn => {
    stream.owner ??= new Turn();
    return stream.owner as Turn;
  };
  const send = (stream: Http2Stream): void => {
    const turn = turnOf(stream);
    if (!turn.isSending) return;
    turn.sent += connection.sendContent(stream, turn.toSend, turn.sent, turn.toSend.length, true);
    if (turn.sent === turn.toSend.length) turn.isSending = false;
  };
  const flush = (): void => {
    if (connection.output.end === 0 || socket.destroyed) return;
    socket.write(connection.output.take());
    connection.wrote();
  };
  socket.on("data", (bytes: Buffer) => {
    connection.nowMs = Date.now();
    for (let at = 0; ; at = connection.at) {
      const event = connection.next(bytes, at, bytes.length);
      const { stream, head } = connection;
      if (event === Http2Event.needMore) break;
      if (event === Http2Event.fault) {
        flush();
        socket.end();
        break;
      }
      if (stream === undefined) {
        if (event === Http2Event.window) for (const open of connection.openStreams()) send(open);
        continue;
      }
      const turn = turnOf(stream);
      switch (event) {
        case Http2Event.head:
          turn.head = textOf(head.bytes, head.start, head.end);
          break;
        case Http2Event.refusal:
          hears.onRefusal?.(stream, connection.refusal?.status ?? 400);
          break;
        case Http2Event.content:
          turn.parts.push(Buffer.from(connection.bytes.subarray(connection.from, connection.to)));
          connection.release(stream, connection.to - connection.from);
          break;
        case Http2Event.trailers:
          turn.trailers = textOf(head.bytes, head.start, head.end);
          break;
        case Http2Event.window:
          send(stream);
          break;
        case Http2Event.reset:
          turn.settle?.(turn.message(`reset ${connection.code}`));
          break;
        default:
      }
      const ends = event === Http2Event.head || event === Http2Event.content || event === Http2Event.trailers;
      if (ends && connection.isEnd) hears.onEnd(stream, turn);
    }
    flush();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    for (const stream of connection.openStreams()) turnOf(stream).settle?.(turnOf(stream).message("lost"));
  });
  return { flush };
}

function sendHead(
  connection: Http2Connection,
  stream: Http2Stream,
  fields: readonly (readonly [string, string])[],
  isEnd: boolean,
): void {
  connection.beginHead();
  for (const [name, value] of fields) {
    const [n, v] = [ascii(name), ascii(value)];
    connection.field(n, 0, n.length, v, 0, v.length);
  }
  connection.endHead(stream, isEnd);
}

/** What is answered to a request without content. */
const EMPTY = Buffer.from("nothing");

/** Answers each request with 200, its own content, its first line and its trailers. */
export async function serveEcho(limits?: Http2Limits): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const connection = new Http2Connection("server", limits);
    const { flush } = drive(socket, connection, {
      onEnd(stream, turn) {
        const content = turn.parts.length === 0 ? EMPTY : Buffer.concat(turn.parts);
        const line = turn.head.slice(0, turn.head.indexOf("\r\n"));
        sendHead(
          connection,
          stream,
          [
            [":status", "200"],
            ["x-line", line],
            ["x-trailers", JSON.stringify(turn.trailers)],
          ],
          false,
        );
        turn.toSend = content;
        turn.isSending = true;
        turn.sent = connection.sendContent(stream, content, 0, content.length, true);
        if (turn.sent === content.length) turn.isSending = false;
      },
      onRefusal(stream, status) {
        sendHead(connection, stream, [[":status", String(status)]], true);
      },
    });
    flush();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A client of one connection. */
export class EchoClient {
  readonly #socket: Socket;
  readonly #connection = new Http2Connection("client");
  readonly #flush: () => void;

  constructor(port: number) {
    this.#socket = connectTo(port, "127.0.0.1");
    const { flush } = drive(this.#socket, this.#connection, {
      onEnd: (_stream, turn) => turn.settle?.(turn.message("whole")),
    });
    this.#flush = flush;
    flush();
  }

  ask(path: string, content: Uint8Array, fields: readonly (readonly [string, string])[] = []): Promise<Message> {
    const stream = this.#connection.open(Method.post);
    const turn = new Turn();
    stream.owner = turn;
    const head = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", path],
      [":authority", "orders"],
      ...fields,
    ] as const;
    sendHead(this.#connection, stream, head, content.length === 0);
    if (content.length > 0) {
      turn.toSend = content;
      turn.isSending = true;
      turn.sent = this.#connection.sendContent(stream, content, 0, content.length, true);
      if (turn.sent === content.length) turn.isSending = false;
    }
    this.#flush();
    return new Promise((resolve) => {
      turn.settle = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
