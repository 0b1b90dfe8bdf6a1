/** Much content in one request or response, to a receiver that takes it only so fast. */
import { createHash, type Hash } from "node:crypto";
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** What arrived: how much, and whether it was what was sent. */
export type Arrived = { readonly bytes: number; readonly sha256: string };

const BLOCK_BYTES = 256 * 1024;
/** No two kilobytes of it are alike, so that nothing lost or doubled passes. */
const BLOCK = Buffer.alloc(BLOCK_BYTES);
for (let at = 0; at < BLOCK_BYTES; at += 4) BLOCK.writeUInt32LE(Math.imul(at + 1, 0x9e3779b1) >>> 0, at);

/** What `bytes` of content amount to. */
export function wanted(bytes: number): Arrived {
  const hash = createHash("sha256");
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) hash.update(BLOCK.subarray(0, Math.min(left, BLOCK_BYTES)));
  return { bytes, sha256: hash.digest("hex") };
}

/** Writes as fast as it is taken. */
async function send(to: Writable, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    const isRoom = to.write(left >= BLOCK_BYTES ? BLOCK : BLOCK.subarray(0, left));
    if (!isRoom) await new Promise<void>((done) => to.once("drain", done));
  }
  to.end();
}

/** Reads no faster than `bytesPerSecond`. */
async function receive(from: Readable, bytesPerSecond: number): Promise<Arrived> {
  const hash: Hash = createHash("sha256");
  const beganMs = performance.now();
  let bytes = 0;
  from.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - beganMs);
    if (aheadMs < 1) return;
    from.pause();
    setTimeout(() => from.resume(), aheadMs);
  });
  await finished(from, { writable: false });
  return { bytes, sha256: hash.digest("hex") };
}

export type Application = { readonly port: number; close(): Promise<void> };

/** `POST /up` takes content slowly and says what arrived; `GET /down/N` sends N bytes; anything else is short. */
export async function openApplication(bytesPerSecond: number): Promise<Application> {
  const server: Server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const [, what, count] = (incoming.url ?? "").split("/");
    if (what === "up") {
      void receive(incoming, bytesPerSecond).then((arrived) => outgoing.end(JSON.stringify(arrived)));
    } else if (what === "down") {
      outgoing.setHeader("content-length", Number(count));
      void send(outgoing, Number(count));
    } else {
      incoming.resume();
      outgoing.end("short");
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Sends `bytes` in chunks through the outbound listener; what the application says has arrived. */
export async function upload(outbound: number, bytes: number): Promise<Arrived> {
  const sent = ask(outbound, "POST", "/up");
  const answer = responseOf(sent);
  await send(sent, bytes);
  let text = "";
  for await (const chunk of await answer) text += String(chunk);
  return JSON.parse(text) as Arrived;
}

/** Takes `bytes` from the application, slowly. */
export async function download(outbound: number, bytes: number, bytesPerSecond: number): Promise<Arrived> {
  const sent = ask(outbound, "GET", `/down/${bytes}`);
  const answer = responseOf(sent);
  sent.end();
  return await receive(await answer, bytesPerSecond);
}

/** One short request after the other. */
export async function askShort(outbound: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const sent = ask(outbound, "GET", "/short");
    const answer = responseOf(sent);
    sent.end();
    for await (const _ of await answer);
  }
}

function ask(outbound: number, method: string, path: string): ClientRequest {
  return request({ host: "127.0.0.1", port: outbound, method, path, headers: { host: "orders" } });
}

async function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  if (response.statusCode !== 200) throw new Error(`${sent.method} ${sent.path} got ${response.statusCode}`);
  return response;
}
