/**
 * What an iteration over a collection asks of its members before it does anything: tests that begin its
 * region, each of a part of the member (or of what the member leads to) against a value that is known before
 * the iteration. A member for which one does not hold is without effect: leaving it out changes nothing.
 */
import type { Term } from "../../core/guard.ts";
import type { IndexLevel, WitnessStep } from "../../core/index-node.ts";
import { isReset } from "../../core/make-op.ts";
import type { CallOp, CoreFunction, GetOp, LoopOp, Op, Region, TestOp } from "../../core/op.ts";
import { findUses, type Uses } from "../../core/uses.ts";
import { FALSE, type Local, Type, UNCOUNTED, type Value } from "../../core/value.ts";
import { eachOpIn, eachWrite, HOLDS_REGIONS, regionsOf, someOpIn, someWrite } from "../../core/walk.ts";
import { isQuiet } from "../index/quiet.ts";
import { isMembership } from "../membership.ts";
import { everyOf } from "./every.ts";
import {
  kindCheckOf,
  marksOfRest,
  newProof,
  noteProven,
  type Proof,
  type Proven,
  type ProvenWhole,
  partName,
  termName,
} from "./proof.ts";

/** A level, with the term of its key and where it stands. */
export type Asked = Pick<IndexLevel, "test" | "part" | "constants"> & { readonly key: Term; readonly at: Place };

/** The member of a collection, or what it leads to: each iteration's is one of its own. */
export type Place = { readonly steps: readonly WitnessStep[] };

export type Origin =
  /** Known before the iteration. */
  | { readonly kind: "term"; readonly term: Term }
  /** A part of the member, or of what it leads to. */
  | { readonly kind: "part"; readonly at: Place; readonly names: readonly string[] }
  | { readonly kind: "count"; readonly of: Origin }
  | { readonly kind: "holds"; readonly part: Origin; readonly key: Term };

type Walk = {
  readonly asked: Asked[];
  readonly origins: Map<Local, Origin>;
  /** Locals that something outside of the iteration reads. */
  readonly exposed: ReadonlySet<Local>;
  /** Calls around. */
  readonly depth: number;
  readonly proof: Proof;
  /** A count was taken, which fails with an error where there is nothing to count: nothing else may come between. */
  isCounting: boolean;
};

const INPUT = 0;
const DATA = 1;
const LEVELS_MAX = 6;
const CALLS_MAX = 3;
/** Something has been counted and not compared. */
const COUNT = "count";

export type Levels = {
  readonly asked: readonly Asked[];
  /** Of the iteration's region, what the first levels prove. */
  readonly proven: Proven | undefined;
  readonly whole: ProvenWhole | undefined;
};

/** How often the function reads each local has been counted (core/uses.ts). */
export function levelsOf(loop: LoopOp, uses: Uses): Levels {
  const inside = new Map<Local, number>();
  const written = new Set([loop.key, loop.value]);
  noteUses(loop.regions[0], inside, written, uses);
  const exposed = new Set<Local>();
  written.forEach((local) => {
    if (local.reads !== UNCOUNTED && local.reads > (inside.get(local) ?? 0)) exposed.add(local);
  });
  const origins = new Map<Local, Origin>();
  inside.forEach((_, local) => {
    if (!written.has(local)) origins.set(local, { kind: "term", term: { kind: "param", local } });
  });
  origins.set(loop.value, { kind: "part", at: { steps: [] }, names: [] });
  const walk: Walk = { asked: [], origins, exposed, depth: 0, proof: newProof(), isCounting: false };
  walkRegion(walk, loop.regions[0], true);
  const { proven, whole } = walk.proof;
  return { asked: walk.asked.slice(0, LEVELS_MAX), proven, whole };
}

/** How often the region reads locals, and which it writes to stay. */
function noteUses({ ops }: Region, inside: Map<Local, number>, written: Set<Local>, uses: Uses): void {
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    findUses(op, uses);
    for (let k = 0; k < uses.reads; k++) {
      const local = uses.read[k] as Local;
      inside.set(local, (inside.get(local) ?? 0) + 1);
    }
    if (op.kind !== "with") for (let k = 0; k < uses.writes; k++) written.add(uses.written[k] as Local);
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) noteUses(inner, inside, written, uses);
  }
}

/** Goes on where a region ends with an iteration; gives what of the region is not followed. */
function walkRegion(walk: Walk, { ops: all }: Region, isOwn: boolean): readonly Op[] {
  for (let i = 0; i < all.length; i++) {
    const op = all[i] as Op;
    if (op.kind === "loop" && i === all.length - 1) {
      const inner = enterLoop(walk, op);
      if (inner !== undefined) walkRegion(walk, inner, false);
      return all.slice(i);
    }
    if (!follow(walk, op, all[i + 1])) return all.slice(i);
    if (walk.depth === 0) noteProven(walk.proof, { all, ops: i + 1, isOwn }, walk.asked.length);
  }
  return [];
}

function enterLoop(walk: Walk, { source, key, value, regions }: LoopOp): Region | undefined {
  const { origins, exposed, isCounting, proof } = walk;
  if (exposed.has(key) || exposed.has(value) || isCounting) return undefined;
  const origin = origins.get(source);
  origins.delete(key);
  if (origin?.kind !== "part") {
    proof.isWhole = false;
    origins.delete(value);
    return regions[0];
  }
  proof.open.delete(partName(origin.at, origin.names));
  origins.set(value, { kind: "part", at: below(origin, { kind: "each" }), names: [] });
  return regions[0];
}

function below({ at, names }: Extract<Origin, { kind: "part" }>, step: WitnessStep): Place {
  return { steps: [...at.steps, ...names.map((name) => ({ kind: "field", name }) as const), step] };
}

/** Whether what comes next may be looked at: the op has no effect, and cannot fail with an error. */
function follow(walk: Walk, op: Op, next: Op | undefined): boolean {
  if (writesExposed(walk, op)) return false;
  switch (op.kind) {
    case "assign":
      return define(walk, op.target, originOf(walk, op.source));
    case "get": {
      const source = originOf(walk, op.source);
      const key = originOf(walk, op.key);
      const part = partOf(op.how, source, key);
      noteAsked(walk, source);
      noteAsked(walk, key);
      noteOpen(walk, part);
      return define(walk, op.target, part);
    }
    case "test":
      return followTest(walk, op);
    case "call":
      return followCall(walk, op);
    case "regions": {
      const every = everyOf(op, next);
      if (every === undefined) return pass(walk, op);
      // It is set where an element fails.
      if (next?.kind === "test" && next.a.kind === "local") walk.proof.holding.add(next.a);
      const part = walk.origins.get(every.source);
      const key = every.key.names.reduce<Origin | undefined>(
        (origin, text) => dotOf(origin, { kind: "term", term: { kind: "string", text } }),
        walk.origins.get(every.key.local),
      );
      forget(walk, op);
      if (key?.kind === "term") return ask(walk, "segments", part, key.term, every.constants);
      walk.proof.isWhole = false;
      return true;
    }
    default:
      return pass(walk, op);
  }
}

function followTest(walk: Walk, op: TestOp): boolean {
  const { proof } = walk;
  if (op.test === "equal") return equal(walk, originOf(walk, op.a), originOf(walk, op.b));
  if (op.test !== "not-equal") return pass(walk, op);
  const origin = originOf(walk, op.a);
  const isTruth = op.b === FALSE;
  if (isTruth && origin?.kind === "holds") return ask(walk, "member", origin.part, origin.key);
  if (!isTruth || op.a.kind !== "local" || !proof.holding.has(op.a)) proof.isWhole = false;
  return true;
}

function writesExposed({ exposed }: Walk, op: Op): boolean {
  if (exposed.size === 0) return false;
  if (op.kind === "get" || op.kind === "assign") return exposed.has(op.target);
  if (op.kind === "test") return false;
  return someWriteIn(op, exposed);
}

function someWriteIn(op: Op, locals: ReadonlySet<Local>): boolean {
  return someOpIn(op, (inner) => someWrite(inner, (local) => locals.has(local)));
}

function define({ origins }: Walk, target: Local, origin: Origin | undefined): true {
  if (origin === undefined) origins.delete(target);
  else origins.set(target, origin);
  return true;
}

/** An op that says nothing of the member. */
function pass(walk: Walk, op: Op): boolean {
  if (someOpIn(op, (inner) => !isQuiet(inner))) return false;
  noteKind(walk, op);
  forget(walk, op);
  return true;
}

/** What a proof makes of an op that asks nothing: whether it could end the region is what counts. */
function noteKind({ proof, origins }: Walk, op: Op): void {
  if (op.kind === "make") return;
  if (op.kind === "test" && (op.test === "defined" || op.test === "undefined")) {
    if (op.a.kind === "local" && proof.holding.has(op.a)) return;
  }
  const check = kindCheckOf(op);
  const part = check === undefined ? undefined : origins.get(check.source);
  if (check === undefined || part?.kind !== "part") proof.isWhole = false;
  else {
    proof.open.add(`segments of ${partName(part.at, part.names)}`);
    proof.holding.add(check.target);
  }
}

/** What something else is part of need be asked no more. */
function noteAsked({ proof: { open, isWhole } }: Walk, origin: Origin | undefined): void {
  if (origin === undefined || !isWhole || open.size === 0) return;
  if (origin.kind === "part") open.delete(partName(origin.at, origin.names));
  else if (origin.kind === "term") open.delete(termName(origin.term));
}

/** A part, or a value known before, that must be there. */
function noteOpen({ proof }: Walk, part: Origin | undefined): void {
  if (!proof.isWhole) return;
  if (part?.kind === "part") proof.open.add(partName(part.at, part.names));
  else if (part?.kind === "term") proof.open.add(termName(part.term));
  else proof.isWhole = false;
}

function forget({ origins }: Walk, op: Op): void {
  eachOpIn(op, (inner) => eachWrite(inner, (local) => origins.delete(local)));
}

function originOf({ origins }: Walk, value: Value): Origin | undefined {
  if (value.kind === "local") return origins.get(value);
  const { type, text } = value;
  if (type === Type.string) return { kind: "term", term: { kind: "string", text } };
  return type === Type.smallInt ? { kind: "term", term: { kind: "integer", value: Number(text) } } : undefined;
}

function partOf(how: GetOp["how"], source: Origin | undefined, key: Origin | undefined): Origin | undefined {
  return how === "value" ? dotOf(source, key) : baseDotOf(source, key);
}

function dotOf(source: Origin | undefined, key: Origin | undefined): Origin | undefined {
  if (key?.kind !== "term") return undefined;
  const { term } = key;
  if (source?.kind === "term")
    return { kind: "term", term: { kind: "dot", how: "value", source: source.term, key: term } };
  if (source?.kind !== "part" || term.kind !== "string") return undefined;
  return { ...source, names: [...source.names, term.text] };
}

function baseDotOf(source: Origin | undefined, key: Origin | undefined): Origin | undefined {
  if (source?.kind !== "term") return undefined;
  if (key?.kind === "term")
    return { kind: "term", term: { kind: "dot", how: "base", source: source.term, key: key.term } };
  const path = key?.kind === "part" ? dataPath(source.term) : undefined;
  if (key?.kind !== "part" || path === undefined) return undefined;
  return { kind: "part", at: below(key, { kind: "data", path }), names: [] };
}

/** The names that lead from data to the term. */
function dataPath(term: Term): readonly string[] | undefined {
  if (term.kind === "param") return term.local.id === DATA ? [] : undefined;
  if (term.kind !== "dot" || term.how !== "value" || term.key.kind !== "string") return undefined;
  const above = dataPath(term.source);
  return above === undefined ? undefined : [...above, term.key.text];
}

function equal(walk: Walk, a: Origin | undefined, b: Origin | undefined): boolean {
  if (a?.kind === "count" && b?.kind === "count") {
    const [part, key] = a.of.kind === "part" ? [a.of, b.of] : [b.of, a.of];
    walk.isCounting = false;
    walk.proof.open.delete(COUNT);
    return key.kind === "term" && part.kind === "part" && ask(walk, "count", part, key.term);
  }
  if (a?.kind === "part" && b?.kind === "term") return ask(walk, "equal", a, b.term);
  if (b?.kind === "part" && a?.kind === "term") return ask(walk, "equal", b, a.term);
  walk.proof.isWhole = false;
  return true;
}

/** Notes what must hold; gives whether what comes next may be looked at. */
function ask(walk: Walk, test: Asked["test"], part: Origin | undefined, key: Term, constants: readonly string[] = []) {
  if (walk.isCounting || walk.proof.isClosed) return false;
  // Input and data as a whole are no keys.
  const { proof } = walk;
  if (part?.kind !== "part" || (key.kind === "param" && (key.local.id === INPUT || key.local.id === DATA))) {
    proof.isWhole = false;
    return true;
  }
  if (proof.isWhole && proof.open.size > 0) {
    const name = partName(part.at, part.names);
    proof.open.delete(name);
    proof.open.delete(`${test} of ${name}`);
    proof.open.delete(termName(key));
  }
  walk.asked.push({ test, at: part.at, part: part.names, key, constants });
  return true;
}

function followCall(walk: Walk, op: CallOp): boolean {
  const { callee, args, target } = op;
  const [first, second] = args.map((arg) => originOf(walk, arg));
  if (isMembership(op)) {
    const holds = first?.kind === "term" && second?.kind === "part";
    return define(walk, target, holds ? { kind: "holds", part: second, key: first.term } : undefined);
  }
  if (callee.kind === "builtin") {
    if (callee.name !== "count" || first === undefined) return false;
    walk.isCounting = true;
    walk.proof.open.add(COUNT);
    return define(walk, target, { kind: "count", of: first });
  }
  if (walk.isCounting || !enterCall(walk, callee, args)) return false;
  walk.proof.holding.add(target);
  return true;
}

/** What the function's one rule begins with; what its call leaves behind is an effect. Gives whether levels say all of it. */
function enterCall(walk: Walk, func: CoreFunction, args: readonly Value[]): boolean {
  const body = onlyBody(func);
  if (body === undefined || walk.depth >= CALLS_MAX) return false;
  const origins = new Map<Local, Origin>();
  func.params.forEach((param, i) => {
    const arg = args[i];
    const origin = arg === undefined ? undefined : originOf(walk, arg);
    if (origin !== undefined) origins.set(param, origin);
  });
  const rest = walkRegion({ ...walk, origins, exposed: new Set(), depth: walk.depth + 1 }, body, false);
  const marks = marksOfRest(rest);
  const { proof } = walk;
  if (marks === undefined || !proof.isWhole || proof.open.size > 0) return false;
  proof.marks.push(...marks);
  proof.isClosed = true;
  return true;
}

/** The body of a function that has a value only where this region comes to its end. */
function onlyBody({ body: regions, params }: CoreFunction): Region | undefined {
  const [body, close, give, more] = regions;
  const first = body?.ops[0];
  const [test, assign] = close?.ops ?? [];
  const [returns] = give?.ops ?? [];
  if (!isReset(first) || more !== undefined) return undefined;
  if (test?.kind !== "test" || test.test !== "defined" || test.a !== first.target) return undefined;
  if (assign?.kind !== "assign-once" || close?.ops.length !== 2) return undefined;
  if (returns?.kind !== "return" || give?.ops.length !== 1) return undefined;
  if (returns.value !== assign.target || params.includes(first.target)) return undefined;
  return body;
}
