/** `npm run conformance:differential`: generated programs, answered by the real OPA and by our modules. */
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { countOf, WrongUsage } from "../command-line.ts";
import { makeBuiltinCaller } from "../interpreter/builtins.ts";
import { type Difference, differences } from "./compare.ts";
import type { Program } from "./generate/program.ts";
import { isShape, SHAPES, type Shape } from "./generate/shapes.ts";
import { answerInterpreted } from "./interpreted.ts";
import { openOpa } from "./opa.ts";
import { askDefects } from "./opa-defects.ts";
import { answerOurs, formatOurs } from "./ours.ts";
import { ownDefect } from "./own-defects.ts";
import { reduce } from "./reduce.ts";

export const USAGE = `npm run conformance:differential -- [--programs N] [--evaluations N] [--seed S] [--opa PATH]

  --programs N     how many programs are generated (default 200)
  --evaluations N  answers compared in all, at least about; the programs' inputs are drawn for it (default 20 a program)
  --seed S         of the first program; the others count up from it (default 1)
  --opa PATH       the opa whose version is compared with (default: opa on the path)
  --show N         differences printed (default 10)
  --defects        ask what opa-defects.json says is OPA's, of both
  --format         compare what fmt makes of the programs' modules instead
  --shape NAME     words (v0 and v2, imports, and, or: what the first shape leaves out), or programs that one pass is for, with and without it: beside (rules beside each other, rule-index),
                   again (comprehensions that are made again and again, gather), once (functions with one call, inline)
  --strict         errors of built-ins end an evaluation
  --interpreter    compare with our interpreter of plans instead: needs neither opa nor Go
  --reduce         programs that differ are made small first
  --kinds LIST     only differences of these kinds: verdict, errors, fault, value, format (default: all)
  --to FILE        each difference as a line of JSON, too
  --from FILE      the programs of such lines again, instead of generated ones

Needs Go: a batch evaluator is built from OPA's module in a temporary folder. What a defect of opa-defects.json makes
is counted apart, where the program written in another way shows it. Exit code 1 where other answers differ.`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      programs: { type: "string", default: "200" },
      evaluations: { type: "string" },
      seed: { type: "string", default: "1" },
      opa: { type: "string", default: "opa" },
      show: { type: "string", default: "10" },
      to: { type: "string" },
      from: { type: "string" },
      reduce: { type: "boolean", default: false },
      interpreter: { type: "boolean", default: false },
      shape: { type: "string", default: "any" },
      strict: { type: "boolean", default: false },
      format: { type: "boolean", default: false },
      defects: { type: "boolean", default: false },
      kinds: { type: "string", default: "verdict,errors,fault,value,format" },
    },
  });
  if (values.defects) return askDefects(values.opa);
  const { shape } = values;
  if (!isShape(shape)) throw new WrongUsage(`--shape: ${shape} is none of ${Object.keys(SHAPES).join(", ")}`);
  const known = values.from === undefined ? undefined : readPrograms(values.from);
  const programs = known?.length ?? countOf(values.programs, "programs");
  const evaluations = values.evaluations === undefined ? programs * 20 : countOf(values.evaluations, "evaluations");
  return run({
    known,
    programs,
    evaluations,
    seed: countOf(values.seed, "seed", 0),
    opa: values.opa,
    show: countOf(values.show, "show", 0),
    to: values.to,
    isReducing: values.reduce,
    kinds: values.kinds.split(","),
    isInterpreting: values.interpreter,
    shape,
    isStrict: values.strict,
    isFormatting: values.format,
  });
}

function readPrograms(file: string): readonly Program[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const { program } = JSON.parse(line) as { readonly program: Program };
    return { ...program, inputs: program.inputs.map((input) => input ?? undefined) };
  });
}

type Run = {
  readonly known: readonly Program[] | undefined;
  readonly programs: number;
  readonly evaluations: number;
  readonly seed: number;
  readonly opa: string;
  readonly show: number;
  readonly to: string | undefined;
  readonly isReducing: boolean;
  readonly kinds: readonly string[];
  readonly isInterpreting: boolean;
  readonly shape: Shape;
  readonly isStrict: boolean;
  readonly isFormatting: boolean;
};

/** Answers of a program for each input, about: of all programs, those that are refused among them. */
const ANSWERS = 4.45;
/** Programs that OPA is ahead with while we answer one. */
const AHEAD = 32;

async function run({
  known,
  programs,
  evaluations,
  seed,
  opa: binary,
  show,
  to,
  isReducing,
  kinds: wanted,
  isInterpreting,
  shape,
  isStrict,
  isFormatting,
}: Run): Promise<number> {
  const { draw, without } = SHAPES[shape];
  const runtime = await loadRuntime();
  const hostBuiltins = await makeBuiltinLoader({ nowMs: () => 0 })();
  using opa = isInterpreting ? undefined : openOpa(binary);
  const builtin = makeBuiltinCaller(runtime, hostBuiltins);
  const inputs = Math.max(1, Math.ceil(evaluations / programs / ANSWERS));
  const counts = { programs: 0, refused: 0, evaluations: 0, defined: 0, errors: 0, differing: 0 };
  const kinds = new Map<string, number>();
  const defects = new Map<string, number>();
  const started = performance.now();
  const askOther = async (program: Program) => {
    if (opa === undefined) return answerSafely(() => answerInterpreted(program, builtin));
    const modules = Object.fromEntries(program.modules.map(({ name, text }) => [name, text]));
    const { data, entrypoints, inputs, version = "v1" } = program;
    const asked = { modules, data, inputs, entrypoints, strict: isStrict, version: version === "v0" ? 1 : 2 } as const;
    return opa.ask(isFormatting ? { ...asked, format: true } : asked);
  };
  const askOurs = (program: Program) =>
    answerSafely(() =>
      isFormatting ? formatOurs(program) : answerOurs(program, { runtime, hostBuiltins, without, isStrict }),
    );
  const ask = (i: number) => {
    const program = known?.[i] ?? draw(seed + i, { inputs });
    return { program, answer: askOther(program) };
  };
  const asked = Array.from({ length: Math.min(AHEAD, programs) }, (_, i) => ask(i));
  for (let i = 0; i < programs; i++) {
    const { program, answer } = asked.shift() as (typeof asked)[number];
    if (i + AHEAD < programs) asked.push(ask(i + AHEAD));
    const theirs = await answer;
    const ours = askOurs(program);
    counts.programs++;
    if (theirs.errors !== undefined) counts.refused++;
    for (const each of (theirs.answers ?? []).flat()) {
      counts.evaluations++;
      if (each.error !== undefined) counts.errors++;
      else if (each.value !== undefined) counts.defined++;
    }
    const found = differences(program, theirs, ours).filter(({ kind }) => wanted.includes(kind));
    const [first] = found;
    const askBoth = async (other: Program) => ({ opa: await askOther(other), ours: askOurs(other) });
    const defect = first && opa && !isFormatting ? await ownDefect(program, first, ours, askBoth) : undefined;
    if (defect !== undefined) defects.set(defect, (defects.get(defect) ?? 0) + 1);
    else if (first !== undefined) {
      counts.differing++;
      for (const { kind } of found) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const judge = async (smaller: Program) => {
        const all = differences(smaller, await askOther(smaller), askOurs(smaller));
        return all.find(({ kind }) => kind === first.kind);
      };
      const small = isReducing ? await reduce(program, first, judge) : program;
      const shown = isReducing ? ((await judge(small)) ?? first) : first;
      if (counts.differing <= show) console.log(printDifference(small, shown));
      if (to !== undefined) appendFileSync(to, `${JSON.stringify({ program: small, found: [shown] })}\n`);
    }
    if ((i + 1) % 1000 === 0) console.log(printCounts(counts, kinds, performance.now() - started));
  }
  console.log(
    `${opa === undefined ? "the interpreter" : `OPA ${opa.version}`}, seeds ${seed} to ${seed + programs - 1}`,
  );
  console.log(printCounts(counts, kinds, performance.now() - started));
  for (const [defect, count] of defects) console.log(`${count} more by a defect of OPA's: ${defect} …`);
  return counts.differing > 0 ? 1 : 0;
}

/** An exception of ours is an answer that differs, not the end of the run. */
function answerSafely(answer: () => ReturnType<typeof answerOurs>): ReturnType<typeof answerOurs> {
  try {
    return answer();
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { errors: [{ code: "exception", message }] };
  }
}

type Counts = Readonly<Record<"programs" | "refused" | "evaluations" | "defined" | "errors" | "differing", number>>;

function printCounts(counts: Counts, kinds: ReadonlyMap<string, number>, durationMs: number): string {
  const { programs, refused, evaluations, defined, errors, differing } = counts;
  const by = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(", ");
  return (
    `${programs} programs (${refused} refused), ${evaluations} evaluations (${defined} defined, ${errors} errors), ` +
    `${differing} programs differ${by === "" ? "" : ` (${by})`}; ${Math.round(durationMs / 1000)} s`
  );
}

function printDifference(program: Program, first: Difference): string {
  const modules = program.modules
    .filter(({ name }) => name !== "lib.rego")
    .map(({ name, text }) => `# ${name}\n${text}`);
  return [
    `=== seed ${program.seed}: ${first.kind}`,
    ...modules,
    `# data: ${program.data}`,
    `# input: ${first.input}`,
    `# asked: ${first.entrypoint ?? "whether it compiles"}`,
    `# opa:  ${first.opa}`,
    `# ours: ${first.ours}`,
  ].join("\n");
}
