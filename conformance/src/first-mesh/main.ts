/**
 * `npm run conformance:first-mesh`: docs/first-mesh.md, followed to the letter in a new folder. A block
 * with a path behind its language is a file; `sh` is run; `text` is what the shell before it must say, a line a pattern.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Block, parseBlocks } from "../docs/blocks.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const PAGE = "docs/first-mesh.md";
export const USAGE = `Follows ${PAGE} to the letter, in a new folder. Needs Go, Python, curl and git.

usage: npm run conformance:first-mesh -- [--keep]
  --keep  leave the folder, with its logs
exit codes: 0 every step did what the page says, 1 one did not, 64 wrong usage or a tool is missing`;
const NEEDED = ["go", "python3", "curl", "git"];
const STEP_TIMEOUT_MS = 120_000;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { keep: { type: "boolean", default: false } },
  });
  const missing = NEEDED.filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (missing.length > 0) {
    console.error(`conformance:first-mesh: there is no ${missing.join(", ")}`);
    return 64;
  }
  const folder = mkdtempSync(join(tmpdir(), "regomesh-first-mesh-"));
  const shell = new Shell(folder);
  try {
    const failed = await follow(parseBlocks(readFileSync(join(ROOT, PAGE), "utf8")), shell, join(folder, "my-mesh"));
    console.log(failed === undefined ? "every step did what the page says" : failed);
    return failed === undefined ? 0 : 1;
  } finally {
    await shell.close();
    if (values.keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** The first step that did not do what the page says; undefined where all did. */
async function follow(blocks: readonly Block[], shell: Shell, folder: string): Promise<string | undefined> {
  let said = "";
  for (const { info, text, line } of blocks) {
    const [language, path] = info.split(" ");
    if (path !== undefined) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `${text}\n`);
    } else if (language === "sh") {
      const startedMs = Date.now();
      const { code, output } = await shell.run(text);
      said = output;
      console.log(`${PAGE}:${line} ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
      if (code !== 0) return `${PAGE}:${line}: ended with ${code}:\n${output}`;
    } else if (language === "text") {
      const missing = text.split("\n").find((pattern) => !new RegExp(pattern).test(said));
      if (missing !== undefined) return `${PAGE}:${line}: nothing says ${missing}:\n${said}`;
    }
  }
  return undefined;
}

/** One shell for the whole page, as a person has one: its folder and its jobs stay. */
class Shell {
  readonly #child;
  readonly #exited: Promise<void>;
  #output = "";
  #onOutput = () => {};
  #steps = 0;

  constructor(folder: string) {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const node = process.execPath;
    writeFileSync(join(bin, "regomesh"), `#!/bin/sh\nexec ${node} ${join(ROOT, "cli/bin/regomesh.mjs")} "$@"\n`, {
      mode: 0o755,
    });
    const env = {
      ...process.env,
      PATH: `${bin}:${dirname(node)}:${process.env.PATH}`,
      GIT_AUTHOR_NAME: "You",
      GIT_AUTHOR_EMAIL: "you@my.mesh",
      GIT_COMMITTER_NAME: "You",
      GIT_COMMITTER_EMAIL: "you@my.mesh",
    };
    this.#child = spawn("bash", ["-s"], { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#onOutput();
      });
    }
    this.#exited = new Promise((settle) => this.#child.on("close", () => settle()));
  }

  /** Runs lines until one fails; what they say, and its exit code. */
  run(text: string): Promise<{ readonly code: number; readonly output: string }> {
    const mark = `step-${++this.#steps}-ended`;
    this.#output = "";
    // In this shell, not in one below: background jobs and the folder must stay.
    this.#child.stdin.write(`set -o pipefail\ncode=0\n${steps(text)}\necho "${mark} $code"\n`);
    return new Promise((settle) => {
      const timer = setTimeout(() => settle({ code: 124, output: this.#output }), STEP_TIMEOUT_MS);
      this.#onOutput = () => {
        const found = new RegExp(`${mark} (\\d+)\\n`).exec(this.#output);
        if (found === null) return;
        clearTimeout(timer);
        settle({ code: Number(found[1]), output: this.#output.slice(0, found.index) });
      };
    });
  }

  async close(): Promise<void> {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGTERM");
    } catch {
      // it has ended
    }
    await this.#exited;
  }
}

/** Each line only where those before it did well. */
function steps(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `if [ $code = 0 ]; then { ${line.replace(/\s+#.*$/, "").replace(/&$/, "& true")}\n} || code=$?; fi`)
    .join("\n");
}
