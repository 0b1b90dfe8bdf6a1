/** What all functions of a policy share while they are emitted. */

import { EmitError } from "../core/error.ts";
import type { CoreModule } from "../core/module.ts";
import type { CoreFunction } from "../core/op.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import type { Statics } from "../link/statics.ts";
import type { ByteWriter } from "../wasm/encode.ts";
import type { RuntimeBuiltin, RuntimeCalls } from "./runtime-calls.ts";

export type PolicyContext = {
  readonly runtime: RuntimeModule;
  readonly calls: RuntimeCalls;
  /** The runtime's own built-in of a name, if it has it. */
  readonly builtinOf: (name: string) => RuntimeBuiltin | undefined;
  readonly statics: Statics;
  /** Where functions are written, one after the other. */
  readonly code: ByteWriter;
  /** Functions that are called, the runtime's among them; grows while functions are emitted. */
  readonly called: Set<number>;
  /** Globals of the runtime that they name; grows likewise. */
  readonly named: Set<number>;
  /** Number of rules that MarkStmt may name. */
  readonly rules: number;
  readonly places: Places;
  readonly functions: ReadonlyMap<CoreFunction, PolicyFunction>;
  /** Number of each built-in that the host must bring; grows. */
  readonly hostBuiltins: Map<string, number>;
  /** Index of the type of functions from `params` values to a value; types are added as asked for. */
  readonly typeOf: (params: number) => number;
  /** Tree of the functions with `params` parameters by their paths, as JSON text; leaves are places in the table. */
  readonly functionTree: (params: number) => string;
  /** Places of the words of the indexes of data. */
  readonly dataIndexes: readonly number[];
  /** All functions of one generation get the same input: what is read of it may be kept. */
  readonly sharesInput: boolean;
};

/** What places of ops, and marks, point to. */
export type Places = Pick<CoreModule, "files" | "rules">;

/** Where a function is, among the functions and in the table, and how many parameters it has in WebAssembly. */
export type PolicyFunction = { readonly index: number; readonly tableIndex: number; readonly params: number };

type Tree = Map<string, Tree | number>;

export function treeOf(functions: PolicyContext["functions"], params: number): string {
  const root: Tree = new Map();
  for (const [func, { tableIndex }] of functions) {
    const { path } = func;
    if (func.params.length !== params || path.length === 0) continue;
    let node = root;
    for (const key of path.slice(0, -1)) {
      const next = node.get(key) ?? new Map();
      if (typeof next === "number") throw new EmitError(`${func.name} lies below another function's path`);
      node.set(key, next);
      node = next;
    }
    const last = path.at(-1) as string;
    if (node.has(last)) throw new EmitError(`${func.name} has the path of another function`);
    node.set(last, tableIndex);
  }
  return printTree(root);
}

function printTree(tree: Tree): string {
  const entries = [...tree].map(
    ([key, value]) => `${JSON.stringify(key)}:${typeof value === "number" ? value : printTree(value)}`,
  );
  return `{${entries.join(",")}}`;
}
