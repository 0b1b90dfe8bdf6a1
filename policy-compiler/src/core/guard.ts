/**
 * Guards: what must hold of a function's parameters for a rule to do anything at all. A *term* is what a guard asks
 * about: a value that is found from the parameters by keys alone, so that it can be found before any of the function's
 * regions runs, without effect and without fault.
 */
import { assign, regionsOp, reset } from "./make-op.ts";
import type { Fresh, GetOp, Op } from "./op.ts";
import { type Local, makeLocal, NO_LOCALS, numberConstant, stringConstant, type Value } from "./value.ts";

export type Term =
  | { readonly kind: "param"; readonly local: Local }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "dot"; readonly how: GetOp["how"]; readonly source: Term; readonly key: Term };

/** The term is one of the constants, or it is a string that begins or ends with one of the strings. */
export type Guard = {
  readonly term: Term;
  readonly name: string;
  readonly test: "equal" | "prefix" | "suffix";
  /** Texts of literals for `equal`, otherwise the strings themselves. */
  readonly options: readonly string[];
};

/** Equal for equal terms. */
export function nameOf(term: Term): string {
  switch (term.kind) {
    case "param":
      return `$${term.local.id}`;
    case "string":
      return JSON.stringify(term.text);
    case "integer":
      return `${term.value}`;
    case "dot":
      return `${nameOf(term.source)}${term.how === "value" ? "." : ":"}[${nameOf(term.key)}]`;
  }
}

export function newLocal(fresh: Fresh): Local {
  return makeLocal(fresh.local++);
}

/** The value of a term that is not looked up: it needs no op. */
export function plainValue(term: Exclude<Term, { readonly kind: "dot" }>): Value {
  switch (term.kind) {
    case "param":
      return term.local;
    case "string":
      return stringConstant(term.text);
    case "integer":
      return numberConstant(`${term.value}`);
  }
}

/** Ops that leave the term's value in `target`, or leave it undefined. */
export function findTerm(term: Term, target: Local, fresh: Fresh): readonly Op[] {
  const exit = fresh.label++;
  const ops: Op[] = [];
  const find = (part: Term): Value => {
    if (part.kind !== "dot") return plainValue(part);
    const own = newLocal(fresh);
    // The key first: the look-ups of a path stand side by side, as input-slots.ts wants them.
    const key = find(part.key);
    const source = find(part.source);
    const { how } = part;
    ops.push({ kind: "get", at: {}, weight: 0, ends: NO_LOCALS, how, source, key, target: own, exit });
    return own;
  };
  const source = find(term);
  return [reset(target), regionsOp([{ label: exit, ops: [...ops, assign(target, source)] }])];
}
