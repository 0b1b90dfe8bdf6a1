/**
 * Connections that wait for a listener, taken by the system's own call. Node's loop takes one a turn (libuv #3696), so of a
 * crowd that connects and asks at once each waits for as many turns as have come before it, in which all of those are answered.
 * Node still takes the first, and so says that there are some; what waits behind it is taken here, handed to the same
 * function of Node's, and from then on as any other. What fails here is left to Node's loop, which sheds what no
 * descriptor is left for.
 */
import type { Server } from "node:net";
import { constants } from "node:os";
import { openCalls, openErrno } from "./low-memory.ts";

/** SOCK_NONBLOCK, SOCK_CLOEXEC. */
const FLAGS = 0x800 | 0x80000;
/** Node asks for addresses by itself. */
const NOWHERE = 0;
/** Node's TCP is made for a connection, not to listen. */
const SOCKET = 0;
const SHORT: ReadonlySet<number> = new Set([constants.errno.EMFILE, constants.errno.ENFILE]);
const SIGNATURES = {
  accept4: { arguments: ["i32", "i32", "i32", "i32"], return: "i32" },
  close: { arguments: ["i32"], return: "i32" },
} as const;

export type AcceptCalls = {
  readonly accept4: (fd: number, address: number, length: number, flags: number) => number;
  readonly close: (fd: number) => number;
};

/** Of a connection: 0, or an error as a negative number. */
type Handle = { readonly open: (fd: number) => number };
type ListenHandle = {
  readonly fd: number;
  readonly constructor: new (type: number) => Handle;
  readonly onconnection: (this: ListenHandle, status: number, client: Handle) => void;
};
type Inside = { readonly _handle?: ListenHandle | null };

/** One a thread. */
export class NativeAccepts {
  readonly #calls: AcceptCalls;
  /** Why the last call failed, of the thread that made this. */
  readonly #errno: Int32Array;
  readonly #onShort: () => void;

  /** `onShort`: a connection could not be taken, for no descriptor is left. */
  constructor(calls: AcceptCalls, errno: Int32Array, onShort: () => void) {
    this.#calls = calls;
    this.#errno = errno;
    this.#onShort = onShort;
  }

  /** Has `server` tell of what waits for it, at most `max`, as of one that Node has taken; how many. Throws what the server's listeners throw. */
  take(server: Server, max: number): number {
    const { _handle: handle } = server as unknown as Inside;
    if (!isAsExpected(handle)) return 0;
    let taken = 0;
    // Who is told may close the server: its descriptor may be another's then.
    while (taken < max && (server as unknown as Inside)._handle === handle) {
      const fd = this.#calls.accept4(handle.fd, NOWHERE, NOWHERE, FLAGS);
      if (fd < 0) {
        if (SHORT.has(this.#errno[0] as number)) this.#onShort();
        break;
      }
      taken++;
      const client = new handle.constructor(SOCKET);
      if (client.open(fd) === 0) handle.onconnection(0, client);
      else this.#calls.close(fd);
    }
    return taken;
  }
}

/** Undefined where this system or this Node has no such thing. */
export function openNativeAccepts(onShort: () => void): NativeAccepts | undefined {
  const calls = openCalls<AcceptCalls>(SIGNATURES);
  const errno = openErrno();
  return calls === undefined || errno === undefined ? undefined : new NativeAccepts(calls, errno, onShort);
}

function isAsExpected(handle: ListenHandle | null | undefined): handle is ListenHandle {
  return (
    handle?.constructor.name === "TCP" &&
    typeof handle.onconnection === "function" &&
    typeof handle.fd === "number" &&
    handle.fd >= 0 &&
    typeof (handle as unknown as Handle).open === "function"
  );
}
