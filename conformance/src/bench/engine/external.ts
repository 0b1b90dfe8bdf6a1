/**
 * Engines in other languages, as small programs around their libraries, built once in a temporary folder:
 * nothing of them is part of the project. Those that know Rego read {module, data, inputs, query}, the others
 * {policy, data, inputs} with a policy in their own language; each answers {answers, roundsNs}.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Timing } from "./engine.ts";
import { type EnginePolicy, flatInputOf, inputOf } from "./policies.ts";

const HERE = import.meta.dirname;
const ANSWER_BYTES_MAX = 2 ** 28;
/** Some take seconds to read 10,000 rules; one that takes ten seconds has none of this policy. */
const ASK_MS_MAX = 10_000;

/** Throws where there is no Go, or OPA's module cannot be had. */
export function opaGo(): Engine {
  const folder = buildFolder("opa-go", ["main.go"]);
  // The same module, at the same version, as the differential run's.
  for (const name of ["go.mod", "go.sum"]) cpSync(join(HERE, "../../differential/opa-batch", name), join(folder, name));
  const program = join(folder, "opa-go");
  run("go", ["build", "-mod=mod", "-o", program, "."], folder);
  return { name: "OPA, Go", given: "a parsed value", time: (policy) => ask(program, policy) };
}

/** Throws where there is no cargo, or the crate cannot be had. */
export function regorus(): readonly Engine[] {
  const folder = buildFolder("regorus", ["Cargo.toml", "src/main.rs"]);
  const program = join(folder, "target/release/bench-regorus");
  run("cargo", ["build", "--release", "--quiet"], folder);
  return (["interpreter", "vm"] as const).map((how) => ({
    name: `regorus, ${how}`,
    given: "a parsed value",
    time: (policy) => ask(program, policy, how),
  }));
}

/** Throws where there is no cargo, or a crate cannot be had. */
export function cedarAndCel(): readonly Engine[] {
  const folder = buildFolder("cedar-cel", ["Cargo.toml", "src/main.rs"]);
  const program = join(folder, "target/release/bench-cedar-cel");
  run("cargo", ["build", "--release", "--quiet"], folder);
  return (
    [
      ["cedar", "Cedar"],
      ["cel", "CEL"],
    ] as const
  ).map(([language, name]) => ({
    ...{ name, given: "a parsed request" },
    time(policy) {
      const { data, requests } = policy;
      const text = policy.others?.[language];
      if (text === undefined) return undefined;
      return answerOf(program, policy, [language], {
        policy: text,
        data: JSON.parse(data),
        inputs: requests.map(flatInputOf),
      });
    },
  }));
}

/** Throws where there is no Maven and Java, or the library cannot be had. */
export function sapl(): Engine {
  const folder = buildFolder("sapl", ["pom.xml", "src/main/java/Bench.java"]);
  const maven = ["-q", "-B", "compile", "dependency:copy-dependencies"];
  run("mvn", [...maven, "-DoutputDirectory=target/lib"], folder);
  const classes = `${join(folder, "target/classes")}:${join(folder, "target/lib/*")}`;
  return {
    ...{ name: "SAPL", given: "a parsed request" },
    time(policy) {
      const { data, requests, others } = policy;
      if (others?.sapl === undefined) return undefined;
      return answerOf("java", policy, ["-cp", classes, "Bench"], {
        policies: others.sapl,
        data: JSON.parse(data),
        inputs: requests.map(flatInputOf),
      });
    },
  };
}

/** The sources in a folder of their own, where what was built of them before still counts; those that are the same stay untouched. */
function buildFolder(name: string, files: readonly string[]): string {
  const folder = join(tmpdir(), `regomesh-bench-${name}`);
  for (const file of files) {
    const [from, to] = [join(HERE, name, file), join(folder, file)];
    mkdirSync(join(to, ".."), { recursive: true });
    if (!existsSync(to) || !readFileSync(to).equals(readFileSync(from))) cpSync(from, to);
  }
  return folder;
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

function ask(program: string, policy: EnginePolicy, ...args: readonly string[]): Timing | undefined {
  const { rego, data, requests, entrypoint } = policy;
  const query = `data.${entrypoint.replaceAll("/", ".")}`;
  return answerOf(program, policy, args, {
    module: rego,
    data: JSON.parse(data),
    inputs: requests.map(inputOf),
    query,
  });
}

function answerOf(
  program: string,
  { name }: EnginePolicy,
  args: readonly string[],
  asked: Readonly<Record<string, unknown>>,
): Timing | undefined {
  const options = {
    input: JSON.stringify(asked),
    encoding: "utf8",
    maxBuffer: ANSWER_BYTES_MAX,
    timeout: ASK_MS_MAX,
  } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  if (status === 0) return JSON.parse(stdout) as Timing;
  console.error(`${program} ${args.join(" ")}, ${name}: ${stderr.trim().split("\n").slice(-2).join(" ")}`);
  return undefined;
}
