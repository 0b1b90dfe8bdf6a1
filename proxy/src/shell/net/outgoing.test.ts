/** What is written to TLS, of which a handle takes one write at a time: everything, in order, whatever else is said meanwhile. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { SlabPool } from "../../message/slab-pool.ts";
import { TestAuthority } from "../../test/test-authority.ts";
import { Outgoing } from "./outgoing.ts";
import { Turn } from "./turn.ts";
import { canWriteThrough } from "./write-through.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

async function openPair(): Promise<{ readonly mine: TLSSocket; readonly other: TLSSocket }> {
  const authority = new TestAuthority("mesh");
  const { keyPem: key, chainPem: cert } = authority.issue({ uris: ["spiffe://mesh/a"] });
  const server: Server = createServer({ key, cert });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const mine = connect({ port, host: "127.0.0.1", ca: authority.bundlePem, checkServerIdentity: () => undefined });
  const [[other]] = (await Promise.all([once(server, "secureConnection"), once(mine, "secureConnect")])) as [
    [TLSSocket],
    unknown,
  ];
  closing.push(() => {
    mine.destroy();
    other.destroy();
    server.close();
  });
  return { mine, other };
}

function open(mine: TLSSocket): Outgoing {
  const owner = {
    onFault: (error: unknown) => {
      throw error;
    },
  };
  const options = { writesThrough: canWriteThrough, nativeWrites: undefined, readsOn: false };
  return new Outgoing(mine, new SlabPool(), new Turn(), owner, options);
}

test("what is flushed while a write is under way goes behind it, and then the end", async () => {
  const { mine, other } = await openPair();
  const out = open(mine);
  let sent = "";
  for (let number = 0; number < 5; number++) {
    const text = `${number};`.repeat(1 + number * 3000);
    sent += text;
    out.append(Buffer.from(text), 0, text.length);
    out.flush();
  }
  expect(out.pendingBytes).toBeGreaterThan(0);
  out.end();
  const got: Buffer[] = [];
  other.on("data", (chunk: Buffer) => void got.push(chunk));
  await once(other, "end");
  expect(Buffer.concat(got).toString()).toBe(sent);
  expect(out.pendingBytes).toBe(0);
});

test("a client that takes nothing holds up what comes, which goes on once it does", async () => {
  const { mine, other } = await openPair();
  const out = open(mine);
  const sent: Buffer[] = [];
  while (!out.isFull) {
    const piece = Buffer.alloc(16 * 1024, `${sent.length};`);
    sent.push(piece);
    out.append(piece, 0, piece.length);
    await new Promise((done) => setImmediate(done));
  }
  const drained = new Promise<void>((done) => {
    out.onDrain = done;
  });
  const got: Buffer[] = [];
  other.on("data", (chunk: Buffer) => void got.push(chunk));
  await drained;
  out.end();
  await once(other, "end");
  expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
});
