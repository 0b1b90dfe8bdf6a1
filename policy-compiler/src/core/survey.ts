/**
 * What passes ask of all ops of a function, found in one walk for all of them: most ask only which functions are called.
 * It holds until a pass changes that, which sets `survey` to undefined then.
 */
import type { CallOp, CallPathOp, CoreCode, Op, Region, RuleSetOp } from "./op.ts";
import { regionsOf } from "./walk.ts";

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
  /** Something makes one and fills it in a region of its own, as comprehensions are laid out; in an iteration. */
  readonly fills: boolean;
  readonly fillsAgain: boolean;
  /** Something calls a built-in. */
  readonly asksBuiltins: boolean;
};

type Found = { -readonly [Key in keyof Survey]: Survey[Key] } & { readonly calls: Calling[]; readonly marks: number[] };

export function surveyOf(code: CoreCode): Survey {
  code.survey ??= survey(code.body);
  return code.survey;
}

function survey(body: readonly Region[]): Survey {
  const found: Found = {
    calls: [],
    marks: [],
    size: 0,
    makes: false,
    fills: false,
    fillsAgain: false,
    asksBuiltins: false,
  };
  walk(found, body, false);
  return found;
}

function walk(found: Found, regions: readonly Region[], isRepeated: boolean): void {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    found.size += ops.length;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      switch (op.kind) {
        case "test":
        case "get":
        case "assign":
          break;
        case "regions":
        case "not":
        case "with":
          walk(found, regionsOf(op), isRepeated);
          break;
        case "loop":
          walk(found, regionsOf(op), true);
          break;
        case "make":
          found.makes = true;
          if (!isFilling(ops[j + 1])) break;
          found.fills = true;
          if (isRepeated) found.fillsAgain = true;
          break;
        case "mark":
          if (typeof op.rule === "number") found.marks.push(op.rule);
          break;
        case "call":
          if (op.callee.kind === "builtin") found.asksBuiltins = true;
          else found.calls.push({ op, isRepeated });
          break;
        case "rules":
          for (const { marks } of op.rules) found.marks.push(...marks);
          found.calls.push({ op, isRepeated });
          break;
        case "call-path":
          found.calls.push({ op, isRepeated });
          break;
        default:
          break;
      }
    }
  }
}

/** Whether what stands behind a `make` fills what that makes. */
export function isFilling(next: Op | undefined): next is Filling {
  return next?.kind === "regions" && next.regions.length === 1;
}

type Filling = Extract<Op, { readonly kind: "regions" }>;
