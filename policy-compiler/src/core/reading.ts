/** Where a statement of the IR is read, and what its operands are in core. */
import type { IrBlock, IrOperand } from "../ir/policy.ts";
import { EmitError } from "./error.ts";
import type { Builtin, CoreCode, CoreFunction, Label, Region } from "./op.ts";
import { type Constant, FALSE, type Local, makeLocal, TRUE, type Value } from "./value.ts";

export type Reading = {
  readonly plan: Plan;
  readonly code: CoreCode;
  /** By their numbers. */
  readonly locals: (Local | undefined)[];
  /** Regions around, outermost first. */
  readonly around: Label[];
  /** Reads a block that stands here. */
  readonly region: (block: IrBlock) => Region;
};

/** What all functions share. */
export type Plan = {
  readonly strings: readonly Constant[];
  readonly functions: ReadonlyMap<string, CoreFunction>;
  readonly builtins: Map<string, Builtin>;
};

/** The function or plan, in a fault's message. */
export function whoIs({ code }: Reading): string {
  return code.kind === "plan" ? `plan ${code.name}` : code.name;
}

export function localOf({ locals }: Reading, id: number): Local {
  const known = locals[id];
  if (known !== undefined) return known;
  const made = makeLocal(id);
  locals[id] = made;
  return made;
}

export function valueAt(reading: Reading, operand: IrOperand): Value {
  switch (operand.type) {
    case "local":
      return reading.locals[operand.value] ?? localOf(reading, operand.value);
    case "string_index":
      return reading.plan.strings[operand.value] ?? stringOf(reading, operand.value);
    case "bool":
      return operand.value ? TRUE : FALSE;
  }
}

export function stringOf({ plan: { strings } }: Reading, index: number): Constant {
  const string = strings[index];
  if (string === undefined) throw new EmitError(`the plan has ${strings.length} strings, but uses number ${index}`);
  return string;
}

export function calleeOf({ plan: { functions, builtins } }: Reading, name: string): CoreFunction | Builtin {
  const known = functions.get(name) ?? builtins.get(name);
  if (known !== undefined) return known;
  const undeclared: Builtin = { kind: "builtin", name, isVoid: undefined };
  builtins.set(name, undeclared);
  return undeclared;
}
