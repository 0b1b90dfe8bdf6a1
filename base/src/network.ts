/** Addresses and networks of the Internet Protocol, as nft, iptables and `ip` take them. */

/** By nft's words for them. */
export type IpFamily = "ip" | "ip6";

/** An address, or a network in CIDR notation. */
export type Network = { readonly family: IpFamily; readonly text: string };

/** Undefined where it is neither an address nor a network. */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", bits, ...more] = text.split("/");
  if (more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const family = familyOf(address);
  if (family === undefined || Number(bits ?? 0) > (family === "ip" ? 32 : 128)) return undefined;
  return { family, text };
}

/** Undefined where it is no address. */
export function familyOf(address: string): IpFamily | undefined {
  // A leading zero makes an octet octal to some of the tools, and not to others.
  const octets = /^(\d|[1-9]\d+)\.(\d|[1-9]\d+)\.(\d|[1-9]\d+)\.(\d|[1-9]\d+)$/.exec(address);
  if (octets !== null) return octets.slice(1).every((octet) => Number(octet) < 256) ? "ip" : undefined;
  return /^[0-9a-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]/`) ? "ip6" : undefined;
}
