/** The codec against Node's nghttp2, in both roles: what either sends, the other reads, all streams of a connection at once. */
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { isDeepStrictEqual } from "node:util";
import type { Random } from "@regomesh/base";
import { EchoClient, serveEcho } from "./endpoint.ts";

export type Asked = { readonly fields: readonly (readonly [string, string])[]; readonly size: number };

export type Peers = {
  /** Where our server listens, and theirs. */
  readonly ours: number;
  readonly theirs: number;
  readonly server: Http2Server;
  close(): void;
};

const NAMES = ["x-a", "x-b", "x-c", "x-d-long-name", "x-e"];
const REQUESTS_MAX = 20;

export async function openPeers(): Promise<Peers> {
  const echo = await serveEcho();
  const server = createServer({ settings: { maxConcurrentStreams: 100 } });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", () => {});
    stream.on("end", () => {
      const fields = Object.entries(headers).filter(([name]) => name.startsWith("x-"));
      stream.respond({ ":status": 200, ...Object.fromEntries(fields) }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-bytes": String(Buffer.concat(parts).length) }));
      stream.end(Buffer.concat(parts));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    ours: echo.port,
    theirs: typeof address === "object" ? (address?.port ?? 0) : 0,
    server,
    close() {
      echo.close();
      server.close();
    },
  };
}

/** Their client asks our server; throws where an answer is not what was asked. */
export async function askOurs({ ours }: Peers, asked: readonly Asked[]): Promise<void> {
  const session = connect(`http://127.0.0.1:${ours}`);
  try {
    await Promise.all(
      asked.map(async ({ fields, size }, i) => {
        const stream = session.request({ ":method": "POST", ":path": `/${i}`, ...Object.fromEntries(fields) });
        stream.end(Buffer.alloc(size, i));
        let line: unknown;
        stream.on("response", (head) => {
          line = head["x-line"];
        });
        const parts: Buffer[] = [];
        for await (const part of stream) parts.push(part as Buffer);
        const content = Buffer.concat(parts);
        const isSame = size === 0 || (content.length === size && content.every((byte) => byte === i));
        hold([line, isSame, stream.rstCode], [`POST /${i} HTTP/1.1`, true, 0]);
      }),
    );
  } finally {
    session.destroy();
  }
}

/** Our client asks their server. */
export async function askTheirs({ theirs }: Peers, asked: readonly Asked[]): Promise<void> {
  const client = new EchoClient(theirs);
  try {
    await Promise.all(
      asked.map(async ({ fields, size }, i) => {
        const { head, content, trailers, end } = await client.ask(`/${i}`, new Uint8Array(size).fill(i), fields);
        const isSame = content.length === size && content.every((byte) => byte === i);
        hold([end, isSame, trailers], ["whole", true, `x-bytes: ${size}\r\n\r\n`]);
        const lines = head.split("\r\n");
        hold(lines[0], "HTTP/1.1 200 ");
        for (const [name, text] of fields) hold([name, lines.includes(`${name}: ${text}`)], [name, true]);
      }),
    );
  } finally {
    client.close();
  }
}

function hold(came: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(came, wanted)) throw new Error(`${JSON.stringify(came)} came for ${JSON.stringify(wanted)}`);
}

/** Requests for one connection. */
export function makeAsked(random: Random): readonly Asked[] {
  const upTo = (bound: number): number => Math.floor(random() * bound);
  return Array.from({ length: 1 + upTo(REQUESTS_MAX) }, () => {
    const fields = NAMES.filter(() => random() < 0.4).map((name): readonly [string, string] => {
      const codes = Array.from({ length: upTo(60) }, () => 0x21 + upTo(0x5e));
      return [name, String.fromCharCode(...codes)];
    });
    const kind = random();
    return { fields, size: kind < 0.3 ? 0 : kind < 0.8 ? 1 + upTo(100) : upTo(100_000) };
  });
}
