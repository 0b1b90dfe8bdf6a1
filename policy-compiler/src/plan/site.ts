/**
 * Where a construct is planned: the names it sees, and the block that its statements go to.
 *
 * A site is passed down and never changed, but for its cursor: iteration opens a block
 * that everything after it belongs to, so the cursor moves inwards and the caller goes on
 * there. A statement that is undefined leaves the block it stands in: inside an iteration
 * that is the next turn.
 */
import type { IrBlock, IrLocation, IrOperand, IrStmt } from "../ir/policy.ts";
import type { Environment } from "./environment.ts";
import { countStatements, intern, type Planner } from "./planner.ts";
import { makeVariables, type Variables } from "./variables.ts";

export type Site = {
  readonly planner: Planner;
  /** The next free local of the function or plan. */
  readonly frame: { next: number };
  readonly environment: Environment;
  /** Operands of the environment's passed values, by replaced function. */
  readonly passed: ReadonlyMap<string, IrOperand>;
  readonly input: number;
  readonly data: number;
  readonly variables: Variables;
  readonly place: Place;
  /** `depth`: how many blocks it has moved inwards. */
  readonly cursor: { block: OpenBlock; depth: number };
};

/** Of what is planned; nowhere in the policy's text where it is of none. */
type Place = Pick<IrLocation, "file" | "row" | "col">;

export type OpenBlock = { readonly stmts: IrStmt[] };

export function makeBlock(): OpenBlock {
  return { stmts: [] };
}

export function append(site: Site, stmt: IrStmt): void {
  countStatements(site, 1);
  const { place } = site;
  if (place.file !== undefined) {
    // The statement is nobody else's yet.
    const fields: { -readonly [Key in keyof Place]: Place[Key] | undefined } = stmt.stmt;
    fields.file = place.file;
    fields.row = place.row;
    fields.col = place.col;
  }
  site.cursor.block.stmts.push(stmt);
}

export function newLocal(site: Site): number {
  return site.frame.next++;
}

export function local(value: number): IrOperand {
  return { type: "local", value };
}

export function bool(value: boolean): IrOperand {
  return { type: "bool", value };
}

export function text(site: Site, value: string): IrOperand {
  return { type: "string_index", value: intern(site.planner.output.strings, value) };
}

/** A local that holds the operand: some statements take nothing else. */
export function toLocal(site: Site, operand: IrOperand): number {
  if (operand.type === "local") return operand.value;
  const target = newLocal(site);
  append(site, { type: "AssignVarStmt", stmt: { source: operand, target } });
  return target;
}

export function dot(site: Site, source: IrOperand, key: IrOperand): IrOperand {
  const target = newLocal(site);
  append(site, { type: "DotStmt", stmt: { source, key, target } });
  return local(target);
}

/** A part of a base document, by any key. */
export function baseDot(site: Site, source: IrOperand, key: IrOperand): IrOperand {
  const target = newLocal(site);
  append(site, { type: "BaseDotStmt", stmt: { source, key, target } });
  return local(target);
}

export function integer(site: Site, value: number): IrOperand {
  const target = newLocal(site);
  append(site, { type: "MakeNumberIntStmt", stmt: { value, target } });
  return local(target);
}

export function equal(site: Site, a: IrOperand, b: IrOperand): void {
  append(site, { type: "EqualStmt", stmt: { a, b } });
}

export type TypeTest = "IsArrayStmt" | "IsObjectStmt" | "IsSetStmt";

/** Goes on where the value is of one of the types. */
export function planIsAny(site: Site, source: IrOperand, types: readonly TypeTest[]): void {
  const [only] = types;
  if (only !== undefined && types.length === 1) {
    append(site, { type: only, stmt: { source } });
    return;
  }
  const isOne = newLocal(site);
  append(site, { type: "ResetLocalStmt", stmt: { target: isOne } });
  const blocks = types.map((type) => {
    const block = makeBlock();
    const nested: Site = { ...site, cursor: { block, depth: 0 } };
    append(nested, { type, stmt: { source } });
    append(nested, { type: "AssignVarStmt", stmt: { source: bool(true), target: isOne } });
    return block;
  });
  append(site, { type: "BlockStmt", stmt: { blocks } });
  append(site, { type: "IsDefinedStmt", stmt: { source: isOne } });
}

/** What follows is never reached. */
export function fail(site: Site): void {
  append(site, { type: "BreakStmt", stmt: { index: 0 } });
}

/** Iterates over a collection; everything planned at this site from here on is done for each of its members. */
export function scan(site: Site, collection: IrOperand): { readonly key: IrOperand; readonly value: IrOperand } {
  const source = toLocal(site, collection);
  const key = newLocal(site);
  const value = newLocal(site);
  const block = makeBlock();
  append(site, { type: "ScanStmt", stmt: { source, key, value, block } });
  moveInto(site, block);
  return { key: local(key), value: local(value) };
}

/** Everything planned at this site from here on belongs to the block, which stands in the one before. */
export function moveInto({ cursor }: Site, block: OpenBlock): void {
  cursor.block = block;
  cursor.depth++;
}

/** The site of a nested block, whose variables are its own; the block is not yet part of anything. */
export function enter(site: Site): Site {
  return { ...site, variables: makeVariables(site.variables), cursor: { block: makeBlock(), depth: 0 } };
}

/**
 * Plans a nested block with `inside` and runs it here; what fails in it ends only it.
 * Returns the block.
 */
export function appendBlock(site: Site, inside: (nested: Site) => void): IrBlock {
  const nested = enter(site);
  const { block } = nested.cursor;
  inside(nested);
  append(site, { type: "BlockStmt", stmt: { blocks: [block] } });
  return block;
}

/**
 * A local that is true if the block of `inside` reached its end at least once, else undefined. Where `isOnce` no further
 * turn of what it iterates is looked at then: what that would meet is never met.
 */
export function planReached(site: Site, inside: (nested: Site) => void, { isOnce } = { isOnce: false }): number {
  const reached = newLocal(site);
  append(site, { type: "ResetLocalStmt", stmt: { target: reached } });
  appendBlock(site, (nested) => {
    inside(nested);
    append(nested, { type: "AssignVarStmt", stmt: { source: bool(true), target: reached } });
    const { depth } = nested.cursor;
    if (isOnce && depth > 0) append(nested, { type: "BreakStmt", stmt: { index: depth } });
  });
  return reached;
}

/** The first of the alternatives that reaches its end gives the value; none: undefined. */
export function planFirst(site: Site, alternatives: readonly ((nested: Site) => IrOperand)[]): number {
  const target = newLocal(site);
  append(site, { type: "ResetLocalStmt", stmt: { target } });
  alternatives.forEach((alternative, i) => {
    appendBlock(site, (nested) => {
      if (i > 0) append(nested, { type: "IsUndefinedStmt", stmt: { source: target } });
      append(nested, { type: "AssignVarStmt", stmt: { source: alternative(nested), target } });
    });
  });
  append(site, { type: "IsDefinedStmt", stmt: { source: target } });
  return target;
}

export function planTerm(site: Site, term: Parameters<Planner["constructs"]["term"]>[1]): IrOperand {
  return site.planner.constructs.term(site, term);
}

export function planBody(site: Site, body: Parameters<Planner["constructs"]["body"]>[1]): void {
  site.planner.constructs.body(site, body);
}
