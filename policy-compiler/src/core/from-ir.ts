/**
 * Core from a plan: our planner's, or another compiler's. A statement that is undefined leaves the block that it stands
 * in, so that each op's exit is the region that it stands in, until a pass finds a better one.
 */
import type { IrBlock, IrPlan, IrPolicy, IrStmt } from "../ir/policy.ts";
import { EmitError } from "./error.ts";
import { READERS, type ReadStmt } from "./from-statement.ts";
import type { CoreModule } from "./module.ts";
import { newFunction } from "./new-function.ts";
import type { Builtin, CoreCode, CoreFunction, CorePlan, Op, Region } from "./op.ts";
import { type Plan, type Reading, whoIs } from "./reading.ts";
import { type Local, makeLocal, stringConstant, Type } from "./value.ts";
import { eachOp } from "./walk.ts";

/** Throws EmitError where the plan breaks the IR's rules. */
export function coreOf(policy: IrPolicy): CoreModule {
  const functions = new Map<string, CoreFunction>();
  const funcs = policy.funcs?.funcs ?? [];
  for (const func of funcs) {
    if (functions.has(func.name)) throw new EmitError(`the plan has two functions ${func.name}`);
    const { name, params, path } = func;
    functions.set(name, { ...newFunction(name, params.map(makeLocal)), path: path ?? [] });
  }
  const plan: Plan = {
    strings: (policy.static?.strings ?? []).map(({ value }) => stringConstant(value)),
    functions,
    builtins: new Map(
      (policy.static?.builtin_funcs ?? []).map(({ name, decl }) => [name, builtin(name, isVoid(decl))]),
    ),
  };
  for (const func of funcs) readBody(plan, functions.get(func.name) as CoreFunction, func.blocks);
  return {
    plans: (policy.plans?.plans ?? []).map((each) => readPlan(plan, each)),
    functions: [...functions.values()],
    rules: policy.static?.rules ?? [],
    files: (policy.static?.files ?? []).map(({ value }) => value),
    indexes: [],
    sharesInput: false,
    growsOwn: false,
  };
}

function builtin(name: string, isVoid: boolean | undefined): Builtin {
  return { kind: "builtin", name, isVoid };
}

function isVoid(decl: unknown): boolean {
  return typeof decl === "object" && decl !== null && !("result" in decl && decl.result);
}

function readPlan(plan: Plan, { name, blocks }: IrPlan): CorePlan {
  const code: CorePlan = {
    kind: "plan",
    name,
    params: [makeLocal(0), makeLocal(1)],
    body: [],
    survey: undefined,
    fresh: { local: 2, label: 0 },
    answer: undefined,
  };
  readBody(plan, code, blocks);
  code.answer = answerOf(code);
  return code;
}

function readBody(plan: Plan, code: CoreCode, blocks: readonly IrBlock[] | null): void {
  const locals: Local[] = [];
  for (const param of code.params) locals[param.id] = param;
  const reading: Reading = { plan, code, locals, around: [], region: (block) => readBlock(reading, block) };
  code.body = (blocks ?? []).map(reading.region);
  code.fresh.local = Math.max(code.fresh.local, locals.length);
}

function readBlock(reading: Reading, { stmts }: IrBlock): Region {
  const { around, code } = reading;
  const label = code.fresh.label++;
  around.push(label);
  const ops: Op[] = [];
  const given = stmts ?? [];
  for (let i = 0; i < given.length; i++) {
    const { type, stmt } = given[i] as IrStmt;
    const read = READERS[type] as ReadStmt<IrStmt["stmt"]> | undefined;
    if (read === undefined) throw new EmitError(`${whoIs(reading)} has a statement of unknown type ${type}`);
    const op = read(reading, stmt, label);
    if (op !== undefined) ops.push(op);
  }
  around.pop();
  return { label, ops };
}

/** Planners lay an entrypoint out as one region that ends with an object of its value, the only result. */
function answerOf({ body }: CorePlan): CorePlan["answer"] {
  const [region, more] = body;
  const wraps = region?.ops.slice(-3) ?? [];
  const [make, insert, add] = wraps;
  if (more !== undefined || make?.kind !== "make" || make.what !== "object") return undefined;
  if (insert?.kind !== "grow" || insert.how !== "insert" || add?.kind !== "result") return undefined;
  const { key, value, collection } = insert;
  const isResult =
    key?.kind === "constant" && key.type === Type.string && key.text === "result" && value.kind === "local";
  if (!isResult || collection !== make.target || add.value !== collection) return undefined;
  let results = 0;
  eachOp(body, ({ kind }) => {
    if (kind === "result") results++;
  });
  return results === 1 ? { value, wraps } : undefined;
}
