/**
 * Writing slabs to plain sockets by the system's own call, through node:ffi, which Node 26 has: a socket's handle
 * looks at its arguments, makes a view of the slab and goes through the file system's layer of Node for each write
 * (measured: 1.2 µs of a hop's 30). Where anything is not as expected, and of whatever the kernel does not take at once,
 * the handle writes as before, and says what is wrong.
 *
 * Such a call is cheap while its arguments are three numbers of 32 bits. So the slabs lie in memory that the process
 * asks for below 2 GiB, which Linux gives on x86-64 alone (mmap(2), MAP_32BIT). It is never given back: a thread that
 * serves lives as long as its process.
 */
import { SMALL_SLAB_BYTES } from "../../message/slab-pool.ts";

/** As many as the pool keeps; what is not touched yet takes no memory. */
const SLABS_MAX = 1024;
const ARENA_BYTES = SLABS_MAX * SMALL_SLAB_BYTES;
const PROT_READ_WRITE = 0x3;
/** MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_32BIT. */
const MAP_FLAGS = 0x2 | 0x20 | 0x4000 | 0x40;
const ADDRESS_MAX = 2 ** 31;

const SIGNATURES = {
  mmap: { arguments: ["u64", "u64", "i32", "i32", "i32", "i64"], return: "u64" },
  // An address is a positive number of 31 bits, which is the same in a whole register; so is what is written of a slab.
  write: { arguments: ["i32", "i32", "i32"], return: "i32" },
} as const;

type Mmap = (at: bigint, bytes: bigint, protection: number, flags: number, fd: number, offset: bigint) => bigint;
type Write = (fd: number, address: number, bytes: number) => number;

/** Slabs that can be written so, and the call. One a thread. */
export class NativeWrites {
  readonly #memory: ArrayBuffer;
  readonly #address: number;
  readonly #write: Write;
  readonly #slabs: Buffer[] = [];

  constructor(memory: ArrayBuffer, address: number, write: Write) {
    this.#memory = memory;
    this.#address = address;
    this.#write = write;
  }

  /** A slab of SMALL_SLAB_BYTES; undefined where there are as many as there may be. */
  readonly makeSlab = (): Buffer | undefined => {
    const index = this.#slabs.length;
    if (index === SLABS_MAX) return undefined;
    const slab = Buffer.from(this.#memory, index * SMALL_SLAB_BYTES, SMALL_SLAB_BYTES);
    this.#slabs.push(slab);
    return slab;
  };

  /** Writes slab[0, used) to an open, non-blocking descriptor: how many bytes it took; -1 for none, and of a slab that is not one of these. */
  write(fd: number, slab: Buffer, used: number): number {
    const offset = slab.byteOffset;
    if (this.#slabs[Math.floor(offset / SMALL_SLAB_BYTES)] !== slab || used < 0 || used > SMALL_SLAB_BYTES) return -1;
    return this.#write(fd, this.#address + offset, used);
  }
}

/** Undefined where this system or this Node has no such thing. */
export function openNativeWrites(): NativeWrites | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  try {
    const { dlopen, toArrayBuffer } = process.getBuiltinModule("node:ffi");
    // Of the process itself: it is never closed.
    const { functions } = dlopen("libc.so.6", SIGNATURES);
    const mmap = functions.mmap as unknown as Mmap;
    const address = mmap(0n, BigInt(ARENA_BYTES), PROT_READ_WRITE, MAP_FLAGS, -1, 0n);
    if (Number(address) + ARENA_BYTES > ADDRESS_MAX) return undefined;
    const memory = toArrayBuffer(address, ARENA_BYTES, false);
    return new NativeWrites(memory, Number(address), functions.write as unknown as Write);
  } catch {
    return undefined;
  }
}
