/** `regomesh up`: a whole mesh on this machine, until Ctrl-C. */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { printRight, type StatusBody } from "@regomesh/controller";
import { allowFlag, parseAllow } from "../allow.ts";
import { type Command, EXIT, type Io } from "../command.ts";
import { STATE_DEFAULT } from "../find-controller.ts";
import { type Color, parseColor, parseNumber } from "../flags.ts";
import { makePaint } from "../paint.ts";
import { ChildFailed } from "../up/child.ts";
import { followNpm } from "../up/follow-npm.ts";
import { type Mesh, openMesh, WORKLOADS } from "../up/mesh.ts";
import { PortBusy, takePort } from "../up/ports.ts";
import { Progress } from "../up/progress.ts";
import { openRepository } from "../up/repository.ts";
import { printUp, type UpFacts } from "../up/screen.ts";
import { ask, startTraffic } from "../up/traffic.ts";

const DEFAULT_PAGE_PORT = 15_000;
const DEFAULT_EDGE_PORT = 15_080;
const IN_FORCE_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** The mesh's own folder may speak for all, the shop's policies and everything else for the shop's namespace. */
const DEMO_ALLOW = ["examples/mesh=*", ".=default"];

const help = `
Usage: regomesh up [flags]

Brings up a mesh on this machine, without root and without a cluster: a controller,
three services (two versions of one), a sidecar beside each, and a page. Policies and
resources are read from a git repository in .regomesh/repo, made at the first start.

  --page-port N    port of the page and the API (default ${DEFAULT_PAGE_PORT}, or a free one; 0: a free one)
  --edge-port N    port on which web takes requests from outside (default ${DEFAULT_EDGE_PORT}, or a free one; 0: a free one)
  --state DIR      where everything is kept (default .regomesh)
  --allow PATH=NAMESPACE[,…]
                   as the controller's: which paths may speak for which namespaces
                   (default ${DEMO_ALLOW.join(" and ")})
  --fresh          forget what is kept and start anew
  --no-traffic     send no requests of its own
  --workers N      worker threads of each sidecar (default 1)
  --color WHEN     auto, always or never

Example: regomesh up --edge-port 8080
`;

const flags = {
  "page-port": { type: "string" },
  "edge-port": { type: "string" },
  state: { type: "string" },
  ...allowFlag,
  fresh: { type: "boolean" },
  "no-traffic": { type: "boolean" },
  workers: { type: "string" },
  color: { type: "string" },
} as const;

export const up: Command = {
  name: "up",
  summary: "bring up a whole mesh on this machine",
  help,
  flags,
  exits: { 0: "ended by Ctrl-C", 1: "could not start" },
  run,
};

type Asked = {
  readonly pagePort: number;
  readonly edgePort: number;
  readonly state: string;
  /** As the controller takes them. */
  readonly allow: readonly string[];
  readonly isFresh: boolean;
  readonly hasTraffic: boolean;
  readonly workers: number;
  readonly color: Color;
};

async function run(args: readonly string[], world: Io): Promise<number> {
  const npmGone = followNpm(world.env("npm_lifecycle_event") !== undefined);
  const io: Io = { ...world, signal: AbortSignal.any([world.signal, npmGone]) };
  const startedMs = performance.now();
  let asked: Asked;
  try {
    asked = await parseFlags(args, io.cwd);
  } catch (error) {
    if (!(error instanceof PortBusy)) throw error;
    io.err(`regomesh up: ${error.message}\n`);
    return EXIT.no;
  }
  if (asked.isFresh) await rm(asked.state, { recursive: true, force: true });
  const root = resolve(import.meta.dirname, "../../..");
  const count = WORKLOADS.length;
  const progress = new Progress(io, [
    { name: "controller", done: 0, of: 1 },
    { name: "policies", done: 0, of: 1 },
    { name: "identities", done: 0, of: count },
    { name: "sidecars", done: 0, of: count },
    { name: "services", done: 0, of: count },
  ]);
  let mesh: Mesh | undefined;
  try {
    const repository = await openRepository(join(asked.state, "repo"), root);
    mesh = await openMesh({
      root,
      state: asked.state,
      repository: repository.dir,
      pagePort: asked.pagePort,
      edgePort: asked.edgePort,
      workers: asked.workers,
      allow: asked.allow,
      signal: io.signal,
      onStep: (step) => progress.advance(step),
      restarts: true,
      onExit: (name, how, pauseMs) => {
        // Before that, what ended is why it could not start.
        if (pauseMs === undefined || io.signal.aborted) return;
        io.err(`${name} ended (${how}); it is started again in ${pauseMs / 1000} s\n`);
      },
      onRestarted: (name) => io.err(`${name} runs again\n`),
    });
  } catch (error) {
    progress.clear();
    if (io.signal.aborted) return EXIT.yes; // told to end while it came up
    io.err(
      `regomesh up: ${error instanceof ChildFailed ? error.message : `could not start: ${(error as Error).message}`}\n`,
    );
    return EXIT.no;
  }
  const facts = await gatherFacts(mesh, asked, io, startedMs);
  progress.clear();
  io.out(printUp(facts, makePaint(io, asked.color)));
  const stopTraffic = asked.hasTraffic ? startTraffic(mesh.edge) : () => {};
  await untilAborted(io.signal);
  stopTraffic();
  await mesh.close();
  return EXIT.yes;
}

async function parseFlags(args: readonly string[], cwd: string): Promise<Asked> {
  const { values } = parseArgs({
    args: [...args],
    options: flags,
  });
  const page = parseNumber(values["page-port"], "--page-port", 0, 65_535);
  const edge = parseNumber(values["edge-port"], "--edge-port", 0, 65_535);
  const color = parseColor(values.color);
  return {
    pagePort: await takePort(page ?? DEFAULT_PAGE_PORT, page === undefined ? undefined : "--page-port"),
    edgePort: await takePort(edge ?? DEFAULT_EDGE_PORT, edge === undefined ? undefined : "--edge-port"),
    state: resolve(cwd, values.state ?? STATE_DEFAULT),
    allow: parseAllow(values.allow ?? DEMO_ALLOW).map(printRight),
    isFresh: values.fresh ?? false,
    hasTraffic: !(values["no-traffic"] ?? false),
    workers: parseNumber(values.workers, "--workers", 1, 64) ?? 1,
    color,
  };
}

/** Waits until the revision is in force everywhere and requests get through, then tries the one that is refused. */
async function gatherFacts(mesh: Mesh, asked: Asked, io: Io, startedMs: number): Promise<UpFacts> {
  const untilMs = performance.now() + IN_FORCE_TIMEOUT_MS;
  let status = await readStatus(mesh.page);
  while (
    performance.now() < untilMs &&
    !io.signal.aborted &&
    (status === undefined || status.enforced < status.proxies)
  ) {
    await new Promise((next) => setTimeout(next, POLL_MS));
    status = await readStatus(mesh.page);
  }
  while (performance.now() < untilMs && !io.signal.aborted && !(await isPassable(mesh.edge)))
    await new Promise((next) => setTimeout(next, POLL_MS));
  return {
    seconds: (performance.now() - startedMs) / 1000,
    page: mesh.page,
    edge: mesh.edge,
    revision: status?.revision ?? "none",
    enforced: status?.enforced ?? 0,
    sidecars: WORKLOADS.length,
    allow: asked.allow,
    repository: join(asked.state, "repo").replace(`${io.cwd}/`, ""),
    state: asked.state.replace(`${io.cwd}/`, ""),
    denial: await tryDenial(mesh.edge),
  };
}

async function readStatus(page: string): Promise<{ revision: string; enforced: number; proxies: number } | undefined> {
  try {
    const body = (await (await fetch(`${page}/api/status`)).json()) as StatusBody;
    if (body.revision === undefined) return undefined;
    return { revision: body.revision.name.slice(0, 7), enforced: body.revision.enforced, proxies: WORKLOADS.length };
  } catch {
    return undefined;
  }
}

/** Versions of the service that the edge asks, each by requests that name it. */
const VERSIONS = WORKLOADS.filter(({ service }) => service === "orders").map(({ version }) => version);

/**
 * Whether everybody on a request's way knows where the next one is: a sidecar that served before begins with where
 * others were then, and hears where they are now each by its own stream, after what is in force.
 */
async function isPassable(edge: string): Promise<boolean> {
  const asked = VERSIONS.map((version) => ask(edge, "/orders", "alice", { "x-version": version }));
  const answers = await Promise.allSettled(asked);
  // What a policy of the repository says of it, may it be a denial, is an answer.
  return answers.every((answer) => answer.status === "fulfilled" && answer.value.status < 500);
}

async function tryDenial(edge: string): Promise<UpFacts["denial"]> {
  try {
    const { status, body } = await ask(edge, "/refunds", "alice");
    const { decision, rule, place } = JSON.parse(body) as { decision?: string; rule?: string; place?: string };
    if (status !== 403 || decision === undefined) return undefined;
    return { status, decision, rule: rule ?? "", place: place ?? "" };
  } catch {
    return undefined;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
