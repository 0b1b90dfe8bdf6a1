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

/** Terms without parts, which are most of a tree. */
const LEAVES: ReadonlySet<string> = new Set(["null", "boolean", "number", "string", "var"]);

/** What all parts of the tree may have. */
type Node = { readonly at?: Location; readonly kind?: string };

/** A node that lies too deep, and how much of what is around it; undefined where there is none. */
export type TooDeep = { readonly at: Location; readonly message: string };

export function findTooDeep(root: object): TooDeep | undefined {
  const waiting = new Waiting();
  waiting.push(root, 0, 0);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { depth, closures } = waiting;
    if (node.kind !== undefined && node.at !== undefined) {
      if (depth > TREE_DEPTH_MAX) return { at: node.at, message: `max nesting depth of ${NESTING_MAX} exceeded` };
      if (closures > CLOSURES_MAX) {
        return { at: node.at, message: `max nesting depth of ${CLOSURES_MAX} comprehensions and bodies exceeded` };
      }
    }
    const below = node.kind === undefined ? depth : depth + 1;
    const inside = node.kind !== undefined && CLOSURES.has(node.kind) ? closures + 1 : closures;
    if (Array.isArray(node)) for (const part of node) waiting.push(part, below, inside);
    else pushParts(node, below, inside, waiting);
  }
  return undefined;
}

/** Each part once: what an object's text has, or the operands of a body that stands for `and` or `or`, is the same nodes again. */
function pushParts(node: Node, depth: number, closures: number, waiting: Waiting): void {
  for (const name in node) {
    if (name === "at" || name === "logical" || (name === "entries" && "written" in node)) continue;
    waiting.push(node[name as keyof Node], depth, closures);
  }
}

/** Nodes that are not looked at yet, each with what is around it, side by side: a list may have hundreds of thousands. */
class Waiting {
  readonly #nodes: Node[] = [];
  readonly #depths: number[] = [];
  readonly #closures: number[] = [];
  /** Of the node that was given last: nodes, and closures, around it. */
  depth = 0;
  closures = 0;

  push(part: unknown, depth: number, closures: number): void {
    if (typeof part !== "object" || part === null) return;
    const node: Node = part;
    const isLeaf = node.kind !== undefined && LEAVES.has(node.kind);
    if (isLeaf && depth <= TREE_DEPTH_MAX && closures <= CLOSURES_MAX) return;
    this.#nodes.push(node);
    this.#depths.push(depth);
    this.#closures.push(closures);
  }

  pop(): Node | undefined {
    this.depth = this.#depths.pop() ?? 0;
    this.closures = this.#closures.pop() ?? 0;
    return this.#nodes.pop();
  }
}
