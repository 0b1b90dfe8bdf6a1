/**
 * `.regomeshignore`, at the source's root: files of the source that are none of the mesh's, in
 * the patterns of gitignore(5). What it names is not read, so it can refuse nothing.
 */
export const IGNORE_FILE = ".regomeshignore";

/** Whether a file, named by its path in the source, is left out. */
export type IsIgnored = (path: string) => boolean;

type Rule = { readonly pattern: RegExp; readonly isKept: boolean; readonly isFolder: boolean };

/** Rules beyond these are not read: a source has a few. */
const RULES_MAX = 1000;

export function parseIgnore(text: string): IsIgnored {
  const rules = text.split(/\r?\n/).slice(0, RULES_MAX).flatMap(toRule);
  return (path) => {
    const parts = path.split("/");
    // A folder that is left out takes what is below with it: no later rule brings that back.
    for (let depth = 1; depth <= parts.length; depth++) {
      const at = parts.slice(0, depth).join("/");
      const rule = rules.findLast(({ pattern, isFolder }) => pattern.test(at) && (!isFolder || depth < parts.length));
      if (rule !== undefined && !rule.isKept) return true;
    }
    return false;
  };
}

function toRule(line: string): readonly Rule[] {
  const text = line.replace(/(?<!\\)\s+$/, "");
  if (text === "" || text.startsWith("#")) return [];
  const isKept = text.startsWith("!");
  const body = (isKept ? text.slice(1) : text).replace(/^\\(?=[#!])/, "");
  const isFolder = body.endsWith("/");
  const bare = body.replace(/^\//, "").replace(/\/$/, "");
  if (bare === "") return [];
  const isAnchored = body.replace(/\/$/, "").includes("/");
  return [{ pattern: new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${toPattern(bare)}$`), isKept, isFolder }];
}

/** `**` spans folders, `*` and `?` stay within one, `[…]` is a set. */
function toPattern(glob: string): string {
  return glob
    .split("/")
    .map((part, at, parts) => {
      if (part === "**") return at === parts.length - 1 ? ".+" : "(?:.*/)?";
      return `${part.replace(/\\.|\[!?[^\]]+\]|[*?]|[.+^${}()|[\]\\]/g, toPart)}${at === parts.length - 1 ? "" : "/"}`;
    })
    .join("");
}

function toPart(token: string): string {
  if (token === "*") return "[^/]*";
  if (token === "?") return "[^/]";
  if (token.length > 2 && token.startsWith("[")) return token.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
  return `\\${token.slice(-1)}`;
}
