/**
 * Rules that make a document piece by piece: sets, objects, and objects of objects or sets
 * where heads have variables at several depths. All rules at and below a node fill one
 * document; those below it that are complete give their value to the place they name.
 */
import type { IrFunc, IrOperand, IrStmt } from "../ir/policy.ts";
import type { Rule, Term } from "../resolved/ast.ts";
import { childrenOf, dataName, descendantsWithRules, isGroundHead, type RuleNode } from "../resolved/rule-tree.ts";
import { constantText } from "../syntax/constant-text.ts";
import { planMayEqual } from "./comprehended.ts";
import { isHidden } from "./environment.ts";
import { type FuncSite, finishFunc, nextBlock, reuseLocals } from "./func.ts";
import { markRule, planRuleBody } from "./mark.ts";
import { isRoot } from "./readiness.ts";
import {
  append,
  baseDot,
  dot,
  equal,
  local,
  makeBlock,
  newLocal,
  planIsAny,
  planTerm,
  type Site,
  text,
} from "./site.ts";
import { keysInTree, makePlaces, type Place, type Placed, type Vacant, vacantPlaces } from "./vacant.ts";

/** True if the node's rules make its document piece by piece. */
export function isPartial(node: RuleNode): boolean {
  return node.rules.some((rule) => rule.head.isSet || rule.head.ref.length > node.path.length);
}

/** How many keys below the node any of its pieces has: one more than its head's where that makes a set. */
export function keysDeep(node: RuleNode): number {
  const pieces = [node, ...descendantsWithRules(node)].flatMap(({ rules }) => rules);
  const depths = pieces.map(({ head }) => head.ref.length - node.path.length + (head.isSet ? 1 : 0));
  return Math.max(0, ...depths);
}

/** More rules than these share their locals. */
const PIECES_MAX = 256;

export type PartialOptions = {
  readonly callRules: (site: Site, node: RuleNode) => IrOperand;
  /** The value of one rule with its `else` links, whose head has no variables. */
  readonly callChain: (site: Site, path: readonly string[], rule: Rule) => IrOperand;
  /** Keys that are known, by their place below the node: only pieces that have them are evaluated. */
  readonly keys: readonly (IrOperand | undefined)[];
};

export function planPartial(name: string, func: FuncSite, node: RuleNode, options: PartialOptions): IrFunc {
  const isSet = node.rules.every((rule) => rule.head.isSet && rule.head.ref.length === node.path.length);
  append(func.site, { type: isSet ? "MakeSetStmt" : "MakeObjectStmt", stmt: { target: func.result } });
  const pieces = piecesOf(func.site, node);
  const shapes = isUniform(pieces) ? undefined : newLocal(func.site);
  if (shapes !== undefined) append(func.site, { type: "MakeObjectStmt", stmt: { target: shapes } });
  const document: Document = { root: func.result, shapes };
  const places = makePlaces(placedOf(node, pieces));
  for (const vacant of vacantPlaces(places)) planVacant(nextBlock(func), document, vacant, options.keys);
  for (const piece of pieces) {
    const plan = (): void => planPiece(func, node, piece, { ...options, document, places });
    if (pieces.length > PIECES_MAX) reuseLocals(func, plan);
    else plan();
  }
  return finishFunc(name, func);
}

type Into = PartialOptions & {
  readonly document: Document;
  readonly places: Place;
};

function placedOf({ path }: RuleNode, pieces: readonly Piece[]): readonly Placed[] {
  return pieces.flatMap((piece) => {
    const rules = piece.kind === "complete" ? piece.node.rules : [piece.rule];
    return rules.map((rule) => ({ rule, keys: rule.head.ref.slice(path.length) }));
  });
}

function planVacant(site: Site, { root }: Document, { keys, make }: Vacant, known: PartialOptions["keys"]): void {
  keys.forEach((key, i) => {
    matchKnown(site, known[i], key);
    if (key.kind === "number") requireText(site, known[i], key.text);
  });
  const path = keys.map((key) => planTerm(site, key));
  link(site, path, open(site, root, path, make));
}

function planPiece(func: FuncSite, node: RuleNode, piece: Piece, options: Into): void {
  const { document, callRules, keys } = options;
  const site = nextBlock(func);
  if (piece.kind === "complete") {
    const path = piece.node.path.slice(node.path.length).map((part) => text(site, part));
    for (const [i, part] of path.entries()) {
      const key = keys[i];
      if (key !== undefined) equal(site, part, key);
    }
    const value = callRules(site, piece.node);
    insert(site, document, path, { kind: "value", value });
    return;
  }
  const { rule } = piece;
  const terms = rule.head.ref.slice(node.path.length);
  const named = terms.some(({ kind }) => kind === "number") ? keysInTree(options.places, terms) : 0;
  for (const [i, term] of terms.entries()) {
    matchKnown(site, keys[i], term);
    if (i < named && term.kind === "number") requireText(site, keys[i], term.text);
  }
  const member = rule.head.isSet ? keys[terms.length] : undefined;
  if (rule.else !== undefined) {
    const value = options.callChain(site, piece.path, rule);
    insert(
      site,
      document,
      terms.map((term) => planTerm(site, term)),
      { kind: "value", value },
    );
    return;
  }
  if (piece.kind === "default") {
    planDefault(site, node, rule, document, piece.path);
    return;
  }
  if (member !== undefined) {
    const { value } = rule.head;
    if (value.kind === "set") planIsAny(site, member, ["IsSetStmt"]);
    if (value.kind === "object") planIsAny(site, member, ["IsObjectStmt"]);
    matchKnown(site, member, knownOf(value));
  }
  planRuleBody(site, dataName(piece.path), rule);
  const path = terms.map((term) => planTerm(site, term));
  if (member !== undefined) planMayEqual(site, member, rule.head.value);
  const value = planTerm(site, rule.head.value);
  if (member !== undefined && !isPattern(rule.head.value)) equal(site, value, member);
  markRule(site, dataName(piece.path), rule);
  insert(site, document, path, { kind: rule.head.isSet ? "member" : "value", value });
}

function planDefault(site: Site, node: RuleNode, rule: Rule, document: Document, path: readonly string[]): void {
  const place = rule.head.ref.slice(node.path.length).map((term) => planTerm(site, term));
  const present = makeBlock();
  const inner: Site = { ...site, cursor: { block: present, depth: 0 } };
  place.reduce<IrOperand>((holder, key) => dot(inner, holder, key), local(document.root));
  append(site, { type: "NotStmt", stmt: { block: present } });
  markRule(site, dataName(path), rule);
  insert(site, document, place, { kind: "value", value: planTerm(site, rule.head.value) });
}

/**
 * In its tree OPA finds a rule by its path, and the number 1.0 is no name of
 * the rule `p[1]`: here a number is known by its text, as base documents' keys are.
 */
function requireText(site: Site, key: IrOperand | undefined, digits: string): void {
  if (key === undefined) return;
  const names = newLocal(site);
  append(site, { type: "MakeObjectStmt", stmt: { target: names } });
  append(site, {
    type: "ObjectInsertStmt",
    stmt: { key: text(site, digits), value: { type: "bool", value: true }, object: names },
  });
  baseDot(site, local(names), key);
}

/** A head's key takes the known one before the body is looked at. */
function matchKnown(site: Site, key: IrOperand | undefined, term: Term): void {
  if (key !== undefined) site.planner.constructs.unifyOperand(site, key, term);
}

/** What binds its variables by being matched, and needs none of the body's. */
function isPattern(term: Term): boolean {
  switch (term.kind) {
    case "var":
      return !isRoot(term.name);
    case "array":
      return term.items.every(isPattern);
    case "object":
      return term.entries.every(([key, value]) => constantText(key) !== undefined && isPattern(value));
    default:
      return constantText(term) !== undefined;
  }
}

/** What is known of a member before the body: variables of their own stand for the rest. */
function knownOf(term: Term, place = "$member"): Term {
  if (isPattern(term)) return term;
  switch (term.kind) {
    case "array":
      return { ...term, items: term.items.map((item, i) => knownOf(item, `${place}.${i}`)) };
    case "object":
      if (term.entries.some(([key]) => constantText(key) === undefined)) break;
      return { ...term, entries: term.entries.map(([key, value], i) => [key, knownOf(value, `${place}.${i}`)]) };
    default:
  }
  return { kind: "var", at: term.at, name: place };
}

/**
 * `rule`: one that adds what its body finds; `default`: one whose value stands where no other rule of its
 * path gave one; `complete`: all rules of a node below.
 */
type Piece =
  | { readonly kind: "rule" | "default"; readonly rule: Rule; readonly path: readonly string[]; readonly depth: number }
  | { readonly kind: "complete"; readonly node: RuleNode; readonly depth: number };

function piecesOf(site: Site, node: RuleNode): readonly Piece[] {
  const pieces: Piece[] = [];
  // A default stands for a document of its own, not for a piece of one that rules with variables make.
  const collect = (other: RuleNode, isInDocument: boolean): void => {
    const { rules } = other;
    const hasDefaults = !isInDocument && rules.every(isGroundHead);
    if (other !== node && isHidden(site.environment, other.path)) return;
    if (other !== node && !isPartial(other)) {
      const kept = rules.filter(({ isDefault }) => hasDefaults || !isDefault);
      const depth = other.path.length - node.path.length;
      if (kept.length > 0) pieces.push({ kind: "complete", node: { ...other, rules: kept }, depth });
    } else {
      const make = (rule: Rule, kind: "rule" | "default"): Piece => ({
        kind,
        rule,
        path: other.path,
        depth: rule.head.ref.length - node.path.length,
      });
      pieces.push(...rules.filter(({ isDefault }) => !isDefault).map((rule) => make(rule, "rule")));
      if (hasDefaults) pieces.push(...rules.filter(({ isDefault }) => isDefault).map((rule) => make(rule, "default")));
    }
    for (const [, child] of childrenOf(other)) collect(child, !hasDefaults);
  };
  collect(node, false);
  return pieces;
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
  const isMember = leaf.kind === "member";
  const outer = isMember ? path : path.slice(0, -1);
  const holders = open(site, root, outer, isMember ? "MakeSetStmt" : "MakeObjectStmt");
  const holder = holders.at(-1) as number;
  if (isMember) append(site, { type: "SetAddStmt", stmt: { value: leaf.value, set: holder } });
  else {
    const key = path[outer.length] as IrOperand;
    append(site, { type: "ObjectInsertOnceStmt", stmt: { key, value: leaf.value, object: holder } });
  }
  link(site, outer, holders);
}

/** What stands along the path, from the root on; what is missing is made, at its end by `make`. */
function open(site: Site, root: number, path: readonly IrOperand[], make: Vacant["make"]): readonly number[] {
  const holders = [root];
  for (const [i, key] of path.entries()) {
    holders.push(obtain(site, holders[i] as number, key, i === path.length - 1 ? make : "MakeObjectStmt"));
  }
  return holders;
}

/** Puts each of the holders where it belongs, the innermost first. */
function link(site: Site, path: readonly IrOperand[], holders: readonly number[]): void {
  for (let i = path.length - 1; i >= 0; i--) {
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
function obtain(site: Site, object: number, key: IrOperand, make: Vacant["make"]): number {
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
