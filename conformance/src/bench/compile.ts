/**
 * What compiling costs, in CPU time of the thread that compiles: other processes on the machine count little. Each process
 * runs what `regomesh build` runs (cli/bin/program.mjs), with the code that the first of them has kept. Beside it, where
 * there is one, `opa build -t wasm` of the same policy: whole processes with all their threads, in turn.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { COMPILE_ENTRYPOINT, type CompiledPolicy, compiledPolicy } from "./compile-policy.ts";
import { opaBuildCpuMs } from "./peers/opa-build.ts";

const COLD_MS_MAX = 60;
const WARM_MS_MAX = 15;
const MANY_MS_MAX = 3000;

const SMALL = 100;
const MANY = 10_000;
const KINDS: readonly CompiledPolicy[] = ["alike", "varied"];
const TITLES: Readonly<Record<CompiledPolicy, string>> = {
  alike: "rules that are alike but for constants",
  varied: "rules of which hardly two are alike",
};
const PROCESSES = 5;
const WARM_UP = 40;
const MIB = 2 ** 20;

type Once = {
  /** Until the compiler is there. */
  readonly importedMs: number;
  readonly compiledMs: readonly number[];
  /** Of all threads, from the start of the process. */
  readonly processMs: number;
  readonly memoryBytes: number;
};

export type CompilesMeasured = { readonly text: string; readonly missed: readonly string[] };

/** `opa`: the program, by its name or place. */
export function measureCompiles(opa: string): CompilesMeasured {
  compileOnce(SMALL, 1, "alike"); // keeps what it has compiled
  const all = KINDS.map((kind) => measureKind(opa, kind));
  return {
    text: ["compile: CPU time of its thread, the least of several", ...all.map(({ text }) => text)].join("\n"),
    missed: all.flatMap(({ missed }) => missed),
  };
}

function measureKind(opa: string, kind: CompiledPolicy): CompilesMeasured {
  const cold = Array.from({ length: PROCESSES }, () => compileOnce(SMALL, 1, kind));
  const warm = compileOnce(SMALL, WARM_UP + 20, kind).compiledMs.slice(WARM_UP);
  const [tenth, many] = [compileOnce(MANY / 10, 1, kind), compileOnce(MANY, 1, kind)];
  const coldMs = least(cold.map(({ compiledMs }) => compiledMs[0] as number));
  const manyMs = many.compiledMs[0] as number;
  const row = (name: string, ms: number, note = ""): string =>
    `  ${name.padEnd(44)} ${ms.toFixed(1).padStart(8)} ms  ${note}`;
  const goals: readonly (readonly [name: string, ms: number, max: number])[] = [
    [`${SMALL} rules, the first of a process`, coldMs, COLD_MS_MAX],
    [`${SMALL} rules, warm`, least(warm), WARM_MS_MAX],
    [`${MANY} rules, the first of a process`, manyMs, MANY_MS_MAX],
  ];
  const text = [
    ` ${TITLES[kind]}`,
    row("until the compiler is loaded", least(cold.map(({ importedMs }) => importedMs))),
    ...goals.map(([name, ms, max]) => row(name, ms, `goal ${max} ms`)),
    ...[SMALL, MANY].map((rules) => beside(opa, rules, kind)),
    `  memory at ${MANY / 10} and ${MANY} rules: ${Math.round(tenth.memoryBytes / MIB)} and ${Math.round(many.memoryBytes / MIB)} MiB`,
  ].join("\n");
  const missed = goals
    .filter(([, ms, max]) => ms > max)
    .map(([name, ms, max]) => `${TITLES[kind]}: ${name}: ${Math.round(ms)} ms, not ${max} ms`);
  return { text, missed };
}

/** A line of whole processes of both, one after the other. */
function beside(opa: string, rules: number, kind: CompiledPolicy): string {
  const text = compiledPolicy(rules, kind);
  const turns = Array.from({ length: rules === SMALL ? PROCESSES : 2 }, () => ({
    theirs: opaBuildCpuMs(opa, text, COMPILE_ENTRYPOINT),
    ours: compileOnce(rules, 1, kind).processMs,
  }));
  const ours = least(turns.map((turn) => turn.ours));
  const theirs = turns.flatMap((turn) => turn.theirs ?? []);
  const told =
    theirs.length === 0
      ? "no opa"
      : `opa build -t wasm ${least(theirs).toFixed(0)} ms, ${(ours / least(theirs)).toFixed(2)} ×`;
  return `  ${`${rules} rules, a whole process`.padEnd(44)} ${ours.toFixed(1).padStart(8)} ms  ${told}`;
}

function least(values: readonly number[]): number {
  return Math.min(...values);
}

function compileOnce(rules: number, times: number, kind: CompiledPolicy): Once {
  const script = join(import.meta.dirname, "compile-once.ts");
  return JSON.parse(
    execFileSync(process.execPath, [script, `${rules}`, `${times}`, kind], { encoding: "utf8" }),
  ) as Once;
}
