/** Sets: difference, intersection and union, of two and of a set of sets. */
import { burn } from "../failure";
import { sortEntries } from "../value/compare";
import { addEntry } from "../value/entries";
import { makeSet, setAdd, setAt, setHas, setLen } from "../value/set";
import { SET } from "../value/value";
import { expectKind } from "./operands";

export function difference(a: usize, b: usize): usize {
  const length = setLen(a);
  const rest = makeSet(length);
  burn(length);
  for (let i = 0; i < length; i++) if (!setHas(b, setAt(a, i))) addEntry(rest, setAt(a, i), setAt(a, i));
  return rest;
}

function intersect(a: usize, b: usize): usize {
  const isShorter = setLen(a) <= setLen(b);
  const few = isShorter ? a : b;
  const many = isShorter ? b : a;
  const length = setLen(few);
  const both = makeSet(length);
  burn(4 + length);
  for (let i = 0; i < length; i++) if (setHas(many, setAt(few, i))) addEntry(both, setAt(few, i), setAt(few, i));
  return both;
}

function addAll(target: usize, set: usize): void {
  const length = setLen(set);
  burn(1 + length);
  for (let i = 0; i < length; i++) setAdd(target, setAt(set, i));
}

export function and(a: usize, b: usize): usize {
  if (!expectKind("and", 1, a, SET) || !expectKind("and", 2, b, SET)) return 0;
  return intersect(a, b);
}

export function or(a: usize, b: usize): usize {
  if (!expectKind("or", 1, a, SET) || !expectKind("or", 2, b, SET)) return 0;
  if (setLen(a) == 0) return b;
  if (setLen(b) == 0) return a;
  const all = makeSet(setLen(a) + setLen(b));
  addAll(all, a);
  addAll(all, b);
  return all;
}

export function setDiff(a: usize, b: usize): usize {
  if (!expectKind("set_diff", 1, a, SET) || !expectKind("set_diff", 2, b, SET)) return 0;
  return difference(a, b);
}

export function intersection(sets: usize): usize {
  if (!expectKind("intersection", 1, sets, SET)) return 0;
  const length = setLen(sets);
  if (length == 0) return makeSet();
  sortEntries(sets);
  let common: usize = 0;
  for (let i = 0; i < length; i++) {
    const set = setAt(sets, i);
    if (!expectKind("intersection", 1, set, SET)) return 0;
    common = common == 0 ? set : intersect(common, set);
  }
  return common;
}

export function union(sets: usize): usize {
  if (!expectKind("union", 1, sets, SET)) return 0;
  const length = setLen(sets);
  const all = makeSet();
  for (let i = 0; i < length; i++) {
    const set = setAt(sets, i);
    if (!expectKind("union", 1, set, SET)) return 0;
    addAll(all, set);
  }
  return all;
}
