/** The controller and sidecars as processes of their own, as a cluster would run them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { Http2Server } from "node:http2";
import { join, resolve } from "node:path";
import type { Api } from "./api.ts";
import type { ApiServer } from "./api-server.ts";
import { until } from "./check.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../../cli/bin/regomesh.mjs");
/** A loaded machine takes its time for a start; nothing is measured of it. */
const START_MS = 300_000;

export type Process = {
  readonly ready: Readonly<Record<string, unknown>>;
  readonly child: ChildProcess;
  /** What it said on standard error. */
  log(): string;
  close(): Promise<void>;
};

/** Starts a command of ours and waits for the line that says that it is ready. */
async function openProcess(args: readonly string[]): Promise<Process> {
  const child = spawn(process.execPath, [LAUNCHER, ...args, "--exit-with-parent"], { stdio: ["pipe", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(timer);
  };
  try {
    const line = await until(`${args[0]} is ready`, START_MS, () => {
      if (child.exitCode !== null) throw new Error(`${args[0]} ended with ${child.exitCode}: ${err}`);
      return out.includes("\n") ? out.slice(0, out.indexOf("\n")) : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${err.slice(-2000)}`);
    });
    return { ready: JSON.parse(line) as Process["ready"], child, log: () => err, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openClusterController(
  server: ApiServer,
  name: string,
  more: readonly string[] = [],
): Promise<Process> {
  return await openProcess([
    ...[
      "controller",
      "--kubernetes",
      "--kubeconfig",
      server.kubeconfig,
      "--state",
      join(server.folder, `state-${name}`),
    ],
    ...["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", ...more],
  ]);
}

export type Application = Server | Http2Server;
export type Sidecar = { readonly process: Process; readonly outbound: number; close(): Promise<void> };

/** A Pod, an application on loopback, and the sidecar that a kubelet would have started with the Pod's own token. */
export async function openPod(
  { server, api }: { readonly server: ApiServer; readonly api: Api },
  controller: Process,
  {
    namespace,
    name,
    account,
    labels,
    application = createServer((request, response) => response.end(`${name} ${request.method} ${request.url}\n`)),
  }: {
    namespace: string;
    name: string;
    account: string;
    labels: Readonly<Record<string, string>>;
    /** What stands behind the sidecar; a server of HTTP/1.1 that says who it is where absent. */
    application?: Application;
  },
): Promise<Sidecar> {
  const port = await listen(application);
  const core = `/api/v1/namespaces/${namespace}`;
  const pod = await api.create(`${core}/pods`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      serviceAccountName: account,
      initContainers: [{ name: "regomesh-proxy", image: "regomesh", restartPolicy: "Always" }],
      containers: [{ name: "app", image: "app", ports: [{ name: "web", containerPort: port }] }],
    },
  });
  const { uid } = pod["metadata"] as { uid: string };
  const status = { phase: "Running", podIP: "127.0.0.1", podIPs: [{ ip: "127.0.0.1" }] };
  await api.ask("PATCH", `${core}/pods/${name}/status`, { status }, "application/merge-patch+json");
  const issued = await api.create(`${core}/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      audiences: ["regomesh"],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
    },
  });
  const folder = join(server.folder, `join-${namespace}-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "token"), (issued["status"] as { token: string }).token, { mode: 0o600 });
  writeFileSync(join(folder, "ca.pem"), await rootOf(server, controller));
  const sidecar = await openProcess([
    ...["proxy", "--controller", String(controller.ready["grpc"]), "--workload", name, "--namespace", namespace],
    // One of its own: another mesh of this server had a Pod of that name, with an identity of another authority.
    ...["--join-token-file", folder, "--state", mkdtempSync(join(server.folder, `proxy-${namespace}-${name}-`))],
  ]).catch((error: unknown) => {
    application.close();
    throw error;
  });
  const outbound = String(sidecar.ready["outbound"]);
  return {
    process: sidecar,
    outbound: Number(outbound.slice(outbound.lastIndexOf(":") + 1)),
    async close() {
      await sidecar.close();
      if ("closeAllConnections" in application) application.closeAllConnections();
      application.close();
    },
  };
}

/** As injection would write it upon the Pod: the root that the controller has in its state. */
async function rootOf(server: ApiServer, controller: Process): Promise<string> {
  const at = controller.child.spawnargs.indexOf("--state");
  const { readFile } = await import("node:fs/promises");
  const folder = controller.child.spawnargs[at + 1] ?? server.folder;
  return await readFile(join(folder, "ca/root.pem"), "utf8");
}

async function listen(server: Application): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** A request by an application that is told of the proxy: its status, or 0 where there is no answer. */
export async function ask(
  sidecar: Sidecar,
  url: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const { request } = await import("node:http");
  return await new Promise((done) => {
    const { host } = new URL(url);
    const asked = request(
      {
        host: "127.0.0.1",
        port: sidecar.outbound,
        path: url,
        headers: { host, ...fields },
        agent: false,
        timeout: 20_000,
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => done({ status: answer.statusCode ?? 0, text }));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", (error) => done({ status: 0, text: error.message }));
    asked.end();
  });
}
