/**
 * How far OPA's rule index asks what a rule reads. Its index is a tree with a level for each reference that any rule of a
 * document compares with a constant, in one order for all of them. A rule's path goes down as far as it compares; but where
 * the rule lets a level have one of several values and one of these is a beginning, an end or a list, its path ends there,
 * and what it compares further down is not asked (`Sorted` and `insertPath` of OPA's `ast/index.go`). A reference that no rule
 * compares is no level: it is asked of each rule that reads it.
 *
 * A rule that matches a text with a glob has the level split texts by its delimiters, for all rules whose paths come there
 * alike: "a.b" is then asked as the list ["a", "b"], too, wherever a level knows lists (`valueMapper`).
 */
import type { Location } from "@regomesh/base";

/** What a rule reads, in the order of its body. `values`: what it compares it with, one of which it must be; none where it is only read. */
export type Asked = {
  /** A reference by its text, or a parameter by its place. */
  readonly key: string;
  /** Undefined for a parameter. */
  readonly at: Location | undefined;
  readonly values: readonly IndexValue[];
};

export type IndexValue = {
  readonly kind: "whole" | "member" | "prefix" | "suffix";
  /** Equal texts are equal values. */
  readonly text: string;
  readonly isScalar: boolean;
  /** Of a list the texts of its members; undefined is any. */
  readonly list?: readonly (string | undefined)[] | undefined;
  /** Of a glob, each a character. */
  readonly delimiters?: string | undefined;
};

/** How the index asks a rule. */
export type IndexPath = {
  /** References that it reads behind the level where its path ends. */
  readonly unasked: ReadonlySet<string>;
  /** By reference the delimiters of globs, its own among them, by which the index splits a text that it asks for lists. */
  readonly splits: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Of all rules and `else` links of a document, in their order. */
export function indexPathsOf(rules: readonly (readonly Asked[])[]): readonly IndexPath[] {
  const levels = new Map<string, Level>();
  const paths = rules.map((asked) => pathOf(asked, levels));
  const sorted = [...levels].filter(([, { isValued }]) => isValued).sort(([, a], [, b]) => compareLevels(a, b));
  const order = sorted.map(([key]) => key);
  const splits = splitsOf(paths, order);
  return paths.map((path, i) => ({ unasked: behindEnd(path, order), splits: splits[i] ?? NO_SPLITS }));
}

type Splits = IndexPath["splits"];

const NO_SPLITS: Splits = new Map();

type Level = {
  readonly at: Location | undefined;
  count: number;
  alternated: (typeof ALTERNATED)[keyof typeof ALTERNATED];
  isValued: boolean;
};

const ALTERNATED = { not: 0, converging: 1, ending: 2 } as const;

/** Values by key; a read that is compared with nothing is `undefined`. */
type Path = ReadonlyMap<string, readonly (IndexValue | undefined)[]>;

function pathOf(asked: readonly Asked[], levels: Map<string, Level>): Path {
  const path = new Map<string, (IndexValue | undefined)[]>();
  for (const { key, at, values } of asked) {
    const level = levels.get(key) ?? { at, count: 0, alternated: ALTERNATED.not, isValued: false };
    levels.set(key, level);
    const before = path.get(key) ?? [];
    path.set(key, before);
    if (before.length === 0) level.count++;
    if (values.length > 0) level.isValued = true;
    const [first, ...rest] = values;
    insertValue(before, first, level);
    if (rest.length > 0) insertRest(before, rest, level);
  }
  return path;
}

/** `refindices.insert`: a value takes the place of the first read that is compared with nothing, which hides what comes after. */
function insertValue(before: (IndexValue | undefined)[], value: IndexValue | undefined, level: Level): void {
  for (const [i, other] of before.entries()) {
    if (value === undefined) break;
    if (other !== undefined && nameOf(other) === nameOf(value)) return;
    if (other !== undefined) alternate(level, isAffix(value) || isAffix(other));
    else if (!isAffix(value)) {
      before[i] = value;
      return;
    }
  }
  before.push(value);
}

/** `refindices.insertMembers` and `insertAffixes`: each further member of a list counts once more. */
function insertRest(before: (IndexValue | undefined)[], rest: readonly IndexValue[], level: Level): void {
  level.count += rest.length;
  const seen = new Set(before.map((value) => value && nameOf(value)));
  for (const value of rest) {
    if (seen.has(nameOf(value))) continue;
    seen.add(nameOf(value));
    before.push(value);
  }
  if (before.filter((value) => value !== undefined).length > 1) alternate(level, rest.some(isAffix));
}

function nameOf({ kind, text }: IndexValue): string {
  return `${kind} ${text}`;
}

function alternate(level: Level, isEnding: boolean): void {
  const kind = isEnding ? ALTERNATED.ending : ALTERNATED.converging;
  if (kind > level.alternated) level.alternated = kind;
}

/** `refindices.Sorted`. */
function compareLevels(a: Level, b: Level): number {
  return a.alternated - b.alternated || b.count - a.count || comparePlaces(a.at, b.at);
}

function comparePlaces(a: Location | undefined, b: Location | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [first, second] = [a.source.name, b.source.name];
  if (first !== second) return first < second ? -1 : 1;
  return a.span.start - b.span.start;
}

/** Those that the path reads behind the level where it ends. */
function behindEnd(path: Path, order: readonly string[]): ReadonlySet<string> {
  const end = order.findIndex((key) => endsAt(path.get(key) ?? []));
  return new Set(end < 0 ? [] : order.slice(end + 1).filter((key) => path.has(key)));
}

function endsAt(values: readonly (IndexValue | undefined)[]): boolean {
  const compared = values.filter((value) => value !== undefined);
  return compared.length > 1 && compared.some((value) => isAffix(value) || !value.isScalar);
}

type Node = {
  /** Of the globs of all rules whose paths come here. */
  readonly delimiters: Set<string>;
  readonly next: Map<string, Node>;
};

/** `insertPath`. */
function splitsOf(paths: readonly Path[], order: readonly string[]): readonly Splits[] {
  const values = paths.flatMap((path) => [...path.values()].flat());
  if (!values.some((value) => value?.delimiters !== undefined)) return [];
  const root = makeNode();
  const found = paths.map((path, i) => nodesOf(path, i, { order, root }));
  return found.map((nodes) => {
    const split = [...nodes].filter(([, { delimiters }]) => delimiters.size > 0);
    return new Map(split.map(([key, { delimiters }]) => [key, delimiters]));
  });
}

function makeNode(): Node {
  return { delimiters: new Set(), next: new Map() };
}

/** By reference the node where the path of the rule in this place asks it for lists. */
function nodesOf(
  path: Path,
  rule: number,
  { order, root }: { order: readonly string[]; root: Node },
): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  let remaining = [...path.values()].filter((values) => values.some((value) => value?.list !== undefined)).length;
  let node = root;
  for (const key of order) {
    if (remaining === 0) break;
    const values = path.get(key) ?? [];
    const compared = values.filter((value) => value !== undefined);
    if (compared.some(({ list }) => list !== undefined)) {
      remaining--;
      nodes.set(key, node);
      for (const { delimiters } of compared) if (delimiters !== undefined) node.delimiters.add(delimiters);
    }
    if (endsAt(values)) break;
    const step = stepOf(compared, { isRead: values.length > 0, rule });
    const next = node.next.get(step) ?? makeNode();
    node.next.set(step, next);
    node = next;
  }
  return nodes;
}

/** Rules that compare a level alike go on from one node; one with several values has a node of its own. */
function stepOf(
  [value, ...others]: readonly IndexValue[],
  { isRead, rule }: { isRead: boolean; rule: number },
): string {
  if (value === undefined) return isRead ? "any" : "undefined";
  if (others.length > 0) return `rule ${rule}`;
  if (value.list !== undefined) return `list ${JSON.stringify(value.list)}`;
  return value.isScalar ? nameOf(value) : "any";
}

function isAffix({ kind }: IndexValue): boolean {
  return kind === "prefix" || kind === "suffix";
}
