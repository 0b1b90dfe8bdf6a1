/** Which part of the data each function is given as its data: a unit's own, or all. */
import type { IrBlock, IrFunc, IrOperand, IrPlan, IrStmt } from "../../ir/policy.ts";
import { eachStmtOf } from "../../ir/walk.ts";

const DATA = 1;

type Root = readonly string[];

/** By the function's or plan's name; none for what nobody calls, or is given several. */
export function rootsOf(
  plans: readonly IrPlan[],
  funcs: readonly IrFunc[],
  strings: readonly string[],
): ReadonlyMap<string, Root> {
  const byName = new Map(funcs.map((func) => [func.name, func]));
  const roots = new Map<string, Root | undefined>();
  const open: (readonly [name: string, root: Root])[] = [];
  const call = (name: string, data: IrOperand | undefined, rootOf: (local: number) => Root | undefined): void => {
    if (!byName.has(name)) return;
    const root = data?.type === "local" ? rootOf(data.value) : undefined;
    if (!roots.has(name)) {
      roots.set(name, root);
      if (root !== undefined) open.push([name, root]);
    } else if (roots.get(name)?.join("\0") !== root?.join("\0")) roots.set(name, undefined);
  };
  for (const { blocks } of plans) {
    const units = unitsOf(blocks, strings);
    eachCall(blocks, (name, data) => call(name, data, (local) => (local === DATA ? [] : units.get(local))));
  }
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [name, root] = at;
    eachCall(byName.get(name)?.blocks ?? null, (callee, data) =>
      call(callee, data, (local) => (local === DATA ? root : undefined)),
    );
  }
  const known = [...roots].flatMap(([name, root]) => (root === undefined ? [] : [[name, root] as const]));
  return new Map(known);
}

/** Locals of a plan that are a part of the data, or something made where that is not there. */
function unitsOf(blocks: readonly IrBlock[] | null, strings: readonly string[]): ReadonlyMap<number, Root> {
  const parts = new Map<number, Root>();
  eachStmtOf(blocks, ({ type, stmt }) => {
    if (type === "DotStmt" && stmt.source.type === "local" && stmt.source.value === DATA) {
      if (stmt.key.type === "string_index") parts.set(stmt.target, [strings[stmt.key.value] ?? ""]);
    } else if (type === "AssignVarStmt" && stmt.source.type === "local") {
      const part = parts.get(stmt.source.value);
      if (part !== undefined) parts.set(stmt.target, part);
    }
  });
  return parts;
}

function eachCall(blocks: readonly IrBlock[] | null, visit: (name: string, data: IrOperand | undefined) => void): void {
  eachStmtOf(blocks, ({ type, stmt }: IrStmt) => {
    if (type === "CallStmt") visit(stmt.func, stmt.args?.[DATA]);
    else if (type === "DispatchStmt") for (const name of stmt.funcs) visit(name, stmt.args[DATA]);
  });
}
