/** Entrypoints by name, and whether a unit answers them. */
import type { Diagnostic } from "@regomesh/base";
import { dataName, findNode, hasDocumentsBelow, isFunction, isVirtual, type RuleNode } from "../resolved/rule-tree.ts";
import type { Unit } from "./unit.ts";

/** `mesh/authz/allow` as a path below `data`. */
export function toDataPath(name: string): readonly string[] {
  return name.split("/").filter((part) => part !== "");
}

/** Nothing, or the diagnostic that no rule of the unit answers the entrypoint. */
export function checkEntrypoint(unit: Unit, root: RuleNode, name: string): readonly Diagnostic[] {
  const path = toDataPath(name);
  if (path.length > 0 && isAnswered(root, path)) return [];
  const [first] = unit.modules;
  const source = first ?? { name: unit.name, text: "" };
  return [
    {
      code: "entrypoint_missing",
      severity: "error",
      message: `entrypoint ${name}: unit ${unit.name} has no rule ${dataName(path)}`,
      at: { source, span: { start: 0, end: 0 } },
      hint: hintFor(root, path),
    },
  ];
}

/** A rule stands at the path, above it as a partial document, or below it. */
function isAnswered(root: RuleNode, path: readonly string[]): boolean {
  let node: RuleNode | undefined = root;
  for (const part of path) {
    if (isVirtual(node)) return true;
    node = node.children.get(part);
    if (node === undefined || isFunction(node)) return false;
  }
  return isVirtual(node) || hasDocumentsBelow(node);
}

const NAMES_MAX = 5;

function hintFor(root: RuleNode, path: readonly string[]): string {
  const beside = findNode(root, path.slice(0, -1));
  const rules = [...(beside?.children.values() ?? [])].filter(isVirtual);
  if (rules.length === 0) return `add a module: package ${path.slice(0, -1).join(".")}`;
  const names = rules.slice(0, NAMES_MAX).map(({ path }) => path.join("/"));
  return `define it, or name a rule that is there: ${names.join(", ")}`;
}
