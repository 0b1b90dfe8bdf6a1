/**
 * Patterns of gitignore(5). They come with commits and meet names that come with commits: a
 * match takes steps that grow with pattern times name and no faster, and steps are counted.
 */

/** A segment of a path between slashes; `folders` is `**`, any number of them. */
type Segment = "folders" | NamePattern;
/** `head` and `tail` are the letters that it begins and ends with: most names are told apart by these. */
type NamePattern = { readonly tokens: readonly Token[]; readonly head: string; readonly tail: string };
/** `*`, or what one letter must be. */
type Token = "any" | ((letter: string) => boolean);

export type Glob = readonly Segment[];

/** Counts one step of a match; throws where there were too many. */
export type Spend = () => void;

/** `**` spans folders, `*` and `?` stay within one, `[…]` is a set, `\` takes a letter's meaning away. */
export function parseGlob(text: string): Glob {
  const parts = text.split("/");
  return parts.flatMap((part, at): Glob => {
    if (part !== "**") return [parseSegment(part)];
    // At the end it is what is in a folder, not the folder itself.
    return at === parts.length - 1 ? ["folders", parseSegment("*")] : ["folders"];
  });
}

/** `path` by its segments. */
export function matchesGlob(glob: Glob, path: readonly string[], spend: Spend): boolean {
  return matchesWild(glob, path, "folders", matchesSegment, spend);
}

function matchesSegment({ tokens, head, tail }: NamePattern, name: string, spend: Spend): boolean {
  if (!name.startsWith(head) || !name.endsWith(tail)) return false;
  return matchesWild<Token, string>(tokens, name, "any", (isLetter, letter) => isLetter(letter), spend);
}

/** Each wildcard takes as little as may be; only the last one ever has to take more, so that nothing is tried twice. */
function matchesWild<P, T>(
  pattern: readonly P[],
  text: ArrayLike<T>,
  wild: P & string,
  matches: (one: Exclude<P, string>, item: T, spend: Spend) => boolean,
  spend: Spend,
): boolean {
  let [at, from] = [0, 0];
  let [wildAt, wildFrom] = [-1, 0];
  while (from < text.length) {
    spend();
    const one = pattern[at];
    if (one === wild) {
      [wildAt, wildFrom] = [at++, from];
    } else if (at < pattern.length && matches(one as Exclude<P, string>, text[from] as T, spend)) {
      at++;
      from++;
    } else if (wildAt >= 0) {
      at = wildAt + 1;
      from = ++wildFrom;
    } else return false;
  }
  while (pattern[at] === wild) at++;
  return at === pattern.length;
}

function parseSegment(text: string): NamePattern {
  const first = text.search(/[*?[\\]/);
  const last = Math.max(...["*", "?", "]", "\\"].map((special) => text.lastIndexOf(special)));
  return { tokens: parseTokens(text), head: first < 0 ? text : text.slice(0, first), tail: text.slice(last + 1) };
}

function parseTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    const close = letter === "[" ? endOfSet(text, at) : -1;
    if (letter === "*") tokens.push("any");
    else if (letter === "?") tokens.push(() => true);
    else if (close > 0) {
      tokens.push(parseSet(text.slice(at + 1, close)));
      at = close;
    } else {
      if (letter === "\\" && at + 1 < text.length) at++;
      const wanted = text.charAt(at);
      tokens.push((each) => each === wanted);
    }
  }
  return tokens;
}

/** Where the set that begins at `at` ends; -1 where it does not, and is no set. A `]` that comes first is one of the set. */
function endOfSet(text: string, at: number): number {
  const first = at + (/^[!^]$/.test(text.charAt(at + 1)) ? 2 : 1);
  for (let end = first; end < text.length; end++) {
    if (text.charAt(end) === "]" && end > first) return end;
    if (text.charAt(end) === "\\") end++;
  }
  return -1;
}

function parseSet(text: string): (letter: string) => boolean {
  const isNot = text.startsWith("!") || text.startsWith("^");
  const ranges: (readonly [string, string])[] = [];
  for (let at = isNot ? 1 : 0; at < text.length; at++) {
    if (text.charAt(at) === "\\" && at + 1 < text.length) at++;
    const low = text.charAt(at);
    const isRange = text.charAt(at + 1) === "-" && at + 2 < text.length;
    if (isRange) at += 2;
    ranges.push([low, text.charAt(at)]);
  }
  return (letter) => ranges.some(([low, high]) => low <= letter && letter <= high) !== isNot;
}
