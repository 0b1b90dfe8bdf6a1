/**
 * The depth of a tree, measured without recursion: operator chains and calls in a row nest
 * without the parser recursing, and what is deep must not reach stages that recurse.
 */
import type { Location } from "@regomesh/base";
import { CLOSURES_MAX, NESTING_MAX, TREE_DEPTH_MAX } from "./limits.ts";

const CLOSURES: ReadonlySet<string> = new Set([
  "array-comprehension",
  "set-comprehension",
  "object-comprehension",
  "every",
  "body",
  "template",
]);

/** What all parts of the tree may have. */
type Node = { readonly at?: Location; readonly kind?: string; readonly else?: Node };

/** A node that lies too deep, and how much of what is around it; undefined where there is none. */
export type TooDeep = { readonly at: Location; readonly message: string };

export function findTooDeep(root: object): TooDeep | undefined {
  const stack: (readonly [node: Node, depth: number, closures: number])[] = [[root as Node, 0, 0]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [node, depth, closures] = next;
    if (node.kind !== undefined && node.at !== undefined) {
      if (depth > TREE_DEPTH_MAX) return { at: node.at, message: `max nesting depth of ${NESTING_MAX} exceeded` };
      if (closures > CLOSURES_MAX) {
        return { at: node.at, message: `max nesting depth of ${CLOSURES_MAX} comprehensions and bodies exceeded` };
      }
    }
    const below = node.kind === undefined ? depth : depth + 1;
    const inside = node.kind !== undefined && CLOSURES.has(node.kind) ? closures + 1 : closures;
    for (const [name, child] of Object.entries(node)) {
      if (name === "at" || name === "else" || typeof child !== "object" || child === null) continue;
      stack.push([child as Node, below, inside]);
    }
    if (node.else !== undefined) stack.push([node.else, depth, closures]);
  }
  return undefined;
}
