/** `regomesh up` as a process of its own, as a person starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { StatusBody } from "@regomesh/controller";
import { until, within } from "./deadline.ts";
import { livingOf } from "./processes.ts";
import { ROOT } from "./test-mesh.ts";

/** The issue says 20 s on a free machine; this one runs all tests at once. */
const UP_MS = 60_000;
/** After Ctrl-C or a SIGKILL of the parent, no child lives longer. */
const GONE_MS = 3000;

export class UpProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | string>;
  out = "";
  err = "";

  /** In a group of its own, as a terminal's foreground job is. */
  constructor(
    state: string,
    flags: readonly string[] = [],
    through: "node" | "npm" | { readonly bin: string } = "node",
  ) {
    const bin = typeof through === "object" ? through.bin : join(ROOT, "cli/bin/regomesh.mjs");
    const [program, ...args] =
      through === "npm" ? (["npm", "start", "--silent", "--"] as const) : ([process.execPath, bin, "up"] as const);
    this.#child = spawn(program, [...args, "--state", state, ...flags], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child.stdout?.on("data", (chunk) => {
      this.out += String(chunk);
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.err += String(chunk);
    });
    this.#exited = new Promise((resolve) => this.#child.on("close", (code, signal) => resolve(signal ?? code ?? 0)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it has said something. */
  async says(pattern: RegExp, withinMs = UP_MS): Promise<RegExpExecArray> {
    return await until(`${pattern} said`, withinMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}: ${this.err}`);
      return pattern.exec(this.out) ?? undefined;
    });
  }

  /** Waits until it has said something on standard error. */
  async complains(pattern: RegExp): Promise<void> {
    await until(`${pattern} said`, UP_MS, () => pattern.test(this.err) || undefined);
  }

  /** The edge's URL once everything is up. */
  async edge(): Promise<string> {
    await this.says(/Ctrl-C ends everything/);
    return /curl (http:\/\/\S+)\/orders/.exec(this.out)?.[1] ?? "";
  }

  /** As its page's API says it. */
  async status(): Promise<StatusBody> {
    const [, page] = await this.says(/page {2}(http:\/\/\S+)/);
    return (await (await fetch(`${page}/api/status`)).json()) as StatusBody;
  }

  /** Its exit code, or the signal that ended it. */
  async exit(withinMs = UP_MS): Promise<number | string> {
    return await within("it ends", withinMs, this.#exited);
  }

  /** Sends a signal, to it alone or to its group; fails unless all that it started is gone in time. */
  async end(signal: NodeJS.Signals, to: "it" | "group"): Promise<number | string> {
    process.kill(to === "it" ? this.pid : -this.pid, signal);
    await until(`after ${signal} no process lives`, GONE_MS, async () =>
      (await livingOf(this.pid)).length === 0 ? true : undefined,
    );
    return await this.exit();
  }

  /** Ends what is left of it, whatever happened. */
  [Symbol.dispose](): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // All of the group has ended.
    }
  }
}
