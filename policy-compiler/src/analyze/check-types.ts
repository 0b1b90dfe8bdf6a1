/**
 * A light type check: equations whose sides can never be equal, and arguments that a built-in
 * never takes. Types come from literals, built-ins' results and the rules themselves; what
 * comes from input or base documents is of any type.
 */
import type { Diagnostic, Location } from "@regomesh/base";
import { elementType, keyType, overlaps } from "../builtins/overlap.ts";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { ANY, BOOLEAN, makeUnion, NULL, NUMBER, printType, type RegoType, STRING } from "../builtins/type.ts";
import { boundType } from "../builtins/type-size.ts";
import type { Body, Expr, Rule, Term, What } from "../syntax/ast.ts";
import { makeProblem } from "./problem.ts";
import { findNode, hasConstantHead, type RuleNode } from "./rule-index.ts";

/** Rules that a type is followed through; beyond it is any. Also bounds the stack. */
const RULES_DEEP_MAX = 32;

type Types = Map<string, RegoType>;

export type TypeContext = {
  readonly root: RuleNode;
  readonly builtins: BuiltinSignatures;
  /** Undefined while only the type is wanted: the rule's own check reports. */
  readonly diagnostics: Diagnostic[] | undefined;
  readonly known: Map<RuleNode, RegoType>;
  readonly depth: number;
};

export function checkTypes(root: RuleNode, rules: Iterable<Rule>, builtins: BuiltinSignatures): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const context: TypeContext = { root, builtins, diagnostics, known: new Map(), depth: 0 };
  for (const rule of rules) typeOfRule(rule, context);
  return diagnostics;
}

export function checkBodyTypes(root: RuleNode, body: Body, builtins: BuiltinSignatures): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  typeBody(body, new Map(), { root, builtins, diagnostics, known: new Map(), depth: 0 });
  return diagnostics;
}

/** The type of each value that a rule may give, by the head that gives it: its own, and those of its `else` links. */
export function typesOfRule(
  root: RuleNode,
  rule: Rule,
  builtins: BuiltinSignatures,
): readonly { readonly head: Rule["head"]; readonly type: RegoType }[] {
  const context: TypeContext = { root, builtins, diagnostics: undefined, known: new Map(), depth: 0 };
  const found: { readonly head: Rule["head"]; readonly type: RegoType }[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const types: Types = new Map();
    typeBody(link.body, types, context);
    found.push({ head: link.head, type: typeOf(link.head.value, types, context) });
  }
  return found;
}

/** The type of what a rule says, all its `else` links included; reports what is wrong on the way. */
function typeOfRule(rule: Rule, context: TypeContext): RegoType {
  const values: RegoType[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const types: Types = new Map();
    typeBody(link.body, types, context);
    values.push(typeOf(link.head.value, types, context));
  }
  return boundType(makeUnion(values));
}

function typeBody(body: Body, types: Types, context: TypeContext): void {
  for (const expr of body) typeExpr(expr, types, context);
}

function typeExpr(expr: Expr, types: Types, context: TypeContext): void {
  // Under replacements documents and functions may be of any type.
  if (expr.with.length > 0) return;
  const { what } = expr;
  switch (what.kind) {
    case "term":
      typeOf(what.term, types, context);
      return;
    case "call":
      typeCall(what, types, context);
      return;
    case "unify":
    case "assign":
      typeEquation(what, types, context);
      return;
    case "every":
      typeEvery(what, types, context);
      return;
    case "body":
      typeBody(what.body, new Map(types), context);
      return;
    case "some":
    case "some-in":
      return;
  }
}

function typeEquation(what: Extract<What, { kind: "unify" | "assign" }>, types: Types, context: TypeContext): void {
  const left = typeOf(what.left, types, context);
  const right = typeOf(what.right, types, context);
  if (!overlaps(left, right)) {
    const message = `match error: left is ${printType(left)}, right is ${printType(right)}`;
    context.diagnostics?.push(makeProblem("rego_type_error", what.at, message, "the two sides are never equal"));
    return;
  }
  bind(what.left, right, types);
  bind(what.right, left, types);
}

/** A variable without a type yet has that of the other side. */
function bind(pattern: Term, type: RegoType, types: Types): void {
  if (pattern.kind === "var") {
    if (!types.has(pattern.name)) types.set(pattern.name, type);
  } else if (pattern.kind === "array") {
    for (const [i, item] of pattern.items.entries()) bind(item, elementType(type, i), types);
  } else if (pattern.kind === "object") {
    for (const [key, value] of pattern.entries) {
      bind(value, key.kind === "string" ? elementType(type, key.value) : ANY, types);
    }
  }
}

function typeEvery(what: Extract<What, { kind: "every" }>, types: Types, context: TypeContext): void {
  const domain = typeOf(what.domain, types, context);
  const inner = new Map(types);
  inner.set(what.value.name, elementType(domain, undefined));
  if (what.key !== undefined) inner.set(what.key.name, keyType(domain));
  typeBody(what.body, inner, context);
}

function typeOf(term: Term, types: Types, context: TypeContext): RegoType {
  switch (term.kind) {
    case "null":
      return NULL;
    case "boolean":
      return BOOLEAN;
    case "number":
      return NUMBER;
    case "string":
    case "template":
      return STRING;
    case "var":
      return types.get(term.name) ?? ANY;
    case "ref":
      return typeOfRef(term, types, context);
    case "call-term":
      return typeCall(term, types, context);
    case "array": {
      const items = term.items.map((item) => typeOf(item, types, context));
      return boundType({ kind: "array", items, rest: undefined });
    }
    case "set":
      return boundType({ kind: "set", of: makeUnion(term.items.map((item) => typeOf(item, types, context))) });
    case "object":
      return typeOfObject(term, types, context);
    case "array-comprehension":
    case "set-comprehension": {
      const inner = new Map(types);
      typeBody(term.body, inner, context);
      const value = typeOf(term.value, inner, context);
      if (term.kind === "set-comprehension") return { kind: "set", of: value };
      return { kind: "array", items: [], rest: value };
    }
    case "object-comprehension": {
      const inner = new Map(types);
      typeBody(term.body, inner, context);
      const rest = { key: typeOf(term.key, inner, context), value: typeOf(term.value, inner, context) };
      return boundType({ kind: "object", fields: new Map(), rest });
    }
  }
}

function typeOfObject(term: Extract<Term, { kind: "object" }>, types: Types, context: TypeContext): RegoType {
  const fields = new Map<string, RegoType>();
  const keys: RegoType[] = [];
  const values: RegoType[] = [];
  for (const [key, value] of term.entries) {
    const type = typeOf(value, types, context);
    if (key.kind === "string") {
      fields.set(key.value, type);
    } else {
      keys.push(typeOf(key, types, context));
      values.push(type);
    }
  }
  const rest = keys.length === 0 ? undefined : { key: makeUnion(keys), value: makeUnion(values) };
  return boundType({ kind: "object", fields, rest });
}

function typeOfRef(term: Extract<Term, { kind: "ref" }>, types: Types, context: TypeContext): RegoType {
  for (const part of term.path) typeOf(part, types, context);
  const isData = term.head.kind === "var" && term.head.name === "data";
  const [start, path] = isData ? typeOfData(term.path, context) : [typeOf(term.head, types, context), term.path];
  return path.reduce((type, part) => elementType(type, constantKey(part)), start);
}

function constantKey(term: Term): string | number | undefined {
  if (term.kind === "string") return term.value;
  return term.kind === "number" ? Number(term.text) : undefined;
}

/** The type of the rule that a path below `data` leads to, and the rest of the path. */
function typeOfData(path: readonly Term[], context: TypeContext): readonly [RegoType, readonly Term[]] {
  let node: RuleNode | undefined = context.root;
  for (const [i, part] of path.entries()) {
    node = part.kind === "string" ? node?.children.get(part.value) : undefined;
    if (node === undefined) break;
    if (node.rules.length > 0) return [typeOfNode(node, context), path.slice(i + 1)];
  }
  return [ANY, []];
}

/** Complete rules and sets have a type of their own; objects and functions as documents are of any. */
function typeOfNode(node: RuleNode, context: TypeContext): RegoType {
  const known = context.known.get(node);
  if (known !== undefined) return known;
  const isPlain =
    node.children.size === 0 && node.rules.every((rule) => hasConstantHead(rule) && rule.head.args === undefined);
  if (!isPlain || context.depth >= RULES_DEEP_MAX) return ANY;
  const deeper: TypeContext = { ...context, diagnostics: undefined, depth: context.depth + 1 };
  const values = makeUnion(node.rules.map((rule) => typeOfRule(rule, deeper)));
  const type = boundType(node.rules[0]?.head.isSet ? { kind: "set", of: values } : values);
  context.known.set(node, type);
  return type;
}

type Call = Extract<Term, { kind: "call-term" }> | Extract<What, { kind: "call" }>;

function typeCall(call: Call, types: Types, context: TypeContext): RegoType {
  const args = call.args.map((arg) => typeOf(arg, types, context));
  const { path } = call.operator;
  if (path[0] === "data") return typeOfFunction(path.slice(1), context);
  const signature = context.builtins.resolve(path.join("."));
  if (signature === undefined) return ANY;
  const isWrong = signature.args.some((want, i) => !overlaps(args[i] ?? ANY, want));
  if (isWrong) reportArguments(signature.name, args, signature.args, call.at, context);
  return signature.isRelation ? ANY : (signature.result ?? ANY);
}

function reportArguments(
  name: string,
  have: readonly RegoType[],
  want: readonly RegoType[],
  at: Location,
  context: TypeContext,
): void {
  const message = `${name}: invalid argument(s): have (${have.map(printType).join(", ")}), want (${want.map(printType).join(", ")})`;
  context.diagnostics?.push(makeProblem("rego_type_error", at, message));
}

function typeOfFunction(path: readonly string[], context: TypeContext): RegoType {
  const node = findNode(context.root, path);
  if (node === undefined || context.depth >= RULES_DEEP_MAX) return ANY;
  const known = context.known.get(node);
  if (known !== undefined) return known;
  const deeper: TypeContext = { ...context, diagnostics: undefined, depth: context.depth + 1 };
  const type = boundType(makeUnion(node.rules.map((rule) => typeOfRule(rule, deeper))));
  context.known.set(node, type);
  return type;
}
