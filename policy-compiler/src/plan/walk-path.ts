/**
 * `walk(x, [["a", k], v])`: a path whose length is written is followed like a reference, `x["a"][k]`,
 * instead of visiting everything below x and comparing.
 */
import type { Term, What } from "../resolved/ast.ts";
import { planPath, termKeys } from "./path.ts";
import { planTerm, type Site } from "./site.ts";

type Unify = Extract<What, { kind: "unify" }>;

/** False where the equation is none of these: nothing is planned then. */
export function planWalkPath(site: Site, { left, right }: Pick<Unify, "left" | "right">): boolean {
  if (left.kind !== "call-term" && right.kind !== "call-term") return false;
  return planWalked(site, left, right) || planWalked(site, right, left);
}

function planWalked(site: Site, walk: Term, answer: Term): boolean {
  if (walk.kind !== "call-term" || walk.operator.path.join(".") !== "walk" || walk.args.length !== 1) return false;
  if (site.environment.mocks.has("walk") || answer.kind !== "array" || answer.items.length !== 2) return false;
  const [path, value] = answer.items as [Term, Term];
  if (path.kind !== "array") return false;
  const found = planPath(site, planTerm(site, walk.args[0] as Term), termKeys(path.items));
  site.planner.constructs.unifyOperand(site, found, value);
  return true;
}
