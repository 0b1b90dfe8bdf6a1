/** Sockets read past Node: what comes is handed on once and in order, and Node hears of everything else. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { type NativeReads, openNativeReads, ReadSocket } from "./native-read.ts";
import { readInto } from "./read-into.ts";
import { descriptorOf, type WriteHandle, writeHandleOf } from "./write-through.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** A socket that is read, by whom, and the other end. */
class Read {
  readonly socket: Socket;
  readonly other: Socket;
  readonly past: ReadSocket;
  /** What came, each with who read it. */
  readonly seen: string[] = [];
  onPast: () => void = () => {};
  #onSeen: () => void = () => {};

  constructor(reads: NativeReads, socket: Socket, other: Socket) {
    this.socket = socket;
    this.other = other;
    const see = (by: string, length: number): void => {
      this.seen.push(`${by} ${reads.buffer.toString("latin1", 0, length)}`);
      this.#onSeen();
    };
    this.past = new ReadSocket(reads, socket, (length) => {
      see("past", length);
      this.onPast();
    });
    const onNode = (length: number): void => {
      see("node", length);
      this.past.onNodeRead();
    };
    expect(readInto(socket, reads.buffer, onNode)).toBe(true);
    socket.on("close", () => this.past.close());
  }

  /** Written by the other end, and read by Node. */
  async byNode(text: string): Promise<void> {
    const seen = new Promise<void>((done) => {
      this.#onSeen = done;
    });
    this.other.write(text);
    await seen;
    expect(this.seen.at(-1)).toBe(`node ${text}`);
  }
}

async function openRead(reads: NativeReads): Promise<Read> {
  const server: Server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const other = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", noDelay: true });
  const [[socket]] = (await Promise.all([once(server, "connection"), once(other, "connect")])) as [[Socket], unknown];
  socket.on("error", () => {});
  closing.push(() => {
    other.destroy();
    socket.destroy();
    server.close();
  });
  const read = new Read(reads, socket, other);
  socket.resume();
  return read;
}

/** One that Node has read. */
async function openWatched(reads: NativeReads): Promise<Read> {
  const read = await openRead(reads);
  await read.byNode("one");
  read.seen.length = 0;
  return read;
}

const isThere = openNativeReads() !== undefined;

test("they are there with the Node that the project brings", () => {
  const isExpected =
    process.platform === "linux" && process.arch === "x64" && process.getBuiltinModule("node:ffi") !== undefined;
  expect(isThere).toBe(isExpected);
});

describe.skipIf(!isThere)("native reads", () => {
  const open = (): NativeReads => openNativeReads() as NativeReads;

  test("what comes is read once Node has read it, and Node does not see it", async () => {
    const reads = open();
    const read = await openRead(reads);
    expect(reads.poll()).toBe(0);
    await read.byNode("one");
    read.other.write("three");
    expect(reads.poll()).toBe(1);
    expect(reads.poll()).toBe(0);
    read.other.write("four");
    read.other.write(" and five");
    expect(reads.poll()).toBe(1);
    await new Promise((done) => setImmediate(done));
    expect(read.seen).toEqual(["node one", "past three", "past four and five"]);
  });

  test("one that is watched at once is, from its first byte on", async () => {
    const reads = open();
    const read = await openRead(reads);
    read.past.watch();
    read.other.write("one");
    expect(reads.poll()).toBe(1);
    expect(read.seen).toEqual(["past one"]);
  });

  test("a connection that waits to be accepted is said, until Node has accepted it, and is none that is read", async () => {
    const reads = open();
    const watched = await openWatched(reads);
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    reads.watchListener(server);
    expect([reads.poll(), reads.isAwaited]).toEqual([0, false]);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const other = connect((server.address() as AddressInfo).port, "127.0.0.1");
    closing.push(() => {
      other.destroy();
      server.close();
    });
    // The kernel is asked for it at this tick's end.
    await new Promise<void>((done) => process.nextTick(done));
    watched.other.write("more");
    expect([reads.poll(), reads.isAwaited]).toEqual([2, true]);
    expect([reads.poll(), reads.isAwaited]).toEqual([1, true]);
    expect(watched.seen).toEqual(["past more"]);
    const [socket] = await accepted;
    closing.push(() => socket.destroy());
    expect([reads.poll(), reads.isAwaited]).toEqual([0, false]);
    server.close();
    expect([reads.poll(), reads.isAwaited]).toEqual([0, false]);
  });

  test("what nobody polls for, Node reads", async () => {
    const reads = open();
    const read = await openWatched(reads);
    await read.byNode("three");
    read.other.write("four");
    expect(reads.poll()).toBe(1);
    expect(read.seen).toEqual(["node three", "past four"]);
  });

  test("one that pauses is not read, and is again once it goes on", async () => {
    const reads = open();
    const read = await openWatched(reads);
    read.socket.pause();
    read.other.write("three");
    reads.poll();
    expect(read.seen).toEqual([]);
    expect(read.past.place).toBe(-1);
    expect(reads.poll()).toBe(0);
    read.socket.resume();
    await read.byNode(" four").catch(() => {});
    read.other.write("five");
    expect(reads.poll()).toBe(1);
    expect(read.seen.at(-1)).toBe("past five");
  });

  test("of an end Node is told, after what came before it", async () => {
    const reads = open();
    const read = await openWatched(reads);
    read.other.write("more");
    expect(reads.poll()).toBe(1);
    read.other.end("last");
    reads.poll();
    await once(read.socket, "end");
    expect(read.seen.map((what) => what.slice(5))).toEqual(["more", "last"]);
    reads.poll();
    expect(read.past.place).toBe(-1);
    expect(reads.poll()).toBe(0);
  });

  test.each(["", "last"])("of a reset behind '%s' Node is told, and of no end", async (last) => {
    const reads = open();
    const read = await openWatched(reads);
    const errors: (string | undefined)[] = [];
    read.socket.on("error", ({ code }: NodeJS.ErrnoException) => errors.push(code));
    read.socket.on("end", () => errors.push("end"));
    if (last !== "") read.other.write(last);
    read.other.resetAndDestroy();
    reads.poll();
    reads.poll();
    expect(read.past.place).toBe(-1);
    await new Promise((done) => read.socket.on("close", done));
    expect(errors).toEqual(["ECONNRESET"]);
  });

  test("who has the descriptor of one that is closed is not taken for it", async () => {
    const reads = open();
    const first = await openWatched(reads);
    const { fd } = first.past;
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    first.socket.destroy();
    const second = new Socket();
    closing.push(() => {
      second.destroy();
      server.close();
    });
    second.connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[other]] = (await Promise.all([once(server, "connection"), once(second, "connect")])) as [[Socket], unknown];
    closing.push(() => other.destroy());
    expect(descriptorOf(second, writeHandleOf(second) as WriteHandle)).toBe(fd);
    other.write("secret");
    expect(reads.poll()).toBe(0);
    expect(first.seen).toEqual([]);
  });

  test("one that is closed by who was read before it is not read, nor is who takes its place", async () => {
    const reads = open();
    const first = await openWatched(reads);
    const second = await openWatched(reads);
    const third = await openRead(reads);
    first.onPast = () => {
      const { place } = second.past;
      second.socket.destroy();
      second.past.close();
      third.past.watch();
      expect(third.past.place).toBe(place);
    };
    for (const { other } of [first, second, third]) other.write("more");
    expect(reads.poll()).toBe(2);
    expect([first.seen, second.seen, third.seen]).toEqual([["past more"], [], []]);
    expect(reads.poll()).toBe(1);
    expect(third.seen).toEqual(["past more"]);
  });

  test("more than one poll tells of are all read", async () => {
    const reads = open();
    const many: Read[] = [];
    for (let count = 0; count < 70; count++) many.push(await openWatched(reads));
    for (const { other } of many) other.write("x");
    const polls = [reads.poll(), reads.poll(), reads.poll()];
    expect(polls).toEqual([64, 6, 0]);
    expect(many.every(({ seen }) => seen.join() === "past x")).toBe(true);
  });

  test("TLS is never read past", async () => {
    const reads = open();
    const read = await openRead(reads);
    const secure = new TLSSocket(read.socket);
    closing.push(() => secure.destroy());
    const past = new ReadSocket(reads, secure, () => {});
    past.watch();
    past.onNodeRead();
    expect(past.place).toBe(-1);
  });
});
