/**
 * What a comprehension asks of what is around it: nothing, or that some of its values are equal to some around
 * (*gates*). One that asks no more can be made for all such values at once. Each op that lets it grow must
 * stand behind all gates; what runs before them runs whatever is asked, and what is known around alone is a *term*.
 */
import type { Term } from "../../core/guard.ts";
import type { CallOp, GetOp, GrowOp, Label, LoopOp, MakeOp, Op, Region, TestOp } from "../../core/op.ts";
import { type Constant, type Local, Type, UNDEFINED, type Value } from "../../core/value.ts";
import { eachOp, eachWrite } from "../../core/walk.ts";

export type Gate = { readonly around: Term; readonly inside: Local };

export type Asked = {
  readonly gates: readonly Gate[];
  /** Ops that compare with what is around, or look it up: gathering does without. */
  readonly needless: ReadonlySet<Op>;
  /** Iterations behind those: for members that nobody perhaps asks for. */
  readonly behind: ReadonlySet<LoopOp>;
  readonly grows: ReadonlySet<GrowOp>;
};

/** The function's locals say how often it writes them (core/uses.ts). */
export type Around = {
  /** The function's input and data: the same for whoever asks in a generation. */
  readonly shared: readonly Local[];
  /** Whether a built-in gives the same for the same operands, and does nothing else. */
  readonly isPure: (builtin: string) => boolean;
};

/** A row of ops around the next one; `isAsked`: what runs behind its needless ops hangs on what is asked. */
type Row = { readonly label: Label; isAsked: boolean };

type Walk = Around & {
  readonly made: Local;
  /** Outermost first. */
  readonly rows: Row[];
  /** In which row a local got its value first: what stands behind that, in the row or inside, may read it. */
  readonly homes: Map<Local, number>;
  /** Locals that it writes itself, and nothing else does. */
  readonly inside: ReadonlyMap<Local, number>;
  readonly terms: Map<Local, Term>;
  /** Terms of rows that have ended. */
  readonly closed: Set<Local>;
  readonly constants: Map<Local, Constant>;
  /** Terms that another term or a gate begins with: that they have a value is asked there. */
  readonly used: Set<Local>;
  readonly gates: Gate[];
  readonly needless: Set<Op>;
  readonly behind: Set<LoopOp>;
  /** How many gates stand before each. */
  readonly grows: Map<GrowOp, number>;
  /** Gates before the next op. */
  passed: number;
  iterates: boolean;
};

/** Undefined where it asks something else, or does more than grow what `make` makes; `region` is what fills it. */
export function askedBy({ target: made }: MakeOp, region: Region, around: Around): Asked | undefined {
  const inside = new Map<Local, number>();
  eachOp([region], (op) => eachWrite(op, (local) => inside.set(local, (inside.get(local) ?? 0) + 1)));
  for (const [local, writes] of inside) if (local.writes !== writes) return undefined;
  const found = {
    rows: [],
    homes: new Map(),
    terms: new Map(),
    constants: new Map(),
    closed: new Set<Local>(),
    used: new Set<Local>(),
    gates: [],
    needless: new Set<Op>(),
    behind: new Set<LoopOp>(),
  };
  const walk: Walk = { ...around, made, inside, ...found, grows: new Map(), passed: 0, iterates: false };
  if (!followRow(walk, region) || !walk.iterates || walk.grows.size === 0) return undefined;
  const { gates, needless, behind, grows, terms, used } = walk;
  for (const passed of grows.values()) if (passed !== gates.length) return undefined;
  for (const local of terms.keys()) if (!used.has(local)) return undefined;
  return { gates, needless, behind, grows: new Set(grows.keys()) };
}

function followRow(walk: Walk, { label, ops }: Region, written: readonly Local[] = []): boolean {
  const { terms, closed, rows, homes } = walk;
  const before = walk.passed;
  const known = new Set(terms.keys());
  const own = rows.length;
  rows.push({ label, isAsked: false });
  for (const local of written) if (!write(walk, local)) return false;
  for (const op of ops) {
    if ("exit" in op && !mayReach(walk, rowOf(walk, op.exit))) return false;
    if (!follow(walk, op, label)) return false;
    if (op.kind === "loop") continue;
    let isFine = true;
    eachWrite(op, (local) => {
      isFine &&= write(walk, local);
    });
    if (!isFine) return false;
  }
  for (const local of terms.keys()) if (!known.has(local)) closed.add(local);
  for (const [local, home] of homes) if (home === own) homes.delete(local);
  rows.pop();
  walk.passed = before;
  return true;
}

/** -1 where it is none of these. */
function rowOf({ rows }: Walk, label: Label): number {
  return rows.findLastIndex((row) => row.label === label);
}

/** Whether nothing of what is asked says if control comes here, as far as that row can tell. */
function mayReach({ rows }: Walk, row: number): boolean {
  return row >= 0 && !rows.some(({ isAsked }, i) => i > row && isAsked);
}

function write(walk: Walk, local: Local): boolean {
  const { homes, rows } = walk;
  const home = homes.get(local);
  if (home !== undefined) return mayReach(walk, home);
  homes.set(local, rows.length - 1);
  return true;
}

function follow(walk: Walk, op: Op, row: Label): boolean {
  switch (op.kind) {
    case "regions":
      return op.regions.every((region) => followRow(walk, region));
    case "loop":
      return followLoop(walk, op);
    case "not": {
      const { gates, needless, grows } = walk;
      const before = gates.length + needless.size + grows.size;
      return followRow(walk, op.regions[0]) && gates.length + needless.size + grows.size === before;
    }
    case "get":
      return followGet(walk, op);
    case "assign":
      if (op.source.kind === "constant" && op.source !== UNDEFINED && op.target.writes === 1)
        walk.constants.set(op.target, op.source);
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
function isFree({ homes, shared, terms }: Walk, value: Value): boolean {
  return value.kind === "constant" || shared.includes(value) || (homes.has(value) && !terms.has(value));
}

/** What it is around the comprehension. */
function termOf({ inside, shared, terms, closed, made }: Walk, value: Value): Term | undefined {
  if (value.kind === "constant" || value === made || shared.includes(value) || closed.has(value)) return undefined;
  return inside.has(value) ? terms.get(value) : { kind: "param", local: value };
}

/** The op gives the target a term. */
function define(walk: Walk, op: Op, target: Local, term: Term | undefined): boolean {
  if (term === undefined || target.writes !== 1) return false;
  walk.terms.set(target, term);
  leaveOut(walk, op);
  return true;
}

function leaveOut({ needless, rows }: Walk, op: Op): void {
  needless.add(op);
  (rows.at(-1) as Row).isAsked = true;
}

function use({ used }: Walk, value: Value): void {
  if (value.kind === "local") used.add(value);
}

function followLoop(walk: Walk, op: LoopOp): boolean {
  const { source, key, value, regions } = op;
  walk.iterates = true;
  if (walk.needless.size > 0) walk.behind.add(op);
  return isFree(walk, source) && followRow(walk, regions[0], [key, value]);
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

function keyOf({ constants, homes }: Walk, key: Value): Term | undefined {
  const known = key.kind === "constant" ? key : homes.has(key) ? constants.get(key) : undefined;
  if (known?.type === Type.string) return { kind: "string", text: known.text };
  return known?.type === Type.smallInt ? { kind: "integer", value: Number(known.text) } : undefined;
}

function followTest(walk: Walk, op: TestOp, row: Label): boolean {
  const { a, b } = op;
  if (isFree(walk, a) && (b === undefined || isFree(walk, b))) return true;
  if (op.test !== "equal" || op.exit !== row) return false;
  const [own, other] = isFree(walk, op.a) ? [op.a, op.b] : [op.b, op.a];
  const around = termOf(walk, other);
  if (own.kind !== "local" || !isFree(walk, own) || own.writes !== 1 || around === undefined) return false;
  use(walk, other);
  leaveOut(walk, op);
  walk.gates.push({ around, inside: own });
  walk.passed++;
  return true;
}

function followGrow(walk: Walk, op: GrowOp): boolean {
  const { how, collection, key, value } = op;
  if (!isFree(walk, value) || (key !== undefined && !isFree(walk, key))) return false;
  if (collection === walk.made) walk.grows.set(op, walk.passed);
  if (collection === walk.made) return how !== "insert";
  const home = walk.homes.get(collection);
  return home !== undefined && mayReach(walk, home) && how !== "insert-once";
}

/** What is done with all members, and not with those alone that pass a gate, mostly takes no longer than the look at them. */
const CHEAP = /^(equal|neq|lte?|gte?|plus|minus|internal\.member_[23]|is_\w+|type_name)$/;

/** A function marks rules: it must be called whatever is asked, as it was before. */
function followCall(walk: Walk, { callee, args }: CallOp): boolean {
  if (!args.every((arg) => isFree(walk, arg))) return false;
  if (callee.kind === "builtin")
    return walk.isPure(callee.name) && (walk.needless.size === 0 || CHEAP.test(callee.name));
  return callee.grows === undefined && walk.needless.size === 0;
}
