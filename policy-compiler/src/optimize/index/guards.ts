/**
 * Guards: what must hold of a function's parameters for a block to do anything at all. They stand
 * where the block begins, before anything that has an effect or may fail: where one does not
 * hold, leaving the block out changes nothing.
 */
import type { IrBlock, IrOperand, IrStmt } from "../../ir/policy.ts";
import { usesOf } from "../../ir/uses.ts";
import { someStmtOf } from "../../ir/walk.ts";
import { isQuiet, MEMBER } from "./quiet.ts";
import { type Constant, nameOf, type Term } from "./terms.ts";

/** The term is one of the constants, or it is a string that begins or ends with one of the strings. */
export type Guard = {
  readonly term: Term;
  readonly name: string;
  readonly test: "equal" | "prefix" | "suffix";
  /** Texts of literals for `equal`, otherwise the strings themselves. */
  readonly options: readonly string[];
};

export type GuardScope = { readonly params: ReadonlySet<number>; readonly strings: readonly string[] };

type Test = Omit<Guard, "name" | "options"> & { readonly options: readonly string[] | undefined };
type Origin =
  | Term
  | Constant
  | { readonly kind: "items"; readonly open: string; readonly close: string; readonly items: string[] | undefined }
  | { readonly kind: "test"; readonly test: Test };

type Walk = {
  readonly scope: GuardScope;
  readonly origins: Map<number, Origin>;
  readonly guards: Guard[];
  /** A test that may fail with an error has begun: nothing behind it counts but what it says itself. */
  last: Test | undefined;
};

/** Of one that is tried for several things, as a rule with `else` is: what must hold for at least one. */
export function guardsOf(links: readonly IrBlock[], scope: GuardScope): readonly Guard[] {
  const [first, ...others] = links.map((link) => guardsOfBlock(link, scope));
  return (first ?? []).flatMap((guard) => {
    const options = new Set(guard.options);
    for (const other of others) {
      const same = other.find(({ name, test }) => name === guard.name && test === guard.test);
      if (same === undefined) return [];
      for (const option of same.options) options.add(option);
    }
    return [{ ...guard, options: [...options] }];
  });
}

function guardsOfBlock(block: IrBlock, scope: GuardScope): readonly Guard[] {
  const walk: Walk = { scope, origins: new Map(), guards: [], last: undefined };
  for (const param of scope.params) walk.origins.set(param, { kind: "param", local: param });
  for (let at: IrBlock | undefined = block; at !== undefined; ) at = walkBlock(walk, at);
  return walk.guards;
}

/** Gives the block that goes on where this one ends with an iteration. */
function walkBlock(walk: Walk, { stmts }: IrBlock): IrBlock | undefined {
  const all = stmts ?? [];
  for (const [i, stmt] of all.entries()) {
    if (stmt.type === "ScanStmt" && i === all.length - 1) {
      walk.origins.delete(stmt.stmt.key);
      walk.origins.delete(stmt.stmt.value);
      return stmt.stmt.block;
    }
    if (!follow(walk, stmt)) return undefined;
  }
  return undefined;
}

/** Whether what comes next may be looked at: the statement has no effect, and cannot fail. */
function follow(walk: Walk, statement: IrStmt): boolean {
  const { origins } = walk;
  const { type, stmt } = statement;
  const define = (target: number, origin: Origin | undefined): true => {
    if (origin === undefined) origins.delete(target);
    else origins.set(target, origin);
    return true;
  };
  switch (type) {
    case "MakeNullStmt":
      return define(stmt.target, { kind: "constant", text: "null" });
    case "MakeNumberIntStmt":
      return define(stmt.target, { kind: "integer", value: stmt.value });
    case "MakeNumberRefStmt":
      return define(stmt.target, integerOf(walk.scope.strings[stmt.Index]));
    case "MakeArrayStmt":
      return define(stmt.target, { kind: "items", open: "[", close: "]", items: [] });
    case "MakeSetStmt":
      return define(stmt.target, { kind: "items", open: "{", close: "}", items: [] });
    case "ArrayAppendStmt":
    case "SetAddStmt":
      return grow(walk, type === "SetAddStmt" ? stmt.set : stmt.array, stmt.value);
    case "AssignVarStmt":
      return define(stmt.target, originOf(walk, stmt.source));
    case "DotStmt":
    case "BaseDotStmt": {
      const source = termOf(walk, stmt.source);
      const key = termOf(walk, stmt.key);
      if (source === undefined || key === undefined) return define(stmt.target, undefined);
      return define(stmt.target, { kind: "dot", how: type, source, key });
    }
    case "EqualStmt":
      noteEqual(walk, stmt.a, stmt.b);
      noteEqual(walk, stmt.b, stmt.a);
      return true;
    case "NotEqualStmt":
      if (stmt.b.type !== "bool" || stmt.b.value) return true;
      return noteTest(walk, stmt.a);
    case "CallStmt": {
      const test = testOf(walk, stmt.func, stmt.args ?? []);
      if (test === undefined) return define(stmt.result, undefined) && stmt.func === MEMBER;
      if (test.test !== "equal") walk.last ??= test;
      return define(stmt.result, { kind: "test", test });
    }
    case "BlockStmt":
    case "NotStmt":
    case "ScanStmt": {
      const inside = { stmts: [statement] };
      if (someStmtOf([inside], (inner) => !isQuiet(inner))) return false;
      eachWrite(inside, (local) => origins.delete(local));
      return true;
    }
    case "ResetLocalStmt":
    case "LenStmt":
      return define(stmt.target, undefined);
    default:
      return isQuiet(statement);
  }
}

function eachWrite(block: IrBlock, visit: (local: number) => void): void {
  for (const stmt of block.stmts ?? []) {
    const { writes, blocks } = usesOf(stmt);
    writes.forEach(visit);
    for (const inner of blocks ?? []) eachWrite(inner, visit);
  }
}

const INTEGER = /^-?[1-9][0-9]{0,8}$|^0$/;

/** Other numbers have several texts. */
function integerOf(text: string | undefined): Term | undefined {
  return text !== undefined && INTEGER.test(text) ? { kind: "integer", value: Number(text) } : undefined;
}

function originOf({ origins }: Walk, operand: IrOperand): Origin | undefined {
  switch (operand.type) {
    case "local":
      return origins.get(operand.value);
    case "string_index":
      return { kind: "string", index: operand.value };
    case "bool":
      return { kind: "constant", text: `${operand.value}` };
  }
}

function termOf(walk: Walk, operand: IrOperand): Term | undefined {
  const origin = originOf(walk, operand);
  switch (origin?.kind) {
    case "param":
    case "string":
    case "integer":
    case "dot":
      return origin;
    default:
      return undefined;
  }
}

/** What can be asked about: something that is not known while compiling. */
function askedOf(walk: Walk, operand: IrOperand | undefined): Term | undefined {
  const term = operand === undefined ? undefined : termOf(walk, operand);
  return term?.kind === "param" || term?.kind === "dot" ? term : undefined;
}

/** Text of a constant: a scalar, or an array of such. Sets may repeat a member, so they have none. */
function textOf({ scope, origins }: Walk, operand: IrOperand): string | undefined {
  if (operand.type === "bool") return `${operand.value}`;
  if (operand.type === "string_index") return quoted(scope.strings[operand.value]);
  const origin = origins.get(operand.value);
  switch (origin?.kind) {
    case "constant":
      return origin.text;
    case "integer":
      return `${origin.value}`;
    case "string":
      return quoted(scope.strings[origin.index]);
    case "items":
      return origin.open === "[" && origin.items !== undefined ? `[${origin.items.join(",")}]` : undefined;
    default:
      return undefined;
  }
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(text.toWellFormed());
}

/** Something that is not this block's own: an effect. */
function grow(walk: Walk, collection: number, value: IrOperand): boolean {
  const origin = walk.origins.get(collection);
  if (origin?.kind !== "items") return false;
  const text = textOf(walk, value);
  const items = text === undefined || origin.items === undefined ? undefined : [...origin.items, text];
  walk.origins.set(collection, { ...origin, items });
  return true;
}

function note({ guards, last }: Walk, noted: Test): void {
  if (last !== undefined && last !== noted) return;
  const { term, test, options } = noted;
  const name = nameOf(term);
  if (options === undefined || guards.some((known) => known.name === name && known.test === test)) return;
  guards.push({ term, name, test, options });
}

function noteEqual(walk: Walk, a: IrOperand, b: IrOperand): void {
  const term = askedOf(walk, a);
  const text = textOf(walk, b);
  if (term !== undefined && text !== undefined) note(walk, { term, test: "equal", options: [text] });
}

/** Whether what comes next may be looked at: a test of strings fails, with an error, where there is none. */
function noteTest(walk: Walk, operand: IrOperand): boolean {
  const origin = originOf(walk, operand);
  if (origin?.kind !== "test") return true;
  note(walk, origin.test);
  return origin.test.test === "equal";
}

function testOf(walk: Walk, func: string, args: readonly IrOperand[]): Test | undefined {
  const [a, b, c] = args;
  switch (func) {
    case MEMBER: {
      const term = askedOf(walk, a);
      const items = b?.type === "local" ? walk.origins.get(b.value) : undefined;
      if (term === undefined || items?.kind !== "items") return undefined;
      return { term, test: "equal", options: items.items };
    }
    case "startswith":
    case "endswith": {
      const term = askedOf(walk, a);
      const text = stringOf(walk, b);
      if (term === undefined || text === undefined) return undefined;
      return { term, test: func === "startswith" ? "prefix" : "suffix", options: [text] };
    }
    case "glob.match": {
      const term = askedOf(walk, c);
      const pattern = stringOf(walk, a);
      const start = pattern === undefined || !isDelimiters(walk, b) ? "" : literalStart(pattern);
      return term === undefined || start === "" ? undefined : { term, test: "prefix", options: [start] };
    }
    default:
      return undefined;
  }
}

function stringOf(walk: Walk, operand: IrOperand | undefined): string | undefined {
  const origin = operand === undefined ? undefined : originOf(walk, operand);
  return origin?.kind === "string" ? walk.scope.strings[origin.index]?.toWellFormed() : undefined;
}

/** null, or an array of characters: others are errors. */
function isDelimiters(walk: Walk, operand: IrOperand | undefined): boolean {
  const origin = operand === undefined ? undefined : originOf(walk, operand);
  if (origin?.kind === "constant") return origin.text === "null";
  return origin?.kind === "items" && origin.open === "[" && (origin.items?.every(isCharacter) ?? false);
}

/** `"."`, as a literal. */
function isCharacter(text: string): boolean {
  return text.length === 3 && text.startsWith('"');
}

/** What everything that a glob matches begins with; "" where the pattern may be an error, or begins with anything. */
function literalStart(pattern: string): string {
  if (/[[\]{}\\!,]/.test(pattern)) return "";
  const end = pattern.search(/[*?]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}
