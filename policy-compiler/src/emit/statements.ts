/** One emitter for each statement of the IR; ir/policy.ts and OPA's ir.go say what they mean. */
import type { IrBlock, IrStmt, IrStmtType } from "../ir/policy.ts";
import { slotOf } from "../link/statics.ts";
import { slotKind } from "../optimize/input-slots.ts";
import { call as callStatement, dynamicCall } from "./call.ts";
import {
  type Body,
  br,
  call,
  close,
  constant,
  frame,
  get,
  globalGet,
  i32Const,
  leave,
  localOf,
  markAddress,
  newLocal,
  op,
  open,
  putBack,
  type Restore,
  set,
  store,
  tee,
  undefinedHere,
  undefinedIf,
} from "./code.ts";
import { EmitError } from "./error.ts";
import { isSameOperand, number, operand, stringAt } from "./operand.ts";
import type { PolicyContext } from "./policy-context.ts";
import { tick } from "./steps.ts";
import { OP } from "./wasm.ts";

/** What a function's statements share. */
export type StatementContext = {
  readonly body: Body;
  readonly policy: PolicyContext;
  /** Emits the return of the value on the stack. */
  readonly returnValue: () => void;
  /** Local with the set of results; only in plans. */
  readonly results: number | undefined;
};

type StmtOf<Type extends IrStmtType> = Extract<IrStmt, { readonly type: Type }>["stmt"];
type Emitters = { readonly [Type in IrStmtType]: (context: StatementContext, stmt: StmtOf<Type>) => void };

/** Elements that an array gets room for at once, whatever the plan foresees. */
const CAPACITY_MAX = 4096;

const ARRAY = 5;
const OBJECT = 6;
const SET = 7;

export function block(context: StatementContext, irBlock: IrBlock): void {
  for (const stmt of irBlock.stmts ?? []) statement(context, stmt);
}

export function statement(context: StatementContext, stmt: IrStmt): void {
  const emit = EMITTERS[stmt.type] as ((context: StatementContext, stmt: IrStmt["stmt"]) => void) | undefined;
  if (emit === undefined) throw new EmitError(`${context.body.name} has a statement of unknown type ${stmt.type}`);
  emit(context, stmt.stmt);
}

function scan({ body, ...context }: StatementContext, stmt: StmtOf<"ScanStmt">): void {
  const source = localOf(body, stmt.source);
  const position = newLocal(body);
  const length = newLocal(body);
  const exit = open(body, OP.block);
  get(body, source);
  call(body, "scanLength");
  tee(body, length);
  op(body, OP.i32Eqz);
  br(body, exit, OP.brIf);
  i32Const(body, 0);
  set(body, position);
  const again = open(body, OP.loop);
  tick(body);
  for (const [target, read] of [
    [stmt.key, "scanKey"],
    [stmt.value, "scanValue"],
  ] as const) {
    get(body, source);
    get(body, position);
    call(body, read);
    set(body, localOf(body, target));
  }
  frame(body, () => block({ body, ...context }, stmt.block));
  get(body, position);
  i32Const(body, 1);
  op(body, OP.i32Add);
  tee(body, position);
  get(body, length);
  op(body, OP.i32LtS);
  br(body, again, OP.brIf);
  close(body);
  close(body);
}

function not(context: StatementContext, stmt: StmtOf<"NotStmt">): void {
  const { body } = context;
  const outer = body.frames.at(-1);
  frame(body, () => {
    block(context, stmt.block);
    if (outer !== undefined) br(body, outer.labels); // the block holds, so its negation does not
  });
}

function withStatement(context: StatementContext, stmt: StmtOf<"WithStmt">): void {
  const { body, policy } = context;
  const restore: Restore = {
    target: localOf(body, stmt.local),
    saved: newLocal(body),
    generation: newLocal(body),
  };
  const path = stmt.path ?? [];
  get(body, restore.target);
  set(body, restore.saved);
  if (path.length === 0) operand(body, policy.strings, stmt.value);
  else {
    get(body, restore.target);
    constant(body, JSON.stringify(path.map((index) => stringAt(policy.strings, index))));
    operand(body, policy.strings, stmt.value);
    call(body, "upsert");
  }
  set(body, restore.target);
  call(body, "memoPush");
  set(body, restore.generation);
  const done = open(body, OP.block);
  frame(
    body,
    () => {
      block(context, stmt.block);
      br(body, done);
    },
    restore,
  );
  putBack(body, restore);
  undefinedHere(body);
  close(body);
  putBack(body, restore);
}

function assignOnce({ body, policy }: StatementContext, stmt: StmtOf<"AssignVarOnceStmt">): void {
  const target = localOf(body, stmt.target);
  get(body, target);
  open(body, OP.if);
  get(body, target);
  operand(body, policy.strings, stmt.source);
  call(body, "isEqual");
  op(body, OP.i32Eqz);
  open(body, OP.if);
  call(body, "assignConflict");
  close(body);
  op(body, OP.else);
  operand(body, policy.strings, stmt.source);
  set(body, target);
  close(body);
}

function dot({ body, policy }: StatementContext, stmt: StmtOf<"DotStmt">): void {
  if (stmt.source.type !== "local") {
    undefinedHere(body); // strings and booleans have no parts
    return;
  }
  operand(body, policy.strings, stmt.source);
  operand(body, policy.strings, stmt.key);
  call(body, "valueGet");
  tee(body, localOf(body, stmt.target));
  op(body, OP.i32Eqz);
  undefinedIf(body);
}

function kind({ body, policy }: StatementContext, source: StmtOf<"IsSetStmt">["source"], wanted: number): void {
  operand(body, policy.strings, source);
  i32Const(body, wanted);
  call(body, "hasKind");
  op(body, OP.i32Eqz);
  undefinedIf(body);
}

function assign(context: StatementContext, target: number, value: () => void): void {
  value();
  set(context.body, localOf(context.body, target));
}

function insert(
  { body, policy }: StatementContext,
  stmt: StmtOf<"ObjectInsertStmt">,
  how: "objectInsert" | "objectInsertOnce",
): void {
  get(body, localOf(body, stmt.object));
  operand(body, policy.strings, stmt.key);
  operand(body, policy.strings, stmt.value);
  call(body, how);
}

const EMITTERS: Emitters = {
  ReturnLocalStmt: ({ body, returnValue }, stmt) => {
    get(body, localOf(body, stmt.source));
    returnValue();
  },
  CallStmt: callStatement,
  CallDynamicStmt: dynamicCall,
  BlockStmt: (context, stmt) => {
    for (const inner of stmt.blocks ?? []) frame(context.body, () => block(context, inner));
  },
  BreakStmt: ({ body }, stmt) => leave(body, stmt.index),
  DotStmt: dot,
  LenStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      operand(context.body, context.policy.strings, stmt.source);
      call(context.body, "lengthOf");
    }),
  ScanStmt: scan,
  NotStmt: not,
  AssignIntStmt: (context, stmt) => assign(context, stmt.target, () => number(context.body, `${stmt.value}`)),
  AssignVarStmt: (context, stmt) =>
    assign(context, stmt.target, () => operand(context.body, context.policy.strings, stmt.source)),
  AssignVarOnceStmt: assignOnce,
  ResetLocalStmt: (context, stmt) => assign(context, stmt.target, () => i32Const(context.body, 0)),
  MakeNullStmt: (context, stmt) =>
    assign(context, stmt.target, () => i32Const(context.body, context.body.calls.values.NULL_VALUE)),
  MakeNumberIntStmt: (context, stmt) => assign(context, stmt.target, () => number(context.body, `${stmt.value}`)),
  MakeNumberRefStmt: (context, stmt) =>
    assign(context, stmt.target, () => number(context.body, stringAt(context.policy.strings, stmt.Index))),
  MakeArrayStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      i32Const(context.body, Math.min(Math.max(stmt.capacity, 0), CAPACITY_MAX));
      call(context.body, "makeArray");
    }),
  MakeObjectStmt: (context, stmt) => assign(context, stmt.target, () => call(context.body, "newObject")),
  MakeSetStmt: (context, stmt) => assign(context, stmt.target, () => call(context.body, "newSet")),
  EqualStmt: ({ body, policy }, stmt) => {
    if (isSameOperand(stmt.a, stmt.b)) return;
    operand(body, policy.strings, stmt.a);
    operand(body, policy.strings, stmt.b);
    call(body, "isEqual");
    op(body, OP.i32Eqz);
    undefinedIf(body);
  },
  NotEqualStmt: ({ body, policy }, stmt) => {
    if (isSameOperand(stmt.a, stmt.b)) {
      undefinedHere(body);
      return;
    }
    operand(body, policy.strings, stmt.a);
    operand(body, policy.strings, stmt.b);
    call(body, "isEqual");
    undefinedIf(body);
  },
  IsArrayStmt: (context, stmt) => kind(context, stmt.source, ARRAY),
  IsObjectStmt: (context, stmt) => kind(context, stmt.source, OBJECT),
  IsSetStmt: (context, stmt) => kind(context, stmt.source, SET),
  IsDefinedStmt: ({ body }, stmt) => {
    get(body, localOf(body, stmt.source));
    op(body, OP.i32Eqz);
    undefinedIf(body);
  },
  IsUndefinedStmt: ({ body }, stmt) => {
    get(body, localOf(body, stmt.source));
    undefinedIf(body);
  },
  ArrayAppendStmt: ({ body, policy }, stmt) => {
    get(body, localOf(body, stmt.array));
    operand(body, policy.strings, stmt.value);
    call(body, "arrayPush");
  },
  ObjectInsertStmt: (context, stmt) => insert(context, stmt, "objectInsert"),
  ObjectInsertOnceStmt: (context, stmt) => insert(context, stmt, "objectInsertOnce"),
  ObjectMergeStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      get(context.body, localOf(context.body, stmt.a));
      get(context.body, localOf(context.body, stmt.b));
      call(context.body, "merge");
    }),
  SetAddStmt: ({ body, policy }, stmt) => {
    get(body, localOf(body, stmt.set));
    operand(body, policy.strings, stmt.value);
    call(body, "setAdd");
  },
  WithStmt: withStatement,
  NopStmt: () => undefined,
  ResultSetAddStmt: ({ body, results }, stmt) => {
    if (results === undefined) throw new EmitError(`${body.name} adds to the results outside of a plan`);
    get(body, results);
    get(body, localOf(body, stmt.value));
    call(body, "setAdd");
  },
  MarkStmt: ({ body, policy }, stmt) => {
    if (stmt.rule < 0 || stmt.rule >= policy.rules) throw new EmitError(`${body.name} marks rule ${stmt.rule} of none`);
    markAddress(body, stmt.rule);
    globalGet(body, "runGeneration");
    store(body, 0);
  },
  InputSlotStmt: ({ body }, stmt) => {
    get(body, localOf(body, stmt.source));
    i32Const(body, slotOf(body.statics, stmt.path, slotKind(stmt.path)));
    call(body, "slotGet");
    tee(body, localOf(body, stmt.target));
    op(body, OP.i32Eqz);
    undefinedIf(body);
  },
  NeedInputStmt: ({ body }, stmt) => {
    get(body, localOf(body, stmt.source));
    call(body, "needInput");
  },
};
