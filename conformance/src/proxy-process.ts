/** A real proxy as a process of its own, from a snapshot file, in plaintext. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { printSnapshotFile, type SnapshotFile } from "@regomesh/protocol";

export type ProxyProcess = {
  readonly pid: number;
  /** Ports by name of the inbound port. */
  readonly inbound: Readonly<Record<string, number>>;
  readonly outbound: number;
  /** Its exit code; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
};

const ROOT = resolve(import.meta.dirname, "../..");
/** A machine may have other things to do. */
const START_MS = 60_000;

type Ready = { readonly inbound: Readonly<Record<string, string>>; readonly outbound: string };

/**
 * Starts it and waits until it is ready; what it says on standard error is in the error
 * otherwise. `before` stands before the command, as `taskset -c 0` does; `root`: of the checkout, or package, that runs.
 */
export async function openProxyProcess(
  file: SnapshotFile,
  flags: readonly string[] = [],
  before: readonly string[] = [],
  root: string = ROOT,
): Promise<ProxyProcess> {
  const folder = await mkdtemp(join(tmpdir(), "regomesh-conformance-"));
  const path = join(folder, "snapshot.json");
  await writeFile(path, printSnapshotFile(file));
  const command = [join(root, "cli/bin/regomesh.mjs"), "proxy", "--snapshot", path, "--state", join(folder, "state")];
  const mode = flags.includes("--identity") ? [] : ["--plaintext"];
  // Tests close their side behind what they ask, and a busy machine may answer late.
  const patience = flags.includes("--half-closed") ? [] : ["--half-closed", "60s"];
  const [program = process.execPath, ...args] = [...before, process.execPath, ...command];
  const child = spawn(program, [...args, "--exit-with-parent", ...mode, ...patience, ...flags], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = new Promise<number | null>((done) => child.once("exit", done));
  const close = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ready = await readyOf(child);
    return {
      pid: child.pid ?? 0,
      inbound: Object.fromEntries(Object.entries(ready.inbound).map(([name, address]) => [name, portOf(address)])),
      outbound: portOf(ready.outbound),
      exited,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readyOf(child: ChildProcess): Promise<Ready> {
  let out = "";
  let err = "";
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the proxy is not ready: ${err}`)), START_MS);
    child.stderr?.on("data", (chunk) => {
      err += String(chunk);
    });
    child.stdout?.on("data", (chunk) => {
      out += String(chunk);
      if (!out.includes("\n")) return;
      clearTimeout(timer);
      resolve(JSON.parse(out.slice(0, out.indexOf("\n"))) as Ready);
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the proxy ended with ${code}: ${err}`));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await exit;
  clearTimeout(timer);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
