/** The rules as nftables takes them (nft(8)): one table of our own for both families, replaced whole. */
import type { IpFamily } from "@regomesh/base";
import { type CaptureRules, CHECK_PORT } from "./capture-rules.ts";

export const TABLE = "inet regomesh";
/** Where addresses of destinations are changed: `dstnat`, which has no name in the output hook. */
const PRIORITY = -100;

/** One transaction: what was there goes as the new one comes. */
export function printNft(rules: CaptureRules): string {
  const { outboundPort, inboundPort, uids, outboundExcept, inboundExcept } = rules;
  const outbound = [
    `ip daddr 127.0.0.1 tcp dport ${CHECK_PORT} redirect to :${outboundPort}`,
    `ip6 daddr ::1 tcp dport ${CHECK_PORT} redirect to :${outboundPort}`,
    `meta skuid ${setOf(uids)} return`,
    'oifname "lo" return',
    ...except(outboundExcept, "daddr"),
    `meta l4proto tcp redirect to :${outboundPort}`,
  ];
  const inbound = [
    'iifname "lo" return',
    ...except(inboundExcept, "saddr"),
    `meta l4proto tcp redirect to :${inboundPort}`,
  ];
  return [
    ...removal(),
    `table ${TABLE} {`,
    ...chain("outbound", "output", outbound),
    ...chain("inbound", "prerouting", inbound),
    "}",
    "",
  ].join("\n");
}

/** Takes the table away, where there is one. */
export function printNftUndo(): string {
  return [...removal(), ""].join("\n");
}

/** A table that is not there cannot be deleted: it is made first. */
function removal(): readonly string[] {
  return [`add table ${TABLE}`, `delete table ${TABLE}`];
}

function chain(name: string, hook: string, rules: readonly string[]): readonly string[] {
  const type = `type nat hook ${hook} priority ${PRIORITY}; policy accept;`;
  return [`  chain ${name} {`, ...[type, ...rules].map((rule) => `    ${rule}`), "  }"];
}

function except({ ports, networks }: CaptureRules["outboundExcept"], end: "daddr" | "saddr"): readonly string[] {
  const of = (family: IpFamily) => networks.filter((each) => each.family === family).map(({ text }) => text);
  return [
    ...(ports.length === 0 ? [] : [`tcp dport ${setOf(ports)} return`]),
    // One rule each: networks of a set must not overlap.
    ...(["ip", "ip6"] as const).flatMap((family) => of(family).map((text) => `${family} ${end} ${text} return`)),
  ];
}

function setOf(values: readonly number[]): string {
  return `{ ${[...new Set(values)].join(", ")} }`;
}
