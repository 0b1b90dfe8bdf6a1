/**
 * `.regomeshignore`, at the source's root: files of the source that are none of the mesh's, in
 * the patterns of gitignore(5). What it names is not read, so it can refuse nothing.
 */
import { type Glob, matchesGlob, parseGlob, type Spend } from "./glob.ts";

export const IGNORE_FILE = ".regomeshignore";

/** Whether a file, named by its path in the source, is left out. Throws IgnoreError. */
export type IsIgnored = (path: string) => boolean;

type Rule = { readonly glob: Glob; readonly isAnchored: boolean; readonly isKept: boolean; readonly isFolder: boolean };

/** Rules beyond these are not read: a source has a few. */
const RULES_MAX = 1000;
/** A longer line is no pattern that somebody has written. */
const LINE_LENGTH_MAX = 1000;
/** Rules and letters compared for one source: a few seconds' work, and what hundreds of rules take for 100,000 files. */
const STEPS_MAX = 50_000_000;

/** The rules cost more than a source's may: without them it is not known what is the mesh's. */
export class IgnoreError extends Error {
  readonly code = "ignore_limit";
}

export function parseIgnore(text: string): IsIgnored {
  const rules = text.split("\n", LINES_MAX).flatMap(toRule).slice(0, RULES_MAX);
  const folders = new Map<string, boolean>();
  let steps = 0;
  const spend: Spend = () => {
    if (++steps > STEPS_MAX) throw new IgnoreError(`${IGNORE_FILE} has patterns that take too long to match`);
  };
  const isNamed = (parts: readonly string[], isFolder: boolean): boolean => {
    const rule = rules.findLast((each) => {
      spend();
      return (isFolder || !each.isFolder) && matchesGlob(each.glob, each.isAnchored ? parts : parts.slice(-1), spend);
    });
    return rule !== undefined && !rule.isKept;
  };
  // A folder that is left out takes what is below with it: no later rule brings that back.
  const isBelow = (parts: readonly string[]): boolean => {
    if (parts.length === 0) return false;
    const name = parts.join("/");
    const known = folders.get(name);
    if (known !== undefined) return known;
    const found = isBelow(parts.slice(0, -1)) || isNamed(parts, true);
    folders.set(name, found);
    return found;
  };
  return (path) => {
    const parts = path.split("/");
    return rules.length > 0 && (isBelow(parts.slice(0, -1)) || isNamed(parts, false));
  };
}

/** Most of a long file may be comments. */
const LINES_MAX = 100_000;

function toRule(line: string): readonly Rule[] {
  const text = withoutSpace(line);
  if (text === "" || text.startsWith("#") || text.length > LINE_LENGTH_MAX) return [];
  const isKept = text.startsWith("!");
  const body = (isKept ? text.slice(1) : text).replace(/^\\(?=[#!])/, "");
  const isFolder = body.endsWith("/");
  const bare = body.replace(/^\//, "").replace(/\/$/, "");
  if (bare === "") return [];
  const isAnchored = body.replace(/\/$/, "").includes("/");
  return [{ glob: parseGlob(bare), isAnchored, isKept, isFolder }];
}

/** Without the space at its end, unless a backslash keeps one. */
function withoutSpace(line: string): string {
  const text = line.trimEnd();
  return text.endsWith("\\") ? `${text}${line.charAt(text.length).replace("\r", "")}` : text;
}
