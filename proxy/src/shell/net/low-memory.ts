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
type Signatures<Calls> = Readonly<Record<keyof Calls & string, Signature>>;
type Mmap = (at: bigint, bytes: bigint, protection: number, flags: number, fd: number, offset: bigint) => bigint;

export type LowMemory = { readonly memory: ArrayBuffer; readonly address: number };
export type Libc<Calls> = { readonly calls: Calls; readonly low: LowMemory };

/** The calls of the process's C library; undefined where this system or this Node has no such thing. */
export function openCalls<Calls>(signatures: Signatures<Calls>): Calls | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  try {
    const { dlopen } = process.getBuiltinModule("node:ffi");
    // Of the process itself: it is never closed.
    const { functions } = dlopen("libc.so.6", signatures as never);
    return functions as unknown as Calls;
  } catch {
    return undefined;
  }
}

/** Such calls, and so much memory. */
export function openLibc<Calls>(signatures: Signatures<Calls>, bytes: number): Libc<Calls> | undefined {
  const opened = openCalls<Calls & { readonly mmap: Mmap }>({ ...signatures, mmap: MMAP } as never);
  if (opened === undefined) return undefined;
  const { mmap, ...calls } = opened;
  const address = mmap(0n, BigInt(bytes), PROT_READ_WRITE, MAP_FLAGS, -1, 0n);
  if (Number(address) + bytes > ADDRESS_MAX) return undefined;
  const { toArrayBuffer } = process.getBuiltinModule("node:ffi");
  return {
    calls: calls as unknown as Calls,
    low: { memory: toArrayBuffer(address, bytes, false), address: Number(address) },
  };
}

/** Why this thread's last call failed: the only number in it. */
export function openErrno(): Int32Array | undefined {
  const calls = openCalls<{ readonly __errno_location: () => bigint }>({
    __errno_location: { arguments: [], return: "u64" },
  });
  if (calls === undefined) return undefined;
  const { toArrayBuffer } = process.getBuiltinModule("node:ffi");
  return new Int32Array(toArrayBuffer(calls.__errno_location(), Int32Array.BYTES_PER_ELEMENT, false));
}
