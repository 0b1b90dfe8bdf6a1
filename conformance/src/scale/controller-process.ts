/** A controller in a process of its own, and what its log says of revisions. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../../..");
const START_MS = 300_000;

export type Published = { readonly revision: string; readonly builtAtMs: number };

export class ControllerProcess {
  readonly child: ChildProcess;
  readonly address: string;
  readonly http: string;
  readonly published: readonly Published[];
  readonly #log: EventTarget;
  /** What the log says of commits that did not build. */
  readonly refused: readonly string[];

  private constructor(
    child: ChildProcess,
    address: string,
    http: string,
    published: readonly Published[],
    refused: readonly string[],
    log: EventTarget,
  ) {
    this.child = child;
    this.address = address;
    this.http = http;
    this.published = published;
    this.refused = refused;
    this.#log = log;
  }

  /** `more`: flags, of which the last of a name counts. `before` stands before the command, as `SmallDisk` gives it. */
  static async open(
    repository: string,
    state: string,
    more: readonly string[] = [],
    before: readonly string[] = [],
  ): Promise<ControllerProcess> {
    const flags = ["--git", repository, "--state", state, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", ...more];
    const command = [...before, process.execPath, join(ROOT, "cli/bin/regomesh.mjs"), "controller", ...flags];
    const [program = process.execPath, ...args] = command;
    const child = spawn(program, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const published: Published[] = [];
    const refused: string[] = [];
    const last: string[] = [];
    const log = new EventTarget();
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      if (line.includes('"commit refused"')) refused.push(line);
      if (!line.includes('"revision published"')) return;
      const { revision, builtAtMs } = JSON.parse(line) as Published;
      published.push({ revision, builtAtMs });
      log.dispatchEvent(new Event("published"));
    });
    const ready = await new Promise<{ grpc: string; http: string }>((done, fail) => {
      const timer = setTimeout(() => fail(new Error("the controller does not start")), START_MS);
      child.once("exit", (code) => fail(new Error(`the controller ended (${code}): ${last.join("\n")}`)));
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (line) => {
        clearTimeout(timer);
        done(JSON.parse(line) as { grpc: string; http: string });
      });
    });
    return new ControllerProcess(child, ready.grpc, ready.http, published, refused, log);
  }

  /** Waits until the log says that a revision is given to proxies. */
  async publishedNow(revision: string): Promise<void> {
    while (!this.published.some((each) => each.revision === revision))
      await new Promise((done) => this.#log.addEventListener("published", done, { once: true }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Of the process that builds; undefined where there is none just now. */
  get builderPid(): number | undefined {
    const tasks = readdirSync(`/proc/${this.pid}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${this.pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
    );
    return children.find(isBuilder);
  }

  /** What the last build took, as the controller's metrics say it. */
  async lastBuildMs(): Promise<number> {
    const text = await (await fetch(`${this.http}/metrics`)).text();
    return Number(/^regomesh_controller_last_build_seconds (\S+)$/m.exec(text)?.[1]) * 1000;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGKILL");
    await ended;
  }
}

/** Others are git's, and gone soon. */
function isBuilder(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("builds.mjs");
  } catch {
    return false;
  }
}
