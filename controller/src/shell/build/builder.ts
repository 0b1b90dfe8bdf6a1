/**
 * Builds in a process of their own: one that is started ahead and kept, and replaced when
 * a build takes too long or ends it. Node's permission model keeps it from network, child
 * processes, and all files but the project's code.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import type { Log } from "@regomesh/base";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import type { BuildRules, Built } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import type { BuildReply, BuildRequest } from "./messages.ts";

/** Honest builds take tens of milliseconds; tests that run away have fuel of their own. */
const BUILD_TIMEOUT_MS = 30_000;
const START_TIMEOUT_MS = 20_000;
const HEAP_MIB_MAX = 1024;
const STDERR_LENGTH_MAX = 2000;

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
].map((name) => `--allow-fs-read=${join(ROOT, name)}`);

export class BuildFailed extends Error {
  readonly code: "build_timeout" | "build_crashed";
  constructor(code: "build_timeout" | "build_crashed", message: string) {
    super(message);
    this.code = code;
  }
}

type Waiting = { readonly resolve: (built: Built) => void; readonly reject: (error: Error) => void };
type Worker = { readonly child: ChildProcess; readonly ready: Promise<string>; readonly waiting: Map<number, Waiting> };

export class Builder {
  readonly #log: Log;
  #worker: Worker;
  #nextId = 1;
  #isClosed = false;

  private constructor(log: Log) {
    this.#log = log;
    this.#worker = this.#start();
  }

  /** Starts the process; throws one sentence where the policy runtime is missing. */
  static async open(log: Log): Promise<Builder> {
    await loadRuntime(); // here, where it may still be compiled
    return new Builder(log);
  }

  /** Compiler's and runtime's version, part of what makes a build the same. */
  async version(): Promise<string> {
    return await this.#worker.ready;
  }

  async build(tree: SourceTree, rules: BuildRules): Promise<Built> {
    if (this.#worker.child.exitCode !== null || this.#worker.child.signalCode !== null) this.#worker = this.#start();
    const worker = this.#worker;
    await worker.ready;
    const id = this.#nextId++;
    const request: BuildRequest = { id, tree, rules };
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        worker.waiting.delete(id);
        reject(new BuildFailed("build_timeout", `the build took longer than ${BUILD_TIMEOUT_MS / 1000} s`));
        worker.child.kill("SIGKILL");
      }, BUILD_TIMEOUT_MS);
      const settle =
        <T>(action: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          action(value);
        };
      worker.waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      worker.child.send(request);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#worker.child.kill("SIGKILL");
  }

  #start(): Worker {
    const child = spawn(
      process.execPath,
      [
        "--permission",
        ...READABLE,
        `--max-old-space-size=${HEAP_MIB_MAX}`,
        "--no-warnings",
        join(import.meta.dirname, "main.ts"),
      ],
      { cwd: ROOT, env: {}, stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "advanced" },
    );
    const waiting = new Map<number, Waiting>();
    let stderr = "";
    let isReady = false;
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString()}`.slice(-STDERR_LENGTH_MAX);
    });
    const ready = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
      child.on("message", (reply: BuildReply) => {
        if (reply.kind === "ready") {
          clearTimeout(timer);
          isReady = true;
          resolve(reply.version);
        } else answer(waiting, reply);
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        const failure = new BuildFailed(
          "build_crashed",
          `the build process ended (${signal ?? code}): ${crashLine(stderr)}`,
        );
        reject(failure);
        for (const { reject: refuse } of waiting.values()) refuse(failure);
        waiting.clear();
        // One that was ready is replaced ahead of the next build; one that never was, by the next build.
        if (!isReady || this.#isClosed || this.#worker.child !== child) return;
        this.#log.log("warn", "the build process is started anew", { reason: failure.message });
        this.#worker = this.#start();
      });
    });
    ready.catch(() => {}); // whoever builds hears of it
    return { child, ready, waiting };
  }
}

function answer(waiting: Map<number, Waiting>, reply: Exclude<BuildReply, { kind: "ready" }>): void {
  const found = waiting.get(reply.id);
  waiting.delete(reply.id);
  if (reply.kind === "built") found?.resolve(reply.built);
  else found?.reject(new BuildFailed("build_crashed", reply.message));
}

/** The line of a crash that says what it was. */
function crashLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /^\w*Error\b|^FATAL/.test(line)) ?? lines.findLast((line) => line !== "") ?? "no word";
}
