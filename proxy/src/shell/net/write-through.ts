/**
 * Writing to a socket past Node's Writable, whose queue, callbacks and ticks are for nothing
 * where whoever writes gathers by himself, and knows what is under way (measured: 1.5 µs a
 * write). Node offers no public way, so this looks whether a socket's handle is spoken to as
 * we would; where it is not, sockets are written to as streams.
 *
 * A handle writes at once what the kernel takes, and says 0, or an error as a negative number.
 * Of the rest it gives a request, which is told when it is done; it must keep the bytes.
 */
import { Socket } from "node:net";
import { constants } from "node:os";
import { TLSSocket } from "node:tls";
import { getSystemErrorName } from "node:util";

export type WriteHandle = {
  writeBuffer(request: null, bytes: Uint8Array): WriteResult;
  writev(request: null, pieces: readonly Uint8Array[], areBuffers: true): WriteResult;
};
type WriteResult = number | WriteRequest | undefined;
type WriteRequest = {
  oncomplete: ((status: number) => void) | null;
  /** What it was before anyone could be told; null: it is under way. */
  writeStatus: number | null;
  /** What is being written: the collector must not take it. */
  buffer: unknown;
  /** What TLS says where it could not begin. */
  readonly error?: unknown;
};
type Inside = { readonly _handle?: Partial<WriteHandle> | null };

export const WRITTEN = 0;
/** A closed handle says nothing. */
const CANCELED = -constants.errno.ECANCELED;
const PROTOCOL = -constants.errno.EPROTO;
const BROKEN = -constants.errno.EPIPE;
/** The other end broke the connection off. The kernel tells it once, of a read or a write: the other then sees an end, or BROKEN. */
export const RESET = -constants.errno.ECONNRESET;
const GONE = new Set([BROKEN, RESET]);

/** Whether handles take writes here. */
export const canWriteThrough: boolean = isAsExpected();

/** The socket's handle; undefined where it is to be written to as a stream. From the first write on, only one of both. */
export function writeHandleOf(socket: Socket): WriteHandle | undefined {
  if (!canWriteThrough || socket.connecting) return undefined;
  const { _handle: handle } = socket as unknown as Inside;
  if (typeof handle?.writeBuffer !== "function" || typeof handle.writev !== "function") return undefined;
  return handle as WriteHandle;
}

/**
 * The descriptor of a plain socket's handle, which may be written to while the handle is the socket's (`hasHandle`);
 * -1 of every other: what TLS has under itself must not be written to past it.
 */
export function descriptorOf(socket: Socket, handle: WriteHandle): number {
  const { fd } = handle as { readonly fd?: number };
  if (socket instanceof TLSSocket || handle.constructor.name !== "TCP" || typeof fd !== "number") return -1;
  return fd;
}

/** False as soon as the socket is closed: its descriptor may be another's then. */
export function hasHandle(socket: Socket, handle: WriteHandle): boolean {
  return (socket as unknown as Inside)._handle === handle;
}

/** Of a write that is not WRITTEN: `onDone` is told 0 or its error, now or when it is done. `bytes` are kept until then. */
export function settleWrite(result: WriteResult, bytes: unknown, onDone: (status: number) => void): void {
  if (typeof result !== "object") return void onDone(result ?? CANCELED);
  result.buffer = bytes;
  if (result.error !== undefined) return void onDone(PROTOCOL);
  const { writeStatus } = result;
  if (typeof writeStatus !== "number") {
    result.oncomplete = onDone;
    return;
  }
  result.writeStatus = null;
  onDone(writeStatus);
}

/** The other end takes nothing any more. */
export function isGone(status: number): boolean {
  return GONE.has(status);
}

/** As Node makes it of a failed write. */
export function writeError(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: "write" });
}

/** Has a socket write to a handle of ours, and looks at what it gives, and makes of each answer. */
function isAsExpected(): boolean {
  const bytes = Buffer.alloc(1);
  const under = { writeStatus: BROKEN, oncomplete: null, buffer: null };
  const answers = [WRITTEN, under];
  const given: unknown[] = [];
  const made: unknown[] = [];
  const handle = {
    writeBuffer(...args: unknown[]): unknown {
      given.push(...args);
      return answers.shift();
    },
    getAsyncId: () => 1,
  };
  try {
    const socket = new Socket({ handle, manualStart: true } as never);
    const write = () => socket._write(bytes, "buffer" as BufferEncoding, (error) => made.push(error));
    write();
    write();
  } catch {
    return false;
  }
  const [none, failed] = made as (NodeJS.ErrnoException | undefined)[];
  const isGiven = given.length === 4 && given[0] === null && given[1] === bytes && given[2] === null;
  const isKept = under.buffer === bytes && under.writeStatus === null && typeof under.oncomplete === "function";
  return isGiven && isKept && made.length === 2 && none === undefined && failed?.errno === BROKEN;
}
