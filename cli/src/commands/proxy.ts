/** `regomesh proxy`: one sidecar, under a controller or alone from a snapshot file. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isEveryAddress, type Log, type LogFormat, makeLog } from "@regomesh/base";
import { INBOUND_PORT, OUTBOUND_PORT, type Probes, parseProbes, parseSnapshotFile } from "@regomesh/protocol";
import {
  type Address,
  Controlled,
  giveBackStart,
  openProxy,
  type ProxyOptions,
  readIdentityFolder,
  type ServicePort,
  type Sidecar,
  SYSTEM_CLOCK,
} from "@regomesh/proxy";
import { parseCapturePort } from "../capture-port.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseDurationFlag, parseLogFormat, parseNumber } from "../flags.ts";
import { followParent } from "../follow-parent.ts";
import { workloadKey } from "../units.ts";

const DEFAULT_STATE = ".regomesh/proxy";
/** A request that takes longer is rare; an orchestrator waits 30 s. */
const DRAIN_MS = 10_000;
const DRAIN_MAX_MS = 3_600_000;

const help = `
Usage: regomesh proxy --controller ADDR --workload NAME [flags]
       regomesh proxy --snapshot FILE (--identity DIR | --plaintext) [flags]

Runs the sidecar of one workload. Under a controller it gets identity, snapshots and
endpoints from it; alone it enforces one snapshot file, which is the operator's own word.
Prints one line of JSON with its addresses once it is ready, then runs until SIGTERM.
SIGHUP and SIGUSR1 open the access log anew and read --identity again.

  --workload NAME        the workload that it serves, [NAMESPACE/]NAME (alone: default the file's only one)
  -n, --namespace NAME   the workload's namespace (default "default")
  --controller ADDR      host:port of the controller
  --join-token-file F    what regomesh token create wrote for this workload; needed the first time.
                         Or the --join-socket of a controller on this host; or a folder with a
                         Pod's token (audience regomesh) and the mesh's root, ca.pem
  --snapshot FILE        enforce this file, without a controller
  --identity DIR         folder with svid.pem, svid_key.pem and svid_bundle.pem
  --plaintext            alone: no mTLS, neither way
  --state DIR            identity, last good snapshot and admin token (default ${DEFAULT_STATE})
  --address IP           under which others reach this proxy, where its workload listens on every address
                         (default: its own end of the connection to the controller)
  --app PORT             where the application listens on 127.0.0.1
  --edge HOST:PORT       where edge ports listen (default what the workload's listen says, or a
                         free port of 127.0.0.1)
  --outbound PORT        where the application sends its requests (default a free port)
  --capture              regomesh capture leads the workload's traffic here: what it opens, to --outbound
                         (default 15001), what comes for it, to --inbound; it runs as the --uid that
                         capture was told, and the address that a connection called stands before Host
  --inbound PORT         with --capture: where what comes for the workload is taken (default 15006)
  --probes JSON          of an injected Pod: what its kubelet asks this sidecar for in place of the
                         application, at port 15020
  --outbound-service S=P a port of 127.0.0.1 whose requests are all for the service S (orders, or
                         orders:8080), for clients that can be told no proxy; may be given
                         more than once
  --admin HOST:PORT      where metrics, readiness and drain are asked for, on loopback (default a
                         free port)
  --open-metrics         /metrics needs no token: for scrapers of this machine
  --access-log FILE      one line of JSON for each request, or of text (--log-format)
  --log-format F         json or text, of its own log and of the access log (default json)
  --workers N            worker threads (default 1)
  --drain-time D         at its end, what requests under way may still take (default 10s)
  --stream-grace D       the same, where only their connection ends: its certificate has
                         expired, its port is no more (default 30s)
  --trusted-hops N       proxies of your own before an edge, whose X-Forwarded-For is
                         believed (default 0)
  --half-closed D        for a client that has closed its side of the connection to be
                         answered (default 1s; 0s: as long as any other)
  --app-timeout D        what the application may take from a request's end to its response
                         (default 5m; 0s: as long as it is not silent)
  --exit-with-parent     end when standard input ends

Example: regomesh proxy --snapshot web.json --plaintext --app 8080
         curl -x http://127.0.0.1:OUTBOUND http://orders/
`;

const flags = {
  workload: { type: "string" },
  namespace: { type: "string", short: "n" },
  controller: { type: "string" },
  "join-token-file": { type: "string" },
  snapshot: { type: "string" },
  identity: { type: "string" },
  plaintext: { type: "boolean" },
  state: { type: "string" },
  address: { type: "string" },
  app: { type: "string" },
  edge: { type: "string" },
  outbound: { type: "string" },
  capture: { type: "boolean" },
  inbound: { type: "string" },
  probes: { type: "string" },
  "outbound-service": { type: "string", multiple: true },
  admin: { type: "string" },
  "open-metrics": { type: "boolean" },
  "access-log": { type: "string" },
  "log-format": { type: "string" },
  workers: { type: "string" },
  "drain-time": { type: "string" },
  "stream-grace": { type: "string" },
  "trusted-hops": { type: "string" },
  "half-closed": { type: "string" },
  "app-timeout": { type: "string" },
  "exit-with-parent": { type: "boolean" },
} as const;

export const proxy: Command = {
  name: "proxy",
  summary: "run the sidecar of one workload",
  help,
  flags,
  exits: { 0: "ended by a signal", 1: "could not start, or failed" },
  run,
};

type Asked = Omit<ProxyOptions, "log" | "logFormat"> & {
  readonly logFormat: LogFormat;
  readonly state: string;
  readonly mode:
    | {
        readonly kind: "controller";
        readonly address: string;
        readonly ownAddress: string | undefined;
        readonly tokenFile: string | undefined;
      }
    | { readonly kind: "file"; readonly path: string; readonly identity: string | undefined };
  readonly exitsWithParent: boolean;
  readonly drainMs: number;
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const asked = parseFlags(args, io.cwd);
  const log = makeLog({ write: io.err, nowMs: Date.now, format: asked.logFormat });
  const ending = endOf(io, asked.exitsWithParent);
  let sidecar: Sidecar | undefined;
  let link: Controlled | undefined;
  let isReady = false;
  try {
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {});
    sidecar = await openProxy({ ...asked, log, onFailed: (error) => fail(error) });
    const requested = new Promise<void>((done) => {
      if (sidecar !== undefined) sidecar.onDrainRequested = done;
    });
    const alone = asked.mode.kind === "file" ? startAlone(sidecar, asked.mode.path, asked.mode.identity) : undefined;
    // Whoever rotates logs does not ask whether the controller has answered yet.
    io.onReload(inTurn(alone, () => readAnew(sidecar, asked.mode, log)));
    await alone;
    if (asked.mode.kind === "controller") {
      link = await startControlled(sidecar, asked, asked.mode, log);
      await Promise.race([link.ready, ending, requested, failed]);
      if (sidecar.load === undefined) return EXIT.yes;
    }
    giveBackStart();
    io.out(`${readyLine(sidecar)}\n`);
    isReady = true;
    await Promise.race([ending, requested, failed]);
    // The controller hears first, so that peers stop sending.
    await link?.withdraw();
    await sidecar.drain(asked.drainMs);
    return EXIT.yes;
  } catch (error) {
    log.log("error", isReady ? "the proxy failed" : "the proxy could not start", { error: (error as Error).message });
    return EXIT.no;
  } finally {
    await link?.close();
    await sidecar?.close();
  }
}

async function startControlled(
  sidecar: Sidecar,
  asked: Asked,
  mode: Extract<Asked["mode"], { kind: "controller" }>,
  log: Log,
): Promise<Controlled> {
  return await Controlled.open({
    sidecar,
    address: mode.address,
    ownAddress: mode.ownAddress,
    tokenFile: mode.tokenFile,
    workload: asked.workload ?? "",
    namespace: asked.namespace,
    state: asked.state,
    clock: SYSTEM_CLOCK,
    random: Math.random,
    log,
  });
}

async function startAlone(sidecar: Sidecar, path: string, identity: string | undefined): Promise<void> {
  const { file, problems } = parseSnapshotFile(await readFile(path, "utf8"));
  if (file === undefined) {
    throw new Error(
      `${path} is no snapshot: ${problems
        .slice(0, 5)
        .map(({ message }) => message)
        .join("; ")}`,
    );
  }
  if (identity !== undefined) await sidecar.setIdentity(await readIdentityFolder(identity));
  await sidecar.applyFile(file);
}

/** Runs `action` behind `before`, and never twice at a time; what is asked for while one waits is that one. */
function inTurn(before: Promise<void> | undefined, action: () => Promise<void>): () => void {
  let turn = Promise.resolve(before).catch(() => {});
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    turn = turn.then(() => {
      isWaiting = false;
      return action();
    });
  };
}

/** What an operator asks for by a signal; what cannot be read is said, and what was there stays. */
async function readAnew(sidecar: Sidecar | undefined, mode: Asked["mode"], log: Log): Promise<void> {
  await sidecar?.reopenLogs();
  if (mode.kind !== "file" || mode.identity === undefined) return;
  try {
    const identity = await readIdentityFolder(mode.identity);
    await sidecar?.setIdentity(identity);
    log.log("info", "the identity was read anew", { spiffeId: identity.spiffeId, notAfterMs: identity.notAfterMs });
  } catch (error) {
    log.log("error", "the identity cannot be read anew: the old one stays", { error: (error as Error).message });
  }
}

function readyLine(sidecar: Sidecar): string {
  const { outbound, outboundServices, inbound, admin } = sidecar.addresses;
  const print = ({ address, port }: Address): string => `${address.includes(":") ? `[${address}]` : address}:${port}`;
  const printAll = (all: Readonly<Record<string, Address>>) =>
    Object.fromEntries(Object.entries(all).map(([name, address]) => [name, print(address)]));
  return JSON.stringify({
    ready: true,
    outbound: print(outbound),
    ...(Object.keys(outboundServices).length === 0 ? {} : { outboundServices: printAll(outboundServices) }),
    inbound: printAll(inbound),
    admin: print(admin),
  });
}

/** Resolves at the first signal, or when the parent is gone. */
function endOf(io: Io, exitsWithParent: boolean): Promise<void> {
  const signalled = new Promise<void>((done) => {
    if (io.signal.aborted) done();
    io.signal.addEventListener("abort", () => done(), { once: true });
  });
  return exitsWithParent ? Promise.race([signalled, followParent()]) : signalled;
}

function parseFlags(args: readonly string[], cwd: string): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: flags,
  });
  const path = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : resolve(cwd, value);
  const leftMs = parseDurationFlag(values["half-closed"], "--half-closed", DRAIN_MAX_MS);
  const applicationMs = parseDurationFlag(values["app-timeout"], "--app-timeout", DRAIN_MAX_MS);
  return {
    mode: parseMode(values, path),
    ...parseWorkload(values.workload, values.namespace),
    appPort: parseNumber(values.app, "--app", 1, 65_535),
    edge: values.edge === undefined ? undefined : parseAddress(values.edge, "--edge"),
    ...parseCapture(values),
    probes: values.probes === undefined ? undefined : toProbes(values.probes),
    outboundServices: (values["outbound-service"] ?? []).map(parseServicePort),
    accessLog: path(values["access-log"]),
    logFormat: parseLogFormat(values["log-format"]),
    admin: values.admin === undefined ? undefined : parseLoopback(values.admin),
    isMetricsOpen: values["open-metrics"] ?? false,
    timeouts: {
      ...(leftMs === undefined ? {} : { leftMs }),
      ...(applicationMs === undefined ? {} : { applicationMs }),
    },
    workers: parseNumber(values.workers, "--workers", 1, 64) ?? 1,
    state: resolve(cwd, values.state ?? join(DEFAULT_STATE, values.workload ?? "alone")),
    drainMs: parseDurationFlag(values["drain-time"], "--drain-time", DRAIN_MAX_MS) ?? DRAIN_MS,
    graceMs: parseDurationFlag(values["stream-grace"], "--stream-grace", DRAIN_MAX_MS),
    trustedHops: parseNumber(values["trusted-hops"], "--trusted-hops", 0, 64),
    exitsWithParent: values["exit-with-parent"] ?? false,
  };
}

/** `web`, with `--namespace` or without, or `shop/web`, as a token names it. */
function parseWorkload(word: string | undefined, namespace: string | undefined): Pick<Asked, "workload" | "namespace"> {
  if (word === undefined) return { workload: undefined, namespace: namespace ?? "default" };
  const [within, name, ...more] = workloadKey(word, namespace).split("/");
  if (!within || !name || more.length > 0) throw new UsageError(`--workload takes [NAMESPACE/]NAME, not ${word}`);
  if (namespace !== undefined && within !== namespace)
    throw new UsageError(`--workload ${word} and --namespace ${namespace} say different namespaces`);
  return { workload: name, namespace: within };
}

type ModeValues = {
  readonly workload?: string | undefined;
  readonly controller?: string | undefined;
  readonly address?: string | undefined;
  readonly "join-token-file"?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly identity?: string | undefined;
  readonly plaintext?: boolean | undefined;
};

function parseMode(values: ModeValues, path: (value: string | undefined) => string | undefined): Asked["mode"] {
  const { controller, snapshot, identity, plaintext } = values;
  if (controller !== undefined && snapshot !== undefined)
    throw new UsageError("--controller and --snapshot exclude each other: a proxy has one source");
  if (controller !== undefined) {
    if (identity !== undefined || plaintext)
      throw new UsageError("--identity and --plaintext are for --snapshot alone");
    if (values.workload === undefined)
      throw new UsageError("--controller needs --workload, the name of what it serves");
    parseAddress(controller, "--controller");
    const { address } = values;
    if (address !== undefined && (isIP(address) === 0 || isEveryAddress(address)))
      throw new UsageError(`--address takes one IP address of this machine, not ${address}`);
    const tokenFile = path(values["join-token-file"]);
    return { kind: "controller", address: controller, ownAddress: address, tokenFile };
  }
  if (values.address !== undefined) throw new UsageError("--address needs --controller, which tells others of it");
  if (snapshot === undefined) throw new UsageError("it needs --controller ADDR, or --snapshot FILE to run alone");
  if (values["join-token-file"] !== undefined) throw new UsageError("--join-token-file needs --controller");
  if ((identity === undefined) === !plaintext)
    throw new UsageError("--snapshot needs either --identity DIR for mTLS or an explicit --plaintext");
  return { kind: "file", path: path(snapshot) ?? snapshot, identity: path(identity) };
}

function toProbes(text: string): Probes {
  const probes = parseProbes(text);
  if (probes === undefined) throw new UsageError("--probes takes the table that injection writes");
  return probes;
}

/** Ports that rules of the kernel name are no free ones. */
function parseCapture(values: {
  readonly capture?: boolean | undefined;
  readonly outbound?: string | undefined;
  readonly inbound?: string | undefined;
}): Pick<ProxyOptions, "outboundPort" | "capturedInboundPort"> {
  if (!values.capture) {
    if (values.inbound !== undefined) throw new UsageError("--inbound needs --capture");
    return { outboundPort: parseNumber(values.outbound, "--outbound", 0, 65_535) ?? 0 };
  }
  return {
    outboundPort: parseCapturePort(values.outbound, "--outbound") ?? OUTBOUND_PORT,
    capturedInboundPort: parseCapturePort(values.inbound, "--inbound") ?? INBOUND_PORT,
  };
}

function parseServicePort(text: string): ServicePort {
  const match = /^([a-z0-9.-]+(?::[0-9]{1,5})?)=([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535)
    throw new UsageError(`--outbound-service takes SERVICE=PORT such as orders=15101, not ${text}`);
  return { service: match[1], port };
}

/** Another machine must not reach it: it says what passed, and drains. */
function parseLoopback(text: string): Address {
  const address = parseAddress(text, "--admin");
  if (/^127(\.\d{1,3}){3}$/.test(address.address) || address.address === "::1") return address;
  throw new UsageError(`--admin takes an address of loopback such as 127.0.0.1:9901, not ${text}`);
}

function parseAddress(text: string, flag: string): Address {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) throw new UsageError(`${flag} takes HOST:PORT, not ${text}`);
  return { address: match[1].replace(/^\[|\]$/g, ""), port };
}
