/**
 * References into `data`: base documents, the rules' virtual documents laid over them,
 * and keys that choose among both. A path is followed through the tree of rules while its
 * keys are constants; from a rule on it goes on in the rule's value, from a place without
 * rules in the base document.
 */
import type { IrFunc, IrOperand } from "../ir/policy.ts";
import type { Term } from "../resolved/ast.ts";
import {
  dataName,
  documentsBelow,
  findNode,
  hasDocumentsBelow,
  isFunction,
  isVirtual,
  type RuleNode,
} from "../resolved/rule-tree.ts";
import { type Choice, planChoices, planChosen } from "./choices.ts";
import { type DataPath, isHidden } from "./environment.ts";
import { callUnitFunc, type FuncSite, finishFunc, makeFuncSite } from "./func.ts";
import { isPartial, keysDeep } from "./partial.ts";
import { isKeyReady, type Key, matchKey, planBasePath, planKey, planPath } from "./path.ts";
import { requireFunc } from "./planner.ts";
import { openVariables } from "./readiness.ts";
import { callKeyed, callRules } from "./rule.ts";
import { append, appendBlock, baseDot, dot, local, newLocal, type Site, scan, text, toLocal } from "./site.ts";
import { resolveVariable } from "./variables.ts";

export function planDataRef(site: Site, path: readonly Key[]): IrOperand {
  return planAt(site, site.planner.tree, path);
}

/** The value of a rule that is called without arguments: as in OPA what `with` puts in its place is for whoever reads it. */
export function planCalledRule(site: Site, path: readonly Term[]): IrOperand {
  const names = path.flatMap((part) => (part.kind === "string" ? [part.value] : []));
  const node = findNode(site.planner.tree, names);
  if (node === undefined) throw new Error(`no rule is called ${names.join(".")}`);
  return callRules(site, node);
}

/** No rule makes what the path finds: it ends at a base document, or at a place above rules. */
export function isOutsideRules(site: Site, path: readonly Key[], from: RuleNode = site.planner.tree): boolean {
  const { kind, node, keys } = findPlace(site, from, path);
  switch (kind) {
    case "base":
      return true;
    case "rules":
      return false;
    case "document":
      return isHidden(site.environment, node.path) || !isVirtual(node);
    case "choice":
      return documentsBelow(node).every(([, child]) => isOutsideRules(site, keys.slice(1), child));
  }
}

/** Where following a path through the tree of rules ends, and the keys that are left there. */
type Place = {
  readonly kind: "base" | "rules" | "choice" | "document";
  readonly node: RuleNode;
  readonly keys: readonly Key[];
};

function planAt(site: Site, from: RuleNode, path: readonly Key[]): IrOperand {
  const { kind, node, keys } = findPlace(site, from, path);
  switch (kind) {
    case "base":
      return planInBase(site, node.path, keys);
    case "rules":
      return planInRules(site, node, keys);
    case "choice":
      return planChoice(site, node, keys);
    case "document":
      return planDocument(site, node);
  }
}

function findPlace({ environment }: Site, from: RuleNode, path: readonly Key[]): Place {
  let node = from;
  for (let i = 0; i < path.length; i++) {
    const key = path[i] as Key;
    if (isHidden(environment, node.path)) return { kind: "base", node, keys: path.slice(i) };
    if (isVirtual(node)) return { kind: "rules", node, keys: path.slice(i) };
    if (!hasDocumentsBelow(node)) return { kind: "base", node, keys: path.slice(i) };
    const child = key.kind === "name" ? node.children.get(key.name) : undefined;
    if (child !== undefined && !isFunction(child)) node = child;
    else return { kind: key.kind === "name" || isScalar(key) ? "base" : "choice", node, keys: path.slice(i) };
  }
  return { kind: "document", node, keys: [] };
}

/** The whole document at a node. */
function planDocument(site: Site, node: RuleNode): IrOperand {
  if (isHidden(site.environment, node.path)) return planBase(site, node.path);
  if (isVirtual(node)) return callRules(site, node);
  const { planner, environment } = site;
  const name = `${planner.prefix}g${environment.generation}.document.${dataName(node.path)}`;
  requireFunc(site, name, () => planExtent(makeFuncSite(planner, environment, []), name, node));
  return callUnitFunc(site, name, []);
}

/** The base document, with the rules' documents laid over it. */
function planExtent(func: FuncSite, name: string, node: RuleNode): IrFunc {
  const { site, result } = func;
  const virtual = newLocal(site);
  append(site, { type: "MakeObjectStmt", stmt: { target: virtual } });
  for (const [part, child] of documentsBelow(node)) {
    if (isHidden(site.environment, child.path)) continue;
    appendBlock(site, (nested) => {
      const value = planDocument(nested, child);
      append(nested, { type: "ObjectInsertStmt", stmt: { key: text(nested, part), value, object: virtual } });
    });
  }
  append(site, { type: "AssignVarStmt", stmt: { source: local(virtual), target: result } });
  appendBlock(site, (nested) => {
    const base = toLocal(nested, planBase(nested, node.path));
    append(nested, { type: "IsObjectStmt", stmt: { source: local(base) } });
    append(nested, { type: "ObjectMergeStmt", stmt: { a: base, b: virtual, target: result } });
  });
  return finishFunc(name, func);
}

function planBase(site: Site, path: readonly string[]): IrOperand {
  return path.reduce<IrOperand>((source, part) => dot(site, source, text(site, part)), local(site.data));
}

/** Keys below a place without rules. What replaces data is a value like any other: its keys are of any type. */
function planInBase(site: Site, place: DataPath, path: readonly Key[]): IrOperand {
  const base = planBase(site, place);
  if (site.environment.hidden.length === 0) return planBasePath(site, base, path); // as mostly
  const names = namesOf(path);
  for (let length = 0; length <= names.length; length++) {
    if (!isHidden(site.environment, [...place, ...names.slice(0, length)])) continue;
    return planPath(site, planBasePath(site, base, path.slice(0, length)), path.slice(length));
  }
  return planBasePath(site, base, path);
}

/** The constant names that a path begins with. */
function namesOf(path: readonly Key[]): DataPath {
  const names: string[] = [];
  for (const key of path) {
    if (key.kind !== "name") break;
    names.push(key.name);
  }
  return names;
}

/**
 * Keys into what rules make. What can be known of the keys is evaluated first: where one is
 * undefined, no rule is asked. Of a document made piece by piece, only the pieces that the
 * known keys leave are evaluated: a fault at another key is none of this reference's.
 */
function planInRules(site: Site, node: RuleNode, path: readonly Key[]): IrOperand {
  const depth = isPartial(node) ? Math.min(keysDeep(node), path.length) : 0;
  const keys = path.map((key) => (isKeyReady(site, key) ? operandKey(site, key) : key));
  const known = keys.slice(0, depth).map((key) => (key.kind === "term" ? undefined : planKey(site, key)));
  const document = known.some((key) => key !== undefined) ? callKeyed(site, node, known) : callRules(site, node);
  return planPath(site, document, keys);
}

/** Whether no rule can stand at the key whatever it is. */
function isScalar(key: Key): boolean {
  if (key.kind !== "term") return false;
  const { kind } = key.term;
  return kind === "number" || kind === "boolean" || kind === "null";
}

/**
 * The first key is no constant: it chooses among the node's children and the base
 * document. Each that fits is planned for itself, so that no other rule is evaluated.
 */
function planChoice(site: Site, node: RuleNode, path: readonly Key[]): IrOperand {
  const keys = path.map((key) => (isKeyReady(site, key) ? operandKey(site, key) : key));
  const unbound = unboundVariables(site, keys);
  const choices = choicesOf(site, node, keys);
  return keys.every((key) => key.kind !== "term") ? planChosen(site, choices) : planChoices(site, choices, unbound);
}

function operandKey(site: Site, key: Key): Key {
  return key.kind === "term" ? { kind: "operand", operand: planKey(site, key) } : key;
}

function unboundVariables(site: Site, keys: readonly Key[]): readonly string[] {
  const names = new Set<string>();
  for (const key of keys) if (key.kind === "term") openVariables(key.term, names);
  return [...names].filter((name) => resolveVariable(site.variables, name) === undefined);
}

/** Members of the base document first, then the rules' by name; choices below a child are in its place. */
function choicesOf(
  site: Site,
  node: RuleNode,
  keys: readonly Key[],
  matchOuter: (nested: Site) => void = () => undefined,
): readonly Choice[] {
  const [first, ...rest] = keys as [Key, ...Key[]];
  const children = documentsBelow(node).filter(([, child]) => !isHidden(site.environment, child.path));
  children.sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = children.map(([part]) => part);
  const planMembers = (nested: Site): IrOperand => {
    matchOuter(nested);
    return planBaseMembers(nested, node, keys, parts);
  };
  return [
    { name: dataName(node.path), plan: planMembers },
    ...children.flatMap(([part, child]): readonly Choice[] => {
      const match = (nested: Site): void => {
        matchOuter(nested);
        matchKey(nested, first, text(nested, part));
      };
      const below = findPlace(site, child, rest);
      if (below.kind === "choice") return choicesOf(site, below.node, below.keys, match);
      const plan = (nested: Site): IrOperand => {
        match(nested);
        return planAt(nested, child, rest);
      };
      return [{ name: dataName(child.path), plan }];
    }),
  ];
}

/** What the keys find in the base document, but for what the rules of some names make. */
function planBaseMembers(site: Site, node: RuleNode, keys: readonly Key[], names: readonly string[]): IrOperand {
  const [first, ...rest] = keys as [Key, ...Key[]];
  const base = planBase(site, node.path);
  const exclude = (key: IrOperand): void => {
    for (const name of names) append(site, { type: "NotEqualStmt", stmt: { a: key, b: text(site, name) } });
  };
  if (isKeyReady(site, first)) {
    const key = planKey(site, first);
    exclude(key);
    return planBasePath(site, baseDot(site, base, key), rest);
  }
  const member = scan(site, base);
  exclude(member.key);
  matchKey(site, first, member.key);
  return planBasePath(site, member.value, rest);
}
