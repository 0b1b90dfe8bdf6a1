/** The rules as iptables-restore and ip6tables-restore take them: chains of our own, each called from one of the kernel's. */
import type { IpFamily } from "@regomesh/base";
import { type CaptureRules, CHECK_PORT, type Exceptions } from "./capture-rules.ts";

const OUTBOUND = "REGOMESH_OUTBOUND";
const INBOUND = "REGOMESH_INBOUND";

/** The one rule by which each chain is called; asked for (-C), added (-A) and deleted (-D) as it stands. */
export const CALLS: readonly (readonly string[])[] = [
  ["OUTPUT", "-p", "tcp", "-j", OUTBOUND],
  ["PREROUTING", "-p", "tcp", "-j", INBOUND],
];

/** For `iptables-restore --noflush`: fills the chains anew, in one transaction. `calls`: those that are still missing. */
export function printIptables(rules: CaptureRules, family: IpFamily, calls: typeof CALLS): string {
  const { outboundPort, inboundPort, uids, outboundExcept, inboundExcept } = rules;
  const loopback = family === "ip" ? "127.0.0.1/32" : "::1/128";
  return restore([
    ...CHAINS,
    `-A ${OUTBOUND} -p tcp -d ${loopback} --dport ${CHECK_PORT} -j REDIRECT --to-ports ${outboundPort}`,
    ...uids.map((uid) => `-A ${OUTBOUND} -m owner --uid-owner ${uid} -j RETURN`),
    `-A ${OUTBOUND} -o lo -j RETURN`,
    ...except(OUTBOUND, outboundExcept, "-d", family),
    `-A ${OUTBOUND} -p tcp -j REDIRECT --to-ports ${outboundPort}`,
    `-A ${INBOUND} -i lo -j RETURN`,
    ...except(INBOUND, inboundExcept, "-s", family),
    `-A ${INBOUND} -p tcp -j REDIRECT --to-ports ${inboundPort}`,
    ...calls.map((call) => `-A ${call.join(" ")}`),
  ]);
}

/** Takes the chains away, and the `calls` that are there. Whoever runs it knows that the chains are. */
export function printIptablesUndo(calls: typeof CALLS): string {
  return restore([
    ...CHAINS,
    ...calls.map((call) => `-D ${call.join(" ")}`),
    ...[OUTBOUND, INBOUND].map((chain) => `-X ${chain}`),
  ]);
}

/** Makes a chain that is not there, and empties one that is. */
const CHAINS = [OUTBOUND, INBOUND].map((chain) => `:${chain} - [0:0]`);

function restore(lines: readonly string[]): string {
  return ["*nat", ...lines, "COMMIT", ""].join("\n");
}

function except(chain: string, { ports, networks }: Exceptions, end: "-d" | "-s", family: IpFamily): readonly string[] {
  return [
    ...ports.map((port) => `-A ${chain} -p tcp --dport ${port} -j RETURN`),
    ...networks.filter((each) => each.family === family).map(({ text }) => `-A ${chain} ${end} ${text} -j RETURN`),
  ];
}
