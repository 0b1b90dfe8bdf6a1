/** How OPA's rule index asks each rule: of those alone that it could make a difference for. */
import { builtinName } from "../builtins/table.ts";
import type { Expr, Rule } from "../resolved/ast.ts";
import { eachNode, isGroundHead, type RuleNode } from "../resolved/rule-tree.ts";
import { linksOf } from "../syntax/rule-links.ts";
import { AFFIX_TESTS, LIST_TESTS } from "./constant-tests.ts";
import { type IndexPath, indexPathsOf } from "./index-levels.ts";
import { askedBy, type Reading } from "./read-first.ts";

/** `failing`: links that may end in an error (`findFailing`). */
export type Weighing = Omit<Reading, "asksKeys"> & { readonly failing: ReadonlySet<Rule> };

/** By the link of a rule. */
export type IndexPaths = ReadonlyMap<Rule, IndexPath>;

export function findIndexPaths(root: RuleNode, reading: Weighing): IndexPaths {
  const paths = new Map<Rule, IndexPath>();
  for (const rules of indexedTogether(root)) {
    const links = rules.flatMap(linksOf);
    const isSplit = links.some(({ body }) => body.some(isGlob));
    if (!links.some((link) => (isSplit || mayEnd(link)) && reading.failing.has(link))) continue;
    const found = indexPathsOf(links.map((link) => askedBy(link, { ...reading, asksKeys: true })));
    for (const [i, link] of links.entries()) {
      const path = found[i] as IndexPath;
      if (isSplit || path.unasked.size > 0) paths.set(link, path);
    }
  }
  return paths;
}

/** One index is of the rules of a document; where the head of one has a variable, of all below, too. */
function* indexedTogether(root: RuleNode): Generator<readonly Rule[]> {
  const within = new Set<RuleNode>();
  for (const node of eachNode(root)) {
    if (node.rules.length === 0 || within.has(node)) continue;
    const isWhole = node.rules.every(isGroundHead);
    const nodes = isWhole ? [node] : [...eachNode(node)];
    if (!isWhole) for (const each of nodes) within.add(each);
    yield nodes.flatMap(({ rules }) => rules.filter(({ isDefault }) => !isDefault));
  }
}

/** Something is compared with one of several values: a call tests it, or two equations compare it with lists. */
function mayEnd({ body }: Rule): boolean {
  return body.some(isAlternating) || body.filter(hasList).length > 1;
}

function isAlternating({ what }: Expr): boolean {
  if (what.kind !== "call") return false;
  const name = builtinName(what.operator.path);
  return AFFIX_TESTS.has(name) || LIST_TESTS.has(name) || name === "internal.member_2";
}

function isGlob({ what }: Expr): boolean {
  return what.kind === "call" && builtinName(what.operator.path) === "glob.match";
}

function hasList({ what }: Expr): boolean {
  return what.kind === "unify" && (what.left.kind === "array" || what.right.kind === "array");
}
