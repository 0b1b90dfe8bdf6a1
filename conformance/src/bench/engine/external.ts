/**
 * Engines in other languages, as small programs around their libraries, built once in a temporary folder:
 * nothing of them is part of the project. Each reads {module, data, inputs, query} and answers
 * {answers, roundsNs}.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Timing } from "./engine.ts";
import { type EnginePolicy, inputOf } from "./policies.ts";

const HERE = import.meta.dirname;
const ANSWER_BYTES_MAX = 2 ** 28;

/** Throws where there is no Go, or OPA's module cannot be had. */
export function opaGo(): Engine {
  const folder = buildFolder("opa-go", ["main.go"]);
  // The same module, at the same version, as the differential run's.
  for (const name of ["go.mod", "go.sum"]) cpSync(join(HERE, "../../differential/opa-batch", name), join(folder, name));
  const program = join(folder, "opa-go");
  if (!existsSync(program)) run("go", ["build", "-mod=mod", "-o", program, "."], folder);
  return { name: "OPA, Go", given: "a parsed value", time: (policy) => ask(program, policy) };
}

/** Throws where there is no cargo, or the crate cannot be had. */
export function regorus(): readonly Engine[] {
  const folder = buildFolder("regorus", ["Cargo.toml", "src/main.rs"]);
  const program = join(folder, "target/release/bench-regorus");
  if (!existsSync(program)) run("cargo", ["build", "--release", "--quiet"], folder);
  return (["interpreter", "vm"] as const).map((how) => ({
    name: `regorus, ${how}`,
    given: "a parsed value",
    time: (policy) => ask(program, policy, how),
  }));
}

/** The sources in a folder of their own; a folder of other sources is begun anew. */
function buildFolder(name: string, files: readonly string[]): string {
  const texts = files.map((file) => readFileSync(join(HERE, name, file), "utf8"));
  const mark = texts.reduce((sum, text) => (sum * 31 + hash(text)) | 0, 7) >>> 0;
  const folder = join(tmpdir(), `regomesh-bench-${name}-${mark.toString(36)}`);
  for (const file of files) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    cpSync(join(HERE, name, file), join(folder, file));
  }
  return folder;
}

function hash(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0;
  return sum;
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

function ask(program: string, policy: EnginePolicy, ...args: readonly string[]): Timing | undefined {
  const { rego, data, requests, entrypoint } = policy;
  const query = `data.${entrypoint.replaceAll("/", ".")}`;
  const input = JSON.stringify({ module: rego, data: JSON.parse(data), inputs: requests.map(inputOf), query });
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: "utf8", maxBuffer: ANSWER_BYTES_MAX });
  if (status === 0) return JSON.parse(stdout) as Timing;
  console.error(`${program} ${args.join(" ")}, ${policy.name}: ${stderr.trim().split("\n").slice(-2).join(" ")}`);
  return undefined;
}
