/**
 * Types by the place of their documents: what each rule gives, below `data`, and what a schema
 * says of `input`. A node may have both a type and children: rules below a rule with variables.
 */
import { compareKeys, compareTypes, keyName, keyTypeOf } from "./compare-types.ts";
import { makeObjectType } from "./make-type.ts";
import { mergeTypes } from "./merge.ts";
import {
  ANY,
  type Field,
  type FieldKey,
  isUnknown,
  type ObjectType,
  openType,
  type RegoType,
  STRING,
  UNKNOWN,
} from "./type.ts";
import { unionOf } from "./union.ts";

export type TypeNode = {
  readonly key: FieldKey;
  readonly children: Map<string, TypeNode>;
  type: RegoType | undefined;
  /** The type of all that lies here, while nothing is put below. */
  extent: RegoType | undefined;
  /** The type holds what lies below, as it is. */
  holdsBelow: boolean;
};

export function makeTree(): TypeNode {
  return makeNode("");
}

function makeNode(key: FieldKey): TypeNode {
  return { key, children: new Map(), type: undefined, extent: undefined, holdsBelow: false };
}

export function findChild(node: TypeNode, key: FieldKey): TypeNode | undefined {
  return node.children.get(keyName(key));
}

export function putType(root: TypeNode, path: readonly FieldKey[], type: RegoType): void {
  let node = root;
  for (const key of path) node = openChild(node, key);
  node.type = type;
  node.extent = undefined;
}

function openChild(node: TypeNode, key: FieldKey): TypeNode {
  node.extent = undefined;
  let child = findChild(node, key);
  if (child === undefined) {
    child = makeNode(key);
    node.children.set(keyName(key), child);
  }
  return child;
}

/** Adds what a rule gives to what others give at the same place, above it and below it. */
export function insertType(root: TypeNode, path: readonly FieldKey[], type: RegoType): void {
  let node = root;
  const nodesAbove: TypeNode[] = [root];
  for (let i = 0; i < path.length; i++) {
    node = openChild(node, path[i] as FieldKey);
    if (i + 1 === path.length) continue;
    nodesAbove.push(node);
    if (node.type === undefined) continue;
    const above = openType(node.type);
    if (above.kind === "object") node.type = insertInto(above, path.slice(i + 1), type);
  }
  const known = node.type;
  node.type = joinTypes(known, type);
  node.extent = undefined;
  const isKnown = known !== undefined && compareTypes(node.type, known) === 0;
  // Above, the type was put beside what is known, not what the two are together.
  if (!isKnown && compareTypes(node.type, type) !== 0) for (const above of nodesAbove) above.holdsBelow = false;
  if (openType(type).kind !== "object" || (isKnown && node.holdsBelow)) return;
  node.holdsBelow = true;
  insertBelow(node);
}

/** What others give below an object is one of its values. Of thousands of rules at one place each would ask all below it. */
function insertBelow(node: TypeNode): void {
  for (const leaf of leavesBelow(node, [])) {
    const own = node.type === undefined ? undefined : openType(node.type);
    if (own?.kind !== "object") return;
    node.type = insertInto(own, leaf.path, leaf.type);
  }
}

/** A function whose definition before this one was found wrong is none that can be called, as in OPA. */
function joinTypes(known: RegoType | undefined, type: RegoType): RegoType {
  if (known === undefined || isUnknown(known)) return type;
  return known.kind !== "function" && type.kind === "function" ? UNKNOWN : mergeTypes(known, type);
}

type Leaf = { readonly path: readonly FieldKey[]; readonly type: RegoType };

function* leavesBelow(node: TypeNode, path: readonly FieldKey[]): Generator<Leaf> {
  for (const child of node.children.values()) {
    const here = [...path, child.key];
    if (child.type !== undefined) yield { path: here, type: child.type };
    else yield* leavesBelow(child, here);
  }
}

/** What lies below an object with keys of its own is one of its values. */
function insertInto(object: ObjectType, path: readonly FieldKey[], type: RegoType): RegoType {
  const [first, ...rest] = path;
  if (first === undefined) return object;
  const key = keyTypeOf(first);
  const value = rest.length === 0 ? type : insertInto({ kind: "object", fields: [], rest: undefined }, rest, type);
  const old = object.rest;
  const joined = old === undefined ? { key, value } : { key: unionOf(old.key, key), value: unionOf(old.value, value) };
  return makeObjectType(object.fields, joined);
}

/** All that lies at a node. Beside rules there may be base documents, of which nothing is known. */
export function extentOf(node: TypeNode): RegoType {
  if (node.type !== undefined) return node.type;
  if (node.extent !== undefined) return node.extent;
  const fields: Field[] = [];
  for (const child of namedChildren(node)) {
    const type = extentOf(child);
    if (type.kind !== "function") fields.push({ key: child.key, type });
  }
  node.extent = makeObjectType(fields, { key: STRING, value: ANY });
  return node.extent;
}

export function childKeys(node: TypeNode): readonly FieldKey[] {
  return namedChildren(node)
    .map(({ key }) => key)
    .sort(compareKeys);
}

/** Those whose key is no variable of a head. */
function namedChildren({ children }: TypeNode): readonly TypeNode[] {
  return [...children.values()].filter(({ key }) => !isUnknown(keyTypeOf(key)));
}
