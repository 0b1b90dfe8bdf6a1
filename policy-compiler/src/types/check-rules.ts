/** Types of rules, each checked once those that it needs are known. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Body, Head, Rule, Term } from "../resolved/ast.ts";
import { checkBody, settle, settleYield } from "./check-body.ts";
import { type Checker, makeChecker } from "./checker.ts";
import { constantKey, variableKey } from "./constant.ts";
import { makeObjectType, makeSetType } from "./make-type.ts";
import { ANY, type FieldKey, isUnknown, type RegoType, UNKNOWN } from "./type.ts";
import { type Documents, type TypeEnv, typeOf } from "./type-env.ts";
import { insertType, makeTree, putType, type TypeNode } from "./type-tree.ts";

export type RuleTypes = {
  readonly documents: Documents;
  readonly builtins: BuiltinSignatures;
  readonly relaxed: Checker["relaxed"];
};

export type CheckRulesOptions = {
  /** What a rule needs stands before it. */
  readonly rules: readonly Rule[];
  readonly builtins: BuiltinSignatures;
  /** The rules that a path below `data` may mean, and all that depend on them. */
  readonly dependents: (path: readonly string[]) => readonly Rule[];
  /** What is known of a rule's documents by its schemas: a tree before all others. */
  readonly schemas: (rule: Rule, documents: Documents) => TypeNode | undefined;
  /** Types of documents that no rule gives: `input` where a schema is given for it. */
  readonly given: Documents | undefined;
};

export function checkRules(options: CheckRulesOptions, diagnostics: Diagnostic[]): RuleTypes {
  const { rules, builtins, dependents, schemas, given } = options;
  const tree = makeTree();
  const documents: Documents = { tree, next: given };
  const types: RuleTypes = { documents, builtins, relaxed: makeRelaxed(dependents) };
  for (const rule of rules) {
    const own = schemas(rule, documents);
    const around = own === undefined ? documents : { tree: own, next: documents };
    for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
      checkLink(link, around, tree, types, diagnostics);
    }
  }
  return types;
}

/** Of what depends on a replaced document nothing is known; a replaced function keeps its own type. */
function makeRelaxed(dependents: CheckRulesOptions["dependents"]): Checker["relaxed"] {
  const known = new Map<string, TypeNode | undefined>();
  return (path) => {
    if (path[0] !== "data") return undefined;
    const name = JSON.stringify(path);
    if (known.has(name)) return known.get(name);
    const rules = dependents(path.slice(1)).filter(({ head }) => head.args === undefined || !isNamed(head, path));
    let tree: TypeNode | undefined;
    for (const rule of rules) {
      tree ??= makeTree();
      putType(tree, constantPath(rule.head), ANY);
    }
    known.set(name, tree);
    return tree;
  };
}

function isNamed({ ref }: Head, path: readonly string[]): boolean {
  return ref.length === path.length - 1 && ref.every((part, i) => part.kind === "string" && part.value === path[i + 1]);
}

function checkLink(
  link: Rule,
  documents: Documents,
  tree: TypeNode,
  types: RuleTypes,
  diagnostics: Diagnostic[],
): void {
  const found: Diagnostic[] = [];
  const checker = makeChecker({ ...types, diagnostics: found });
  const env = makeEnv(documents);
  checkBody(link.body, env, checker);
  const path = constantPath(link.head);
  const type = typeOfHead(link.head, path.length - 1, env, checker);
  // What uses a rule that is wrong would be refused for the same reason.
  if (found.length > 0) putType(tree, wholePath(link.head), ANY);
  else if (!isUnknown(type)) insertType(tree, path, type);
  for (const each of found) diagnostics.push(each);
}

function makeEnv(documents: Documents | undefined): TypeEnv {
  return { vars: new Map(), outer: undefined, documents, closures: new Map() };
}

/** `data` and the constants in front of the first variable. */
function constantPath({ ref }: Head): readonly FieldKey[] {
  const path: FieldKey[] = ["data"];
  for (const part of ref) {
    const key = constantKey(part);
    if (key === undefined) break;
    path.push(key);
  }
  return path;
}

/** `data` and all parts of the head: at a variable lies what no other name finds, until it is one of an object's values. */
function wholePath({ ref }: Head): readonly FieldKey[] {
  return ["data", ...ref.map((part) => constantKey(part) ?? variableKey(part))];
}

/** The type of what lies at the head's constant beginning, which is so long. */
function typeOfHead(head: Head, length: number, env: TypeEnv, checker: Checker): RegoType {
  const settled = settleYield(head.value, env, checker);
  // Keys of an argument's objects are evaluated.
  const given = head.args?.map((arg) => settle(arg, env, checker));
  for (const arg of given ?? []) settleArgument(arg, env);
  const value = typeOf(settled, env);
  if (given !== undefined) {
    const args = given.map((arg) => typeOf(arg, env));
    return { kind: "function", args, result: isUnknown(value) ? ANY : value, isVariadic: false };
  }
  if (isUnknown(value)) return value;
  return nest(head.ref.slice(length), head.isSet ? makeSetType(value) : value, env);
}

/** Arguments that the body says nothing of may be anything. */
function settleArgument(term: Term, env: TypeEnv): void {
  if (term.kind === "var") {
    if (isUnknown(typeOf(term, env))) env.vars.set(term.name, ANY);
  } else if (term.kind === "array" || term.kind === "set") {
    for (const item of term.items) settleArgument(item, env);
  } else if (term.kind === "object") {
    for (const entry of term.entries) for (const part of entry) settleArgument(part, env);
  }
}

function nest(suffix: readonly Term[], value: RegoType, env: TypeEnv): RegoType {
  const first = suffix[0];
  if (first === undefined) return value;
  const inner = nest(suffix.slice(1), value, env);
  const key = typeOf(first, env);
  if (isUnknown(inner) || isUnknown(key)) return UNKNOWN;
  return makeObjectType([], { key, value: inner });
}

/** What is wrong with the types in a query's body. */
export function checkQuery(body: Body, types: RuleTypes): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  checkBody(body, makeEnv(types.documents), makeChecker({ ...types, diagnostics }));
  return diagnostics;
}

/** The type of each value that a rule may give, by the head that gives it: its own, and those of its `else` links. */
export function valuesOfRule(
  rule: Rule,
  types: RuleTypes,
): readonly { readonly head: Head; readonly type: RegoType }[] {
  const found: { readonly head: Head; readonly type: RegoType }[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const checker = makeChecker({ ...types, diagnostics: [] });
    const env = makeEnv(types.documents);
    checkBody(link.body, env, checker);
    const settled = settleYield(link.head.value, env, checker);
    found.push({ head: link.head, type: typeOf(settled, env) });
  }
  return found;
}
