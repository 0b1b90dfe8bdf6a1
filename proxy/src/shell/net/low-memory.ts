/**
 * The system's own calls through node:ffi, which Node 26 has, and memory that they can be told of cheaply. Such a call
 * is cheap while its arguments are numbers of 32 bits: so what it reads or writes lies below 2 GiB, which Linux gives on
 * x86-64 alone (mmap(2), MAP_32BIT). It is never given back: a thread that serves lives as long as its process.
 */

const PROT_READ_WRITE = 0x3;
/** MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_32BIT. */
const MAP_FLAGS = 0x2 | 0x20 | 0x4000 | 0x40;
const ADDRESS_MAX = 2 ** 31;
const MMAP = { arguments: ["u64", "u64", "i32", "i32", "i32", "i64"], return: "u64" } as const;

type Signature = { readonly arguments: readonly string[]; readonly return: string };
type Mmap = (at: bigint, bytes: bigint, protection: number, flags: number, fd: number, offset: bigint) => bigint;

export type LowMemory = { readonly memory: ArrayBuffer; readonly address: number };
export type Libc<Calls> = { readonly calls: Calls; readonly low: LowMemory };

/** The calls of the process's C library, and so much memory; undefined where this system or this Node has no such thing. */
export function openLibc<Calls>(
  signatures: Readonly<Record<keyof Calls & string, Signature>>,
  bytes: number,
): Libc<Calls> | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  try {
    const { dlopen, toArrayBuffer } = process.getBuiltinModule("node:ffi");
    // Of the process itself: it is never closed.
    const { functions } = dlopen("libc.so.6", { ...signatures, mmap: MMAP } as never);
    const { mmap, ...calls } = functions as unknown as { readonly mmap: Mmap };
    const address = mmap(0n, BigInt(bytes), PROT_READ_WRITE, MAP_FLAGS, -1, 0n);
    if (Number(address) + bytes > ADDRESS_MAX) return undefined;
    const memory = toArrayBuffer(address, bytes, false);
    return { calls: calls as Calls, low: { memory, address: Number(address) } };
  } catch {
    return undefined;
  }
}
