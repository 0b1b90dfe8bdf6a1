/**
 * The depth of a tree, measured without recursion: operator chains and calls in a row nest
 * without the parser recursing, and what is deep must not reach stages that recurse.
 */
import type { Location } from "@regomesh/base";
import { TREE_DEPTH_MAX } from "./limits.ts";

/** The place of a node that lies too deep, if there is one. */
export function findTooDeep(root: object): Location | undefined {
  const stack: (readonly [object, number])[] = [[root, 0]];
  while (stack.length > 0) {
    const [node, depth] = stack.pop() as readonly [object & { at?: Location; kind?: string }, number];
    if (depth > TREE_DEPTH_MAX && node.at !== undefined) return node.at;
    const below = node.kind === undefined ? depth : depth + 1;
    for (const [name, child] of Object.entries(node)) {
      if (name === "at" || name === "else" || typeof child !== "object" || child === null) continue;
      stack.push([child, below]);
    }
    const next = (node as { else?: object }).else;
    if (next !== undefined) stack.push([next, depth]);
  }
  return undefined;
}
