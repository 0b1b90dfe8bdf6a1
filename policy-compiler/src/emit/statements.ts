/** One emitter for each statement of the IR; ir/policy.ts and OPA's ir.go say what they mean. */
import { ValueKind } from "@regomesh/policy-runtime";
import type { IrStmt, IrStmtType } from "../ir/policy.ts";
import { Slot, SlotKind } from "../link/runtime-layout.ts";
import { slotOf } from "../link/statics.ts";
import { slotKind } from "../optimize/input-slots.ts";
import { I32, OP } from "../wasm/encode.ts";
import { call as callStatement, dynamicCall } from "./call.ts";
import {
  br,
  call,
  close,
  closeFrame,
  constant,
  get,
  globalGet,
  i32Const,
  leave,
  load,
  localOf,
  markAddress,
  newLocal,
  op,
  open,
  openFrame,
  putBack,
  type Restore,
  set,
  slotAddress,
  store,
  tee,
  undefinedHere,
  undefinedIf,
} from "./code.ts";
import { assignOnce, branchIfEqual, leaveUnlessEqual, leaveUnlessKind } from "./compare.ts";
import { dispatch } from "./dispatch.ts";
import { EmitError } from "./error.ts";
import { narrow } from "./narrow.ts";
import { isSameOperand, literal, operand, readLocal, stringAt } from "./operand.ts";
import type { RuntimeFunction } from "./runtime-calls.ts";
import { scan } from "./scan.ts";
import type { Nested, StatementContext } from "./statement-context.ts";

type StmtOf<Type extends IrStmtType> = Extract<IrStmt, { readonly type: Type }>["stmt"];
type Nesting = "BlockStmt" | "NotStmt" | "ScanStmt" | "WithStmt";
type Emitters = {
  readonly [Type in Exclude<IrStmtType, Nesting>]: (
    context: StatementContext,
    stmt: StmtOf<Type>,
    statement: IrStmt,
  ) => void;
};
/** These give the blocks that stand inside of their statements. */
type Openers = {
  readonly [Type in Nesting]: (context: StatementContext, stmt: StmtOf<Type>) => readonly Nested[];
};

/** Elements that an array gets room for at once, whatever the plan foresees. */
const CAPACITY_MAX = 4096;

/** Emits the statement, and gives the blocks inside of it, which the caller emits next. */
export function statement(context: StatementContext, stmt: IrStmt): readonly Nested[] {
  if (context.body.known.done.has(stmt)) return [];
  const { type } = stmt;
  if (type === "BlockStmt" || type === "NotStmt" || type === "ScanStmt" || type === "WithStmt") {
    return (OPENERS[type] as (context: StatementContext, fields: IrStmt["stmt"]) => readonly Nested[])(
      context,
      stmt.stmt,
    );
  }
  const emit = EMITTERS[type] as
    | ((context: StatementContext, fields: IrStmt["stmt"], statement: IrStmt) => void)
    | undefined;
  if (emit === undefined) throw new EmitError(`${context.body.name} has a statement of unknown type ${type}`);
  emit(context, stmt.stmt, stmt);
  return [];
}

function not({ body }: StatementContext, stmt: StmtOf<"NotStmt">): readonly Nested[] {
  const outer = body.frames.at(-1);
  openFrame(body);
  const end = () => {
    if (outer !== undefined) br(body, outer.labels); // the block holds, so its negation does not
    closeFrame(body);
  };
  return [{ block: stmt.block, end }];
}

function withStatement({ body, policy }: StatementContext, stmt: StmtOf<"WithStmt">): readonly Nested[] {
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
  openFrame(body, restore);
  const end = () => {
    br(body, done);
    closeFrame(body);
    putBack(body, restore);
    undefinedHere(body);
    close(body);
    putBack(body, restore);
  };
  return [{ block: stmt.block, end }];
}

function blockStatement({ body }: StatementContext, stmt: StmtOf<"BlockStmt">): readonly Nested[] {
  const begin = () => openFrame(body);
  const end = () => closeFrame(body);
  return (stmt.blocks ?? []).map((block) => ({ begin, block, end }));
}

function dot(context: StatementContext, stmt: StmtOf<"DotStmt">): void {
  lookUp(context, stmt, stmt.key.type === "string_index" ? "getAtom" : "valueGet");
}

function lookUp(
  { body, policy }: StatementContext,
  stmt: StmtOf<"DotStmt" | "BaseDotStmt">,
  how: "getAtom" | "valueGet" | "baseGet",
): void {
  if (stmt.source.type !== "local") {
    undefinedHere(body); // strings and booleans have no parts
    return;
  }
  operand(body, policy.strings, stmt.source);
  operand(body, policy.strings, stmt.key);
  call(body, how);
  tee(body, localOf(body, stmt.target));
  op(body, OP.i32Eqz);
  undefinedIf(body);
}

/** Readers of slots that the module carries alone where nothing else is read. */
const OWN_READERS: ReadonlyMap<number, RuntimeFunction> = new Map([
  [SlotKind.method, "slotMethod"],
  [SlotKind.target, "slotTarget"],
  [SlotKind.authority, "slotAuthority"],
  [SlotKind.field, "slotField"],
  [SlotKind.parsedPath, "slotParsedPath"],
]);

function readerOf(kind: number): RuntimeFunction {
  if (kind >= SlotKind.knownField) return "slotKnownField";
  return kind >= SlotKind.context ? "slotContext" : (OWN_READERS.get(kind) ?? "slotGet");
}

/** What the slot keeps of this generation, or the value at its path. */
function inputSlot({ body, policy }: StatementContext, stmt: StmtOf<"InputSlotStmt">): void {
  const kind = slotKind(stmt.path);
  const slot = slotOf(body.statics, stmt.path, kind | (policy.oftenAsked(stmt.path) ? SlotKind.atoms : 0));
  const fill = () => {
    readLocal(body, stmt.source);
    slotAddress(body, slot);
    call(body, readerOf(kind));
  };
  if (policy.sharesInput) {
    slotAddress(body, slot);
    load(body, Slot.generation);
    globalGet(body, "memoGeneration");
    op(body, OP.i32Eq);
    open(body, OP.if, I32);
    slotAddress(body, slot);
    load(body, Slot.value);
    op(body, OP.else);
    fill();
    close(body);
  } else fill();
  tee(body, localOf(body, stmt.target));
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
  readLocal(body, stmt.object);
  operand(body, policy.strings, stmt.key);
  operand(body, policy.strings, stmt.value);
  call(body, how);
}

const OPENERS: Openers = { BlockStmt: blockStatement, NotStmt: not, ScanStmt: scan, WithStmt: withStatement };

const EMITTERS: Emitters = {
  ReturnLocalStmt: ({ body, returnValue }, stmt) => {
    readLocal(body, stmt.source);
    returnValue();
  },
  CallStmt: (context, stmt, statement) => callStatement(context, stmt, context.body.known.elements.get(statement)),
  CallDynamicStmt: dynamicCall,
  BreakStmt: ({ body }, stmt) => leave(body, stmt.index),
  DotStmt: dot,
  BaseDotStmt: (context, stmt) => lookUp(context, stmt, "baseGet"),
  LenStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      operand(context.body, context.policy.strings, stmt.source);
      call(context.body, "lengthOf");
    }),
  AssignIntStmt: (context, stmt) => assign(context, stmt.target, () => literal(context.body, `${stmt.value}`)),
  AssignVarStmt: (context, stmt) =>
    assign(context, stmt.target, () => operand(context.body, context.policy.strings, stmt.source)),
  AssignVarOnceStmt: ({ body, policy }, stmt) => assignOnce(body, policy.strings, stmt.source, stmt.target),
  ResetLocalStmt: (context, stmt) => assign(context, stmt.target, () => i32Const(context.body, 0)),
  MakeNullStmt: (context, stmt) =>
    assign(context, stmt.target, () => i32Const(context.body, context.body.calls.values.NULL_VALUE)),
  MakeNumberIntStmt: (context, stmt) => assign(context, stmt.target, () => literal(context.body, `${stmt.value}`)),
  MakeNumberRefStmt: (context, stmt) =>
    assign(context, stmt.target, () => literal(context.body, stringAt(context.policy.strings, stmt.Index))),
  MakeArrayStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      i32Const(context.body, Math.min(Math.max(stmt.capacity, 0), CAPACITY_MAX));
      call(context.body, "makeArray");
    }),
  MakeObjectStmt: (context, stmt) => assign(context, stmt.target, () => call(context.body, "newObject")),
  MakeSetStmt: (context, stmt) => assign(context, stmt.target, () => call(context.body, "newSet")),
  EqualStmt: ({ body, policy }, stmt) => leaveUnlessEqual(body, policy.strings, stmt.a, stmt.b),
  NotEqualStmt: ({ body, policy }, stmt) => {
    if (isSameOperand(stmt.a, stmt.b)) undefinedHere(body);
    else branchIfEqual(body, policy.strings, stmt.a, stmt.b);
  },
  IsArrayStmt: ({ body, policy }, stmt) => leaveUnlessKind(body, policy.strings, stmt.source, ValueKind.array),
  IsObjectStmt: ({ body, policy }, stmt) => leaveUnlessKind(body, policy.strings, stmt.source, ValueKind.object),
  IsSetStmt: ({ body, policy }, stmt) => leaveUnlessKind(body, policy.strings, stmt.source, ValueKind.set),
  IsDefinedStmt: ({ body }, stmt) => {
    readLocal(body, stmt.source);
    op(body, OP.i32Eqz);
    undefinedIf(body);
  },
  IsUndefinedStmt: ({ body }, stmt) => {
    readLocal(body, stmt.source);
    undefinedIf(body);
  },
  ArrayAppendStmt: ({ body, policy }, stmt) => {
    readLocal(body, stmt.array);
    operand(body, policy.strings, stmt.value);
    call(body, "arrayPush");
  },
  ObjectInsertStmt: (context, stmt) => insert(context, stmt, "objectInsert"),
  ObjectInsertOnceStmt: (context, stmt) => insert(context, stmt, "objectInsertOnce"),
  ObjectMergeStmt: (context, stmt) =>
    assign(context, stmt.target, () => {
      readLocal(context.body, stmt.a);
      readLocal(context.body, stmt.b);
      call(context.body, "merge");
    }),
  SetAddStmt: ({ body, policy }, stmt) => {
    readLocal(body, stmt.set);
    operand(body, policy.strings, stmt.value);
    call(body, "setAdd");
  },
  NopStmt: () => undefined,
  ResultSetAddStmt: ({ body, results }, stmt) => {
    if (results === undefined) throw new EmitError(`${body.name} adds to the results outside of a plan`);
    get(body, results);
    readLocal(body, stmt.value);
    call(body, "setAdd");
  },
  MarkStmt: ({ body, policy }, stmt) => {
    if (stmt.rule < 0 || stmt.rule >= policy.rules) throw new EmitError(`${body.name} marks rule ${stmt.rule} of none`);
    markAddress(body, stmt.rule);
    globalGet(body, "runGeneration");
    store(body, 0);
  },
  DispatchStmt: dispatch,
  NarrowStmt: narrow,
  InputSlotStmt: inputSlot,
  NeedInputStmt: ({ body }, stmt) => {
    readLocal(body, stmt.source);
    call(body, "needInput");
  },
};
