/**
 * Runs a policy of the IR statement by statement, as ir/policy.ts and OPA's ir.go say what each
 * means: simple, slow, and sharing nothing with what modules are made of, so that each checks the
 * other. Nothing in the mesh is decided by it.
 */
import type { IrBlock, IrFunc, IrOperand, IrPlan, IrPolicy, IrStmt } from "../ir/policy.ts";
import { OTHERWISE, OWN_BUILTINS } from "./builtins.ts";
import { parseValue, printNumber, printValue } from "./text.ts";
import {
  addToSet,
  compare,
  insert,
  kindOf,
  lookUp,
  makeNumber,
  makeObject,
  makeSet,
  memberOf,
  parseNumber,
  type RegoArray,
  type RegoNumber,
  type RegoObject,
  type RegoSet,
  type Value,
} from "./value.ts";

export type InterpretOptions = {
  readonly policy: IrPolicy;
  /** The plan's name. */
  readonly entrypoint: string;
  /** JSON texts, or Rego's terms; input undefined is Rego's undefined. */
  readonly data: string;
  readonly input: string | undefined;
  /** The first built-in error ends the evaluation. */
  readonly strict?: boolean;
  /** What the interpreter has none of its own for; throws a built-in's error. */
  readonly builtin: (name: string, args: readonly Value[]) => Value | undefined;
};

export type Interpretation =
  | { readonly kind: "results"; readonly results: readonly Value[] }
  | { readonly kind: "fault"; readonly code: InterpretFault["code"]; readonly message: string };

class InterpretFault extends Error {
  override readonly name = "InterpretFault";
  readonly code: "eval_conflict_error" | "eval_builtin_error" | "eval_type_error";

  constructor(code: InterpretFault["code"], message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Throws where the policy is none: an unknown plan, function or statement. */
export function interpret(options: InterpretOptions): Interpretation {
  const { policy, entrypoint } = options;
  const plan = policy.plans?.plans?.find(({ name }) => name === entrypoint);
  if (plan === undefined) throw new Error(`the policy has no plan ${entrypoint}`);
  const input = options.input === undefined ? undefined : parseValue(options.input);
  const machine = makeMachine(options);
  try {
    runPlan(machine, plan, [input, parseValue(options.data)]);
  } catch (error) {
    if (error instanceof InterpretFault) return { kind: "fault", code: error.code, message: error.message };
    throw error;
  }
  return { kind: "results", results: machine.results.items };
}

type Machine = {
  readonly strings: readonly string[];
  readonly functions: ReadonlyMap<string, IrFunc>;
  readonly byPath: ReadonlyMap<string, IrFunc>;
  readonly results: RegoSet;
  readonly strict: boolean;
  readonly builtin: InterpretOptions["builtin"];
  readonly fixed: Map<string, Value | undefined>;
  /** Documents of rules that were asked already: by function, for the input and data at hand. */
  memo: {
    readonly input: Value | undefined;
    readonly data: Value | undefined;
    readonly known: Map<string, Value | undefined>;
  };
};

type Frame = { readonly locals: (Value | undefined)[] };

function makeMachine({ policy, strict = false, builtin }: InterpretOptions): Machine {
  const functions = policy.funcs?.funcs ?? [];
  return {
    strings: (policy.static?.strings ?? []).map(({ value }) => value),
    functions: new Map(functions.map((func) => [func.name, func])),
    byPath: new Map(functions.flatMap((func) => (func.path ? [[func.path.join("\n"), func] as const] : []))),
    results: makeSet([]),
    strict,
    builtin,
    fixed: new Map(),
    memo: { input: undefined, data: undefined, known: new Map() },
  };
}

/** How a block or statement ends: going on, leaving `levels` blocks besides its own, or out of the function. */
type End = "next" | { readonly levels: number } | { readonly returned: Value | undefined };

const LEAVE: End = { levels: 0 };

function runPlan(machine: Machine, { blocks }: IrPlan, locals: (Value | undefined)[]): void {
  runBlocks(machine, { locals }, blocks);
}

function callFunction(machine: Machine, func: IrFunc, args: readonly (Value | undefined)[]): Value | undefined {
  const [input, data] = args;
  if (args.length !== 2) return enter(machine, func, args);
  if (machine.memo.input !== input || machine.memo.data !== data) machine.memo = { input, data, known: new Map() };
  const { known } = machine.memo;
  if (known.has(func.name)) return known.get(func.name);
  const result = enter(machine, func, args);
  known.set(func.name, result);
  return result;
}

function enter(machine: Machine, func: IrFunc, args: readonly (Value | undefined)[]): Value | undefined {
  const frame: Frame = { locals: [] };
  func.params.forEach((param, i) => {
    frame.locals[param] = args[i];
  });
  const end = runBlocks(machine, frame, func.blocks);
  return end !== "next" && "returned" in end ? end.returned : undefined;
}

/** One after the other, however each ends, until one leaves more than itself. */
function runBlocks(machine: Machine, frame: Frame, blocks: readonly IrBlock[] | null): End {
  for (const block of blocks ?? []) {
    const end = runBlock(machine, frame, block);
    if (end === "next") continue;
    if ("returned" in end) return end;
    if (end.levels > 0) return { levels: end.levels - 1 };
  }
  return "next";
}

/** `next` where it came to its end; otherwise it was left. */
function runBlock(machine: Machine, frame: Frame, { stmts }: IrBlock): End {
  for (const stmt of stmts ?? []) {
    const end = run(machine, frame, stmt);
    if (end !== "next") return end;
  }
  return "next";
}

function run(machine: Machine, frame: Frame, { type, stmt }: IrStmt): End {
  const { locals } = frame;
  const read = (operand: IrOperand): Value | undefined => readOperand(machine, frame, operand);
  const define = (target: number, value: Value | undefined): End => {
    locals[target] = value;
    return value === undefined ? LEAVE : "next";
  };
  const onlyIf = (holds: boolean): End => (holds ? "next" : LEAVE);
  switch (type) {
    case "ReturnLocalStmt":
      return { returned: locals[stmt.source] };
    case "CallStmt":
      return define(stmt.result, call(machine, stmt.func, (stmt.args ?? []).map(read)));
    case "CallDynamicStmt": {
      const func = machine.byPath.get(stmt.path.map(read).join("\n"));
      const args = (stmt.args ?? []).map((arg) => locals[arg]);
      return func === undefined ? LEAVE : define(stmt.result, callFunction(machine, func, args));
    }
    case "BlockStmt":
      return runBlocks(machine, frame, stmt.blocks);
    case "BreakStmt":
      return { levels: stmt.index };
    case "DotStmt":
      return define(stmt.target, lookUpIn(read(stmt.source), read(stmt.key)));
    case "BaseDotStmt":
      return define(stmt.target, lookUpBase(read(stmt.source), read(stmt.key)));
    case "LenStmt":
      return define(stmt.target, call(machine, "count", [read(stmt.source)]));
    case "ScanStmt":
      return scan(machine, frame, stmt);
    case "NotStmt": {
      const end = runBlock(machine, frame, stmt.block);
      if (end === "next") return LEAVE;
      if ("returned" in end) return end;
      return end.levels === 0 ? "next" : { levels: end.levels - 1 };
    }
    case "WithStmt":
      return runWith(machine, frame, stmt, read(stmt.value));
    case "AssignIntStmt":
    case "MakeNumberIntStmt":
      return define(stmt.target, makeNumber(BigInt(stmt.value)));
    case "AssignVarStmt":
      locals[stmt.target] = read(stmt.source);
      return "next";
    case "AssignVarOnceStmt":
      assignOnce(locals, stmt.target, read(stmt.source));
      return "next";
    case "ResetLocalStmt":
      locals[stmt.target] = undefined;
      return "next";
    case "MakeNullStmt":
      return define(stmt.target, null);
    case "MakeNumberRefStmt":
      return define(stmt.target, parseNumber(machine.strings[stmt.Index] ?? ""));
    case "MakeArrayStmt":
      return define(stmt.target, { kind: "array", items: [] });
    case "MakeObjectStmt":
      return define(stmt.target, makeObject([]));
    case "MakeSetStmt":
      return define(stmt.target, makeSet([]));
    case "EqualStmt":
      return onlyIf(isEqual(read(stmt.a), read(stmt.b)));
    case "NotEqualStmt":
      return onlyIf(!isEqual(read(stmt.a), read(stmt.b)));
    case "IsArrayStmt":
      return onlyIf(isOfKind(read(stmt.source), "array"));
    case "IsObjectStmt":
      return onlyIf(isOfKind(read(stmt.source), "object"));
    case "IsSetStmt":
      return onlyIf(isOfKind(read(stmt.source), "set"));
    case "IsDefinedStmt":
      return onlyIf(locals[stmt.source] !== undefined);
    case "IsUndefinedStmt":
      return onlyIf(locals[stmt.source] === undefined);
    case "ArrayAppendStmt":
      (locals[stmt.array] as RegoArray).items.push(read(stmt.value) as Value);
      return "next";
    case "ObjectInsertStmt":
      insert(locals[stmt.object] as RegoObject, read(stmt.key) as Value, read(stmt.value) as Value);
      return "next";
    case "ObjectInsertOnceStmt":
      insertOnce(locals[stmt.object] as RegoObject, read(stmt.key) as Value, read(stmt.value) as Value);
      return "next";
    case "ObjectMergeStmt":
      return define(stmt.target, merge(locals[stmt.a], locals[stmt.b]));
    case "SetAddStmt":
      addToSet(locals[stmt.set] as RegoSet, read(stmt.value) as Value);
      return "next";
    case "ResultSetAddStmt":
      addToSet(machine.results, locals[stmt.value] as Value);
      return "next";
    case "NopStmt":
    case "MarkStmt":
      return "next";
  }
}

function assignOnce(locals: Frame["locals"], target: number, value: Value | undefined): void {
  const before = locals[target];
  if (before !== undefined && value !== undefined && compare(before, value) !== 0) {
    throw new InterpretFault("eval_conflict_error", "complete rules must not produce multiple outputs");
  }
  locals[target] = value === undefined ? before : value;
}

function readOperand(machine: Machine, { locals }: Frame, operand: IrOperand): Value | undefined {
  switch (operand.type) {
    case "local":
      return locals[operand.value];
    case "bool":
      return operand.value;
    case "string_index":
      return machine.strings[operand.value];
  }
}

/** What would answer otherwise each time is fixed for an evaluation. */
const FIXED_BUILTINS: ReadonlySet<string> = new Set(["rand.intn", "time.now_ns", "uuid.rfc4122", "opa.runtime"]);

function call(machine: Machine, name: string, args: readonly (Value | undefined)[]): Value | undefined {
  const func = machine.functions.get(name);
  if (func !== undefined) return callFunction(machine, func, args);
  const operands = args as readonly Value[];
  const own = Object.hasOwn(OWN_BUILTINS, name) ? OWN_BUILTINS[name] : undefined;
  const result = own === undefined ? OTHERWISE : own(...operands);
  if (result !== OTHERWISE) return result;
  const key = FIXED_BUILTINS.has(name) ? `${name} ${operands.map(printValue).join()}` : undefined;
  if (key !== undefined && machine.fixed.has(key)) return machine.fixed.get(key);
  try {
    const value = machine.builtin(name, operands);
    if (key !== undefined) machine.fixed.set(key, value);
    return value;
  } catch (error) {
    if (!machine.strict) return undefined;
    const isTyped = error instanceof Error && "code" in error && error.code === "eval_type_error";
    throw new InterpretFault(isTyped ? "eval_type_error" : "eval_builtin_error", String(error));
  }
}

/** Over a copy of what there is; a scalar has nothing. A turn that leaves its block goes on with the next. */
function scan(machine: Machine, frame: Frame, stmt: Extract<IrStmt, { type: "ScanStmt" }>["stmt"]): End {
  for (const [key, value] of entriesOf(frame.locals[stmt.source])) {
    frame.locals[stmt.key] = key;
    frame.locals[stmt.value] = value;
    const end = runBlock(machine, frame, stmt.block);
    if (end === "next") continue;
    if ("returned" in end) return end;
    if (end.levels > 0) return { levels: end.levels - 1 };
  }
  return "next";
}

function entriesOf(value: Value | undefined): readonly (readonly [Value, Value])[] {
  if (value === undefined || value === null || typeof value !== "object" || value.kind === "number") return [];
  if (value.kind === "object") return [...value.entries];
  return value.items.map((item, i) => [value.kind === "array" ? makeNumber(BigInt(i)) : item, item] as const);
}

function runWith(
  machine: Machine,
  frame: Frame,
  stmt: Extract<IrStmt, { type: "WithStmt" }>["stmt"],
  value: Value | undefined,
): End {
  const { locals } = frame;
  const saved = locals[stmt.local];
  const path = (stmt.path ?? []).map((index) => machine.strings[index] ?? "");
  locals[stmt.local] = path.length === 0 || value === undefined ? value : replaceAt(saved, path, value);
  const end = runBlock(machine, frame, stmt.block);
  locals[stmt.local] = saved;
  if (end === "next" || "returned" in end) return end;
  return end.levels === 0 ? LEAVE : { levels: end.levels - 1 };
}

function replaceAt(target: Value | undefined, [first, ...rest]: readonly string[], value: Value): Value {
  if (first === undefined) return value;
  const object = isOfKind(target, "object") ? (target as RegoObject) : makeObject([]);
  const copy = makeObject(object.entries);
  insert(copy, first, replaceAt(memberOf(object, first), rest, value));
  return copy;
}

function isEqual(a: Value | undefined, b: Value | undefined): boolean {
  return a === undefined || b === undefined ? a === b : compare(a, b) === 0;
}

function isOfKind(value: Value | undefined, kind: ReturnType<typeof kindOf>): boolean {
  return value !== undefined && kindOf(value) === kind;
}

function lookUpIn(value: Value | undefined, key: Value | undefined): Value | undefined {
  return value === undefined || key === undefined ? undefined : lookUp(value, key);
}

/** Keys of base documents are texts: a number finds the key of its text, a text of digits an element. */
function lookUpBase(value: Value | undefined, key: Value | undefined): Value | undefined {
  const found = lookUpIn(value, key);
  if (found !== undefined || value === undefined || key === undefined) return found;
  if (isOfKind(value, "array") && typeof key === "string" && /^[+-]?\d+(\.0*)?$/.test(key)) {
    return lookUp(value, parseNumber(key.replace("+", "")));
  }
  return isOfKind(value, "object") && isOfKind(key, "number")
    ? lookUp(value, printNumber(key as RegoNumber))
    : undefined;
}

function insertOnce(object: RegoObject, key: Value, value: Value): void {
  const before = memberOf(object, key);
  if (before !== undefined && compare(before, value) !== 0) {
    throw new InterpretFault("eval_conflict_error", "object keys must be unique");
  }
  insert(object, key, value);
}

/** Deeply; where both have something else under a key, `a` stands. */
function merge(a: Value | undefined, b: Value | undefined): Value | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (!isOfKind(a, "object") || !isOfKind(b, "object")) return a;
  const merged = makeObject((a as RegoObject).entries);
  for (const [key, value] of (b as RegoObject).entries) {
    insert(merged, key, merge(memberOf(a as RegoObject, key), value) as Value);
  }
  return merged;
}
