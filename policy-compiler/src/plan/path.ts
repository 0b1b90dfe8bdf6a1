/** What stands after a reference's head: keys that look up, and keys that iterate and bind. */
import type { IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";
import { isReady } from "./readiness.ts";
import { baseDot, dot, equal, planTerm, type Site, scan, text } from "./site.ts";

/** A key of a reference: a constant string, another term, or the operand that holds it already. */
export type Key =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "term"; readonly term: Term }
  | { readonly kind: "operand"; readonly operand: IrOperand };

const NOTHING: ReadonlySet<string> = new Set();

export function termKeys(path: readonly Term[]): readonly Key[] {
  const keys: Key[] = [];
  for (let i = 0; i < path.length; i++) {
    const term = path[i] as Term;
    keys.push(term.kind === "string" ? { kind: "name", name: term.value } : { kind: "term", term });
  }
  return keys;
}

/** Follows the keys from a value; a key with unbound variables moves the site into an iteration. */
export function planPath(site: Site, from: IrOperand, path: readonly Key[]): IrOperand {
  let value = from;
  for (let i = 0; i < path.length; i++) value = planStep(site, value, path[i] as Key);
  return value;
}

/**
 * The same from a base document: OPA reads it by a path of texts, so a number finds the key
 * of its text, and a text of digits an array's element.
 */
export function planBasePath(site: Site, from: IrOperand, path: readonly Key[]): IrOperand {
  let value = from;
  for (let i = 0; i < path.length; i++) {
    const key = path[i] as Key;
    const isPlainName = key.kind === "name" && !INDEX.test(key.name);
    const isReady = !isPlainName && isKeyReady(site, key);
    value = isReady ? baseDot(site, value, planKey(site, key)) : planStep(site, value, key);
  }
  return value;
}

/** Texts that may mean an array's element. */
const INDEX = /^[+-]?[0-9.]+$/;

/** True if the key's value can be planned here without iterating. */
export function isKeyReady(site: Site, key: Key): boolean {
  return key.kind !== "term" || isReady(site.variables, key.term, NOTHING);
}

export function planKey(site: Site, key: Key): IrOperand {
  switch (key.kind) {
    case "name":
      return text(site, key.name);
    case "term":
      return planTerm(site, key.term);
    case "operand":
      return key.operand;
  }
}

/** Binds or matches what the key says of the actual key of a member. */
export function matchKey(site: Site, key: Key, actual: IrOperand): void {
  if (key.kind === "term") site.planner.constructs.unifyOperand(site, actual, key.term);
  else equal(site, planKey(site, key), actual);
}

function planStep(site: Site, value: IrOperand, key: Key): IrOperand {
  if (key.kind === "name") return dot(site, value, text(site, key.name));
  if (isKeyReady(site, key)) return dot(site, value, planKey(site, key));
  const member = scan(site, value);
  matchKey(site, key, member.key);
  return member.value;
}
