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
  readonly version?: 0 | 1;
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
  const child = spawn(buildBatch(version), {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, GOGC: "400" },
  });
  return new BatchOpa(version, child);
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

class BatchOpa implements Opa {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];

  constructor(version: string, child: ChildProcess) {
    this.version = version;
    this.#child = child;
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => this.#waiting.shift()?.resolve(line));
    child.on("exit", (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`OPA's batch evaluator ended with ${code}`));
    });
  }

  async ask({ data, inputs, ...request }: OpaRequest): Promise<OpaResponse> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // Documents are JSON already, with numbers that JavaScript cannot hold.
      const rest = JSON.stringify(request).slice(1);
      const documents = inputs.map((input) => input ?? UNDEFINED).join(",");
      this.#child.stdin?.write(`{"data":${data},"inputs":[${documents}],${rest}\n`.replaceAll(/\n(?=.)/g, " "));
    });
    return parseExact(line) as OpaResponse;
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end();
  }
}
