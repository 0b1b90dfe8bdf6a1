/**
 * How much fuel an op takes: one unit is about a nanosecond of optimised code,
 * so that a limit of fuel is a limit of time. What grows with a value's size (comparing,
 * copying, searching, JSON, regular expressions) takes more in the runtime, by the size: no built-in
 * takes ten nanoseconds a unit on operands meant to make it (`node conformance/bin/fuel.mjs`).
 */
import type { CallOp, CoreCode, Op, Region } from "../core/op.ts";
import { surveyOf } from "../core/survey.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";

/** Units that are taken ahead where a function or a turn of an iteration begins. */
export const STRETCH_MAX = 128;

/** Units up to which a function that calls no other takes none: the call has paid for it. */
const FREE_MAX = 16;

/** What going on to the next value takes by itself. */
const TURN = 4;

const MOVE = 1;
const LOOK_UP = 4;
const MAKE = 8;
const GROW = { append: 4, add: 12, insert: 12, "insert-once": 16 } as const;

/** A call of a built-in in the runtime, whatever its operands. */
const RUNTIME_CALL = 16;
/** A call that leaves the module: its operands and its result cross as bytes. */
const HOST_CALL = 500;
/** The same for signatures and certificates: some tens of microseconds. */
const HOST_CRYPTOGRAPHY = 50_000;

/** Whether a built-in is in the runtime. */
export type InRuntime = (name: string) => boolean;

export function weighFuel(code: CoreCode, inRuntime: InRuntime): void {
  let units = 0;
  for (const region of code.body) units += weigh(region, inRuntime);
  const ahead = Math.min(units, STRETCH_MAX);
  if (code.kind === "function") code.stretch = ahead > FREE_MAX || surveyOf(code).calls.length > 0 ? ahead : 0;
}

/** Units of one run through the region, without what iterations in it take by themselves. */
function weigh({ ops }: Region, inRuntime: InRuntime): number {
  let units = 0;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    op.weight = WEIGHTS[op.kind] ?? weightOf(op, inRuntime);
    units += op.weight;
    if (!HOLDS_REGIONS[op.kind]) continue;
    if (op.kind === "loop") op.turn = TURN + Math.min(weigh(op.regions[0], inRuntime), STRETCH_MAX);
    else for (const inner of regionsOf(op)) units += weigh(inner, inRuntime);
  }
  return units;
}

/** Without what stands inside; undefined where the kind alone does not say it. */
const WEIGHTS: Readonly<Record<Op["kind"], number | undefined>> = {
  call: undefined,
  get: undefined,
  grow: undefined,
  return: MOVE,
  leave: MOVE,
  assign: MOVE,
  "assign-once": MOVE,
  test: MOVE,
  not: MOVE,
  regions: MOVE,
  loop: MOVE,
  length: MOVE,
  merge: MOVE,
  mark: MOVE,
  "need-input": MOVE,
  "give-up": MOVE,
  input: LOOK_UP,
  make: MAKE,
  result: GROW.add,
  rules: 16,
  "one-of": 16,
  narrow: 24,
  with: 30,
  gather: GROW["insert-once"] + GROW.add,
  "call-path": 40,
};

/** Without what stands inside of it. */
export function weightOf(op: Op, inRuntime: InRuntime): number {
  switch (op.kind) {
    case "call":
      return callWeight(op, inRuntime);
    case "get":
      return op.how === "base" ? MOVE : LOOK_UP;
    case "grow":
      return GROW[op.how];
    default:
      return WEIGHTS[op.kind] ?? MOVE;
  }
}

function callWeight({ callee }: CallOp, inRuntime: InRuntime): number {
  if (callee.kind === "function") return LOOK_UP;
  if (inRuntime(callee.name)) return RUNTIME_CALL;
  return /^(io\.jwt\.|crypto\.x509\.|providers\.)/.test(callee.name) ? HOST_CRYPTOGRAPHY : HOST_CALL;
}
