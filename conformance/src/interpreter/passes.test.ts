/**
 * No pass changes a result: on generated programs, modules that lack one pass each say what the module of all passes
 * says, and the one of none: value or fault, errors of built-ins, rules that fired. The interpreter, which knows no pass,
 * gives the same values.
 */
import {
  emitModule,
  type IrPolicy,
  type JsonObject,
  PASS_NAMES,
  type PassName,
  parseJson,
  planRequest,
} from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { differences } from "../differential/compare.ts";
import { drawAgainProgram } from "../differential/generate/again.ts";
import { drawBesideProgram } from "../differential/generate/beside.ts";
import { drawOnceProgram } from "../differential/generate/once.ts";
import { drawProgram, type Program } from "../differential/generate/program.ts";
import { answerInterpreted } from "../differential/interpreted.ts";
import { evaluateOne, pathOf, traceOf } from "../differential/ours.ts";
import { makeSuiteBuiltins } from "../rego/host.ts";
import { makeBuiltinCaller } from "./builtins.ts";

/** Fewer have draws by which a pass has nothing to do. */
const PROGRAMS = Number(process.env["REGOMESH_RUNS"] ?? 18);
const INPUTS = 2;
const SEED = Number(process.env["REGOMESH_SEED"] ?? 1);
const SEEDS = Array.from({ length: PROGRAMS }, (_, i) => SEED + i);

const runtime = await loadRuntime();
const hostBuiltins = makeSuiteBuiltins();

/** A program that compiles, and what the module of all passes says of it. */
type Planned = { readonly program: Program; readonly ir: IrPolicy; readonly full: Opened };
type Opened = { readonly wasm: Uint8Array; readonly told: readonly string[] };

const planned: readonly Planned[] = [drawProgram, drawBesideProgram, drawAgainProgram, drawOnceProgram].flatMap(
  (draw) =>
    SEEDS.flatMap((seed) => {
      const program = draw(seed, { inputs: INPUTS });
      const { modules, data, entrypoints } = program;
      const unit = { name: "u", modules, data: parseJson(data) as JsonObject };
      const asked = entrypoints.map((ref) => ({ unit: "u", name: pathOf(ref) }));
      const { policy: ir } = planRequest({ units: [unit], entrypoints: asked });
      return ir === undefined ? [] : [{ program, ir, full: opened(ir, program, new Set()) }];
    }),
);

function opened(ir: IrPolicy, { data, inputs, entrypoints }: Program, without: ReadonlySet<PassName>): Opened {
  const wasm = emitModule({ ir, runtime, without });
  const evaluator = openEvaluator({ wasm, data, hostBuiltins });
  const told = inputs.flatMap((input) =>
    entrypoints.flatMap((ref) => [false, true].map((strict) => traceOf(evaluator, pathOf(ref), input, strict))),
  );
  return { wasm, told };
}

/** Without the memo what fails is tried again: whether there were errors is the same, not how many. */
function withoutCounts(told: readonly string[]): readonly unknown[] {
  const parsed = told.map((line) => JSON.parse(line) as readonly unknown[]);
  return parsed.map((parts) => parts.map((part) => (typeof part === "number" ? part > 0 : part)));
}

type Row = readonly [name: string, without: ReadonlySet<PassName>];

const ROWS: readonly Row[] = [
  ...PASS_NAMES.map((name): Row => [name, new Set([name])]),
  ["any but the memo", new Set(PASS_NAMES.filter((name) => name !== "memo"))],
  ["any", new Set(PASS_NAMES)],
];

test.each(ROWS)("programs say the same without %s", (_, without) => {
  let others = 0;
  for (const { program, ir, full } of planned) {
    const less = opened(ir, program, without);
    if (Buffer.compare(less.wasm, full.wasm) !== 0) others++;
    const say = without.has("memo") ? withoutCounts : (told: readonly string[]) => told;
    expect(say(less.told), program.modules.map(({ text }) => text).join("\n")).toEqual(say(full.told));
  }
  expect(others).toBeGreaterThan(PROGRAMS / 6); // the pass has had something to do
});

test("the interpreter gives the same values", () => {
  const builtin = makeBuiltinCaller(runtime, hostBuiltins);
  for (const { program, full } of planned) {
    const { data, inputs, entrypoints } = program;
    const evaluator = openEvaluator({ wasm: full.wasm, data, hostBuiltins });
    const answers = inputs.map((input) => entrypoints.map((ref) => evaluateOne(evaluator, pathOf(ref), input, false)));
    expect(differences(program, answerInterpreted(program, builtin), { answers }), `seed ${program.seed}`).toEqual([]);
  }
});
