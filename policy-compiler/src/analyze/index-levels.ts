/**
 * How far OPA's rule index asks what a rule reads. Its index is a tree with a level for each reference that any rule of a
 * document compares with a constant, in one order for all of them. A rule's path goes down as far as it compares; but where
 * the rule lets a level have one of several values and one of these is a beginning, an end or a list, its path ends there,
 * and what it compares further down is not asked (`Sorted` and `insertPath` of OPA's `ast/index.go`). A reference that no rule
 * compares is no level: it is asked of each rule that reads it.
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
};

/** Of each rule the references that are left unasked: all rules and `else` links of a document, in their order. */
export function unaskedOf(rules: readonly (readonly Asked[])[]): readonly ReadonlySet<string>[] {
  const levels = new Map<string, Level>();
  const paths = rules.map((asked) => pathOf(asked, levels));
  const order = [...levels].filter(([, { isValued }]) => isValued).sort(([, a], [, b]) => compareLevels(a, b));
  return paths.map((path) =>
    behindEnd(
      path,
      order.map(([key]) => key),
    ),
  );
}

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

function isAffix({ kind }: IndexValue): boolean {
  return kind === "prefix" || kind === "suffix";
}
