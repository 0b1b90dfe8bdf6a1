/** A peer as a process of its own on the cores that it is given, ready once its port is open. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import type { Tools } from "./tools.ts";

export type PeerProcess = { readonly pid: number; [Symbol.asyncDispose](): Promise<void> };

const START_TRIES = 200;
const LOOK_MS = 50;

/** `cores`: as taskset names them; `port`: one that it listens on. */
export async function openPeer(
  tools: Tools,
  options: {
    readonly command: readonly string[];
    readonly cores: string;
    readonly port: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<PeerProcess> {
  const { command, cores, port } = options;
  const child = spawn(tools.taskset, ["-c", cores, ...command], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...options.env },
  });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err = (err + String(chunk)).slice(-4096);
  });
  await untilOpen(port, child, () => `${command[0]}: ${err}`);
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => endOf(child) };
}

async function untilOpen(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    if (child.exitCode !== null) throw new Error(`the peer ended: ${said()}`);
    if (await isOpen(port)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`the peer does not listen on ${port}: ${said()}`);
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
