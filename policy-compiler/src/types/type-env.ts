/** What types are known at one place: of the variables there, and of the documents. */
import type { Term } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { constantKey } from "./constant.ts";
import { makeArrayType, makeObjectType, makeSetType } from "./make-type.ts";
import { selectType, valuesOf } from "./select.ts";
import {
  ANY,
  BOOLEAN,
  type Field,
  hasNoMembers,
  isUnknown,
  NULL,
  NUMBER,
  type ObjectRest,
  type RegoType,
  STRING,
  UNKNOWN,
} from "./type.ts";
import { extentOf, findChild, type TypeNode } from "./type-tree.ts";
import { makeUnion } from "./union.ts";

/** Trees of types, the nearest first: what a `with` replaces, what a rule's schemas say, what rules give. */
export type Documents = { readonly tree: TypeNode; readonly next: Documents | undefined };

export type TypeEnv = {
  /** Of this level; those of levels around are found through `outer`. */
  readonly vars: Map<string, RegoType>;
  readonly outer: TypeEnv | undefined;
  readonly documents: Documents | undefined;
  /** Of comprehensions that have been checked. */
  readonly closures: Map<Term, RegoType>;
};

export type RefTerm = Extract<Term, { kind: "ref" }>;

export function typeOfVariable(name: string, env: TypeEnv): RegoType {
  for (let at: TypeEnv | undefined = env; at !== undefined; at = at.outer) {
    const type = at.vars.get(name);
    if (type !== undefined) return type;
  }
  return UNKNOWN;
}

/** The type of a term whose calls stand in front of it. */
export function typeOf(term: Term, env: TypeEnv): RegoType {
  switch (term.kind) {
    case "null":
      return NULL;
    case "boolean":
      return BOOLEAN;
    case "number":
      return NUMBER;
    case "string":
      return STRING;
    case "var":
      return typeOfVariable(term.name, env);
    case "ref":
      return typeOfRef(term, env);
    case "array":
      return makeArrayType(term.items.map((item) => typeOf(item, env)));
    case "set":
      return makeSetType(makeUnion(term.items.map((item) => typeOf(item, env))));
    case "object":
      return typeOfObject(term, env);
    case "call-term":
      return UNKNOWN;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return env.closures.get(term) ?? UNKNOWN;
  }
}

function typeOfObject(term: Extract<Term, { kind: "object" }>, env: TypeEnv): RegoType {
  const fields: Field[] = [];
  let rest: ObjectRest | undefined;
  for (const [key, value] of term.entries) {
    const constant = constantKey(key);
    const type = typeOf(value, env);
    if (constant !== undefined) fields.push({ key: constant, type });
    else {
      const keyType = typeOf(key, env);
      if (rest === undefined) rest = { key: keyType, value: type };
      else rest = { key: eitherOf(rest.key, keyType), value: eitherOf(rest.value, type) };
    }
  }
  return makeObjectType(fields, rest);
}

/** Unknown where one of them is: what is inferred later fits neither. */
function eitherOf(a: RegoType, b: RegoType): RegoType {
  return isUnknown(a) || isUnknown(b) ? UNKNOWN : makeUnion([a, b]);
}

export function isRoot(name: string): boolean {
  return name === "data" || name === "input";
}

export function typeOfRef(term: RefTerm, env: TypeEnv): RegoType {
  const { head } = term;
  if (head.kind !== "var") return select(typeOf(head, env), term.path);
  if (!isRoot(head.name)) return select(typeOfVariable(head.name, env), term.path);
  return typeOfDocument(head.name, term.path, env.documents);
}

/** The type of what a path from a root leads to: `any` where no tree knows of it. */
export function typeOfDocument(root: string, path: readonly Term[], documents: Documents | undefined): RegoType {
  for (let layer = documents; layer !== undefined; layer = layer.next) {
    const node = findChild(layer.tree, root);
    const found = node === undefined ? undefined : follow(node, path);
    if (found !== undefined) return found;
  }
  return ANY;
}

/** Undefined where the tree does not know the path. */
function follow(start: TypeNode, path: readonly Term[]): RegoType | undefined {
  let node = start;
  for (let i = 0; i < path.length; i++) {
    const key = constantKey(path[i] as Term);
    const child = key === undefined ? undefined : findChild(node, key);
    if (child === undefined) {
      if (node.type === undefined && key !== undefined) return undefined;
      return select(extentOf(node), path.slice(i));
    }
    node = child;
  }
  return extentOf(node);
}

function select(type: RegoType, path: readonly Term[]): RegoType {
  let at = type;
  for (const part of path) {
    // Whatever is read of it may be anything, too.
    if (at.kind === "any" || at.kind === "unknown") return at;
    const key = isScalar(part) ? constantKey(part) : undefined;
    // Iterating what holds nothing gives nothing: whatever is said of it holds.
    if (key === undefined) at = hasNoMembers(at) ? ANY : valuesOf(at);
    else at = selectType(at, key);
  }
  return at;
}
