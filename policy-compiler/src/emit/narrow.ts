/** What an index of the data leaves, and the function that makes the indexes which such ops ask. */

import { EmitError } from "../core/error.ts";
import type { DataIndex } from "../core/index-node.ts";
import type { NarrowOp } from "../core/op.ts";
import { putDataIndex } from "../link/data-words.ts";
import { OP } from "../wasm/encode.ts";
import { type Emitted, endBody, newBody, placeOf } from "./body.ts";
import { call, get, i32Const, indexAddress, op, set, store } from "./instruction.ts";
import type { OpContext } from "./op-context.ts";
import { operand } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";

export function narrow({ body, policy }: OpContext, asks: NarrowOp): void {
  const index = policy.dataIndexes[asks.index];
  if (index === undefined) throw new EmitError(`${body.name} asks index ${asks.index} of none`);
  const { words } = policy.statics;
  const asked = words.length;
  for (const _ of asks.keys) words.push(0);
  asks.keys.forEach((key, i) => {
    indexAddress(body, asked + i);
    operand(body, key);
    store(body, 0);
  });
  operand(body, asks.source);
  operand(body, asks.data);
  indexAddress(body, index);
  indexAddress(body, asked);
  call(body, "narrow");
  const narrowed = placeOf(body, asks.target);
  set(body, narrowed);
  if (asks.sure !== undefined) {
    get(body, narrowed);
    i32Const(body, 1);
    op(body, OP.i32And);
    set(body, placeOf(body, asks.sure));
  }
  get(body, narrowed);
  i32Const(body, -2);
  op(body, OP.i32And);
  set(body, narrowed);
}

/** Places of the words of each index. */
export function putDataIndexes(
  statics: PolicyContext["statics"],
  indexes: readonly DataIndex[],
): PolicyContext["dataIndexes"] {
  return indexes.map((index) => putDataIndex(statics, index));
}

/** A function of anything and data, which makes all indexes. */
export function emitDataIndexes(policy: PolicyContext): Emitted {
  const body = newBody("indexes of data", 2, policy);
  for (const index of policy.dataIndexes) {
    get(body, 1);
    indexAddress(body, index);
    call(body, "indexData");
  }
  i32Const(body, 0);
  return endBody(body);
}
