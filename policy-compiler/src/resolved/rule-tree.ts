/**
 * The rules of a unit by their place below `data`, as a tree of names: what checks, types, plans and
 * entrypoints look things up in. A rule stands at the constant beginning of its head: `a.b[x].c` at `a.b`;
 * whatever else stands below that node belongs to the same document. Rules are those after rewriting:
 * their heads begin at the root.
 */

import type * as Written from "../syntax/ast.ts";
import type { Term } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { printPath, printTermPath } from "../syntax/print-term.ts";
import type { Rule } from "./ast.ts";

/** Of resolved rules, or of those that have only been rewritten. */
export type RuleNode<Of extends Written.Rule = Rule> = {
  /** Below `data`. */
  readonly path: readonly string[];
  readonly children: Map<string, RuleNode<Of>>;
  /** Rules whose constant beginning ends here: once conflicts are refused of one document, or of one function. */
  readonly rules: Of[];
  /** A module's package is here. */
  isPackage: boolean;
};

export type PlacedModule<Of> = {
  readonly package: { readonly path: readonly string[] };
  readonly rules: readonly Of[];
};

export function makeRuleTree<Of extends Written.Rule>(modules: readonly PlacedModule<Of>[]): RuleNode<Of> {
  const root = makeNode<Of>([]);
  for (const module of modules) {
    openNode(root, module.package.path).isPackage = true;
    for (const rule of module.rules) openRuleNode(root, rule.head.ref).rules.push(rule);
  }
  return root;
}

/** The names in front of the first variable or other key. */
export function constantPath(ref: readonly Term[]): readonly string[] {
  const path: string[] = [];
  for (const part of ref) {
    if (part.kind !== "string") break;
    path.push(part.value);
  }
  return path;
}

/** `from`: where the path below the root begins. */
export function findNode<Of extends Written.Rule>(
  root: RuleNode<Of>,
  path: readonly string[],
  from = 0,
): RuleNode<Of> | undefined {
  let node: RuleNode<Of> | undefined = root;
  for (let i = from; i < path.length && node !== undefined; i++) node = node.children.get(path[i] as string);
  return node;
}

/** Every node, a parent before its children. */
export function* eachNode<Of extends Written.Rule>(root: RuleNode<Of>): Generator<RuleNode<Of>> {
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.pop() as RuleNode<Of>;
    yield node;
    stack.push(...node.children.values());
  }
}

/** A function is called: it has no value of its own, and is no part of the document around it. */
export function isFunction({ rules }: RuleNode): boolean {
  return rules[0]?.head.args !== undefined;
}

/** Rules make the document at the node. */
export function isVirtual(node: RuleNode): boolean {
  return node.rules.length > 0 && !isFunction(node);
}

/** The children that have a value, by name. */
export function documentsBelow(node: RuleNode): readonly (readonly [name: string, child: RuleNode])[] {
  return childrenOf(node).filter(([, child]) => !isFunction(child));
}

/** The children in the order in which OPA evaluates them: of two that are in error the first one is told. */
export function childrenOf({ children }: RuleNode): readonly (readonly [name: string, child: RuleNode])[] {
  return [...children].sort(([a], [b]) => compareTexts(a, b));
}

/** As bytes of UTF-8: where surrogates begin, those of UTF-16 stand in another order. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (a.codePointAt(i) === b.codePointAt(i)) i++;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

export function hasDocumentsBelow({ children }: RuleNode): boolean {
  for (const child of children.values()) if (!isFunction(child)) return true;
  return false;
}

/** The nodes below this one, itself excluded, that have rules of their own. */
export function descendantsWithRules(node: RuleNode): readonly RuleNode[] {
  return [...node.children.values()].flatMap((child) => [
    ...(child.rules.length > 0 ? [child] : []),
    ...descendantsWithRules(child),
  ]);
}

export function hasConstantHead(rule: Written.Rule): boolean {
  return rule.head.ref.every((part) => part.kind === "string");
}

/** No part of the head is a variable: `p`, `p.a`, `p[1]`. */
export function isGroundHead(rule: Written.Rule): boolean {
  return rule.head.ref.every(isScalar);
}

/**
 * The nodes where a rule, or above which one, has a variable in its head: what stands there is a part of that document, for
 * which OPA looks at all rules and all that they find.
 */
export function partsOfPartials(root: RuleNode): ReadonlySet<RuleNode> {
  const parts = new Set<RuleNode>();
  for (const node of eachNode(root)) {
    if (parts.has(node) || node.rules.every(isGroundHead)) continue;
    for (const part of eachNode(node)) parts.add(part);
  }
  return parts;
}

/** `data.a.p`, with variables where the head has them: `data.a.p[x]`. */
export function ruleName(rule: Written.Rule): string {
  return `data${printTermPath(rule.head.ref)}`;
}

/** `data.a.b["c d"]`: how rules and functions are named. */
export function dataName(path: readonly string[]): string {
  return printPath(["data", ...path]);
}

function openNode<Of extends Written.Rule>(root: RuleNode<Of>, path: readonly string[]): RuleNode<Of> {
  let node = root;
  for (const name of path) node = openChild(node, name);
  return node;
}

/** At the constant beginning of a head. */
function openRuleNode<Of extends Written.Rule>(root: RuleNode<Of>, ref: readonly Term[]): RuleNode<Of> {
  let node = root;
  for (const part of ref) {
    if (part.kind !== "string") break;
    node = openChild(node, part.value);
  }
  return node;
}

function openChild<Of extends Written.Rule>(node: RuleNode<Of>, name: string): RuleNode<Of> {
  let child = node.children.get(name);
  if (child === undefined) {
    child = makeNode<Of>([...node.path, name]);
    node.children.set(name, child);
  }
  return child;
}

function makeNode<Of extends Written.Rule>(path: readonly string[]): RuleNode<Of> {
  return { path, children: new Map(), rules: [], isPackage: false };
}
