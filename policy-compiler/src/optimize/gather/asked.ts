/**
 * What a comprehension asks of what is around it: nothing, or that some of its values are equal to some around
 * (*gates*). One that asks no more can be made for all such values at once. Each op that lets it grow must
 * stand behind all gates; what runs before them runs whatever is asked, and what is known around alone is a *term*.
 */
import type { Term } from "../../core/guard.ts";
import type { CallOp, GetOp, GrowOp, Label, LoopOp, MakeOp, Op, Region, TestOp } from "../../core/op.ts";
import { type Constant, type Local, Type, UNDEFINED, type Value } from "../../core/value.ts";
import { eachOp, eachWrite, regionsOf } from "../../core/walk.ts";

export type Gate = { readonly around: Term; readonly inside: Local };

export type Asked = {
  readonly gates: readonly Gate[];
  /** Ops that compare with what is around, or look it up: gathering does without. */
  readonly needless: ReadonlySet<Op>;
  readonly grows: ReadonlySet<GrowOp>;
};

export type Around = {
  /** The function's input and data: the same for whoever asks in a generation. */
  readonly shared: readonly Local[];
  /** How often the function writes a local. */
  readonly writes: ReadonlyMap<Local, number>;
  /** Whether a built-in gives the same for the same operands, and does nothing else. */
  readonly isPure: (builtin: string) => boolean;
};

type Walk = Around & {
  readonly made: Local;
  /** Locals that it writes itself, and nothing else does. */
  readonly inside: ReadonlyMap<Local, number>;
  readonly labels: ReadonlySet<Label>;
  readonly terms: Map<Local, Term>;
  /** Terms of rows that have ended. */
  readonly closed: Set<Local>;
  readonly constants: Map<Local, Constant>;
  /** Terms that another term or a gate begins with: that they have a value is asked there. */
  readonly used: Set<Local>;
  readonly gates: Gate[];
  readonly needless: Set<Op>;
  /** How many gates stand before each. */
  readonly grows: Map<GrowOp, number>;
  /** Gates before the next op. */
  passed: number;
  iterates: boolean;
};

/** Undefined where it asks something else, or does more than grow what `make` makes; `region` is what fills it. */
export function askedBy({ target: made }: MakeOp, region: Region, around: Around): Asked | undefined {
  const inside = new Map<Local, number>();
  const labels = new Set<Label>([region.label]);
  eachOp([region], (op) => {
    eachWrite(op, (local) => inside.set(local, (inside.get(local) ?? 0) + 1));
    for (const { label } of regionsOf(op)) labels.add(label);
  });
  for (const [local, writes] of inside) if (around.writes.get(local) !== writes) return undefined;
  const found = {
    terms: new Map(),
    constants: new Map(),
    closed: new Set<Local>(),
    used: new Set<Local>(),
    gates: [],
    needless: new Set<Op>(),
  };
  const walk: Walk = { ...around, made, inside, labels, ...found, grows: new Map(), passed: 0, iterates: false };
  if (!followRow(walk, region) || !walk.iterates || walk.grows.size === 0) return undefined;
  const { gates, needless, grows, terms, used } = walk;
  for (const passed of grows.values()) if (passed !== gates.length) return undefined;
  for (const local of terms.keys()) if (!used.has(local)) return undefined;
  return { gates, needless, grows: new Set(grows.keys()) };
}

function followRow(walk: Walk, region: Region): boolean {
  const { terms, closed } = walk;
  const before = walk.passed;
  const known = new Set(terms.keys());
  for (const op of region.ops) if (!follow(walk, op, region)) return false;
  for (const local of terms.keys()) if (!known.has(local)) closed.add(local);
  walk.passed = before;
  return true;
}

function follow(walk: Walk, op: Op, row: Region): boolean {
  if ("exit" in op && !walk.labels.has(op.exit)) return false;
  switch (op.kind) {
    case "regions":
      return op.regions.every((region) => followRow(walk, region));
    case "loop":
      return followLoop(walk, op);
    case "not": {
      const { gates, needless, grows } = walk;
      const before = gates.length + needless.size + grows.size;
      return followRow(walk, op.body) && gates.length + needless.size + grows.size === before;
    }
    case "get":
      return followGet(walk, op);
    case "assign":
      if (op.source.kind === "constant" && op.source !== UNDEFINED) walk.constants.set(op.target, op.source);
      return isFree(walk, op.source) || define(walk, op, op.target, termOf(walk, op.source));
    case "test":
      return followTest(walk, op, row);
    case "length":
      return isFree(walk, op.source);
    case "merge":
      return isFree(walk, op.a) && isFree(walk, op.b);
    case "make":
      return op.target !== walk.made;
    case "grow":
      return followGrow(walk, op);
    case "call":
      return followCall(walk, op);
    case "leave":
      return true;
    default:
      return false;
  }
}

/** Whether it hangs on nothing but input, data and what the comprehension goes over. */
function isFree({ inside, shared, terms }: Walk, value: Value): boolean {
  return value.kind === "constant" || shared.includes(value) || (inside.has(value) && !terms.has(value));
}

/** What it is around the comprehension. */
function termOf({ inside, shared, terms, closed, made }: Walk, value: Value): Term | undefined {
  if (value.kind === "constant" || value === made || shared.includes(value) || closed.has(value)) return undefined;
  return inside.has(value) ? terms.get(value) : { kind: "param", local: value };
}

/** The op gives the target a term. */
function define({ terms, needless, writes }: Walk, op: Op, target: Local, term: Term | undefined): boolean {
  if (term === undefined || writes.get(target) !== 1) return false;
  terms.set(target, term);
  needless.add(op);
  return true;
}

function use({ used }: Walk, value: Value): void {
  if (value.kind === "local") used.add(value);
}

function followLoop(walk: Walk, { source, body }: LoopOp): boolean {
  walk.iterates = true;
  return isFree(walk, source) && followRow(walk, body);
}

function followGet(walk: Walk, op: GetOp): boolean {
  const { how, source, key, target } = op;
  if (isFree(walk, source) && isFree(walk, key)) return true;
  const from = termOf(walk, source);
  const by = keyOf(walk, key);
  if (from === undefined || by === undefined) return false;
  use(walk, source);
  return define(walk, op, target, { kind: "dot", how, source: from, key: by });
}

function keyOf({ constants }: Walk, key: Value): Term | undefined {
  const known = key.kind === "constant" ? key : constants.get(key);
  if (known?.type === Type.string) return { kind: "string", text: known.text };
  return known?.type === Type.smallInt ? { kind: "integer", value: Number(known.text) } : undefined;
}

function followTest(walk: Walk, op: TestOp, { label }: Region): boolean {
  const { a, b } = op;
  if (isFree(walk, a) && (b === undefined || isFree(walk, b))) return true;
  if (op.test !== "equal" || op.exit !== label) return false;
  const [own, other] = isFree(walk, op.a) ? [op.a, op.b] : [op.b, op.a];
  const around = termOf(walk, other);
  if (own.kind !== "local" || !isFree(walk, own) || walk.writes.get(own) !== 1 || around === undefined) return false;
  use(walk, other);
  walk.needless.add(op);
  walk.gates.push({ around, inside: own });
  walk.passed++;
  return true;
}

function followGrow(walk: Walk, op: GrowOp): boolean {
  const { how, collection, key, value } = op;
  if (!isFree(walk, value) || (key !== undefined && !isFree(walk, key))) return false;
  if (collection === walk.made) walk.grows.set(op, walk.passed);
  return collection === walk.made ? how !== "insert" : walk.inside.has(collection) && how !== "insert-once";
}

/** What is done with all members, and not with those alone that pass a gate, takes no longer than the look at them. */
const CHEAP = /^(equal|neq|lte?|gte?|plus|minus|internal\.member_[23]|is_\w+|type_name)$/;

/** A function marks rules: it must be called whatever is asked, as it was before. */
function followCall(walk: Walk, { callee, args }: CallOp): boolean {
  if (!args.every((arg) => isFree(walk, arg))) return false;
  if (callee.kind === "builtin")
    return walk.isPure(callee.name) && (walk.gates.length === 0 || CHEAP.test(callee.name));
  return callee.grows === undefined && walk.gates.length === 0 && walk.needless.size === 0;
}
