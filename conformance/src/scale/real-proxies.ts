/**
 * Real proxies among the simulated ones: processes of their own before one application, asked at
 * their edge ports. What counts of them is the first response that is by the new revision.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { PROBE_FIELD, PROBE_PATH } from "./mesh-files.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const PROGRAM = join(ROOT, "cli/bin/regomesh.mjs");
const run = promisify(execFile);

const START_MS = 120_000;
/** Between two questions to one proxy: as exact as the time is. */
const ASK_EVERY_MS = 20;

export class RealProxies {
  readonly #application: Server;
  readonly #children: readonly ChildProcess[];
  /** By proxy, `http://HOST:PORT` of its edge port. */
  readonly #edges: readonly string[];

  private constructor(application: Server, children: readonly ChildProcess[], edges: readonly string[]) {
    this.#application = application;
    this.#children = children;
    this.#edges = edges;
  }

  get count(): number {
    return this.#edges.length;
  }

  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** Starts one for each workload; each keeps its state in the folder. */
  static async open(
    controller: { readonly address: string; readonly http: string },
    state: string,
    folder: string,
    workloads: readonly string[],
  ): Promise<RealProxies> {
    const application = createServer((_, response) => response.end("served\n"));
    await new Promise<void>((done) => application.listen(0, "127.0.0.1", done));
    const { port } = application.address() as AddressInfo;
    const children: ChildProcess[] = [];
    try {
      const edges: string[] = [];
      // One after the other: what is measured comes later.
      for (const workload of workloads) {
        const token = join(folder, `${workload}.token`);
        const args = ["token", "create", workload, "--out", token, "--controller", controller.http, "--state", state];
        await run(process.execPath, [PROGRAM, ...args]);
        const child = openProxy(controller.address, workload, token, join(folder, workload), port);
        children.push(child);
        edges.push(await edgeOf(child));
      }
      return new RealProxies(application, children, edges);
    } catch (error) {
      close(application, children);
      throw error;
    }
  }

  /** When each gave the first response by the rule that lets `value` through; undefined where none came in time. */
  async effects(value: string, withinMs: number): Promise<readonly number[] | undefined> {
    const untilMs = performance.now() + withinMs;
    const times = this.#edges.map(async (edge) => {
      while (performance.now() < untilMs) {
        // A connection that a busy machine has let go says nothing of the revision: the next question says it.
        const status = await statusOf(edge, value).catch(() => undefined);
        if (status === 200) return performance.timeOrigin + performance.now();
        await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
      }
      return undefined;
    });
    const found = (await Promise.all(times)).filter((atMs) => atMs !== undefined);
    return found.length === this.#edges.length ? found : undefined;
  }

  close(): void {
    close(this.#application, this.#children);
  }
}

function close(application: Server, children: readonly ChildProcess[]): void {
  for (const child of children) child.kill("SIGKILL");
  application.close();
}

function openProxy(address: string, workload: string, token: string, state: string, application: number): ChildProcess {
  const flags = ["--controller", address, "--workload", workload, "--join-token-file", token, "--state", state];
  return spawn(
    process.execPath,
    [PROGRAM, "proxy", ...flags, "--app", String(application), "--edge", "127.0.0.1:0", "--exit-with-parent"],
    { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] },
  );
}

async function edgeOf(child: ChildProcess): Promise<string> {
  const last: string[] = [];
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
    last.push(line);
    if (last.length > 10) last.shift();
  });
  return await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`a proxy is not ready: ${last.join("\n")}`)), START_MS);
    child.once("exit", (code) => fail(new Error(`a proxy ended (${code}): ${last.join("\n")}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (line) => {
      clearTimeout(timer);
      const { inbound } = JSON.parse(line) as { readonly inbound: Readonly<Record<string, string>> };
      done(`http://${inbound["edge"]}`);
    });
  });
}

async function statusOf(edge: string, value: string): Promise<number | undefined> {
  return await new Promise((done, fail) => {
    const asked = get(`${edge}${PROBE_PATH}`, { headers: { [PROBE_FIELD]: value } }, (response) => {
      response.resume();
      response.on("end", () => done(response.statusCode));
    });
    asked.on("error", fail);
  });
}
