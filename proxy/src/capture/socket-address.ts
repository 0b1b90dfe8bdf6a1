/** A `struct sockaddr_in` or `sockaddr_in6` of Linux, as the kernel fills it in. */

/** Of sockaddr_in6, the longer of the two. */
export const SOCKET_ADDRESS_BYTES = 28;

const AF_INET = 2;
const AF_INET6 = 10;

/** Undefined where it is of neither family. The family is in the machine's byte order, the port in the network's. */
export function decodeSocketAddress(
  bytes: DataView,
  isLittleEndian: boolean,
): { readonly address: string; readonly port: number } | undefined {
  const family = bytes.getUint16(0, isLittleEndian);
  const port = bytes.getUint16(2);
  if (family === AF_INET) {
    const octets = Array.from({ length: 4 }, (_, at) => bytes.getUint8(4 + at));
    return { address: octets.join("."), port };
  }
  if (family !== AF_INET6) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => bytes.getUint16(8 + at * 2).toString(16));
  return { address: new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1), port };
}
