/** What each statement of the IR is in core. */
import type { IrOperand, IrStmt, IrStmtType } from "../ir/policy.ts";
import { EmitError } from "./error.ts";
import type { GetOp, GrowOp, Label, MakeOp, Op, TestOp } from "./op.ts";
import { calleeOf, localOf, type Reading, stringOf, valueAt, whoIs } from "./reading.ts";
import { type Local, NO_LOCALS, NULL, numberConstant, UNDEFINED, type Value } from "./value.ts";

type StmtOf<Type extends IrStmtType> = Extract<IrStmt, { readonly type: Type }>["stmt"];

/** `exit` is the region that the statement stands in. Undefined where nothing is to be done. */
export type ReadStmt<Fields> = (reading: Reading, stmt: Fields, exit: Label) => Op | undefined;

export const READERS: { readonly [Type in IrStmtType]: ReadStmt<StmtOf<Type>> } = {
  ReturnLocalStmt: (reading, at) => ({
    kind: "return",
    at,
    weight: 0,
    ends: NO_LOCALS,
    value: localOf(reading, at.source),
  }),
  CallStmt: (reading, at, exit) => ({
    kind: "call",
    at,
    weight: 0,
    ends: NO_LOCALS,
    exit,
    callee: calleeOf(reading, at.func),
    args: valuesOf(reading, at.args),
    target: localOf(reading, at.result),
  }),
  CallDynamicStmt: (reading, at, exit) => ({
    kind: "call-path",
    at,
    weight: 0,
    ends: NO_LOCALS,
    exit,
    path: valuesOf(reading, at.path),
    args: (at.args ?? []).map((id) => localOf(reading, id)),
    target: localOf(reading, at.result),
  }),
  BlockStmt: (reading, at) => ({
    kind: "regions",
    at,
    weight: 0,
    ends: NO_LOCALS,
    regions: (at.blocks ?? []).map(reading.region),
  }),
  BreakStmt: (reading, at) => {
    const { around } = reading;
    const exit = at.index < 0 ? undefined : around[around.length - 1 - at.index];
    if (exit === undefined) throw new EmitError(`${whoIs(reading)} leaves ${at.index + 1} blocks, but is in fewer`);
    return { kind: "leave", at, weight: 0, ends: NO_LOCALS, exit };
  },
  DotStmt: (reading, at, exit) => get(reading, at, exit, "value"),
  BaseDotStmt: (reading, at, exit) => get(reading, at, exit, "base"),
  LenStmt: (reading, at) => ({
    kind: "length",
    at,
    weight: 0,
    ends: NO_LOCALS,
    source: valueAt(reading, at.source),
    target: localOf(reading, at.target),
  }),
  ScanStmt: (reading, at) => ({
    kind: "loop",
    at,
    weight: 0,
    ends: NO_LOCALS,
    turn: 0,
    source: localOf(reading, at.source),
    key: localOf(reading, at.key),
    value: localOf(reading, at.value),
    regions: [reading.region(at.block)],
  }),
  NotStmt: (reading, at, exit) => ({
    kind: "not",
    at,
    weight: 0,
    ends: NO_LOCALS,
    exit,
    regions: [reading.region(at.block)],
  }),
  AssignIntStmt: (reading, at) => assign(at, numberConstant(`${at.value}`), localOf(reading, at.target)),
  AssignVarStmt: (reading, at) => assign(at, valueAt(reading, at.source), localOf(reading, at.target)),
  AssignVarOnceStmt: (reading, at) => ({
    kind: "assign-once",
    at,
    weight: 0,
    ends: NO_LOCALS,
    source: valueAt(reading, at.source),
    target: localOf(reading, at.target),
  }),
  ResetLocalStmt: (reading, at) => assign(at, UNDEFINED, localOf(reading, at.target)),
  MakeNullStmt: (reading, at) => assign(at, NULL, localOf(reading, at.target)),
  MakeNumberIntStmt: (reading, at) => assign(at, numberConstant(`${at.value}`), localOf(reading, at.target)),
  MakeNumberRefStmt: (reading, at) =>
    assign(at, numberConstant(stringOf(reading, at.Index).text), localOf(reading, at.target)),
  MakeArrayStmt: (reading, at) => make(at, "array", at.capacity, localOf(reading, at.target)),
  MakeObjectStmt: (reading, at) => make(at, "object", 0, localOf(reading, at.target)),
  MakeSetStmt: (reading, at) => make(at, "set", 0, localOf(reading, at.target)),
  EqualStmt: (reading, at, exit) => compare(reading, at, exit, "equal"),
  NotEqualStmt: (reading, at, exit) => compare(reading, at, exit, "not-equal"),
  IsArrayStmt: (reading, at, exit) => test(at, exit, "array", valueAt(reading, at.source)),
  IsObjectStmt: (reading, at, exit) => test(at, exit, "object", valueAt(reading, at.source)),
  IsSetStmt: (reading, at, exit) => test(at, exit, "set", valueAt(reading, at.source)),
  IsDefinedStmt: (reading, at, exit) => test(at, exit, "defined", localOf(reading, at.source)),
  IsUndefinedStmt: (reading, at, exit) => test(at, exit, "undefined", localOf(reading, at.source)),
  ArrayAppendStmt: (reading, at) =>
    grow(at, "append", localOf(reading, at.array), undefined, valueAt(reading, at.value)),
  ObjectInsertStmt: (reading, at) => insert(reading, at, "insert"),
  ObjectInsertOnceStmt: (reading, at) => insert(reading, at, "insert-once"),
  ObjectMergeStmt: (reading, at) => ({
    kind: "merge",
    at,
    weight: 0,
    ends: NO_LOCALS,
    a: localOf(reading, at.a),
    b: localOf(reading, at.b),
    target: localOf(reading, at.target),
  }),
  SetAddStmt: (reading, at) => grow(at, "add", localOf(reading, at.set), undefined, valueAt(reading, at.value)),
  WithStmt: (reading, at, exit) => ({
    kind: "with",
    at,
    weight: 0,
    ends: NO_LOCALS,
    exit,
    local: localOf(reading, at.local),
    path: (at.path ?? []).map((index) => stringOf(reading, index).text),
    value: valueAt(reading, at.value),
    regions: [reading.region(at.block)],
  }),
  NopStmt: () => undefined,
  ResultSetAddStmt: (reading, at) => {
    if (reading.code.kind !== "plan") throw new EmitError(`${whoIs(reading)} adds to the results outside of a plan`);
    return { kind: "result", at, weight: 0, ends: NO_LOCALS, value: localOf(reading, at.value) };
  },
  MarkStmt: (_, at) => ({ kind: "mark", at, weight: 0, ends: NO_LOCALS, rule: at.rule }),
};

function valuesOf(reading: Reading, operands: readonly IrOperand[] | null): readonly Value[] {
  return (operands ?? []).map((operand) => valueAt(reading, operand));
}

function assign(at: Op["at"], source: Value, target: Local): Op {
  return { kind: "assign", at, weight: 0, ends: NO_LOCALS, source, target };
}

function make(at: Op["at"], what: MakeOp["what"], capacity: number, target: Local): Op {
  return { kind: "make", at, weight: 0, ends: NO_LOCALS, what, capacity, target };
}

function get(reading: Reading, at: StmtOf<"DotStmt" | "BaseDotStmt">, exit: Label, how: GetOp["how"]): Op {
  const source = valueAt(reading, at.source);
  const key = valueAt(reading, at.key);
  return { kind: "get", at, weight: 0, ends: NO_LOCALS, exit, how, source, key, target: localOf(reading, at.target) };
}

function compare(
  reading: Reading,
  at: StmtOf<"EqualStmt" | "NotEqualStmt">,
  exit: Label,
  how: "equal" | "not-equal",
): Op {
  return {
    kind: "test",
    at,
    weight: 0,
    ends: NO_LOCALS,
    exit,
    test: how,
    a: valueAt(reading, at.a),
    b: valueAt(reading, at.b),
  };
}

function test(at: Op["at"], exit: Label, how: Exclude<TestOp["test"], "equal" | "not-equal">, a: Value): Op {
  return { kind: "test", at, weight: 0, ends: NO_LOCALS, exit, test: how, a, b: undefined };
}

function grow(at: Op["at"], how: GrowOp["how"], collection: Local, key: Value | undefined, value: Value): Op {
  return { kind: "grow", at, weight: 0, ends: NO_LOCALS, how, collection, key, value };
}

function insert(
  reading: Reading,
  at: StmtOf<"ObjectInsertStmt" | "ObjectInsertOnceStmt">,
  how: "insert" | "insert-once",
): Op {
  const key = valueAt(reading, at.key);
  return grow(at, how, localOf(reading, at.object), key, valueAt(reading, at.value));
}
