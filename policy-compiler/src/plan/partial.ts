/**
 * Rules that make a document piece by piece: sets, objects, and objects of objects or sets
 * where heads have variables at several depths. All rules at and below a node fill one
 * document; those below it that are complete give their value to the place they name.
 */
import type { IrFunc, IrOperand, IrStmt } from "../ir/policy.ts";
import type { Rule } from "../syntax/ast.ts";
import { isHidden } from "./environment.ts";
import { type FuncSite, finishFunc, nextBlock, reuseLocals } from "./func.ts";
import { planRuleBody } from "./mark.ts";
import { dataName, descendantsWithRules, type RuleNode } from "./rule-tree.ts";
import { append, local, makeBlock, newLocal, planTerm, type Site, text } from "./site.ts";

/** True if the node's rules make its document piece by piece. */
export function isPartial(node: RuleNode): boolean {
  return node.rules.some((rule) => rule.head.isSet || rule.head.ref.length > node.path.length);
}

/** More rules than these share their locals. */
const PIECES_MAX = 256;

export type CallRules = (site: Site, node: RuleNode) => IrOperand;

export function planPartial(name: string, func: FuncSite, node: RuleNode, callRules: CallRules): IrFunc {
  const isSet = node.rules.every((rule) => rule.head.isSet && rule.head.ref.length === node.path.length);
  append(func.site, { type: isSet ? "MakeSetStmt" : "MakeObjectStmt", stmt: { target: func.result } });
  const pieces = piecesOf(func.site, node);
  const shapes = isUniform(pieces) ? undefined : newLocal(func.site);
  if (shapes !== undefined) append(func.site, { type: "MakeObjectStmt", stmt: { target: shapes } });
  const document: Document = { root: func.result, shapes };
  for (const piece of pieces) {
    const plan = (): void => planPiece(func, node, piece, { document, callRules });
    if (pieces.length > PIECES_MAX) reuseLocals(func, plan);
    else plan();
  }
  return finishFunc(name, func);
}

type Into = { readonly document: Document; readonly callRules: CallRules };

function planPiece(func: FuncSite, node: RuleNode, piece: Piece, { document, callRules }: Into): void {
  const site = nextBlock(func);
  if (piece.kind === "complete") {
    const value = callRules(site, piece.node);
    const path = piece.node.path.slice(node.path.length).map((part) => text(site, part));
    insert(site, document, path, { kind: "value", value });
    return;
  }
  const { rule } = piece;
  planRuleBody(site, dataName(piece.path), rule);
  const path = rule.head.ref.slice(node.path.length).map((term) => planTerm(site, term));
  const value = planTerm(site, rule.head.value);
  insert(site, document, path, { kind: rule.head.isSet ? "member" : "value", value });
}

type Piece =
  | { readonly kind: "rule"; readonly rule: Rule; readonly path: readonly string[]; readonly depth: number }
  | { readonly kind: "complete"; readonly node: RuleNode; readonly depth: number };

function piecesOf(site: Site, node: RuleNode): readonly Piece[] {
  const below = descendantsWithRules(node).filter((other) => !isHidden(site.environment, other.path));
  return [node, ...below].flatMap((other): readonly Piece[] => {
    if (other !== node && !isPartial(other)) {
      return [{ kind: "complete", node: other, depth: other.path.length - node.path.length }];
    }
    return other.rules
      .filter((rule) => !rule.isDefault)
      .map((rule) => ({ kind: "rule", rule, path: other.path, depth: rule.head.ref.length - node.path.length }));
  });
}

/** True if no piece can stand in another's way by its depth or kind. */
function isUniform(pieces: readonly Piece[]): boolean {
  const shapes = pieces.map((piece) => `${piece.depth} ${piece.kind === "rule" && piece.rule.head.isSet}`);
  return new Set(shapes).size <= 1;
}

/** `shapes` holds what stands at each path, where pieces of different depths meet; two shapes at one path conflict. */
type Document = { readonly root: number; readonly shapes: number | undefined };
type Leaf = { readonly kind: "value" | "member"; readonly value: IrOperand };

function insert(site: Site, { root, shapes }: Document, path: readonly IrOperand[], leaf: Leaf): void {
  if (shapes !== undefined) {
    path.forEach((_, i) => {
      noteShape(site, shapes, path.slice(0, i + 1), i + 1 === path.length ? leaf.kind : "object");
    });
  }
  const holders = [root];
  const steps = leaf.kind === "member" ? path.length : path.length - 1;
  for (let i = 0; i < steps; i++) {
    const isLast = leaf.kind === "member" && i === steps - 1;
    holders.push(obtain(site, holders[i] as number, path[i] as IrOperand, isLast ? "MakeSetStmt" : "MakeObjectStmt"));
  }
  const holder = holders[steps] as number;
  if (leaf.kind === "member") append(site, { type: "SetAddStmt", stmt: { value: leaf.value, set: holder } });
  else {
    const key = path[steps] as IrOperand;
    append(site, { type: "ObjectInsertOnceStmt", stmt: { key, value: leaf.value, object: holder } });
  }
  for (let i = steps - 1; i >= 0; i--) {
    const value = local(holders[i + 1] as number);
    const key = path[i] as IrOperand;
    append(site, { type: "ObjectInsertStmt", stmt: { key, value, object: holders[i] as number } });
  }
}

function noteShape(site: Site, shapes: number, path: readonly IrOperand[], shape: string): void {
  const key = newLocal(site);
  append(site, { type: "MakeArrayStmt", stmt: { capacity: path.length, target: key } });
  for (const value of path) append(site, { type: "ArrayAppendStmt", stmt: { value, array: key } });
  append(site, {
    type: "ObjectInsertOnceStmt",
    stmt: { key: local(key), value: text(site, shape), object: shapes },
  });
}

/** What stands at the key of an object, made if nothing does. */
function obtain(site: Site, object: number, key: IrOperand, make: "MakeSetStmt" | "MakeObjectStmt"): number {
  const target = newLocal(site);
  const found: IrStmt[] = [
    { type: "DotStmt", stmt: { source: local(object), key, target } },
    { type: "BreakStmt", stmt: { index: 1 } },
  ];
  const outer = makeBlock();
  outer.stmts.push({ type: "BlockStmt", stmt: { blocks: [{ stmts: found }] } });
  outer.stmts.push({ type: make, stmt: { target } });
  append(site, { type: "BlockStmt", stmt: { blocks: [outer] } });
  return target;
}
