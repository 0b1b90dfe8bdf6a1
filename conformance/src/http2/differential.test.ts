/** The codec against Node's nghttp2, in both roles: what either sends, the other reads. */
import { connect, constants, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EchoClient, serveEcho } from "./endpoint.ts";

const RUNS = Number(process.env.REGOMESH_HTTP2_RUNS ?? 60);

let ours: Awaited<ReturnType<typeof serveEcho>>;
let theirs: Http2Server;
let theirPort = 0;
beforeAll(async () => {
  ours = await serveEcho();
  theirs = createServer({ settings: { maxConcurrentStreams: 100 } });
  theirs.on("stream", (stream: ServerHttp2Stream, headers) => {
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
  await new Promise<void>((resolve) => theirs.listen(0, "127.0.0.1", resolve));
  const address = theirs.address();
  theirPort = typeof address === "object" ? (address?.port ?? 0) : 0;
});
afterAll(() => {
  ours.close();
  theirs.close();
});

const value = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});
const fields = fc.uniqueArray(fc.tuple(fc.constantFrom("x-a", "x-b", "x-c", "x-d-long-name", "x-e"), value), {
  selector: ([name]) => name,
  maxLength: 5,
});
const size = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 16_000, max: 200_000 }));
const requests = fc.array(fc.record({ fields, size }), { minLength: 1, maxLength: 20 });

test("their client, our server: all streams of a connection at once", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const session = connect(`http://127.0.0.1:${ours.port}`);
      try {
        const answers = await Promise.all(
          asked.map(async ({ fields: sent, size: bytes }, i) => {
            const stream = session.request({ ":method": "POST", ":path": `/${i}`, ...Object.fromEntries(sent) });
            stream.end(Buffer.alloc(bytes, i));
            let line: unknown;
            stream.on("response", (head) => {
              line = head["x-line"];
            });
            const parts: Buffer[] = [];
            for await (const part of stream) parts.push(part as Buffer);
            const content = Buffer.concat(parts);
            return [
              line,
              bytes === 0 ? 0 : content.length,
              bytes === 0 || content.every((byte) => byte === i),
              stream.rstCode,
            ];
          }),
        );
        expect(answers).toEqual(
          asked.map(({ size: bytes }, i) => [`POST /${i} HTTP/1.1`, bytes, true, constants.NGHTTP2_NO_ERROR]),
        );
      } finally {
        session.destroy();
      }
    }),
    { numRuns: RUNS },
  );
});

test("our client, their server: heads, content and trailers", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const client = new EchoClient(theirPort);
      try {
        const answers = await Promise.all(
          asked.map(({ fields: sent, size: bytes }, i) => client.ask(`/${i}`, new Uint8Array(bytes).fill(i), sent)),
        );
        answers.forEach(({ head, content, trailers, end }, i) => {
          const { fields: sent = [], size: bytes = 0 } = asked[i] ?? {};
          expect([end, content.length, content.every((byte) => byte === i)]).toEqual(["whole", bytes, true]);
          expect(head.startsWith("HTTP/1.1 200 \r\n")).toBe(true);
          for (const [name, text] of sent) expect(head).toContain(`\r\n${name}: ${text}\r\n`);
          expect(trailers).toBe(`x-bytes: ${bytes}\r\n\r\n`);
        });
      } finally {
        client.close();
      }
    }),
    { numRuns: RUNS },
  );
});

test("their resets and goaways end our streams", async () => {
  const client = new EchoClient(theirPort);
  theirs.once("stream", (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  expect(await client.ask("/", new Uint8Array(10))).toMatchObject({ end: `reset ${constants.NGHTTP2_INTERNAL_ERROR}` });
  client.close();
});
