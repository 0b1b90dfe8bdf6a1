/**
 * `every i, x in xs { x in {"*", ys[i]} }`, and the same with `==`, as the planner lays it out: each element
 * of one array is a constant, or equal to another array's element in its place.
 */
import { isReset } from "../../core/make-op.ts";
import type { Op } from "../../core/op.ts";
import { FALSE, type Local, TRUE, Type } from "../../core/value.ts";
import { isMembership } from "../membership.ts";

export type Every = {
  readonly source: Local;
  /** The other array: a local, and the names that lead on from it. */
  readonly key: { readonly local: Local; readonly names: readonly string[] };
  readonly constants: readonly string[];
};

/** `next` stands behind the op. */
export function everyOf(op: Op, next: Op | undefined): Every | undefined {
  const [outer, other] = op.kind === "regions" ? op.regions : [];
  const [loop, more] = outer?.ops ?? [];
  if (outer === undefined || loop?.kind !== "loop" || more !== undefined || other !== undefined) return undefined;
  if (next?.kind !== "test" || next.test !== "undefined") return undefined;
  const [begin, inner, test, fails, leave, rest] = loop.regions[0].ops;
  if (!isReset(begin) || inner?.kind !== "regions" || test?.kind !== "test" || test.test !== "undefined")
    return undefined;
  if (fails?.kind !== "assign" || leave?.kind !== "leave" || leave.exit !== outer.label) return undefined;
  if (rest !== undefined || test.a !== begin.target || fails.target !== next.a) return undefined;
  const [body, second] = inner.regions;
  if (second !== undefined) return undefined;
  const { source, key, value } = loop;
  const found = segmentOf(body?.ops ?? [], { key, value, reached: begin.target });
  return found === undefined ? undefined : { source, ...found };
}

type Turn = { readonly key: Local; readonly value: Local; readonly reached: Local };

/** A body that says nothing else of an element. */
function segmentOf(ops: readonly Op[], turn: Turn): Omit<Every, "source"> | undefined {
  let key: Every["key"] | undefined;
  let element: Local | undefined;
  const parts = new Map<Local, Every["key"]>();
  const constants: string[] = [];
  let collection: Local | undefined;
  let holds: Local | undefined;
  let isTested = false;
  for (const op of ops.slice(0, -1)) {
    if (op.kind === "get" && op.how === "value" && op.source.kind === "local") {
      const { source, target } = op;
      if (op.key === turn.key) {
        if (element !== undefined) return undefined;
        key = parts.get(source) ?? { local: source, names: [] };
        element = target;
      } else if (op.key.kind === "constant" && op.key.type === Type.string) {
        const { local, names } = parts.get(source) ?? { local: source, names: [] };
        parts.set(target, { local, names: [...names, op.key.text] });
      } else return undefined;
    } else if (op.kind === "make" && op.what !== "object" && collection === undefined) collection = op.target;
    else if (op.kind === "grow" && (op.how === "add" || op.how === "append")) {
      if (op.collection !== collection || holds !== undefined) return undefined;
      const { value } = op;
      if (value.kind === "constant" && value.type === Type.string) constants.push(value.text);
      else if (value !== element) return undefined;
    } else if (op.kind === "call" && isMembership(op) && holds === undefined) {
      const [value, among] = op.args;
      if (value !== turn.value || among === undefined || among !== collection) return undefined;
      holds = op.target;
    } else if (op.kind === "test" && op.test === "not-equal") {
      if (op.a !== holds || op.b !== FALSE) return undefined;
      isTested = true;
    } else if (op.kind === "test" && op.test === "equal" && collection === undefined) {
      const sides = [op.a, op.b];
      if (element === undefined || !sides.includes(turn.value) || !sides.includes(element)) return undefined;
      isTested = true;
    } else return undefined;
  }
  const last = ops.at(-1);
  if (last?.kind !== "assign" || last.target !== turn.reached || last.source !== TRUE) return undefined;
  return isTested && key !== undefined ? { key, constants } : undefined;
}
