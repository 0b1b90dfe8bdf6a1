/**
 * The local mesh: controller, services and sidecars as processes of their own.
 * Opening it starts them in the order in which they need each other; closing ends them all.
 */

import { mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { splitAddress } from "@regomesh/base";
import type { Child, Ready } from "./child.ts";
import { Family, type FamilyEvents, type Launch } from "./family.ts";
import { freePort } from "./ports.ts";

/** The demo's workloads; services as examples/services names them. */
export const WORKLOADS = [
  { name: "web", service: "web", version: "v1", isEdge: true },
  { name: "orders-v1", service: "orders", version: "v1", isEdge: false },
  { name: "orders-v2", service: "orders", version: "v2", isEdge: false },
  { name: "payments", service: "payments", version: "v1", isEdge: false },
] as const;

export type MeshOptions = {
  /** The project's root: where the command line and the services are. */
  readonly root: string;
  readonly state: string;
  readonly repository: string;
  /** 0: a free one. */
  readonly pagePort: number;
  /** 0: a free one. */
  readonly edgePort: number;
  readonly workers: number;
  /** What dies unasked, once all runs, is started again after a pause. */
  readonly restarts: boolean;
  /** Stands before the command of every process, as `nsenter -t 1 -m` does. */
  readonly before?: readonly string[];
  /** `--allow` of the controller: PATH=NAMESPACE[,…] each. */
  readonly allow?: readonly string[];
  /** How long each may take until it is ready; the family's default where absent. */
  readonly readyMs?: number;
  /** How long identities last; the controller's default where absent. */
  readonly svidTtl?: string;
  /** Aborted: whatever has been started by then is ended. */
  readonly signal?: AbortSignal;
  readonly onStep: (step: "controller" | "identities" | "policies" | "sidecars" | "services") => void;
} & FamilyEvents;

export type Mesh = {
  readonly page: string;
  readonly edge: string;
  /** By name: `controller`, `sidecar of web`, `web`. The one that runs, or ran last. */
  process(name: string): Child;
  /** Starts one that has ended again, at the addresses that it had. */
  restart(name: string): Promise<void>;
  close(): Promise<void>;
};

type Workload = (typeof WORKLOADS)[number];

/** Starts everything; on failure ends what was started and throws why. */
export async function openMesh(options: MeshOptions): Promise<Mesh> {
  const family = new Family(options);
  const abort = () => void family.close();
  options.signal?.addEventListener("abort", abort);
  try {
    const { grpc, page } = await startController(options, family);
    const edges = await Promise.all(WORKLOADS.map((workload) => startWorkload(options, workload, grpc, family)));
    if (options.restarts) family.keepAlive();
    return {
      page,
      edge: `http://${edges.find((edge) => edge !== undefined)}`,
      process: (name) => family.get(name).child,
      restart: (name) => family.restart(name),
      close: () => family.close(),
    };
  } catch (error) {
    await family.close();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}

/** Services are built where this module is: in the installable package. */
const EXTENSION = extname(import.meta.filename);
const command = (root: string): string => join(root, "cli/bin/regomesh.mjs");
const tokenFile = (options: MeshOptions, name: string): string => join(options.state, "tokens", `${name}.token`);

async function startController(
  options: MeshOptions,
  family: Family,
): Promise<{ readonly grpc: string; readonly page: string }> {
  await mkdir(join(options.state, "tokens"), { recursive: true, mode: 0o700 });
  const tokens = WORKLOADS.flatMap(({ name }) => ["--join-token", `${name}=${tokenFile(options, name)}`]);
  const launch = (http: string, grpc: string): Launch => ({
    args: [
      command(options.root),
      "controller",
      "--state",
      options.state,
      "--git",
      options.repository,
      "--branch",
      "main",
      "--http",
      http,
      "--grpc",
      grpc,
      "--explain-denials",
      "--exit-with-parent",
      ...(options.allow ?? []).flatMap((right) => ["--allow", right]),
      ...(options.svidTtl === undefined ? [] : ["--svid-ttl", options.svidTtl]),
      ...tokens,
    ],
  });
  const ready = await family.start(
    "controller",
    launch(`127.0.0.1:${options.pagePort}`, "127.0.0.1:0"),
    ({ http, grpc }) => launch(String(http).replace("http://", ""), String(grpc)),
  );
  options.onStep("controller");
  options.onStep("policies");
  return { grpc: String(ready["grpc"]), page: String(ready["http"]) };
}

/** The sidecar, then its service; gives the address of its edge port, if it has one. */
async function startWorkload(
  options: MeshOptions,
  workload: Workload,
  grpc: string,
  family: Family,
): Promise<string | undefined> {
  const appPort = await freePort();
  const state = join(options.state, "proxies", workload.name);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const launch = (outbound: string, edge: string | undefined): Launch => ({
    pidFile: join(state, "pid"),
    args: [
      command(options.root),
      "proxy",
      "--workload",
      workload.name,
      "--controller",
      grpc,
      "--join-token-file",
      tokenFile(options, workload.name),
      "--state",
      state,
      "--app",
      String(appPort),
      "--outbound",
      String(splitAddress(outbound).port),
      "--access-log",
      join(state, "access.log"),
      "--workers",
      String(options.workers),
      "--exit-with-parent",
      ...(edge === undefined ? [] : ["--edge", edge]),
    ],
  });
  const edgeOf = ({ inbound }: Ready) => (inbound as Readonly<Record<string, string>>)["edge"];
  const ready = await family.start(
    `sidecar of ${workload.name}`,
    launch("127.0.0.1:0", workload.isEdge ? `127.0.0.1:${options.edgePort}` : undefined),
    (said) => launch(String(said["outbound"]), edgeOf(said)),
  );
  options.onStep("identities");
  options.onStep("sidecars");
  await family.start(workload.name, {
    args: [join(options.root, `examples/services/${workload.service}${EXTENSION}`)],
    env: {
      PORT: String(appPort),
      VERSION: workload.version,
      HTTP_PROXY: `http://${String(ready["outbound"])}`,
      NODE_USE_ENV_PROXY: "1",
      NO_PROXY: "",
    },
  });
  options.onStep("services");
  return edgeOf(ready);
}
