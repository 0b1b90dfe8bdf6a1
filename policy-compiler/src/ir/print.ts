/** A plan as text, for people and golden files: one statement a line, blocks behind dashes, locals as %n. */
import type { IrBlock, IrOperand, IrPolicy, IrStmt } from "./policy.ts";
import { blocksOf } from "./walk.ts";

/** Fields that say where a statement comes from, or hold what is printed below it. */
const LEFT_OUT = new Set(["file", "row", "col", "end_row", "end_col", "block", "blocks"]);

export function printPolicy(policy: IrPolicy): string {
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const plans = (policy.plans?.plans ?? []).map(({ name, blocks }) => [
    `plan ${name}`,
    ...printBlocks(blocks, "", strings),
  ]);
  const funcs = (policy.funcs?.funcs ?? []).map(({ name, params, blocks }) => [
    `func ${name}(${params.map((local) => `%${local}`).join(", ")})`,
    ...printBlocks(blocks, "", strings),
  ]);
  return [...plans, ...funcs].map((lines) => lines.join("\n")).join("\n\n");
}

function printBlocks(blocks: readonly IrBlock[] | null, indent: string, strings: readonly string[]): readonly string[] {
  return (blocks ?? []).flatMap(({ stmts }) => [
    `${indent}-`,
    ...(stmts ?? []).flatMap((stmt) => [
      `${indent}  ${printStmt(stmt, strings)}`,
      ...printBlocks(blocksOf(stmt), `${indent}  `, strings),
    ]),
  ]);
}

function printStmt({ type, stmt }: IrStmt, strings: readonly string[]): string {
  const fields = Object.entries(stmt).filter(([name]) => !LEFT_OUT.has(name));
  return [
    type.replace(/Stmt$/, ""),
    ...fields.map(([name, value]) => `${name}=${printField(name, value, strings)}`),
  ].join(" ");
}

/** Fields that are numbers of locals. */
const LOCALS = new Set(["source", "target", "result", "value", "key", "set", "array", "object", "a", "b", "local"]);

function printField(name: string, value: unknown, strings: readonly string[]): string {
  if (Array.isArray(value)) return `[${value.map((part) => printField(name, part, strings)).join(" ")}]`;
  if (typeof value === "object" && value !== null && "type" in value) return printOperand(value as IrOperand, strings);
  if (typeof value === "number" && LOCALS.has(name)) return `%${value}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function printOperand(operand: IrOperand, strings: readonly string[]): string {
  switch (operand.type) {
    case "local":
      return `%${operand.value}`;
    case "string_index":
      return JSON.stringify(strings[operand.value] ?? "");
    case "bool":
      return `${operand.value}`;
  }
}
