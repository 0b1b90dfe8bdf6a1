/**
 * The rules of a unit by their place below `data`. A document rule stands at the constant
 * beginning of its head: `a.b[x].c` at `a.b`; whatever else stands below that node belongs
 * to the same document.
 */
import type { Module, Rule, Term } from "../syntax/ast.ts";
import type { DataPath } from "./environment.ts";

export type RuleNode = {
  readonly path: DataPath;
  readonly children: Map<string, RuleNode>;
  readonly rules: Rule[];
};

export type RuleTree = {
  readonly root: RuleNode;
  /** Functions by the name that calls use. */
  readonly functions: Map<string, FunctionRules>;
};

export type FunctionRules = { readonly path: DataPath; readonly arity: number; readonly rules: Rule[] };

export function makeRuleTree(modules: readonly Module[]): RuleTree {
  const root: RuleNode = { path: [], children: new Map(), rules: [] };
  const functions = new Map<string, FunctionRules>();
  for (const module of modules) {
    nodeAt(root, module.package.path);
    for (const rule of module.rules) {
      const prefix = constantPrefix(rule.head.ref);
      const { args } = rule.head;
      if (args === undefined) {
        nodeAt(root, prefix).rules.push(rule);
        continue;
      }
      nodeAt(root, prefix.slice(0, -1));
      const name = dataName(prefix);
      const known = functions.get(name);
      if (known === undefined) functions.set(name, { path: prefix, arity: args.length, rules: [rule] });
      else known.rules.push(rule);
    }
  }
  return { root, functions };
}

/** `data.a.b["c d"]`: how functions and rules are named. */
export function dataName(path: DataPath): string {
  return path.reduce((name, part) => name + (isPlain(part) ? `.${part}` : `[${JSON.stringify(part)}]`), "data");
}

function isPlain(part: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(part);
}

/** The nodes below this one, itself excluded, that have rules of their own. */
export function descendantsWithRules(node: RuleNode): readonly RuleNode[] {
  return [...node.children.values()].flatMap((child) => [
    ...(child.rules.length > 0 ? [child] : []),
    ...descendantsWithRules(child),
  ]);
}

export function findNode(root: RuleNode, path: DataPath): RuleNode | undefined {
  let node: RuleNode | undefined = root;
  for (const part of path) node = node?.children.get(part);
  return node;
}

function nodeAt(root: RuleNode, path: DataPath): RuleNode {
  let node = root;
  for (const [i, part] of path.entries()) {
    let child = node.children.get(part);
    if (child === undefined) {
      child = { path: path.slice(0, i + 1), children: new Map(), rules: [] };
      node.children.set(part, child);
    }
    node = child;
  }
  return node;
}

function constantPrefix(ref: readonly Term[]): DataPath {
  const prefix: string[] = [];
  for (const term of ref) {
    if (term.kind !== "string") break;
    prefix.push(term.value);
  }
  return prefix;
}
