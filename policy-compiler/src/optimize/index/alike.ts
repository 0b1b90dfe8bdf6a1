/**
 * Groups that are alike but for constants, as lists of grants are: one body does for all of them, and what differs is
 * handed to it. Constants may differ where the body takes them as they come (a comparison, a part of something that is made
 * anew each time, a value); not where passes and built-ins make something of them: keys below input, patterns, literals.
 */

import { copyRegions } from "../../core/copy.ts";
import { isReset } from "../../core/make-op.ts";
import type { CallOp, Fresh, Op, Region } from "../../core/op.ts";
import { type Constant, type Local, makeLocal, numberConstant, Type, type Value } from "../../core/value.ts";
import { eachOp, eachRead, HOLDS_REGIONS, regionsOf } from "../../core/walk.ts";
import type { Group } from "./groups.ts";

/** What stands for a group in its set. */
export type Share = {
  readonly body: Shared;
  /** What its body is given. */
  readonly constants: readonly Constant[];
  /** Rules that it marks by what it is given. */
  readonly marks: readonly number[];
};

/** A body, of one group, which is given nothing, or of several. */
export type Shared = { readonly regions: readonly Region[]; readonly params: readonly Local[] };

/** Fewer groups keep bodies of their own. */
const ALIKE_MIN = 4;
/** A body is handed no more. */
const DIFFERENCES_MAX = 12;
/** So many different bodies of one form is a group held against. */
const KINDS_MAX = 8;

/** A number: of an operand. */
type Field = "a" | "b" | "source" | "key" | "value" | "rule" | number;
/** Of a constant in a body: of the op there. */
type Place = { readonly region: Region; readonly at: number; readonly field: Field };
type Given = Constant | number;

type Kind = {
  readonly fixed: ReadonlySet<Local>;
  /** Groups, with what stands at the places. */
  readonly groups: { readonly group: number; readonly given: readonly Given[] }[];
};

/** The groups' bodies, with parameters in the place of what differs. `params`: what all groups have in common. */
export function shareBodies(groups: readonly Group[], params: ReadonlySet<Local>, fresh: Fresh): readonly Share[] {
  const shares: (Share | undefined)[] = groups.map(() => undefined);
  for (const { fixed, groups: alike } of kindsOf(groups, params)) {
    const [first] = alike;
    if (first === undefined || alike.length < ALIKE_MIN) continue;
    const differing = first.given.flatMap((own, i) => (alike.some(({ given }) => !isSame(given[i], own)) ? [i] : []));
    if (differing.length === 0 || differing.length > DIFFERENCES_MAX) continue;
    const regions = copyRegions(groups[first.group]?.body ?? [], (local) => local);
    const places = differences(regions, regions, params, fixed)?.places ?? [];
    const body = { regions, params: differing.map((i) => putParam(places[i] as Place, fresh)) };
    for (const { group, given } of alike) {
      const own = differing.map((i) => given[i] as Given);
      shares[group] = { body, constants: own.map(constantOf), marks: own.filter((one) => typeof one === "number") };
    }
  }
  return groups.map(({ body }, i) => shares[i] ?? { body: { regions: body, params: [] }, constants: [], marks: [] });
}

function constantOf(given: Given): Constant {
  return typeof given === "number" ? numberConstant(`${given}`) : given;
}

function isSame(a: Given | undefined, b: Given | undefined): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return a.type === b.type && a.text === b.text;
}

function putParam({ region, at, field }: Place, fresh: Fresh): Local {
  const param = makeLocal(fresh.local++);
  const op = region.ops[at] as Op;
  const put =
    typeof field === "number" && op.kind === "call" ? { args: op.args.with(field, param) } : { [field]: param };
  region.ops = region.ops.with(at, { ...op, ...put } as Op);
  return param;
}

function kindsOf(groups: readonly Group[], params: ReadonlySet<Local>): readonly Kind[] {
  const forms = groups.map(({ body }) => formOf(body, 0));
  const counts = new Map<number, number>();
  for (const form of forms) counts.set(form, (counts.get(form) ?? 0) + 1);
  const kinds = new Map<number, Kind[]>();
  for (let group = 0; group < groups.length; group++) {
    const form = forms[group] as number;
    if ((counts.get(form) ?? 0) < ALIKE_MIN) continue;
    const known = kinds.get(form) ?? [];
    kinds.set(form, known);
    if (known.some((kind) => join(kind, group, groups, params)) || known.length === KINDS_MAX) continue;
    const { body } = groups[group] as Group;
    const fixed = fixedOf(body);
    const found = differences(body, body, params, fixed);
    if (found !== undefined) known.push({ fixed, groups: [{ group, given: found.given }] });
  }
  return [...kinds.values()].flat();
}

/** Whether the group is of the kind. */
function join(
  { fixed, groups: alike }: Kind,
  group: number,
  groups: readonly Group[],
  params: ReadonlySet<Local>,
): boolean {
  const first = groups[alike[0]?.group as number] as Group;
  const found = differences(first.body, (groups[group] as Group).body, params, fixed);
  if (found !== undefined) alike.push({ group, given: found.given });
  return found !== undefined;
}

/** The same number for what is alike: of most else it is another. It hangs on nothing in which constants may differ. */
function formOf(regions: readonly Region[], above: number): number {
  let form = above;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      form = (Math.imul(form, 31) + op.kind.length) | 0;
      if (op.kind === "call") form = (form + 7 * op.callee.name.length + op.callee.name.charCodeAt(0)) | 0;
      else if (op.kind === "test") form = (form + 7 * op.test.length) | 0;
      if (HOLDS_REGIONS[op.kind]) form = formOf(regionsOf(op), form);
    }
    form = Math.imul(form, 37) | 0;
  }
  return form;
}

/**
 * Locals in which no constant may differ: collections of constants alone, which are made once for all, and what is read where
 * something is made of a constant.
 */
function fixedOf(regions: readonly Region[]): ReadonlySet<Local> {
  const fixed = new Set<Local>();
  const assigned = new Set<Local>();
  const isConstant = (value: Value | undefined): boolean =>
    value?.kind !== "local" || fixed.has(value) || assigned.has(value);
  eachOp(regions, (op) => {
    if (op.kind === "make") fixed.add(op.target);
    else if (op.kind === "assign" && op.source.kind === "constant") assigned.add(op.target);
    else if (op.kind === "grow" && !(isConstant(op.value) && isConstant(op.key))) fixed.delete(op.collection);
  });
  eachOp(regions, (op) => {
    if (takesAny(op, fixed)) return;
    eachRead(op, (value) => {
      if (value.kind === "local") fixed.add(value);
    });
  });
  return fixed;
}

/** The op does the same with whatever it is given. */
function takesAny(op: Op, fixed: ReadonlySet<Local>): boolean {
  switch (op.kind) {
    case "test":
      return op.test === "equal";
    case "grow":
      return !fixed.has(op.collection);
    case "call":
      return op.callee.kind === "builtin" && TAKES_ANY.has(op.callee.name);
    case "assign-once":
    case "return":
      return true;
    default:
      return false;
  }
}

type Pairing = {
  /** What numbers of the other body are larger by: both were planned in the same order. Undefined until the first. */
  locals: number | undefined;
  readonly labels: number;
  readonly params: ReadonlySet<Local>;
  /** What both put their values in. */
  readonly value: Local | undefined;
  readonly fixed: ReadonlySet<Local>;
  readonly places: Place[];
  readonly given: Given[];
};

/** What stands in the other body where constants may differ; undefined where more than those does. */
function differences(
  first: readonly Region[],
  other: readonly Region[],
  params: ReadonlySet<Local>,
  fixed: ReadonlySet<Local>,
): Pick<Pairing, "places" | "given"> | undefined {
  const labels = (other[0]?.label ?? 0) - (first[0]?.label ?? 0);
  const value = chainValueOf(first);
  const both = value === chainValueOf(other) ? value : undefined;
  const pairing: Pairing = { locals: undefined, labels, params, value: both, fixed, places: [], given: [] };
  return pairRegions(pairing, first, other) ? pairing : undefined;
}

/** What a chain begins with. */
function chainValueOf([region]: readonly Region[]): Local | undefined {
  const first = region?.ops[0];
  return isReset(first) ? first.target : undefined;
}

function pairRegions(pairing: Pairing, first: readonly Region[], other: readonly Region[]): boolean {
  if (first.length !== other.length) return false;
  for (let i = 0; i < first.length; i++) if (!pairRegion(pairing, first[i] as Region, other[i] as Region)) return false;
  return true;
}

function pairRegion(pairing: Pairing, first: Region, other: Region): boolean {
  const { ops } = first;
  if (ops.length !== other.ops.length) return false;
  // What gives a group's value has been made since; nothing leads to it.
  if (other.label - first.label !== pairing.labels && ops[0]?.kind !== "return") return false;
  for (let at = 0; at < ops.length; at++) {
    const a = ops[at] as Op;
    const b = other.ops[at] as Op;
    if (a.kind !== b.kind || !pairOp(pairing, { region: first, at }, a, b)) return false;
  }
  return true;
}

type At = Omit<Place, "field">;

function pairOp(pairing: Pairing, at: At, a: Op, b: Op): boolean {
  if ("exit" in a && !("exit" in b && b.exit - a.exit === pairing.labels)) return false;
  switch (a.kind) {
    case "test":
      if (b.kind !== a.kind || a.test !== b.test) return false;
      if (a.b === undefined || b.b === undefined) return pairValue(pairing, a.a, b.a);
      if (a.test !== "equal") return pairValue(pairing, a.a, b.a) && pairValue(pairing, a.b, b.b);
      return pairGiven(pairing, at, "a", a.a, b.a) && pairGiven(pairing, at, "b", a.b, b.b);
    case "get":
      if (b.kind !== a.kind || a.how !== b.how) return false;
      return pairValue(pairing, a.source, b.source) && pairValue(pairing, a.key, b.key) && pairLocal(pairing, a, b);
    case "length":
      return b.kind === a.kind && pairValue(pairing, a.source, b.source) && pairLocal(pairing, a, b);
    case "assign":
      if (b.kind !== a.kind || !pairLocal(pairing, a, b)) return false;
      if (pairing.fixed.has(a.target)) return pairValue(pairing, a.source, b.source);
      return pairGiven(pairing, at, "source", a.source, b.source);
    case "assign-once":
      return b.kind === a.kind && pairGiven(pairing, at, "source", a.source, b.source) && pairLocal(pairing, a, b);
    case "make":
      return b.kind === a.kind && a.what === b.what && a.capacity === b.capacity && pairLocal(pairing, a, b);
    case "grow": {
      if (b.kind !== a.kind || a.how !== b.how || !pairValue(pairing, a.collection, b.collection)) return false;
      const pair = pairing.fixed.has(a.collection)
        ? (_field: Field, x: Value, y: Value) => pairValue(pairing, x, y)
        : (field: Field, x: Value, y: Value) => pairGiven(pairing, at, field, x, y);
      if (a.key === undefined || b.key === undefined) return a.key === b.key && pair("value", a.value, b.value);
      return pair("key", a.key, b.key) && pair("value", a.value, b.value);
    }
    case "mark":
      if (b.kind !== a.kind || typeof b.rule !== "number") return false;
      return note(pairing, at, "rule", b.rule);
    case "call":
      if (b.kind !== a.kind || a.args.length !== b.args.length || !isSameCallee(a.callee, b.callee)) return false;
      return pairArgs(pairing, at, a, b) && pairLocal(pairing, a, b);
    case "return":
      return b.kind === a.kind && pairValue(pairing, a.value, b.value);
    case "leave":
      return true;
    case "loop":
      if (b.kind !== a.kind || !pairValue(pairing, a.source, b.source)) return false;
      if (!pairValue(pairing, a.key, b.key) || !pairValue(pairing, a.value, b.value)) return false;
      return pairRegions(pairing, a.regions, b.regions);
    case "not":
      return b.kind === a.kind && pairRegions(pairing, a.regions, b.regions);
    case "regions":
      return b.kind === a.kind && pairRegions(pairing, a.regions, b.regions);
    default:
      return false;
  }
}

/** Built-ins that are the same to every operand: of others' constants passes and the runtime make something once. */
const TAKES_ANY = new Set(["startswith", "endswith", "contains", "equal", "neq", "lt", "lte", "gt", "gte"]);

function pairArgs(pairing: Pairing, at: At, { callee, args }: CallOp, other: CallOp): boolean {
  const isGiven = callee.kind === "builtin" && TAKES_ANY.has(callee.name);
  return args.every((arg, i) => {
    const theirs = other.args[i] as Value;
    return isGiven ? pairGiven(pairing, at, i, arg, theirs) : pairValue(pairing, arg, theirs);
  });
}

function isSameCallee(a: CallOp["callee"], b: CallOp["callee"]): boolean {
  return a === b || (a.kind === "builtin" && b.kind === "builtin" && a.name === b.name && a.isVoid === b.isVoid);
}

function note({ places, given }: Pairing, at: At, field: Field, one: Given): true {
  places.push({ ...at, field });
  given.push(one);
  return true;
}

/** Values where constants may differ. */
function pairGiven(pairing: Pairing, at: At, field: Field, a: Value, b: Value): boolean {
  if (a.kind !== "constant" || !isHanded(a)) return pairValue(pairing, a, b);
  return b.kind === "constant" && isHanded(b) && note(pairing, at, field, b);
}

/** A word by itself, or the address of a string. */
function isHanded({ type }: Constant): boolean {
  return type === Type.string || type === Type.smallInt;
}

function pairValue(pairing: Pairing, a: Value, b: Value): boolean {
  if (a.kind === "constant") return b.kind === "constant" && a.type === b.type && a.text === b.text;
  if (b.kind === "constant") return false;
  const { params, value } = pairing;
  if (a === value || b === value || params.has(a) || params.has(b)) return a === b;
  pairing.locals ??= b.id - a.id;
  return b.id - a.id === pairing.locals;
}

function pairLocal(pairing: Pairing, a: { readonly target: Local }, b: { readonly target: Local }): boolean {
  return pairValue(pairing, a.target, b.target);
}
