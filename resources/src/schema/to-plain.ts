/**
 * A YAML node as plain data, with the place of every value. What plain data cannot say
 * (keys that are no strings, a key without a value, numbers that JSON or a double has not) is reported here.
 */
import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";

/** Kubernetes' own resources stay far below this; a hostile file must not exhaust the stack. */
const DEPTH_MAX = 32;

export type Plain = {
  readonly value: unknown;
  /** Nodes by path (`spec.ports[0].name`); "" is the document. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** The keys, by the path of what they name. */
  readonly keys: ReadonlyMap<string, Node>;
  readonly faults: readonly PlainFault[];
};

export type PlainFault = { readonly path: string; readonly message: string; readonly node: Node };

type Walk = {
  readonly nodes: Map<string, Node>;
  readonly keys: Map<string, Node>;
  readonly faults: PlainFault[];
};

export function toPlain(root: Node): Plain {
  const walk: Walk = { nodes: new Map(), keys: new Map(), faults: [] };
  const value = read(root, "", 0, walk);
  return { value, ...walk };
}

function read(node: Node, path: string, depth: number, walk: Walk): unknown {
  walk.nodes.set(path, node);
  if (isScalar(node)) return readScalar(node, path, walk);
  if (depth > DEPTH_MAX) return fault(walk, path, "is nested too deeply", node);
  if (isSeq(node)) {
    return node.items.map((item, index) => read(item as Node, `${path}[${index}]`, depth + 1, walk));
  }
  if (!isMap(node)) return fault(walk, path, "is nothing that is read here", node);
  const entries = node.items.flatMap((pair) => {
    const name = nameOf(pair, node, path, walk);
    if (name === undefined) return [];
    const at = joinPath(path, name);
    const { key, value } = pair as Pair<Node, Node | null>;
    walk.keys.set(at, key);
    if (value !== null) return [[name, read(value, at, depth + 1, walk)] as const];
    walk.nodes.set(at, key);
    return [[name, fault(walk, at, "has no value", key)] as const];
  });
  return Object.fromEntries(entries);
}

const INTEGER = /^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+)$/;

function readScalar(node: Scalar, path: string, walk: Walk): unknown {
  const { value, source = "" } = node;
  if (typeof value === "object" && value !== null) return fault(walk, path, "is nothing that is read here", node);
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return fault(walk, path, "is no number that JSON has", node);
  const isWritten = Number.isSafeInteger(value) || String(value) === source || !INTEGER.test(source);
  const isKept = isWritten || BigInt(value) === BigInt(source);
  return isKept ? value : fault(walk, path, "has more digits than are kept of a number: write it as a text", node);
}

function nameOf(pair: Pair, parent: Node, path: string, walk: Walk): string | undefined {
  const key = (pair.key as Node | null) ?? parent;
  const name = isScalar(pair.key) ? pair.key.value : undefined;
  if (typeof name !== "string") return fault(walk, path, "has a key that is not a string", key);
  // Plain objects cannot carry it, and no field or label may have it.
  if (name === "__proto__") return fault(walk, path, "has a key __proto__, which is no name", key);
  return name;
}

function fault(walk: Walk, path: string, message: string, node: Node): undefined {
  walk.faults.push({ path, message, node });
  return undefined;
}

export function joinPath(path: string, part: PropertyKey): string {
  if (typeof part === "number") return `${path}[${part}]`;
  return path === "" ? String(part) : `${path}.${String(part)}`;
}
