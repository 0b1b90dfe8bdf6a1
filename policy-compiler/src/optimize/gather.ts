/**
 * Comprehensions that are made again and again, in an iteration or in a function with arguments: one that asks of what is
 * around it nothing but that some of its values are equal to some around is made for all of those at once, by a
 * function that gathers it (gather/asked.ts), and then looked up. `[p | some p in input.ports; p.host == host]` beside
 * a thousand hosts looks at each port once, not a thousand times; one that asks nothing is made once.
 *
 *   a = new array; regions { r: … test x == y else r … append a v }
 *
 *   regions { done:
 *     regions { ask: g = gathering(input, data) else ask
 *       regions { found: h = g[y] else found; a = h; leave done }
 *       n = new array; a = n; leave done }
 *     o = new array; regions { r: … test x == y else r … append o v }; a = o }
 *
 * The first times in a generation it is made as before: what nobody asks for again would be gathered in vain. And a
 * gathering that takes more than all else is given up: what is done for the members of a group can take much, and nobody
 * perhaps asks for the group.
 */
import { copyRegions, localizer } from "../core/copy.ts";
import { findTerm, newLocal } from "../core/guard.ts";
import { append, assign, call, giveUp, leaveTo, lookUp, make, regionsOp, returnOf, testOf } from "../core/make-op.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import { newFunction } from "../core/new-function.ts";
import type { CoreCode, CoreFunction, Fresh, GrowOp, MakeOp, Op, Region, TestOp } from "../core/op.ts";
import { isFilling, surveyOf } from "../core/survey.ts";
import { countUses, findUses, forgetUses, newUses } from "../core/uses.ts";
import { type Local, makeLocal, NO_LOCALS, type Value } from "../core/value.ts";
import { eachOp, grownBy, HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import type { InRuntime } from "./fuel.ts";
import { type Around, type Asked, askedBy, type Gate } from "./gather/asked.ts";

/** Comprehensions in one another that are gathered: each stands twice in the module. */
const DEPTH_MAX = 3;

/** Built-ins that ask something else than their operands, or do something. */
const OTHERS =
  /^(http|io\.jwt|crypto\.x509|json\.(match|verify)_schema|net\.lookup|opa|providers|rand|uuid|(internal\.)?print$|trace$)/;

type Walk = {
  readonly code: CoreCode;
  /** How many ops grew a local before anything was gathered, once that is asked. */
  grown: ReadonlyMap<Local, number> | undefined;
  readonly around: Around;
  readonly made: CoreFunction[];
};

export function gatherComprehensions(module: CoreModule, inRuntime: InRuntime): void {
  const isPure = (name: string): boolean => inRuntime(name) && !OTHERS.test(name);
  const made: CoreFunction[] = [];
  for (const code of codesOf(module)) gatherIn(code, { isPure, made, depth: 0 });
  if (made.length > 0) module.functions = [...module.functions, ...made];
}

type Making = { readonly isPure: Around["isPure"]; readonly made: CoreFunction[]; readonly depth: number };

function gatherIn(code: CoreCode, { isPure, made, depth }: Making): void {
  const [input, data, ...others] = code.params;
  if (input === undefined || data === undefined) return;
  const isAskedByArguments = others.length > (code.kind === "function" && code.grows !== undefined ? 1 : 0);
  const { fills, fillsAgain } = surveyOf(code);
  if (!(isAskedByArguments ? fills : fillsAgain)) return; // as most
  const counted = countUses(code.body, newUses());
  const own: CoreFunction[] = [];
  const walk: Walk = { code, grown: undefined, around: { shared: [input, data], isPure }, made: own };
  for (const region of code.body) gatherRow(walk, region, isAskedByArguments, depth);
  forgetUses(counted);
  for (const func of own) gatherIn(func, { isPure, made, depth: depth + 1 });
  made.push(...own);
}

function gatherRow(walk: Walk, region: Region, isRepeated: boolean, depth: number): void {
  const { ops } = region;
  /** From the first on that is gathered. */
  let out: Op[] | undefined;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    const next = ops[i + 1];
    if (isRepeated && depth < DEPTH_MAX && op.kind === "make" && isFilling(next)) {
      const gathered = gather(walk, op, next);
      if (gathered !== undefined) {
        for (const inner of next.regions) gatherRow(walk, inner, true, depth + 1);
        out ??= ops.slice(0, i);
        out.push(gathered);
        i++;
        continue;
      }
    }
    out?.push(op);
    if (!HOLDS_REGIONS[op.kind]) continue;
    const inside = regionsOf(op);
    for (let j = 0; j < inside.length; j++)
      gatherRow(walk, inside[j] as Region, isRepeated || op.kind === "loop", depth);
  }
  if (out !== undefined) region.ops = out;
}

function gather(walk: Walk, made: MakeOp, filling: Extract<Op, { readonly kind: "regions" }>): Op | undefined {
  const [region] = filling.regions as readonly [Region];
  const asked = askedBy(made, region, walk.around);
  if (asked === undefined || isOthers(walk, made.target, region, asked)) return undefined;
  const callee = gatheringOf(walk, made, region, asked);
  walk.made.push(callee);
  walk.code.survey = undefined;
  const { fresh } = walk.code;
  const [done, ask, found] = [fresh.label++, fresh.label++, fresh.label++];
  const [groups, held, none, other] = [newLocal(fresh), newLocal(fresh), newLocal(fresh), newLocal(fresh)];
  const { target } = made;
  const give = (local: Local): readonly Op[] => [assign(target, local), leaveTo(done)];
  const lookedUp = (): readonly Op[] => {
    const { by, ops } = keysOf(asked.gates, { fresh, exit: found });
    const isGroup = made.what === "object" ? [testOf("object", held, ask)] : [];
    const inside = [...ops, lookUp(held, { source: groups, key: by, exit: found }), ...isGroup, ...give(held)];
    return [regionsOp([{ label: found, ops: inside }]), make(made.what, none), ...give(none)];
  };
  const asking = call(groups, { callee, args: walk.around.shared, exit: ask });
  rename(region, made.target, other);
  return regionsOp([
    {
      label: done,
      ops: [
        regionsOp([{ label: ask, ops: [asking, ...(asked.gates.length === 0 ? give(groups) : lookedUp())] }]),
        { ...made, target: other },
        filling,
        assign(target, other),
      ],
    },
  ]);
}

/** Something else makes or fills it, too, or reads what is found on the way: another compiler's plan. */
function isOthers(walk: Walk, target: Local, region: Region, { grows }: Asked): boolean {
  walk.grown ??= countGrown(walk.code.body, new Map());
  if (target.writes > 1 || (walk.grown.get(target) ?? 0) > grows.size) return true;
  const written = new Set<Local>();
  const reads = new Map<Local, number>();
  const uses = newUses();
  eachOp([region], (op) => {
    findUses(op, uses);
    if (uses.grown !== undefined) uses.read[uses.reads++] = uses.grown;
    for (let k = 0; k < uses.reads; k++) {
      const local = uses.read[k] as Local;
      reads.set(local, (reads.get(local) ?? 0) + 1);
    }
    for (let k = 0; k < uses.writes; k++) written.add(uses.written[k] as Local);
  });
  return written.values().some((local) => local.reads > (reads.get(local) ?? 0));
}

function countGrown(regions: readonly Region[], counts: Map<Local, number>): ReadonlyMap<Local, number> {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      const grown = op.kind === "grow" || op.kind === "rules" || op.kind === "gather" ? grownBy(op) : undefined;
      if (grown !== undefined) counts.set(grown, (counts.get(grown) ?? 0) + 1);
      if (HOLDS_REGIONS[op.kind]) countGrown(regionsOf(op), counts);
    }
  }
  return counts;
}

type Keys = { readonly by: Local; readonly ops: readonly Op[] };

/** What a group is looked up by: the values of the gates' terms; `exit` where one has none. */
function keysOf(gates: readonly Gate[], { fresh, exit }: { readonly fresh: Fresh; readonly exit: number }): Keys {
  const ops: Op[] = [];
  const keys = gates.map(({ around }) => {
    const target = around.kind === "param" ? around.local : newLocal(fresh);
    if (around.kind !== "param") ops.push(...findTerm(around, target, fresh));
    ops.push(testOf("defined", target, exit));
    return target;
  });
  const joined = joinedOf(keys, fresh);
  return { by: joined.by, ops: [...ops, ...joined.ops] };
}

/** One value for several. */
function joinedOf(keys: readonly Local[], fresh: Fresh): Keys {
  const [first, ...others] = keys as [Local, ...Local[]];
  if (others.length === 0) return { by: first, ops: [] };
  const by = newLocal(fresh);
  return { by, ops: [make("array", by), ...keys.map((key) => append(by, key))] };
}

/** A function of input and data that gives the collection, or an object of collections by what the gates ask. */
function gatheringOf(
  { code, around, made }: Walk,
  { what, target }: MakeOp,
  region: Region,
  asked: Asked,
): CoreFunction {
  const own = around.shared.map(({ id }) => makeLocal(id));
  const fresh: Fresh = { ...code.fresh };
  const isWhole = asked.gates.length === 0;
  const groups = isWhole ? target : newLocal(fresh);
  const grow = (op: GrowOp): readonly Op[] => {
    const { by, ops } = joinedOf(
      asked.gates.map(({ inside }) => inside),
      fresh,
    );
    const { key, value, at } = op;
    return [...ops, { kind: "gather", at, weight: 0, ends: NO_LOCALS, what, groups, by, key, value }];
  };
  const insides = new Set<Value | undefined>(asked.gates.map(({ inside }) => inside));
  const hasValue = ({ a, b, exit }: TestOp) =>
    [a, b].flatMap((value) => (value !== undefined && insides.has(value) ? [testOf("defined", value, exit)] : []));
  const strip = ({ label, ops }: Region): Region => ({
    label,
    ops: ops.flatMap((op): readonly Op[] => {
      // Whoever asks perhaps does nothing of what stands behind.
      if (asked.needless.has(op)) return op.kind === "test" ? [giveUp(), ...hasValue(op)] : [];
      if (op.kind === "grow" && asked.grows.has(op)) return isWhole ? [op] : grow(op);
      if (op.kind === "regions") return [{ ...op, regions: op.regions.map(strip) }];
      if (op.kind === "not") return [{ ...op, regions: [strip(op.regions[0])] }];
      if (op.kind !== "loop") return [op];
      const body = strip(op.regions[0]);
      return [{ ...op, regions: [asked.behind.has(op) ? { ...body, ops: [giveUp(), ...body.ops] } : body] }];
    }),
  });
  const first = { label: fresh.label++, ops: [make(isWhole ? what : "object", groups)] };
  const last = { label: fresh.label++, ops: [returnOf(groups)] };
  const localize = localizer(new Map(around.shared.map((local, i) => [local, own[i] as Local])));
  return {
    ...newFunction(`${code.name}@${made.length}`, own),
    fresh,
    keeps: "gathered",
    body: copyRegions([first, strip(region), last], localize),
  };
}

/** The region grows another collection. */
function rename(region: Region, from: Local, to: Local): void {
  region.ops = region.ops.map((op) => {
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) rename(inner, from, to);
    return op.kind === "grow" && op.collection === from ? { ...op, collection: to } : op;
  });
}
