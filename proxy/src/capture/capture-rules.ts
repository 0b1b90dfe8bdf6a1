/**
 * What `regomesh capture` has the kernel do in a workload's network namespace: whatever the workload opens goes to its
 * sidecar's outbound port, whatever comes for it to the inbound one, by TCP, IPv4 and IPv6 alike. What the sidecar
 * itself sends passes, and so does what stays on loopback.
 */

export type CaptureRules = {
  /** Where the sidecar listens, on every address of its namespace. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Whose traffic passes: the sidecar's. */
  readonly uids: readonly number[];
  /** What goes round the sidecar, by the port and the address that are called. */
  readonly outboundExcept: Exceptions;
  /** By the workload's own port, and the address of who calls. */
  readonly inboundExcept: Exceptions;
};

export type Exceptions = { readonly ports: readonly number[]; readonly networks: readonly Network[] };

/** An address, or a network in CIDR notation, as the kernel's tools take it. */
export type Network = { readonly family: Family; readonly text: string };

export type Family = "ip" | "ip6";

/** Istio's, which operators know. */
export const OUTBOUND_PORT = 15_001;
export const INBOUND_PORT = 15_006;
export const PROXY_UID = 1337;

/**
 * A port of loopback that the rules lead to the sidecar even where the sidecar itself calls it: by it a sidecar finds
 * out whether they are in force.
 */
export const CHECK_PORT = 15_009;

/** Undefined where it is neither an address nor a network. */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", bits, ...more] = text.split("/");
  if (more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const family = familyOf(address);
  if (family === undefined || Number(bits ?? 0) > (family === "ip" ? 32 : 128)) return undefined;
  return { family, text };
}

/** Undefined where it is no address. */
export function familyOf(address: string): Family | undefined {
  // A leading zero makes an octet octal to some of the tools, and not to others.
  const octets = /^(\d|[1-9]\d+)\.(\d|[1-9]\d+)\.(\d|[1-9]\d+)\.(\d|[1-9]\d+)$/.exec(address);
  if (octets !== null) return octets.slice(1).every((octet) => Number(octet) < 256) ? "ip" : undefined;
  return /^[0-9a-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]/`) ? "ip6" : undefined;
}
