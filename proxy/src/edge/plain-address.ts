/**
 * An address as a socket gives it; "" where it has none. An IPv4 client of a socket for both families comes as an
 * IPv4-mapped address (`::ffff:192.0.2.1`; RFC 4291, 2.5.5.2) and is called by its IPv4 address, as Envoy does
 * (`addressFromSockAddr`): policies compare texts.
 */
export function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
}
