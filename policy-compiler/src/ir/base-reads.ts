/**
 * Plans of OPA's compiler read base documents by DotStmt, and leave it to the store that its keys are texts: the
 * number 2 finds "2". Here a statement of its own does (BaseDotStmt): this puts it wherever a plan reads below
 * `data` itself by a constant number. What `with` puts in the place of data is a value like any other.
 */
import type { IrBlock, IrPolicy, IrStmt } from "./policy.ts";

const DATA = 1;

export function readBaseDocuments(policy: IrPolicy): IrPolicy {
  const { plans, funcs } = policy;
  return {
    ...policy,
    ...(plans === undefined ? {} : { plans: { plans: (plans.plans ?? []).map(readBlocks) } }),
    ...(funcs === undefined ? {} : { funcs: { funcs: (funcs.funcs ?? []).map(readBlocks) } }),
  };
}

/** Locals that hold a base document, and those that hold a constant number. */
type Known = { readonly documents: Set<number>; readonly numbers: Set<number> };

function readBlocks<Body extends { readonly blocks: readonly IrBlock[] | null }>(body: Body): Body {
  return { ...body, blocks: mapBlocks(body.blocks, { documents: new Set([DATA]), numbers: new Set() }) };
}

function mapBlocks(blocks: readonly IrBlock[] | null, known: Known): readonly IrBlock[] {
  return (blocks ?? []).map((block) => mapBlock(block, known));
}

function mapBlock({ stmts }: IrBlock, known: Known): IrBlock {
  return { stmts: (stmts ?? []).map((stmt) => mapStmt(stmt, known)) };
}

function mapStmt(given: IrStmt, known: Known): IrStmt {
  const { type, stmt } = given;
  switch (type) {
    case "MakeNumberRefStmt":
    case "MakeNumberIntStmt":
      known.numbers.add(stmt.target);
      return given;
    case "DotStmt": {
      if (stmt.source.type !== "local" || !known.documents.has(stmt.source.value)) return given;
      known.documents.add(stmt.target);
      const isNumber = stmt.key.type === "local" && known.numbers.has(stmt.key.value);
      return isNumber ? { type: "BaseDotStmt", stmt } : given;
    }
    case "BlockStmt":
      return { type, stmt: { ...stmt, blocks: mapBlocks(stmt.blocks, known) } };
    case "ScanStmt":
    case "NotStmt":
      return { type, stmt: { ...stmt, block: mapBlock(stmt.block, known) } } as IrStmt;
    case "WithStmt": {
      const inner = stmt.local === DATA ? { ...known, documents: new Set<number>() } : known;
      return { type, stmt: { ...stmt, block: mapBlock(stmt.block, inner) } };
    }
    default:
      return given;
  }
}
