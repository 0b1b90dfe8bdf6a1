/**
 * What stands at the constant keys of a document where no rule holds: `r[1].a := 1 if false` gives
 * `{"1": {}}`, as packages without rules that hold are empty objects. As in OPA's tree of rules a key
 * of a head belongs to the tree up to the head's first variable, and up to where a rule with a shorter one ends:
 * from there on the rules there make what they make.
 */
import type { Rule, Term } from "../resolved/ast.ts";
import { constantText } from "../syntax/constant-text.ts";

/** A rule, and what its head has below the document's node. */
export type Placed = { readonly rule: Rule; readonly keys: readonly Term[] };

export type Vacant = { readonly keys: readonly Term[]; readonly make: "MakeObjectStmt" | "MakeSetStmt" };

export type Place = { readonly keys: readonly Term[]; readonly children: Map<string, Place>; readonly ends: Placed[] };

export function makePlaces(placed: readonly Placed[]): Place {
  const root = makePlace([]);
  for (const each of placed) enter(root, each);
  return root;
}

/** Those with no other vacant one below them; the document itself is none. */
export function vacantPlaces(root: Place): readonly Vacant[] {
  return [...vacantBelow(root)].filter(({ keys }) => keys.length > 0);
}

/** How many of a rule's keys stand in the tree, and are asked for by their text. */
export function keysInTree(root: Place, keys: readonly Term[]): number {
  let place = root;
  for (const [i, key] of groundKeys(keys).entries()) {
    const child = place.ends.length > 0 ? undefined : place.children.get(constantText(key) ?? "");
    if (child === undefined) return i;
    place = child;
  }
  return place.keys.length;
}

function makePlace(keys: readonly Term[]): Place {
  return { keys, children: new Map(), ends: [] };
}

function groundKeys(keys: readonly Term[]): readonly Term[] {
  const first = keys.findIndex((key) => constantText(key) === undefined);
  return first < 0 ? keys : keys.slice(0, first);
}

function enter(root: Place, placed: Placed): void {
  let place = root;
  for (const key of groundKeys(placed.keys)) {
    const name = constantText(key) ?? "";
    let child = place.children.get(name);
    if (child === undefined) {
      child = makePlace([...place.keys, key]);
      place.children.set(name, child);
    }
    place = child;
  }
  place.ends.push(placed);
}

function* vacantBelow({ keys, children, ends }: Place): Generator<Vacant> {
  if (ends.length > 0) {
    const isOfPieces = ends.some(({ rule, keys: { length } }) => rule.head.isSet || length > keys.length);
    const isSet = ends.every(({ rule, keys: { length } }) => rule.head.isSet && length === keys.length);
    if (isOfPieces) yield { keys, make: isSet ? "MakeSetStmt" : "MakeObjectStmt" };
    return;
  }
  let found = false;
  for (const child of children.values()) {
    for (const vacant of vacantBelow(child)) {
      found = true;
      yield vacant;
    }
  }
  if (!found) yield { keys, make: "MakeObjectStmt" };
}
