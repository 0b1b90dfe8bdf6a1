/**
 * Where a captured connection went before the kernel led it here: SO_ORIGINAL_DST of the socket, which Node has no
 * call for. libc's getsockopt is called by node:ffi, which Node 26 has: no native module, no capability, half a
 * microsecond a connection. TPROXY would show the address as the socket's own, but needs CAP_NET_ADMIN in the sidecar
 * for as long as it runs; conntrack's table needs it too, and is read whole.
 */
import type { Socket } from "node:net";
import { endianness } from "node:os";
import { decodeSocketAddress, SOCKET_ADDRESS_BYTES } from "../../capture/socket-address.ts";
import type { Address } from "../net/listener.ts";

/** linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h, each at the level of its own protocol. */
const SO_ORIGINAL_DST = 80;
const SOL_IP = 0;
const SOL_IPV6 = 41;

/** Undefined where the kernel knows none. Of a connection that was not captured it is the socket's own address. */
export type OriginalDestination = (socket: Socket) => Address | undefined;

/** Throws, with the way out, where this Node cannot call getsockopt. */
export function openOriginalDestination(): OriginalDestination {
  const getsockopt = openGetsockopt();
  const bytes = Buffer.alloc(SOCKET_ADDRESS_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = Buffer.alloc(4);
  const isLittleEndian = endianness() === "LE";
  return (socket) => {
    const { fd } = (socket as unknown as { readonly _handle?: { readonly fd: number } | null })._handle ?? { fd: -1 };
    if (fd < 0) return undefined;
    if (isLittleEndian) length.writeInt32LE(SOCKET_ADDRESS_BYTES);
    else length.writeInt32BE(SOCKET_ADDRESS_BYTES);
    const level = socket.remoteFamily === "IPv6" ? SOL_IPV6 : SOL_IP;
    if (getsockopt(fd, level, SO_ORIGINAL_DST, bytes, length) !== 0) return undefined;
    return decodeSocketAddress(view, isLittleEndian);
  };
}

type Getsockopt = (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number;

function openGetsockopt(): Getsockopt {
  const signature = { arguments: ["i32", "i32", "i32", "buffer", "buffer"], return: "i32" } as const;
  try {
    const { dlopen } = process.getBuiltinModule("node:ffi");
    // Of the process itself: it is never closed.
    const { functions } = dlopen("libc.so.6", { getsockopt: signature });
    return functions.getsockopt as unknown as Getsockopt;
  } catch (error) {
    throw new Error(
      `captured traffic needs the Node that comes with the project (26, with node:ffi, on glibc); this one is ${process.version}: ${(error as Error).message}`,
    );
  }
}
