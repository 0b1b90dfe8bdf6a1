/** A host and its port in one text, as flags have them: `127.0.0.1:80`, `[::1]:80`, `localhost:80`. */
export type HostAndPort = {
  /** As sockets take it: an IPv6 address without brackets. */
  readonly host: string;
  /** As URLs have it: an IPv6 address in brackets. */
  readonly urlHost: string;
  readonly port: number;
};

export function splitAddress(address: string): HostAndPort {
  const colon = address.lastIndexOf(":");
  const urlHost = address.slice(0, colon);
  return { host: urlHost.replace(/^\[|\]$/g, ""), urlHost, port: Number(address.slice(colon + 1)) };
}

/** Whether an address to listen on is every one, in whatever spelling: `0.0.0.0`, `::`, `0:0::0`. */
export function isEveryAddress(address: string): boolean {
  return /^[0:.]+$/.test(address);
}
