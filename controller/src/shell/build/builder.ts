/**
 * Builds in a process of their own: one that is started ahead and kept, and replaced whenever it
 * ends. Node's permission model keeps it from network, child processes, and all files but the
 * project's code.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "@regomesh/base";
import { loadRuntime, withDeepStack } from "@regomesh/policy-compiler/node";
import type { BuildRules, Built, MeshPlan } from "../../build/build.ts";
import { cutModules } from "../../build/cut-module.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import type { BuiltModule } from "../../build/tools.ts";
import { noteFit } from "../../distribution/release.ts";
import type { ExplainQuestion, Explanation } from "../../rehearse/explanation.ts";
import { learnContents, SentFiles, takeLists } from "./held.ts";
import type { BuildAnswer, BuildOrder, BuildReply, BuildRequest } from "./messages.ts";
import { cpuMsOf, limitWork } from "./work-limit.ts";

/** Of one turn of a build, in time of a processor: it leaves what it cannot do in a few seconds, and honest ones take tens of milliseconds. */
const BUILD_TIMEOUT_MS = 30_000;
const START_TIMEOUT_MS = 20_000;
const HEAP_MIB_MAX = 1024;
const STDERR_LENGTH_MAX = 2000;
/** A process that another has killed says nothing of the commit: so many builds, and starts, in a row. */
const TRIES_MAX = 3;
const RESTART_MS = 100;
const RESTART_MAX_MS = 5000;
/** Sent from outside; a process that runs out of its heap aborts itself. */
const KILLED_BY: ReadonlySet<NodeJS.Signals> = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

const ROOT = resolve(import.meta.dirname, "../../../..");
/** What the process may read: code, and nothing that a state folder in the project holds. */
const READABLE = [
  "package.json",
  "node_modules",
  "base",
  "policy-runtime",
  "policy-compiler",
  "resources",
  "protocol",
  "controller",
  "lib", // of the installable package
  // What it is started by, what it is bundled to, and what tells whether that is older than its sources.
  "cli/bin",
  "cli/build",
  "scripts/build-program.mjs",
  "package-lock.json",
].map((name) => `--allow-fs-read=${join(ROOT, name)}`);

const LAUNCHER = join(ROOT, "cli/bin/builds.mjs");
/** What it starts where nothing is bundled. */
const PROGRAM = fileURLToPath(new URL("./main.ts", import.meta.url));

/** The commit's own fault: it cannot be built within the bounds. */
export class BuildFailed extends Error {
  readonly code: "build_timeout" | "build_crashed";
  constructor(code: "build_timeout" | "build_crashed", message: string) {
    super(message);
    this.code = code;
  }
}

/** This machine's fault: there is no process to build in, or it was killed again and again. Worth another try. */
export class BuildUnavailable extends Error {
  readonly code = "build_unavailable";
}

type Waiting = { readonly resolve: (answer: BuildAnswer | undefined) => void; readonly reject: (error: Error) => void };
type Worker = {
  readonly child: ChildProcess;
  /** The compiler's version; rejects with BuildUnavailable where the process ends before. */
  readonly ready: Promise<string>;
  readonly waiting: Map<number, Waiting>;
  /** What it has of the last order's files. */
  readonly files: SentFiles;
  isEnded: boolean;
};

/** The last plan, the process that has sent it, and with which answer. */
type Last = { readonly worker: Worker; readonly id: number; readonly plan: MeshPlan };

export class Builder {
  readonly #log: Log;
  #worker: Worker;
  #nextId = 1;
  /** Of the last plan: what is in two of them crosses once, and is held once. */
  #modules: readonly BuiltModule[] = [];
  #last: Last | undefined;
  #isClosed = false;
  /** Starts in a row that came to nothing. */
  #failedStarts = 0;
  #restart: NodeJS.Timeout | undefined;

  private constructor(log: Log) {
    this.#log = log;
    this.#worker = this.#start();
  }

  /** Starts the process; throws one sentence where the policy runtime is missing. */
  static async open(log: Log): Promise<Builder> {
    await loadRuntime(); // here, where it may still be compiled
    return new Builder(log);
  }

  /** The build process's id; it changes when the process is started anew. */
  get pid(): number | undefined {
    return this.#worker.child.pid;
  }

  /** Compiler's and runtime's version, part of what makes a build the same. Throws BuildUnavailable. */
  async version(): Promise<string> {
    return await (await this.#living()).ready;
  }

  /** Throws BuildFailed where the files are to blame, BuildUnavailable where the machine is. */
  async build(trees: readonly SourceTree[], rules: BuildRules): Promise<Built> {
    const held = new Map(this.#modules.map((module) => [module.hash, module]));
    let last: Last | undefined;
    const { answer, worker } = await this.#order((of) => {
      last = this.#last?.worker === of ? this.#last : undefined;
      return { kind: "build", trees: of.files.send(trees), rules, held: [...held.keys()], since: last?.id };
    });
    if (answer.kind !== "built") throw new BuildFailed("build_crashed", "the build process answers another question");
    const { built, lists, contents, isFit, modules: sent } = answer;
    if (built.plan === undefined || lists === undefined) return built;
    const whole = sent.flatMap((module) => ("wasm" in module ? module : (held.get(module.hash) ?? [])));
    const modules = cutModules(whole, this.#modules, true);
    this.#modules = modules;
    const taken = takeLists(lists, last?.plan);
    if (contents !== undefined) learnContents(taken, contents);
    const plan = { ...built.plan, ...taken, modules };
    if (isFit) noteFit(plan);
    this.#last = { worker, id: answer.id, plan };
    return { ...built, plan };
  }

  /** As `build`, of a tree that was built before: what its policies say of a request that is not sent. */
  async explain(trees: readonly SourceTree[], rules: BuildRules, question: ExplainQuestion): Promise<Explanation> {
    const { answer } = await this.#order(({ files }) => ({
      kind: "explain",
      trees: files.send(trees),
      rules,
      question,
    }));
    if (answer.kind !== "explained")
      throw new BuildFailed("build_crashed", "the build process answers another question");
    return answer.explanation;
  }

  /** `order`: as it is said to a process, which may hold some of it. */
  async #order(
    order: (worker: Worker) => BuildOrder,
  ): Promise<{ readonly answer: BuildAnswer; readonly worker: Worker }> {
    let [left, turn] = [TRIES_MAX, 0];
    for (;;) {
      try {
        const worker = await this.#living();
        const answer = await this.#orderIn(worker, order(worker), turn);
        if (answer !== undefined) return { answer, worker };
        turn++;
      } catch (error) {
        left--;
        if (!(error instanceof BuildUnavailable) || left === 0 || this.#isClosed) throw error;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    this.#worker.child.kill("SIGKILL");
  }

  /** The process, once it is ready: one that has ended is replaced, also one that ends while it starts. */
  async #living(): Promise<Worker> {
    for (let left = TRIES_MAX; ; left--) {
      if (this.#worker.isEnded) this.#worker = this.#start();
      const worker = this.#worker;
      try {
        await worker.ready;
        return worker;
      } catch (error) {
        if (left <= 1 || this.#isClosed) throw error;
      }
    }
  }

  /** Undefined where it was left, to be given once more. */
  #orderIn(worker: Worker, order: BuildOrder, turn: number): Promise<BuildAnswer | undefined> {
    const id = this.#nextId++;
    const request: BuildRequest = { ...order, id, turn };
    return new Promise((resolve, reject) => {
      const stop = limitWork({
        limitMs: BUILD_TIMEOUT_MS,
        cpuMs: () => cpuMsOf(worker.child.pid),
        onOver: (over) => {
          worker.waiting.delete(id);
          reject(over === "work" ? tookTooLong() : new BuildUnavailable("the build process had no time to work"));
          worker.child.kill("SIGKILL");
        },
      });
      const settle =
        <T>(action: (value: T) => void) =>
        (value: T) => {
          stop();
          action(value);
        };
      const waiting = { resolve: settle(resolve), reject: settle(reject) };
      worker.waiting.set(id, waiting);
      worker.child.send(request, (error) => {
        if (error === null || !worker.waiting.delete(id)) return;
        // What it holds is not known any more.
        worker.child.kill("SIGKILL");
        waiting.reject(new BuildUnavailable(`the build process takes nothing: ${error.message}`));
      });
    });
  }

  /** Before version 25 Node's permission model says nothing about the network. */
  static get isKeptFromNetwork(): boolean {
    return process.allowedNodeEnvironmentFlags.has("--allow-net");
  }

  #start(): Worker {
    clearTimeout(this.#restart);
    const start = withDeepStack(process.execPath, [
      "--permission",
      "--disable-sigusr1", // no signal opens an inspector's port
      ...READABLE,
      `--max-old-space-size=${HEAP_MIB_MAX}`,
      "--no-warnings",
      LAUNCHER,
      PROGRAM,
    ]);
    const child = spawn(start.file, start.args, {
      cwd: ROOT,
      env: {},
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    const waiting = new Map<number, Waiting>();
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString()}`.slice(-STDERR_LENGTH_MAX);
    });
    const ready = new Promise<string>((resolve, reject) => {
      const stop = limitWork({
        limitMs: START_TIMEOUT_MS,
        cpuMs: () => cpuMsOf(child.pid),
        onOver: () => child.kill("SIGKILL"),
      });
      child.on("message", (reply: BuildReply) => {
        if (reply.kind !== "ready") return answer(waiting, reply);
        stop();
        this.#failedStarts = 0;
        resolve(reply.version);
      });
      const end = (how: string, isKilled: boolean) => {
        if (worker.isEnded) return;
        worker.isEnded = true;
        stop();
        const message = `the build process ended (${how}): ${crashLine(stderr)}`;
        reject(new BuildUnavailable(message));
        for (const { reject: refuse } of waiting.values()) {
          refuse(isKilled ? new BuildUnavailable(message) : new BuildFailed("build_crashed", message));
        }
        waiting.clear();
        this.#startAgain(worker, message);
      };
      // More than one may come, and one that nobody hears would end the controller.
      child.on("error", (error) => end(error.message, true));
      child.once("exit", (code, signal) => end(String(signal ?? code), signal !== null && KILLED_BY.has(signal)));
    });
    ready.catch(() => {}); // whoever builds hears of it
    const worker: Worker = { child, ready, waiting, files: new SentFiles(), isEnded: false };
    return worker;
  }

  /** Ahead of the next build, after a pause that grows with starts that come to nothing. */
  #startAgain(worker: Worker, reason: string): void {
    if (this.#isClosed || this.#worker !== worker) return;
    const inMs = this.#failedStarts === 0 ? 0 : Math.min(RESTART_MS * 2 ** this.#failedStarts, RESTART_MAX_MS);
    this.#failedStarts++;
    this.#log.log("warn", "the build process is started anew", { reason, inMs });
    this.#restart = setTimeout(() => {
      if (!this.#isClosed && this.#worker.isEnded) this.#worker = this.#start();
    }, inMs);
  }
}

function tookTooLong(): BuildFailed {
  return new BuildFailed("build_timeout", `the build took more than ${BUILD_TIMEOUT_MS / 1000} s of a processor`);
}

function answer(waiting: Map<number, Waiting>, reply: Exclude<BuildReply, { kind: "ready" }>): void {
  const found = waiting.get(reply.id);
  waiting.delete(reply.id);
  if (reply.kind === "failed") found?.reject(new BuildFailed("build_crashed", reply.message));
  else found?.resolve(reply.kind === "left" ? undefined : reply);
}

/** The line of a crash that says what it was. */
function crashLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /^\w*Error\b|^FATAL/.test(line)) ?? lines.findLast((line) => line !== "") ?? "no word";
}
