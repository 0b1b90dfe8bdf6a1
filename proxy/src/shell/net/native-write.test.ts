/** Slabs written by the system's own call: what is sent is the slab's, whole and in order, and to nobody else. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { constants } from "node:os";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { SlabPool, SMALL_SLAB_BYTES } from "../../message/slab-pool.ts";
import { type NativeWrites, openNativeWrites } from "./native-write.ts";
import { Outgoing } from "./outgoing.ts";
import { Turn } from "./turn.ts";
import { descriptorOf, hasHandle, type WriteHandle, writeHandleOf } from "./write-through.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** Both ends of a connection over loopback; the other one reads only when it is told to. */
async function openPair(): Promise<{ readonly mine: Socket; readonly other: Socket }> {
  const server: Server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const mine = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", noDelay: true });
  const [[other]] = (await Promise.all([once(server, "connection"), once(mine, "connect")])) as [[Socket], unknown];
  closing.push(() => {
    mine.destroy();
    other.destroy();
    server.close();
  });
  return { mine, other };
}

function open(mine: Socket, nativeWrites: NativeWrites): { readonly out: Outgoing; readonly turn: Turn } {
  const turn = new Turn();
  const slabs = new SlabPool(undefined, nativeWrites.makeSlab);
  const owner = {
    onFault: (error: unknown) => {
      throw error;
    },
  };
  return { out: new Outgoing(mine, slabs, turn, owner, { writesThrough: true, nativeWrites, readsOn: false }), turn };
}

/** Counts what goes past the handle. */
class Counted {
  readonly #natives: NativeWrites;
  readonly taken: number[] = [];

  constructor(natives: NativeWrites) {
    this.#natives = natives;
  }

  get makeSlab(): NativeWrites["makeSlab"] {
    return this.#natives.makeSlab;
  }

  write(fd: number, slab: Buffer, used: number): number {
    const taken = this.#natives.write(fd, slab, used);
    this.taken.push(taken);
    return taken;
  }
}

const natives = openNativeWrites();

test("they are there with the Node that the project brings", () => {
  const isExpected =
    process.platform === "linux" && process.arch === "x64" && process.getBuiltinModule("node:ffi") !== undefined;
  expect(natives !== undefined).toBe(isExpected);
});

describe.skipIf(natives === undefined)("native writes", () => {
  test("a slab goes out as it is, and no handle is asked", async () => {
    const { mine, other } = await openPair();
    const counted = new Counted(natives as NativeWrites);
    const { out } = open(mine, counted as unknown as NativeWrites);
    const text = Buffer.from("x".repeat(100).concat("y".repeat(3000)));
    out.append(text, 0, text.length);
    const [chunk] = (await Promise.all([once(other.resume(), "data")]))[0] as [Buffer];
    expect(chunk.toString()).toBe(text.toString());
    expect(counted.taken).toEqual([text.length]);
    expect(out.pendingBytes).toBe(0);
  });

  test("what the kernel does not take goes by the handle, in order and once", async () => {
    const { mine, other } = await openPair();
    const counted = new Counted(natives as NativeWrites);
    const { out } = open(mine, counted as unknown as NativeWrites);
    const sent: Buffer[] = [];
    // Until the kernel takes less than a slab, and then some more behind it.
    for (let number = 0, more = 20; more > 0; number++) {
      const piece = Buffer.alloc(SMALL_SLAB_BYTES - 1, `${number};`);
      sent.push(piece);
      out.append(piece, 0, piece.length);
      await new Promise((done) => setImmediate(done));
      if (out.pendingBytes > 0) more--;
    }
    expect(counted.taken.at(-1)).toBeLessThan(SMALL_SLAB_BYTES - 1);
    out.end();
    const got: Buffer[] = [];
    other.on("data", (chunk: Buffer) => void got.push(chunk));
    await once(other.resume(), "end");
    expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
    expect(out.pendingBytes).toBe(0);
  });

  test("what is written to a socket that is closed never reaches who has its descriptor next", async () => {
    const first = await openPair();
    const { out } = open(first.mine, natives as NativeWrites);
    out.append(Buffer.from("for the first"), 0, 13);
    await once(first.other.resume(), "data");
    const handle = writeHandleOf(first.mine) as WriteHandle;
    const descriptor = descriptorOf(first.mine, handle);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const second = new Socket();
    closing.push(() => {
      second.destroy();
      server.close();
    });
    out.append(Buffer.from("secret"), 0, 6);
    first.mine.destroy();
    expect(hasHandle(first.mine, handle)).toBe(false);
    // The lowest descriptor that is free is the one that was closed.
    second.connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[other]] = (await Promise.all([once(server, "connection"), once(second, "connect")])) as [[Socket], unknown];
    expect(descriptorOf(second, writeHandleOf(second) as WriteHandle)).toBe(descriptor);
    out.flush();
    second.end("for the second");
    const got: Buffer[] = [];
    other.on("data", (chunk: Buffer) => void got.push(chunk));
    await once(other, "end");
    expect(Buffer.concat(got).toString()).toBe("for the second");
  });

  test.each([true, false])(
    "a reset that a write is told of is said, for a read sees an orderly end (natively: %s)",
    async (isNative) => {
      const { mine, other } = await openPair();
      const turn = new Turn();
      const nativeWrites = isNative ? (natives as NativeWrites) : undefined;
      const slabs = new SlabPool(undefined, nativeWrites?.makeSlab);
      const owner = { onFault: () => {} };
      const out = new Outgoing(mine, slabs, turn, owner, { writesThrough: true, nativeWrites, readsOn: true });
      const seen: string[] = [];
      mine.on("error", ({ code }: NodeJS.ErrnoException) => void seen.push(code ?? "error"));
      mine.on("end", () => void seen.push("end"));
      out.append(Buffer.from("one"), 0, 3);
      await once(other.resume(), "data");
      expect(out.wasReset).toBe(false);
      other.resetAndDestroy();
      // The reset arrives when the kernel comes to it, which may be after a write.
      for (let turns = 0; !out.wasReset && turns < 1000; turns++) {
        out.append(Buffer.from("two"), 0, 3);
        out.flush();
        await new Promise((next) => setImmediate(next));
      }
      expect(out.wasReset).toBe(true);
      await new Promise((done) => mine.resume().once("close", done));
      expect(seen).toEqual(["end"]);
    },
  );

  test("a slab that lies elsewhere, or a length beyond a slab, is not written", async () => {
    const { mine } = await openPair();
    const fd = descriptorOf(mine, writeHandleOf(mine) as WriteHandle);
    const slab = natives?.makeSlab() as Buffer;
    const foreign = Buffer.from(new ArrayBuffer(SMALL_SLAB_BYTES * 4), slab.byteOffset % (SMALL_SLAB_BYTES * 2), 1);
    expect(natives?.write(fd, foreign, 1)).toBe(-1);
    expect(natives?.write(fd, slab.subarray(0, 10), 10)).toBe(-1);
    expect(natives?.write(fd, slab, SMALL_SLAB_BYTES + 1)).toBe(-1);
    expect(natives?.write(fd, slab, -1)).toBe(-1);
    expect(natives?.write(fd, slab, 10)).toBe(10);
    expect(natives?.write(-1, slab, 10)).toBe(-constants.errno.EBADF);
  });

  test("TLS is never written past", async () => {
    const { mine } = await openPair();
    const handle = writeHandleOf(mine) as WriteHandle;
    expect(descriptorOf(mine, handle)).toBeGreaterThan(2);
    const secure = new TLSSocket(mine);
    closing.push(() => secure.destroy());
    const { _handle: inside } = secure as unknown as { readonly _handle: WriteHandle };
    expect(descriptorOf(secure, inside)).toBe(-1);
    expect(descriptorOf(mine, inside)).toBe(-1);
  });

  test("slabs are there up to a bound, each for itself", () => {
    const some = openNativeWrites() as NativeWrites;
    const slabs = Array.from({ length: 1025 }, () => some.makeSlab());
    expect(slabs.map((slab) => slab?.length).slice(-2)).toEqual([SMALL_SLAB_BYTES, undefined]);
    for (const [index, slab] of slabs.entries()) slab?.fill(index & 0xff);
    expect(slabs.every((slab, index) => slab === undefined || slab.every((byte) => byte === (index & 0xff)))).toBe(
      true,
    );
  });
});
