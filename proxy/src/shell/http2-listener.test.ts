/** HTTP/2 on the listeners of a real proxy: Node's client (nghttp2), and bytes of our own where no client says such things. */
import { execFile } from "node:child_process";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { type Backend, type Bench, Client, openBackend, openBench, readAll } from "../test/bench.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function setUp(
  answer?: Parameters<typeof openBackend>[0],
  change: Parameters<typeof openBench>[2] = {},
): Promise<{ backend: Backend; bench: Bench }> {
  const backend = await openBackend(answer);
  const bench = await openBench(backend.port, undefined, change);
  open.push(backend, bench);
  return { backend, bench };
}

function session(port: number): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${port}`);
  opened.on("error", () => {});
  open.push({ close: async () => void opened.destroy() });
  return opened;
}

type Answered = {
  readonly status: number;
  readonly head: IncomingHttpHeaders;
  readonly content: Buffer;
  readonly trailers: IncomingHttpHeaders;
  readonly interim: readonly number[];
  readonly code: number;
};

/** All that comes of a stream, once it is closed. */
function answered(stream: ClientHttp2Stream): Promise<Answered> {
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const interim: number[] = [];
  const parts: Buffer[] = [];
  stream.on("response", (fields) => {
    head = fields;
  });
  stream.on("headers", (fields) => interim.push(Number(fields[":status"])));
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("error", () => {});
  return new Promise((done) => {
    stream.on("close", () =>
      done({
        status: Number(head[":status"] ?? 0),
        head,
        content: Buffer.concat(parts),
        trailers,
        interim,
        code: stream.rstCode,
      }),
    );
  });
}

async function ask(
  client: ClientHttp2Session,
  fields: Record<string, string>,
  content?: string | Buffer,
): Promise<Answered> {
  const stream = client.request({
    ":method": content === undefined ? "GET" : "POST",
    ":authority": "orders",
    ...fields,
  });
  const answer = answered(stream);
  stream.end(content);
  return await answer;
}

describe("a client of HTTP/2", () => {
  test("asks on both listeners of a proxy, by paths that are normalised as any", async () => {
    const { backend, bench } = await setUp();
    for (const port of [bench.inbound, bench.outbound]) {
      const { status, content, head } = await ask(session(port), { ":path": "/a/./b/../c?x=1" });
      expect([status, content.toString()]).toEqual([200, "GET /a/c?x=1 orders "]);
      expect(head["connection"] ?? head["transfer-encoding"] ?? head["keep-alive"]).toBeUndefined();
    }
    expect(backend.seen).toEqual(["GET /a/c?x=1", "GET /a/c?x=1"]);
  });

  test("has many streams at once, each with its own content both ways", async () => {
    const { bench } = await setUp();
    const client = session(bench.inbound);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask(client, { ":path": `/${i}` }, Buffer.alloc(i * 3000, 65 + (i % 26)))),
    );
    answers.forEach(({ status, content, code }, i) => {
      expect([status, content.length, code]).toEqual([200, `POST /${i} orders `.length + i * 3000, 0]);
    });
  });

  test("content in parts, trailers both ways, and a response that begins before its request ends", async () => {
    const { bench } = await setUp((request, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("first ");
      void readAll(request).then((body) => {
        response.write(body.toUpperCase());
        response.addTrailers({ "x-sum": request.trailers["x-check"] ?? "none" });
        response.end();
      });
    });
    const stream = session(bench.inbound).request({ ":method": "POST", ":authority": "s" }, {
      waitForTrailers: true,
    } as never);
    const answer = answered(stream);
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-check": "7" }));
    await new Promise((begun) => stream.once("data", begun));
    stream.write("hello");
    stream.end(" world");
    const { content, trailers } = await answer;
    expect([content.subarray(-11).toString(), trailers["x-sum"]]).toEqual(["HELLO WORLD", "7"]);
  });

  test("interim responses, HEAD, 204 and 304", async () => {
    const { bench } = await setUp((request, response) => {
      if (request.url === "/hints") response.writeEarlyHints({ link: "</a>; rel=preload" });
      const status = Number(request.url?.slice(1)) || 200;
      response.writeHead(status, status === 200 ? { "content-length": "5" } : {});
      response.end(request.method === "HEAD" || status !== 200 ? undefined : "hello");
    });
    const client = session(bench.inbound);
    expect(await ask(client, { ":path": "/hints" })).toMatchObject({ status: 200, interim: [103] });
    const head = await ask(client, { ":path": "/200", ":method": "HEAD" });
    expect([head.status, head.head["content-length"], head.content.length]).toEqual([200, "5", 0]);
    expect((await ask(client, { ":path": "/204" })).status).toBe(204);
    expect((await ask(client, { ":path": "/304" })).status).toBe(304);
  });

  test("cookies are one, and te: trailers goes on", async () => {
    const { bench } = await setUp((request, response) => response.end(JSON.stringify(request.headers)));
    const { content } = await ask(session(bench.inbound), { cookie: "a=1; b=2", te: "trailers" });
    expect(JSON.parse(content.toString())).toMatchObject({ cookie: "a=1; b=2", te: "trailers" });
  });

  test("is told of refusals by the mesh as anyone, and loses no connection by it", async () => {
    const { bench } = await setUp();
    const client = session(bench.outbound);
    const refused = await ask(client, { ":authority": "nobody" }, Buffer.alloc(100_000));
    expect([refused.status, JSON.parse(refused.content.toString()).reason]).toEqual([404, "no_such_service"]);
    expect((await ask(client, { ":path": "/%00" })).status).toBe(400);
    expect((await ask(client, {})).status).toBe(200);
  });

  test("that resets a stream takes its upstream request along, and no other", async () => {
    let onAborted: () => void = () => {};
    const aborted = new Promise<void>((done) => {
      onAborted = done;
    });
    const { bench } = await setUp((request, response) => {
      if (request.url !== "/held") return void response.end("ok");
      response.on("close", onAborted);
      response.write("part");
    });
    const client = session(bench.inbound);
    const held = client.request({ ":path": "/held", ":authority": "s" });
    held.on("error", () => {});
    await new Promise((begun) => held.once("data", begun));
    held.close(constants.NGHTTP2_CANCEL);
    await aborted;
    expect((await ask(client, {})).status).toBe(200);
  });

  test("whose upstream breaks off in the middle has its stream reset, and no other", async () => {
    const { bench } = await setUp((request, response) => {
      if (request.url !== "/cut") return void response.end("ok");
      response.writeHead(200, { "content-length": "100" });
      response.write("part", () => response.destroy());
    });
    const client = session(bench.inbound);
    const cut = await ask(client, { ":path": "/cut" });
    expect([cut.status, cut.content.toString(), cut.code]).toEqual([200, "part", constants.NGHTTP2_INTERNAL_ERROR]);
    expect((await ask(client, {})).status).toBe(200);
  });

  test("that takes nothing of one response holds up no other, and nobody's memory", async () => {
    const big = Buffer.alloc(8 * 1024 * 1024, 7);
    const { bench } = await setUp((request, response) => response.end(request.url === "/big" ? big : "ok"));
    const client = session(bench.inbound);
    await new Promise((connected) => client.once("connect", connected));
    // Its own bound of all streams is not what holds the others up.
    client.setLocalWindowSize(1 << 20);
    const slow = client.request({ ":path": "/big", ":authority": "s" });
    const answer = answered(slow);
    slow.pause();
    await new Promise((begun) => slow.once("response", begun));
    for (let i = 0; i < 20; i++) expect((await ask(client, {})).content.toString()).toBe("ok");
    slow.resume();
    expect((await answer).content.equals(big)).toBe(true);
  });

  test("whose upload nobody takes holds up no other stream", async () => {
    let resume: () => void = () => {};
    const { bench } = await setUp((request, response) => {
      if (request.url !== "/slow") return void response.end("ok");
      request.pause();
      resume = () => void readAll(request).then((body) => response.end(String(body.length)));
    });
    const client = session(bench.inbound);
    const slow = client.request({ ":path": "/slow", ":method": "POST", ":authority": "s" });
    const answer = answered(slow);
    slow.end(Buffer.alloc(4 * 1024 * 1024));
    for (let i = 0; i < 20; i++) expect((await ask(client, {}, "x".repeat(1000))).content.toString()).toBe("ok");
    resume();
    expect((await answer).content.toString()).toBe(String(4 * 1024 * 1024));
  });

  test("finds the preface in any pieces, and HTTP/1.1 beside it", async () => {
    const { bench } = await setUp();
    const client = new Client(bench.inbound);
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
    for (const byte of preface) {
      client.write(Buffer.from([byte]));
      await new Promise((next) => setImmediate(next));
    }
    // SETTINGS, and an acknowledgement of ours.
    expect((await client.until("\0\0\0\x04\x01\0\0\0\0")).charCodeAt(3)).toBe(4);
    client.close();
    const one = new Client(bench.inbound);
    one.write("P");
    await new Promise((next) => setImmediate(next));
    one.write("UT /x HTTP/1.1\r\nHost: s\r\nContent-Length: 0\r\n\r\n");
    expect(await one.until("PUT /x")).toContain("200 OK");
    one.close();
  });

  test("is curl, by prior knowledge", async () => {
    const { bench } = await setUp();
    const args = ["-s", "--http2-prior-knowledge", "-d", "hello", "-w", " %{http_version} %{response_code}"];
    const { stdout } = await promisify(execFile)("curl", [...args, `http://127.0.0.1:${bench.inbound}/a`]);
    expect(stdout).toMatch(/^POST \/a 127\.0\.0\.1:\d+ hello 2 200$/);
  });
});
