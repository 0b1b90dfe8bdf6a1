/** What one end of HTTP/2 does in bad faith, or by chance, and the other connection, stream or client must not feel. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { FrameType } from "../http2/frame.ts";
import { type Bench, Client, openBackend, openBench, statuses } from "../test/bench.ts";
import { block, concat, frame, framesOf, GET, type HeadFields, preface, uint32 } from "../test/http2.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const { data, headers, rstStream, settings, windowUpdate } = FrameType;
const END_STREAM = 1;
const END_HEADERS = 4;
const asked = (stream: number, fields: HeadFields) => frame(headers, END_HEADERS | END_STREAM, stream, block(fields));

function heard(client: Client) {
  const bytes = Buffer.from(client.text, "latin1");
  let end = 0;
  while (end + 9 <= bytes.length && end + 9 + bytes.readUIntBE(end, 3) <= bytes.length)
    end += 9 + bytes.readUIntBE(end, 3);
  return framesOf(bytes.subarray(0, end));
}

/** A server of HTTP/2 in plaintext that answers each head with these frames. */
async function openRaw(answer: (stream: number, socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write(Buffer.from(frame(settings, 0, 0)));
    let got: Buffer = Buffer.alloc(0);
    let isHello = false;
    socket.on("data", (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (!isHello && got.length >= 24) {
        isHello = true;
        got = got.subarray(24);
      }
      while (isHello && got.length >= 9 && got.length >= 9 + got.readUIntBE(0, 3)) {
        if (got[3] === headers) answer(got.readUInt32BE(5), socket);
        got = got.subarray(9 + got.readUIntBE(0, 3));
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

async function openH2(port: number): Promise<Bench> {
  const workload = makeWorkload({ outbound: [makeService("orders")] });
  const inbound = workload.inbound.map((each) => ({ ...each, protocol: "http2" as const }));
  const bench = await openBench(port, undefined, {}, makeSnapshot({ ...workload, inbound }));
  open.push(bench);
  return bench;
}

test.each([
  ["HEAD / HTTP/1.1", "200", []],
  ["HEAD / HTTP/1.1", "200", [["content-length", "5"]]],
  ["GET / HTTP/1.1", "204", []],
  ["GET / HTTP/1.1", "304", [["content-length", "5"]]],
] as const)(
  "the end of a response without content that comes by itself brings none: %s, %s %j",
  async (line, status, fields) => {
    const port = await openRaw((stream, socket) => {
      const head = block([[":status", status], ...fields]);
      socket.write(Buffer.from(concat(frame(headers, END_HEADERS, stream, head), frame(data, END_STREAM, stream))));
    });
    const bench = await openH2(port);
    const client = new Client(bench.inbound);
    client.write(`${line}\r\nHost: orders\r\n\r\n${line}\r\nHost: orders\r\nConnection: close\r\n\r\n`);
    await client.closed;
    expect(client.text.toLowerCase()).not.toContain("transfer-encoding");
    expect(
      client.text
        .split("\r\n\r\n")
        .filter((part) => part !== "")
        .every((part) => part.startsWith("HTTP/1.1 ")),
    ).toBe(true);
    expect(statuses(client.text)).toEqual([Number(status), Number(status)]);
  },
);

test.each([
  ["HEAD / HTTP/1.1", "200"],
  ["GET / HTTP/1.1", "204"],
  ["GET / HTTP/1.1", "304"],
])("content of a response that has none is no response of another: %s, %s", async (line, status) => {
  const port = await openRaw((stream, socket) => {
    const head = frame(headers, END_HEADERS, stream, block([[":status", status]]));
    const evil = Buffer.from("HTTP/1.1 299 Evil\r\ncontent-length: 0\r\n\r\n");
    socket.write(Buffer.from(concat(head, frame(data, END_STREAM, stream, evil))));
  });
  const bench = await openH2(port);
  const client = new Client(bench.inbound);
  client.write(`${line}\r\nHost: orders\r\n\r\n`);
  await client.until("\r\n\r\n");
  client.socket.end();
  await client.closed;
  expect(client.text).not.toContain("Evil");
});

test.each([
  ["HTTP/1.1", "200", []],
  ["HTTP/1.1", "503", []],
  ["HTTP/1.1", "600", []],
  ["HTTP/1.1", "200", [["content-length", "0"]]],
  ["HTTP/1.0", "200", []],
] as const)("a client of %s is told where a response that is all head ends: %s %j", async (version, status, fields) => {
  const port = await openRaw((stream, socket) => {
    socket.write(
      Buffer.from(frame(headers, END_HEADERS | END_STREAM, stream, block([[":status", status], ...fields]))),
    );
  });
  const bench = await openH2(port);
  const client = new Client(bench.inbound);
  client.write(`GET / ${version}\r\nHost: orders\r\nConnection: keep-alive\r\n\r\n`);
  const text = await client.until("\r\n\r\n");
  expect([text.startsWith(`HTTP/1.1 ${status} `), text.match(/content-length: 0\r\n/g)?.length]).toEqual([true, 1]);
  client.write(`HEAD / ${version}\r\nHost: orders\r\nConnection: close\r\n\r\n`);
  await client.closed;
  expect(statuses(client.text)).toEqual([Number(status), Number(status)]);
  expect(client.text.match(/content-length: 0\r\n/g)?.length).toBe(1 + fields.length);
  client.close();
});

test("a client that gives each stream a window of its own may do so where responses have no content", async () => {
  const backend = await openBackend((request, response) => {
    request.resume();
    response.writeHead(204).end();
  });
  const bench = await openBench(backend.port);
  open.push(backend, bench);
  const client = new Client(bench.inbound);
  client.write(Buffer.from(preface));
  const count = 1000;
  const answered = () => heard(client).filter(({ type, stream }) => type === headers && stream > 0).length;
  for (let i = 0; i < count && !client.socket.closed; i++) {
    const stream = i * 2 + 1;
    client.write(Buffer.from(concat(asked(stream, GET), frame(windowUpdate, 0, stream, uint32(65_535)))));
    if (i % 20 === 19) while (answered() < i && !client.socket.closed) await new Promise((next) => setTimeout(next, 1));
  }
  while (answered() < count && !client.socket.closed) await new Promise((next) => setTimeout(next, 1));
  expect(answered()).toBe(count);
  client.close();
});

test("a response that waits for its client's window is not answered a second time", async () => {
  const backend = await openBackend((request, response) => {
    request.resume();
    response.end("x".repeat(30_000));
  });
  const bench = await openBench(backend.port, undefined, { timeouts: { stallMs: 150, idleMs: 400 } });
  open.push(backend, bench);
  const client = new Client(bench.inbound);
  client.write(Buffer.from(concat(preface, frame(settings, 0, 0, [0, 4, ...uint32(0)]), asked(1, GET))));
  await client.closed;
  const frames = heard(client).filter(({ stream }) => stream === 1);
  expect(frames.map(({ type }) => type)).toEqual([headers, rstStream]);
});
