/**
 * Sockets read by the system's own calls, between two polls of Node's loop. For each socket that has something Node goes
 * through its stream, an async context and a scope of callbacks (measured: a twentieth of a hop's CPU time); here it is
 * one call for what all have, and one for each that has. Node watches every socket all the same, and wakes for it: what
 * is not read here it reads, and it alone hears of ends and errors. So nothing hangs on these reads: a socket is given up
 * to Node wherever anything is not as usual.
 */
import type { Server, Socket } from "node:net";
import { type Libc, openLibc } from "./low-memory.ts";
import { descriptorOf, hasHandle, type WriteHandle, writeHandleOf } from "./write-through.ts";

/** As much as a socket gives at once. */
export const READ_BYTES = 64 * 1024;
/** Sockets that one poll tells of; the others' turn is the next. */
const EVENTS_MAX = 64;
/** struct epoll_event of x86-64 is packed: events, and eight bytes of ours. */
const EVENT_WORDS = 3;
const EVENT_BYTES = EVENT_WORDS * 4;
/**
 * Where the buffer lies, half a page behind the page's start, near which slabs begin: a processor copies slowly to where
 * the last bits of an address are a little higher than of the one it reads from (measured of 1 MiB: a quarter of its CPU time).
 */
const BUFFER_OFFSET = 2048;
const EVENTS_OFFSET = BUFFER_OFFSET + READ_BYTES;
const EVENT_OFFSET = EVENTS_OFFSET + EVENTS_MAX * EVENT_BYTES;
const LOW_BYTES = EVENT_OFFSET + EVENT_BYTES;
const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 0x1;
/** In a socket's place: one that listens. */
const LISTENER = -1;
/** The other end sends no more. */
const EPOLLRDHUP = 0x2000;
const SIGNATURES = {
  epoll_create1: { arguments: ["i32"], return: "i32" },
  epoll_ctl: { arguments: ["i32", "i32", "i32", "i32"], return: "i32" },
  epoll_wait: { arguments: ["i32", "i32", "i32", "i32"], return: "i32" },
  read: { arguments: ["i32", "i32", "i32"], return: "i32" },
} as const;
type Calls = {
  readonly epoll_create1: (flags: number) => number;
  readonly epoll_ctl: (epoll: number, operation: number, fd: number, event: number) => number;
  readonly epoll_wait: (epoll: number, events: number, max: number, timeoutMs: number) => number;
  readonly read: (fd: number, to: number, bytes: number) => number;
};

/** All such sockets of a thread. One a thread. */
export class NativeReads {
  /** What is read is here until the next read. */
  readonly buffer: Buffer;
  readonly #calls: Calls;
  readonly #bufferAt: number;
  readonly #events: Int32Array;
  readonly #eventsAt: number;
  /** One event, by which a socket is told of. */
  readonly #event: Int32Array;
  readonly #eventAt: number;
  /** Made for the first socket; -1 before, and where there is to be none. */
  #epoll = -1;
  readonly #sockets: (ReadSocket | undefined)[] = [];
  readonly #free: number[] = [];
  /** At the last poll a connection waited to be accepted. */
  isAwaited = false;
  /** Told with each socket: what is said of one that had its place before is not taken for it. */
  #number = 0;

  constructor({ calls, low: { memory, address } }: Libc<Calls>) {
    this.#calls = calls;
    this.buffer = Buffer.from(memory, BUFFER_OFFSET, READ_BYTES);
    this.#bufferAt = address + BUFFER_OFFSET;
    this.#events = new Int32Array(memory, EVENTS_OFFSET, EVENTS_MAX * EVENT_WORDS);
    this.#eventsAt = address + EVENTS_OFFSET;
    this.#event = new Int32Array(memory, EVENT_OFFSET, EVENT_WORDS);
    this.#eventAt = address + EVENT_OFFSET;
  }

  /** Reads what there is, each socket once, and hands it on; how many sockets had something. */
  poll(): number {
    if (this.#epoll < 0) return 0;
    const count = this.#calls.epoll_wait(this.#epoll, this.#eventsAt, EVENTS_MAX, 0);
    const events = this.#events;
    this.isAwaited = false;
    for (let at = 0; at < count * EVENT_WORDS; at += EVENT_WORDS) {
      const place = events[at + 1] as number;
      if (place === LISTENER) this.isAwaited = true;
      const socket = place === LISTENER ? undefined : this.#sockets[place];
      // Whoever was read before it may have closed it.
      if (socket === undefined || socket.number !== events[at + 2]) continue;
      // Bytes and nothing else: to be told of a reset is to have it taken away, and Node would see an orderly end.
      const mayRead = events[at] === EPOLLIN && socket.isRead();
      const length = mayRead ? this.#calls.read(socket.fd, this.#bufferAt, READ_BYTES) : 0;
      if (length > 0) socket.onBytes(length);
      else this.leave(socket);
    }
    return Math.max(0, count);
  }

  /** Where a connection waits on it, `isAwaited` says so: Node's loop alone accepts, one a turn. */
  watchListener(server: Server): void {
    const { fd } = (server as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
    if (typeof fd === "number" && fd >= 0) this.#add(fd, EPOLLIN, LISTENER, 0);
  }

  /** From here on it is read here, too; what cannot be is left to Node. */
  watch(socket: ReadSocket): void {
    const place = this.#free.pop() ?? this.#sockets.length;
    this.#number = (this.#number + 1) | 0;
    this.#sockets[place] = socket;
    socket.place = place;
    socket.number = this.#number;
    if (!this.#add(socket.fd, EPOLLIN | EPOLLRDHUP, place, this.#number)) this.#forget(socket);
  }

  /** False where the kernel does not watch it. */
  #add(fd: number, events: number, place: number, number: number): boolean {
    if (this.#epoll < 0) this.#epoll = this.#calls.epoll_create1(EPOLL_CLOEXEC);
    this.#event[0] = events;
    this.#event[1] = place;
    this.#event[2] = number;
    return this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#eventAt) === 0;
  }

  /** Node alone reads it from here on. */
  leave(socket: ReadSocket): void {
    if (socket.place < 0) return;
    // One that is closed the kernel has forgotten, and its descriptor may be another's.
    if (socket.isOpen()) this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, socket.fd, this.#eventAt);
    this.#forget(socket);
  }

  #forget(socket: ReadSocket): void {
    this.#sockets[socket.place] = undefined;
    this.#free.push(socket.place);
    socket.place = -1;
  }
}

/**
 * A socket that Node reads into the same buffer. It is read here from when it is `watch`ed, at once: beside those that are
 * read here, one that Node alone reads waits for its turns. And again once Node has read it after it was left.
 */
export class ReadSocket {
  readonly #reads: NativeReads;
  readonly #socket: Socket;
  #handle: WriteHandle | undefined = undefined;
  /** -1: no plain socket, or not looked at yet. */
  fd = -1;
  /** Of NativeReads alone: where it is kept, -1 where it is not, and by what it is told from others there. */
  place = -1;
  number = 0;
  /** bytes[0, length) of the buffer came. */
  readonly onBytes: (length: number) => void;

  constructor(reads: NativeReads, socket: Socket, onBytes: (length: number) => void) {
    this.#reads = reads;
    this.#socket = socket;
    this.onBytes = onBytes;
  }

  /** Node has read it. */
  onNodeRead(): void {
    if (this.place < 0) this.watch();
  }

  /** Only of one that is not. */
  watch(): void {
    if (this.#handle === undefined) {
      this.#handle = writeHandleOf(this.#socket);
      if (this.#handle !== undefined) this.fd = descriptorOf(this.#socket, this.#handle);
    }
    if (this.fd >= 0 && this.isRead()) this.#reads.watch(this);
  }

  isOpen(): boolean {
    return this.#handle !== undefined && hasHandle(this.#socket, this.#handle);
  }

  /** It is open, and nobody has it pause. */
  isRead(): boolean {
    return this.isOpen() && (this.#handle as { readonly reading?: boolean }).reading === true;
  }

  close(): void {
    this.#reads.leave(this);
  }
}

/** Undefined where this system or this Node has no such thing. */
export function openNativeReads(): NativeReads | undefined {
  const libc = openLibc<Calls>(SIGNATURES, LOW_BYTES);
  return libc === undefined ? undefined : new NativeReads(libc);
}
