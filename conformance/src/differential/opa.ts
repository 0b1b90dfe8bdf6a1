/**
 * The real OPA, asked in batches: a small Go program around its module answers a line of JSON with a
 * line. It is built outside the project, for the version that the `opa` on the path has.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseExact } from "../rego/exact.ts";

export type OpaRequest = {
  readonly modules: Readonly<Record<string, string>>;
  /** JSON texts. */
  readonly data: string;
  readonly inputs: readonly (string | undefined)[];
  readonly entrypoints: readonly string[];
  readonly format?: boolean;
  /** Of Rego, one more than its number; v1 where absent. */
  readonly version?: 0 | 1 | 2 | 3;
  readonly strict?: boolean;
};

export type OpaFailure = {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly row?: number;
};
/** `value` is absent where the answer is undefined; numbers are as OPA wrote them. */
export type OpaAnswer = { readonly value?: unknown; readonly error?: OpaFailure };
export type OpaResponse = {
  readonly errors?: readonly OpaFailure[];
  readonly answers?: readonly (readonly OpaAnswer[])[];
  readonly formatted?: Readonly<Record<string, string>>;
};

export interface Opa extends Disposable {
  readonly version: string;
  /** Answers come in the order of the requests. */
  ask(request: OpaRequest): Promise<OpaResponse>;
}

const UNDEFINED = '{"undefined":true}';
const DEFAULT_VERSION = "1.22.2";

/** Throws with one sentence where there is no Go or the module cannot be had. */
export function openOpa(binary: string): Opa {
  const version = versionOf(binary) ?? DEFAULT_VERSION;
  return new BatchOpa(version, buildBatch(version));
}

function versionOf(binary: string): string | undefined {
  const { status, stdout } = spawnSync(binary, ["version"], { encoding: "utf8" });
  return status === 0 ? /^Version: (\S+)/m.exec(stdout)?.[1] : undefined;
}

const SOURCE = join(import.meta.dirname, "opa-batch");

/** Built once for a version and a source. */
function buildBatch(version: string): string {
  const folder = join(tmpdir(), `regomesh-opa-batch-${version}`);
  const program = join(folder, "opa-batch");
  const source = readFileSync(join(SOURCE, "main.go"), "utf8");
  const built = join(folder, "main.go");
  if (existsSync(program) && existsSync(built) && readFileSync(built, "utf8") === source) return program;
  mkdirSync(folder, { recursive: true });
  const modules = readFileSync(join(SOURCE, "go.mod"), "utf8");
  writeFileSync(join(folder, "go.mod"), modules.replace(`opa v${DEFAULT_VERSION}`, `opa v${version}`));
  copyFileSync(join(SOURCE, "go.sum"), join(folder, "go.sum"));
  copyFileSync(join(SOURCE, "main.go"), built);
  try {
    execFileSync("go", ["build", "-mod=mod", "-o", program, "."], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch (cause) {
    throw new Error(`OPA ${version} cannot be built as a Go module here`, { cause });
  }
  return program;
}

/** What it answers for the program that it died of: its stack overflows where its own data came to contain itself. */
export const CRASH = "opa crashed";

type Waiting = { readonly request: string; readonly resolve: (line: string) => void };

class BatchOpa implements Opa {
  readonly version: string;
  readonly #program: string;
  #child: ChildProcess;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(version: string, program: string) {
    this.version = version;
    this.#program = program;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const child = spawn(this.#program, { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, GOGC: "400" } });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => this.#waiting.shift()?.resolve(line));
    child.stdin?.on("error", () => undefined); // its end is told by its exit
    child.on("close", () => this.#restart());
    return child;
  }

  /** The first that waits is what it died of; the others are asked again. */
  #restart(): void {
    const [fatal, ...others] = this.#waiting;
    if (this.#isClosed || fatal === undefined) return;
    this.#waiting = others;
    fatal.resolve(JSON.stringify({ errors: [{ code: CRASH, message: "the process ended" }] }));
    this.#child = this.#start();
    for (const { request } of others) this.#child.stdin?.write(request);
  }

  async ask({ data, inputs, ...rest }: OpaRequest): Promise<OpaResponse> {
    // Documents are JSON already, with numbers that JavaScript cannot hold.
    const documents = inputs.map((input) => input ?? UNDEFINED).join(",");
    const line = `{"data":${data},"inputs":[${documents}],${JSON.stringify(rest).slice(1)}`.replaceAll("\n", " ");
    const answer = await new Promise<string>((resolve) => {
      const request = `${line}\n`;
      this.#waiting.push({ request, resolve });
      this.#child.stdin?.write(request);
    });
    return parseExact(answer) as OpaResponse;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#child.stdin?.end();
  }
}
