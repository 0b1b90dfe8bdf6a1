/**
 * Where OPA and we differ, and the difference is OPA's: a small program for each kind, the place in its source, and
 * why. Both are asked: a defect that OPA no longer has is a difference that we do not know.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { canonical } from "../rego/exact.ts";
import { type OpaResponse, openOpa } from "./opa.ts";
import { answerOurs } from "./ours.ts";

type Defect = {
  readonly name: string;
  readonly place: string;
  readonly why: string;
  readonly modules: readonly string[];
  /** JSON texts. */
  readonly data?: string;
  readonly input?: string;
  /** Errors of built-ins end the evaluation. */
  readonly strict?: boolean;
  readonly entrypoint: string;
  readonly opa: string;
  readonly ours: string;
};

export async function askDefects(binary: string): Promise<number> {
  const defects = JSON.parse(readFileSync(join(import.meta.dirname, "opa-defects.json"), "utf8")) as readonly Defect[];
  const host = { runtime: await loadRuntime(), hostBuiltins: await makeBuiltinLoader({ nowMs: () => 0 })() };
  using opa = openOpa(binary);
  let exit = 0;
  for (const defect of defects) {
    const modules = defect.modules.map((text, i) => ({ name: `${i}.rego`, text }));
    const question = { data: defect.data ?? "{}", inputs: [defect.input], entrypoints: [defect.entrypoint] };
    const named = Object.fromEntries(modules.map(({ name, text }) => [name, text]));
    const isStrict = defect.strict === true;
    const theirs = print(await opa.ask({ ...question, modules: named, strict: isStrict }));
    const ours = print(answerOurs({ ...question, seed: 0, modules }, { ...host, isStrict }));
    const isAsTold = theirs === defect.opa && ours === defect.ours;
    if (!isAsTold) exit = 1;
    console.log(`${isAsTold ? "as told" : "NOT AS TOLD"}: ${defect.name}\n  OPA ${theirs}; ours ${ours}`);
  }
  return exit;
}

function print({ errors, answers }: OpaResponse): string {
  if (errors !== undefined) return [...new Set(errors.map(({ row, code }) => `${row}: ${code}`))].join(", ");
  const { value, error } = answers?.[0]?.[0] ?? {};
  if (error !== undefined) return `error ${error.code}`;
  return value === undefined ? "undefined" : canonical(value);
}
