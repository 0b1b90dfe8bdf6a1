/**
 * The local mesh: controller, services and sidecars as processes of their own.
 * Opening it starts them in the order in which they need each other; closing ends them all.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "./child.ts";
import { freePort } from "./ports.ts";

const READY_TIMEOUT_MS = 20_000;

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
  readonly pagePort: number;
  readonly edgePort: number;
  readonly workers: number;
  readonly onStep: (step: "controller" | "identities" | "policies" | "sidecars" | "services") => void;
  readonly onExit: (name: string, how: string, lastWords: readonly string[]) => void;
};

export type Mesh = {
  readonly page: string;
  readonly edge: string;
  close(): Promise<void>;
};

/** Starts everything; on failure ends what was started and throws why. */
export async function openMesh(options: MeshOptions): Promise<Mesh> {
  const children: Child[] = [];
  const start = (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child => {
    const child = new Child({
      name,
      args,
      env,
      cwd: options.root,
      readyTimeoutMs: READY_TIMEOUT_MS,
      onExit: (ended, how) => options.onExit(name, how, ended.lastWords()),
    });
    children.push(child);
    return child;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...children].reverse().map((child) => child.close()));
  };
  try {
    const { grpc, page } = await startController(options, start);
    const edge = `http://127.0.0.1:${options.edgePort}`;
    await Promise.all(WORKLOADS.map((workload) => startWorkload(options, workload, grpc, start)));
    return { page, edge, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Start = (name: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Child;
type Workload = (typeof WORKLOADS)[number];

const command = (root: string): string => join(root, "cli/bin/regomesh.mjs");
const tokenFile = (options: MeshOptions, name: string): string => join(options.state, "tokens", `${name}.token`);

async function startController(options: MeshOptions, start: Start): Promise<{ grpc: string; page: string }> {
  await mkdir(join(options.state, "tokens"), { recursive: true, mode: 0o700 });
  const tokens = WORKLOADS.flatMap(({ name }) => ["--join-token", `${name}=${tokenFile(options, name)}`]);
  const controller = start("controller", [
    command(options.root),
    "controller",
    "--state",
    options.state,
    "--git",
    options.repository,
    "--branch",
    "main",
    "--http",
    `127.0.0.1:${options.pagePort}`,
    "--grpc",
    "127.0.0.1:0",
    "--explain-denials",
    "--exit-with-parent",
    ...tokens,
  ]);
  const ready = await controller.ready(READY_TIMEOUT_MS);
  options.onStep("controller");
  options.onStep("policies");
  return { grpc: String(ready["grpc"]), page: String(ready["http"]) };
}

async function startWorkload(options: MeshOptions, workload: Workload, grpc: string, start: Start): Promise<void> {
  const appPort = await freePort();
  const state = join(options.state, "proxies", workload.name);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const sidecar = start(`sidecar of ${workload.name}`, [
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
    "--access-log",
    join(state, "access.log"),
    "--workers",
    String(options.workers),
    "--exit-with-parent",
    ...(workload.isEdge ? ["--edge", `127.0.0.1:${options.edgePort}`] : []),
  ]);
  const ready = await sidecar.ready(READY_TIMEOUT_MS);
  options.onStep("identities");
  options.onStep("sidecars");
  if (sidecar.pid !== undefined) await writeFile(join(state, "pid"), `${sidecar.pid}\n`);
  const service = start(workload.name, [join(options.root, `examples/services/${workload.service}.ts`)], {
    PORT: String(appPort),
    VERSION: workload.version,
    HTTP_PROXY: `http://${String(ready["outbound"])}`,
    NODE_USE_ENV_PROXY: "1",
    NO_PROXY: "",
  });
  await service.ready(READY_TIMEOUT_MS);
  options.onStep("services");
}
