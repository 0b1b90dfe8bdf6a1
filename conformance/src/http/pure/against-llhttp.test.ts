/**
 * The codec against Node's own parser (llhttp), as two readings of one connection: what the
 * codec takes as whole requests, llhttp must take as the same ones. llhttp is the laxer of
 * the two; that the codec is never laxer is what keeps requests from being smuggled.
 */
import { createServer, METHODS, type Server } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codecTranscript } from "./codec-transcript.ts";

type Reading = { readonly line: string; readonly fields: readonly string[]; body: string };

let server: Server;
beforeAll(() => {
  server = createServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 0 });
});
afterAll(() => server.close());

const pieces = fc.constantFrom(
  "GET / HTTP/1.1\r\n",
  "POST /a?b HTTP/1.1\r\n",
  "PUT http://h/p HTTP/1.0\r\n",
  "Host: h\r\n",
  "host:h:80 \r\n",
  "X: y\r\n",
  "X:\r\n",
  "Content-Length: 5\r\n",
  "content-length:0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: CHUNKED \r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Expect: 100-continue\r\n",
  "\r\n",
  "hello",
  "5\r\nhello\r\n",
  "0\r\n",
  "0\r\n\r\n",
  "00;x=y\r\n",
  '5;a="b"\r\n',
  "Trailer-Field: 1\r\n",
);
const noise = fc.constantFrom("\r", "\n", " ", "\t", "\0", "\x7f", ":", ";", ",", "0", "x", "-", "\xa0", "\x0b");
/** A message that is whole most of the time, so that what follows it is looked at too. */
const whole = fc.constantFrom(
  "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
  "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
);
const bytes = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 3, arbitrary: whole }, { weight: 4, arbitrary: pieces }, { weight: 1, arbitrary: noise }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    fc.option(fc.tuple(fc.nat(), noise), { freq: 3 }),
  )
  .map(([parts, change]) => {
    const text = parts.join("");
    if (change === null) return text;
    const at = change[0] % (text.length + 1);
    return text.slice(0, at) + change[1] + text.slice(at);
  });

test("what the codec takes as requests, llhttp takes as the same requests", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (text) => {
      const raw = Uint8Array.from(Buffer.from(text, "latin1"));
      const transcript = codecTranscript(raw, raw.length);
      const messages = transcript.messages.filter((message) => message.complete);
      // llhttp knows a list of methods, the RFC any token.
      fc.pre(messages.length > 0 && messages.every((message) => METHODS.includes(message.method)));
      const wanted = messages.map((message) => ({
        line: `${message.method} ${message.target} ${message.version}`,
        fields: message.fields.map(([name, value]) => `${name}: ${value}`),
        body: message.content,
      }));
      // RFC 9110, section 5.6.3: white space round a value may be a tab; llhttp refuses it behind a coding.
      fc.pre(!/chunked *\t/i.test(text));
      // Up to where the codec saw the last one end: Node drops what it read when the next one is wrong.
      const readings = await readByLlhttp(text.slice(0, transcript.faultStart), wanted.length);
      expect(readings.slice(0, wanted.length)).toEqual(wanted);
    }),
    { numRuns: 600, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
});

/** Whole requests that Node's server sees on a connection with these bytes, until there are `count`. */
async function readByLlhttp(text: string, count: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  return await new Promise((resolve) => {
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      const fields: string[] = [];
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        fields.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]?.replace(/[ \t]+$/, "")}`);
      }
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString("latin1");
      });
      request.on("end", () => {
        readings.push({ line: `${request.method} ${request.url} ${request.httpVersion}`, fields, body });
        response.end();
        if (readings.length === count) resolve(readings);
      });
      request.on("error", () => {});
    });
    server.removeAllListeners("clientError");
    server.on("clientError", () => resolve(readings));
    server.emit("connection", socket);
    socket.push(Buffer.from(text, "latin1"));
    socket.push(null);
  });
}
