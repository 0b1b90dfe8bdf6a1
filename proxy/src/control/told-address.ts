/**
 * Under which address others are told of a listener. One that listens on every address has none that others could call:
 * told as it is, each machine would be led to itself.
 */
import { isEveryAddress } from "@regomesh/base";

const EVERY_IPV4 = "0.0.0.0";

/**
 * `own`: this machine's as others reach it, an IPv4 address never in an IPv6 one. Undefined where the listener can be
 * reached by none that is known: it is of IPv4 alone, or the machine's address is not known.
 */
export function toldAddress(listen: string, own: string | undefined): string | undefined {
  if (!isEveryAddress(listen)) return listen;
  return own === undefined || (listen === EVERY_IPV4 && own.includes(":")) ? undefined : own;
}
