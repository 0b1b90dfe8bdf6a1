/** `regomesh capture`: leads a workload's traffic through its sidecar, whatever program it is. */
import { parseArgs } from "node:util";
import { type Network, parseNetwork } from "@regomesh/base";
import { CAPTURE_EXCEPTIONS_MAX, INBOUND_PORT, OUTBOUND_PORT, PROXY_UID } from "@regomesh/protocol";
import {
  CAPTURE_TOOLS,
  CaptureError,
  type CaptureRules,
  carryOut,
  findTool,
  planInstall,
  planUndo,
  type Step,
} from "@regomesh/proxy";
import { parseCapturePort } from "../capture-port.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { oneOf, parseNumber } from "../flags.ts";

const UID_MAX = 2 ** 32 - 2;

const help = `
Usage: regomesh capture [flags]
       regomesh capture --undo [--dry-run]

Leads all TCP of the network namespace that it runs in through the workload's sidecar: what the
workload opens, to the sidecar's outbound port; what comes for it, to the inbound one, where a
port of the mesh takes mutual TLS alone. IPv4 and IPv6, by nftables, or by iptables where there
is no nft. What the sidecar's own user sends passes, and so does what stays on loopback. UDP is
left alone. Run twice it is the same as once. The sidecar runs as that user, with
regomesh proxy --capture. It needs CAP_NET_ADMIN; the sidecar does not.

  --uid UID                     the sidecar's user (default ${PROXY_UID}); may be given more than once
  --outbound PORT               where the sidecar takes what the workload opens (default ${OUTBOUND_PORT})
  --inbound PORT                where it takes what comes for the workload (default ${INBOUND_PORT})
  --exclude-outbound-port PORT  called past the sidecar, such as a database's
  --exclude-outbound CIDR       the same, by the address that is called
  --exclude-inbound-port PORT   of the workload, open to everybody
  --exclude-inbound CIDR        whose calls go past the sidecar, by address
  --with TOOL                   nft or iptables (default nft where it is there)
  --undo                        take the rules of either away
  --dry-run                     print what would be run, and run nothing

Each --exclude may be given more than once, and is a way round the sidecar.

Example: regomesh capture --uid 1337 --exclude-outbound-port 5432
`;

const flags = {
  uid: { type: "string", multiple: true },
  outbound: { type: "string" },
  inbound: { type: "string" },
  "exclude-outbound-port": { type: "string", multiple: true },
  "exclude-outbound": { type: "string", multiple: true },
  "exclude-inbound-port": { type: "string", multiple: true },
  "exclude-inbound": { type: "string", multiple: true },
  with: { type: "string" },
  undo: { type: "boolean" },
  "dry-run": { type: "boolean" },
} as const;

export const capture: Command = {
  name: "capture",
  summary: "lead a workload's traffic through its sidecar, in its network namespace",
  help,
  flags,
  exits: { 0: "done", 1: "the kernel or its tools did not do it" },
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: flags });
    const { undo = false, "dry-run": isDry = false } = values;
    if (undo && Object.keys(values).some((name) => name !== "undo" && name !== "dry-run"))
      throw new UsageError("--undo takes all of it away: no flag but --dry-run goes with it");
    const rules = parseRules(values);
    try {
      if (undo) return finish(planUndo(), isDry, "no longer captured", io);
      const tool = findTool(values.with === undefined ? undefined : oneOf(CAPTURE_TOOLS, values.with, "--with"));
      const { outboundPort, inboundPort, uids } = rules;
      const said = `captured by ${tool}: outbound to ${outboundPort}, inbound to ${inboundPort}, but user ${uids.join(", ")}`;
      return finish(planInstall(tool, rules), isDry, said, io);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      io.err(`regomesh capture: ${error.message}\n`);
      return EXIT.no;
    }
  },
};

function finish(steps: readonly Step[], isDry: boolean, said: string, io: Io): number {
  if (isDry) {
    for (const { program, args, input } of steps) io.out(`# ${[program, ...args].join(" ")}\n${input}`);
    return EXIT.yes;
  }
  carryOut(steps);
  io.out(`${said}\n`);
  return EXIT.yes;
}

type Values = Readonly<Partial<Record<keyof typeof flags, string | boolean | (string | boolean)[]>>>;

function parseRules(values: Values): CaptureRules {
  const texts = (name: keyof typeof flags) => {
    const given = ([values[name] ?? []].flat() as string[]).flatMap((text) => text.split(","));
    if (given.length > CAPTURE_EXCEPTIONS_MAX)
      throw new UsageError(`--${name} may be given ${CAPTURE_EXCEPTIONS_MAX} times at most`);
    return given;
  };
  const numbers = (name: keyof typeof flags, least: number, most: number) =>
    texts(name).map((text) => parseNumber(text, `--${name}`, least, most) ?? 0);
  const networks = (name: keyof typeof flags) => texts(name).map((text) => toNetwork(text, `--${name}`));
  const port = (name: "outbound" | "inbound") => parseCapturePort(values[name] as string | undefined, `--${name}`);
  const uids = numbers("uid", 0, UID_MAX);
  const rules: CaptureRules = {
    outboundPort: port("outbound") ?? OUTBOUND_PORT,
    inboundPort: port("inbound") ?? INBOUND_PORT,
    uids: uids.length === 0 ? [PROXY_UID] : uids,
    outboundExcept: { ports: numbers("exclude-outbound-port", 1, 65_535), networks: networks("exclude-outbound") },
    inboundExcept: { ports: numbers("exclude-inbound-port", 1, 65_535), networks: networks("exclude-inbound") },
  };
  if (rules.outboundPort === rules.inboundPort)
    throw new UsageError(`--outbound and --inbound are two ports, not both ${rules.inboundPort}`);
  return rules;
}

function toNetwork(text: string, flag: string): Network {
  const network = parseNetwork(text);
  if (network === undefined)
    throw new UsageError(`${flag} takes an address or a network such as 10.0.0.0/8 or fd00::/8, not ${text}`);
  return network;
}
