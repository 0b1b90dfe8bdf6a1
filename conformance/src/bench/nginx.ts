/** nginx as the yardstick: one process, the same work a request, from a configuration of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Tools } from "./tools.ts";

export type NginxProcess = { readonly pid: number; [Symbol.asyncDispose](): Promise<void> };

const START_TRIES = 100;
const STATUS_PATH = "/status";

/** `servers` is the text inside http{}; `port` is one that it listens on. */
export async function openNginx(
  tools: Tools,
  options: {
    readonly folder: string;
    readonly name: string;
    readonly core: number;
    readonly servers: string;
    readonly port: number;
  },
): Promise<NginxProcess> {
  const { folder, name } = options;
  const path = join(folder, `${name}.conf`);
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${folder}/${name}.pid; error_log ${folder}/${name}.error;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path ${folder}/${name}.body; proxy_temp_path ${folder}/${name}.proxy;
  ${options.servers}
}
`,
  );
  const child = spawn(tools.taskset, ["-c", String(options.core), tools.nginx, "-c", path, "-p", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  await untilOpen(options.port, child, () => err);
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => endOf(child) };
}

/** What answers every request with a kibibyte, and at STATUS_PATH says how many there were. */
export function upstreamServer(port: number): string {
  const body = "x".repeat(1024);
  return `server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${body}"; }
    location = ${STATUS_PATH} { stub_status; } }`;
}

/** Requests that the upstream has had so far. */
export async function requestsAt(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${STATUS_PATH}`);
  // server accepts handled requests\n n n n
  const numbers = /(\d+)\s+(\d+)\s+(\d+)/.exec(await response.text());
  if (numbers === null) throw new Error(`nginx says ${response.status} to ${STATUS_PATH}`);
  return Number(numbers[3]);
}

async function untilOpen(port: number, child: ChildProcess, err: () => string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${err()}`);
    if (await isOpen(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nginx does not listen on ${port}: ${err()}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await exit;
  clearTimeout(timer);
}
