/** A policy's plan, and whether its module says the same without some passes, and as the interpreter says. */
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect } from "vitest";
import { planRequest } from "../src/compile.ts";
import { emitModule } from "../src/emit/module.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { printJson } from "../src/interpret/text.ts";
import type { IrPolicy } from "../src/ir/policy.ts";
import type { PassName } from "../src/optimize/passes.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";
import { toUnit } from "../src/unit/unit.ts";

const runtime = await loadRuntime();

/** Of the rules of package `t`, for the entrypoint `t/p`. */
export function planOf(text: string): IrPolicy {
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text: `package t\n${text}` }] });
  const { policy } = planRequest({ units: [unit], entrypoints: [{ unit: "u", name: "t/p" }] });
  if (policy === undefined) throw new Error("the policy is none");
  return policy;
}

/** Values, faults and the rules that fired; of the interpreter, which has no built-ins, where `isInterpreted`. */
export function expectSameWithout(
  policy: IrPolicy,
  without: ReadonlySet<PassName>,
  inputs: readonly string[],
  isInterpreted = true,
): void {
  const [plain, fast] = [without, new Set<never>()].map((left) =>
    openEvaluator({ wasm: emitModule({ ir: policy, runtime, without: left }), data: "{}", seed: 1 }),
  );
  for (const input of inputs) {
    const [told, wanted] = [fast, plain].map((evaluator) => {
      const answer = evaluator?.evaluate("t/p", input);
      return answer?.kind === "results" ? [answer.text, evaluator?.firedRules()] : answer?.code;
    });
    expect(told, input).toEqual(wanted);
    if (!isInterpreted) continue;
    const builtin = (name: string) => {
      throw new Error(`${name}: operand`);
    };
    const second = interpret({ policy, entrypoint: "t/p", data: "{}", input, builtin });
    const text = second.kind === "fault" ? second.code : `[${second.results.map((each) => printJson(each)).join(",")}]`;
    expect(typeof told === "string" ? told : JSON.parse(told?.[0] as string), input).toEqual(
      second.kind === "fault" ? text : JSON.parse(text),
    );
  }
}
