/**
 * The interpreter against the modules of the same policies, on generated policies, data and inputs:
 * a few here; `npm run conformance:differential -- --interpreter --programs N` for many.
 */
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { expect, test } from "vitest";
import { differences } from "../differential/compare.ts";
import { drawProgram } from "../differential/generate/program.ts";
import { answerInterpreted } from "../differential/interpreted.ts";
import { answerOurs } from "../differential/ours.ts";
import { makeSuiteBuiltins } from "../rego/host.ts";
import { makeBuiltinCaller } from "./builtins.ts";

const PROGRAMS = 60;
const INPUTS = 3;
const SEED = Number(process.env["REGOMESH_SEED"] ?? 1);

const runtime = await loadRuntime();
const hostBuiltins = makeSuiteBuiltins();
const builtin = makeBuiltinCaller(runtime, hostBuiltins);

test(`modules give what the interpreter gives, seeds ${SEED} to ${SEED + PROGRAMS - 1}`, () => {
  let asked = 0;
  for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
    const program = drawProgram(seed, { inputs: INPUTS });
    const ours = answerOurs(program, { runtime, hostBuiltins });
    if (ours.answers === undefined) continue;
    asked += ours.answers.flat().length;
    expect(differences(program, answerInterpreted(program, builtin), ours), `seed ${seed}`).toEqual([]);
  }
  expect(asked).toBeGreaterThan(PROGRAMS); // most programs compile
});
