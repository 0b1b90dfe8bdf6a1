/**
 * Whose process is at the other end of a Unix socket: the kernel's word (SO_PEERCRED, unix(7)), taken
 * when it connected. Node has no call for it, so libc's is made through Node's own FFI, on
 * Linux alone, and only by a controller that was told to attest.
 */
import type { Socket } from "node:net";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, 32 bits each. */
const UCRED_BYTES = 12;
const UID_AT = 4;

export type ReadUid = (socket: Socket) => number | undefined;

/** Undefined where this Node or this system has no such call. */
export async function openPeerUid(): Promise<ReadUid | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const { dlopen } = await import("node:ffi");
    const { functions } = dlopen("libc.so.6", {
      getsockopt: { arguments: ["i32", "i32", "i32", "buffer", "buffer"], return: "i32" },
    });
    const getsockopt = functions["getsockopt"] as (...args: readonly unknown[]) => number;
    return (socket) => {
      const { fd } = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
      if (fd === undefined || fd < 0) return undefined;
      const [credentials, length] = [Buffer.alloc(UCRED_BYTES), Buffer.alloc(4)];
      length.writeInt32LE(UCRED_BYTES);
      const isRead = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) === 0;
      return isRead && length.readInt32LE() === UCRED_BYTES ? credentials.readUInt32LE(UID_AT) : undefined;
    };
  } catch {
    return undefined;
  }
}
