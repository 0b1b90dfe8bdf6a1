/**
 * What passes ask of all ops of a function, found in one walk for all of them: most ask only which functions are called.
 * It holds until a pass changes that (optimize/passes.ts).
 */
import type { CallOp, CallPathOp, CoreCode, Op, Region, RuleSetOp } from "./op.ts";
import { hasRegions, regionsOf } from "./walk.ts";

/** An op that calls functions of the policy. */
export type Calling = {
  readonly op: CallOp | CallPathOp | RuleSetOp;
  /** It stands in an iteration. */
  readonly isRepeated: boolean;
};

export type Survey = {
  /** In order. */
  readonly calls: readonly Calling[];
  readonly marks: readonly number[];
  /** Ops at any depth. */
  readonly size: number;
  /** Something makes an array, object or set. */
  readonly makes: boolean;
  /** Something calls a built-in. */
  readonly asksBuiltins: boolean;
};

type Found = { calls: Calling[]; marks: number[]; size: number; makes: boolean; asksBuiltins: boolean };

export function surveyOf(code: CoreCode): Survey {
  code.survey ??= survey(code.body);
  return code.survey;
}

function survey(body: readonly Region[]): Survey {
  const found: Found = { calls: [], marks: [], size: 0, makes: false, asksBuiltins: false };
  walk(found, body, false);
  return found;
}

function walk(found: Found, regions: readonly Region[], isRepeated: boolean): void {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    found.size += ops.length;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (hasRegions(op)) walk(found, regionsOf(op), isRepeated || op.kind === "loop");
      else note(found, op, isRepeated);
    }
  }
}

function note(found: Found, op: Op, isRepeated: boolean): void {
  switch (op.kind) {
    case "make":
      found.makes = true;
      return;
    case "mark":
      found.marks.push(op.rule);
      return;
    case "call":
      if (op.callee.kind === "builtin") found.asksBuiltins = true;
      else found.calls.push({ op, isRepeated });
      return;
    case "call-path":
    case "rules":
      found.calls.push({ op, isRepeated });
      return;
    default:
      return;
  }
}
