/** NarrowStmt, and the function that makes the indexes of data which such statements ask. */
import type { IrDataIndex, IrStmt } from "../ir/policy.ts";
import { putDataIndex } from "../link/data-words.ts";
import { OP } from "../wasm/encode.ts";
import { type Body, call, get, i32Const, indexAddress, localOf, newBody, op, set, store } from "./code.ts";
import { EmitError } from "./error.ts";
import { readLocal } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import type { StatementContext } from "./statement-context.ts";

type NarrowStmt = Extract<IrStmt, { readonly type: "NarrowStmt" }>["stmt"];

export function narrow({ body, policy }: StatementContext, stmt: NarrowStmt): void {
  const index = policy.dataIndexes[stmt.index];
  if (index === undefined) throw new EmitError(`${body.name} asks index ${stmt.index} of none`);
  const { words } = policy.statics;
  const asked = words.length;
  for (const _ of stmt.keys) words.push(0);
  stmt.keys.forEach((key, i) => {
    indexAddress(body, asked + i);
    readLocal(body, key);
    store(body, 0);
  });
  readLocal(body, stmt.source);
  readLocal(body, stmt.data);
  indexAddress(body, index);
  indexAddress(body, asked);
  call(body, "narrow");
  const narrowed = localOf(body, stmt.target);
  set(body, narrowed);
  if (stmt.sure !== undefined) {
    get(body, narrowed);
    i32Const(body, 1);
    op(body, OP.i32And);
    set(body, localOf(body, stmt.sure));
  }
  get(body, narrowed);
  i32Const(body, -2);
  op(body, OP.i32And);
  set(body, narrowed);
}

/** Places of the words of each index. */
export function putDataIndexes(
  statics: PolicyContext["statics"],
  indexes: readonly IrDataIndex[],
): PolicyContext["dataIndexes"] {
  return indexes.map((index) => putDataIndex(statics, index));
}

/** A function of anything and data, which makes all indexes. */
export function emitDataIndexes(policy: PolicyContext): Body {
  const known = {
    ...{ texts: new Map(), done: new Set<never>(), elements: new Map(), reads: new Map() },
    lifetimes: { ends: new Map(), passing: new Set<never>() },
  };
  const body = newBody("indexes of data", 2, known, policy);
  for (const index of policy.dataIndexes) {
    get(body, 1);
    indexAddress(body, index);
    call(body, "indexData");
  }
  i32Const(body, 0);
  op(body, OP.end);
  return body;
}
