/**
 * Writing slabs to plain sockets by the system's own call, through node:ffi, which Node 26 has: a socket's handle
 * looks at its arguments, makes a view of the slab and goes through the file system's layer of Node for each write
 * (measured: 1.2 µs of a hop's 30). Where anything is not as expected, and of whatever the kernel does not take at once,
 * the handle writes as before, and says what is wrong.
 */
import { SMALL_SLAB_BYTES } from "../../message/slab-pool.ts";
import { openErrno, openLibc } from "./low-memory.ts";

/** As many as the pool keeps; what is not touched yet takes no memory. */
const SLABS_MAX = 1024;
const ARENA_BYTES = SLABS_MAX * SMALL_SLAB_BYTES;
const SIGNATURES = {
  // An address is a positive number of 31 bits, which is the same in a whole register; so is what is written of a slab.
  write: { arguments: ["i32", "i32", "i32"], return: "i32" },
} as const;

type Calls = { readonly write: Write };
type Write = (fd: number, address: number, bytes: number) => number;

/** Slabs that can be written so, and the call. One a thread. */
export class NativeWrites {
  readonly #memory: ArrayBuffer;
  readonly #address: number;
  readonly #write: Write;
  /** Why the last call failed, of the thread that made this. */
  readonly #errno: Int32Array;
  readonly #slabs: Buffer[] = [];

  constructor(memory: ArrayBuffer, address: number, write: Write, errno: Int32Array) {
    this.#memory = memory;
    this.#address = address;
    this.#write = write;
    this.#errno = errno;
  }

  /** A slab of SMALL_SLAB_BYTES; undefined where there are as many as there may be. */
  readonly makeSlab = (): Buffer | undefined => {
    const index = this.#slabs.length;
    if (index === SLABS_MAX) return undefined;
    const slab = Buffer.from(this.#memory, index * SMALL_SLAB_BYTES, SMALL_SLAB_BYTES);
    this.#slabs.push(slab);
    return slab;
  };

  /**
   * Writes slab[0, used) to an open, non-blocking descriptor: how many bytes it took, or the system's error as a negative
   * number, of which a reset is told only once; -1 of a slab that is not one of these.
   */
  write(fd: number, slab: Buffer, used: number): number {
    const offset = slab.byteOffset;
    if (this.#slabs[Math.floor(offset / SMALL_SLAB_BYTES)] !== slab || used < 0 || used > SMALL_SLAB_BYTES) return -1;
    const taken = this.#write(fd, this.#address + offset, used);
    return taken < 0 ? -(this.#errno[0] as number) : taken;
  }
}

/** Undefined where this system or this Node has no such thing. */
export function openNativeWrites(): NativeWrites | undefined {
  const libc = openLibc<Calls>(SIGNATURES, ARENA_BYTES);
  const errno = openErrno();
  if (libc === undefined || errno === undefined) return undefined;
  const { calls, low } = libc;
  return new NativeWrites(low.memory, low.address, calls.write, errno);
}
