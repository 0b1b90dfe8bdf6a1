/**
 * A process of the local mesh: started with a pipe as standard input, so that it ends
 * when this process does, however that goes; it says that it is ready in one JSON line.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What is kept of a child's standard error, to say why it ended. */
const STDERR_LINES_MAX = 40;
/** How a command of ours begins the sentence that says why it could not start. */
const OWN_SENTENCE = /^regomesh [a-z]+: /;
/** A sidecar says that it leaves before it closes its ports. */
const KILL_AFTER_MS = 5000;

export type Ready = Readonly<Record<string, unknown>>;

export type ChildOptions = {
  readonly name: string;
  /** Stands before the command: a program that runs it in its own place. */
  readonly before?: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Called once if the child ends without being asked to. */
  readonly onExit: (child: Child, how: string) => void;
};

export class ChildFailed extends Error {
  readonly code = "child_failed";
}

export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<void>;
  #isEnding = false;
  #said: Ready | undefined;

  constructor(options: ChildOptions) {
    this.name = options.name;
    const [program = process.execPath, ...args] = [...(options.before ?? []), process.execPath, ...options.args];
    this.#process = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process.stdin?.on("error", () => {});
    if (this.#process.stderr !== null) {
      createInterface({ input: this.#process.stderr }).on("line", (line) => this.#keep(line));
    }
    this.#exited = new Promise((settle) => {
      this.#process.once("error", (error) => {
        this.#keep(error.message);
        settle();
      });
      this.#process.once("close", (code, signal) => {
        settle();
        if (!this.#isEnding) options.onExit(this, signal ?? `exit code ${code}`);
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it said when it was ready. */
  get said(): Ready | undefined {
    return this.#said;
  }

  /** The child's first line that says `ready`; fails with what it wrote if it ends or stays silent. */
  ready(timeoutMs: number): Promise<Ready> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            this.#failure(`is not ready after ${timeoutMs / 1000} s: it hangs, or the machine has too much else to do`),
          ),
        timeoutMs,
      );
      void this.#exited.then(() => {
        clearTimeout(timer);
        reject(this.#failure("ended before it was ready"));
      });
      const { stdout } = this.#process;
      if (stdout === null) return;
      createInterface({ input: stdout }).on("line", (line) => {
        const ready = parseReady(line);
        if (ready === undefined) return;
        clearTimeout(timer);
        this.#said = ready;
        resolve(ready);
      });
    });
  }

  /** Asks it to end, waits, and ends it by force after five seconds. */
  async close(): Promise<void> {
    this.#isEnding = true;
    this.#process.stdin?.end();
    this.#process.kill("SIGTERM");
    const force = setTimeout(() => this.#process.kill("SIGKILL"), KILL_AFTER_MS);
    await this.#exited;
    clearTimeout(force);
  }

  /** Ends it at once, as a crash would; resolves when it has ended. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  /** The last lines that it wrote to standard error. */
  lastWords(): readonly string[] {
    return this.#lines;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > STDERR_LINES_MAX) this.#lines.shift();
  }

  /** In its own sentence, if it found one; otherwise with its last words. */
  #failure(what: string): ChildFailed {
    const start = this.#lines.findLastIndex((line) => OWN_SENTENCE.test(line));
    if (start >= 0) return new ChildFailed(this.#lines.slice(start).join("\n").replace(OWN_SENTENCE, ""));
    const words = this.#lines.slice(-5).map(readableLine).join("\n  ");
    return new ChildFailed(`${this.name} ${what}${words === "" ? "" : `:\n  ${words}`}`);
  }
}

function parseReady(line: string): Ready | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "ready" in value ? (value as Ready) : undefined;
  } catch {
    return undefined;
  }
}

/** A log line as a person reads it: message and error, not JSON. */
function readableLine(line: string): string {
  try {
    const { message, error, detail } = JSON.parse(line) as Record<string, unknown>;
    return [message, error, detail].filter((part) => typeof part === "string").join(": ");
  } catch {
    return line;
  }
}
