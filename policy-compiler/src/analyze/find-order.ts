/** Where the lines of a body stand so that each has what it needs: in the text's order, but for those that have to wait for another. */
import type { Expr } from "../syntax/ast.ts";
import { closesOverItself } from "./closes-over-itself.ts";
import type { Generator } from "./context.ts";
import { needsInFront } from "./iteration.ts";
import { addLevel, closedOf, hasAll, type Needs, needsOf } from "./needs.ts";
import { splitCalls } from "./negation.ts";
import { type Arity, type Bound, outputsOf } from "./outputs.ts";
import { hasClosures } from "./tree.ts";
import { makeTryOrder } from "./try-order.ts";

type Ordering = Generator & { readonly arity: Arity };

type Around = {
  readonly bound: ReadonlySet<string>;
  readonly visible: ReadonlySet<string>;
  readonly outer: ReadonlySet<string>;
  /** Variables that stand on the body's level, beside those of its lines. */
  readonly around?: ReadonlySet<string> | undefined;
};

export type Step = {
  readonly expr: Expr;
  readonly outputs: ReadonlySet<string>;
  /** It has closures. */
  readonly isClosed: boolean;
};

type Order = {
  readonly steps: readonly Step[];
  /** What cannot be placed. */
  readonly left: readonly Expr[];
  /** A line could not be placed where it stands. */
  readonly hasWaited: boolean;
  /** Variables of the body's level and of those around it: closures alone ask. */
  readonly here: () => ReadonlySet<string>;
  /** Variables that were bound before the body, and those that are none of it. */
  readonly isOuter: Bound;
};

export function findOrder(exprs: readonly Expr[], { bound, visible, outer, around }: Around, context: Ordering): Order {
  let levelMade: ReadonlySet<string> | undefined;
  // Most bodies have no closures: nobody asks.
  const level = (): ReadonlySet<string> => {
    if (levelMade !== undefined) return levelMade;
    const names = new Set(around);
    for (const expr of exprs) addLevel(expr, names);
    levelMade = names;
    return names;
  };
  let hereMade: ReadonlySet<string> | undefined;
  const here = (): ReadonlySet<string> => {
    if (hereMade !== undefined) return hereMade;
    const names = new Set(visible);
    for (const name of level()) names.add(name);
    hereMade = names;
    return names;
  };
  const isOuter: Bound = { has: (name) => outer.has(name) || !level().has(name) };
  const known = new Set(bound);
  const steps: Step[] = [];
  /** What the expression binds, where it can be placed. */
  const place = (expr: Expr): ReadonlySet<string> | undefined => {
    const isClosed = hasClosures(expr);
    if (!isClosed && hasAll(expr, known)) {
      steps.push({ expr, outputs: NONE, isClosed });
      return NONE;
    }
    const outputs = outputsOf(expr, known, context.arity);
    if (!hasAll(expr, known, outputs)) return undefined;
    const closed = isClosed ? closedOf(expr, here()) : NONE;
    const isPlaced =
      every(closed, (name) => known.has(name)) &&
      !(closed.size > 0 && closesOverItself(expr, isOuter, known)) &&
      !(outputs.size > 0 && needsInFront(expr, outputs) && !haveAnOrder(expr, known, here(), context));
    if (!isPlaced) return undefined;
    steps.push({ expr, outputs, isClosed });
    for (const name of outputs) known.add(name);
    return outputs;
  };
  // Most bodies are safe as they are written: nobody waits.
  const waits = exprs.findIndex((expr) => place(expr) === undefined);
  if (waits < 0) return { steps, left: [], hasWaited: false, here, isOuter };
  const rest = exprs.slice(waits);
  const order = makeTryOrder(rest.map((expr) => namesOf(needsOf(expr, here))));
  order.next(); // the one that waits
  const left = new Set(rest.keys());
  for (let item = order.next(); item !== undefined; item = order.next()) {
    if (!left.has(item)) continue; // placed, and asked again about a variable that another bound later
    const outputs = place(rest[item] as Expr);
    if (outputs === undefined) continue;
    left.delete(item);
    order.bind(outputs);
  }
  return { steps, left: [...left].map((item) => rest[item] as Expr), hasWaited: true, here, isOuter };
}

function namesOf({ own, closed }: Needs): readonly string[] {
  return closed.size === 0 ? [...own] : [...new Set([...own, ...closed])];
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Calls, and what references read that is no variable, are evaluated in front of the expression: what they need
 * must be bound by then. True where there is an order for these parts.
 */
function haveAnOrder(expr: Expr, bound: ReadonlySet<string>, here: ReadonlySet<string>, context: Ordering): boolean {
  const known = new Set(bound);
  let left = splitCalls(context, expr);
  for (let before = -1; before !== left.length; ) {
    before = left.length;
    left = left.filter((part) => {
      const outputs = outputsOf(part, known, context.arity);
      const { own, closed } = needsOf(part, () => here);
      if (!every(own, (name) => known.has(name) || outputs.has(name)) || !every(closed, known.has.bind(known)))
        return true;
      for (const name of outputs) known.add(name);
      return false;
    });
  }
  return left.length === 0;
}

function every(names: ReadonlySet<string>, holds: (name: string) => boolean): boolean {
  for (const name of names) if (!holds(name)) return false;
  return true;
}
