/**
 * Patterns of paths in manifests, as OPA's glob library reads them: `*` and `**` are any text, slashes too, `?` one
 * character, `[abc]` and `[!abc]` one of these or none of them, `[a-z]` and `[!a-z]` one of a range, `{a,b}` either, a
 * backslash stands before what is meant literally.
 *
 * A pattern is a list of steps, and a text is read once with all steps that are reached side by side: whatever the
 * pattern, it takes no more than its steps for each character.
 */
export type Glob = {
  /** The only text that matches, where the pattern has nothing but text. */
  readonly text: string | undefined;
  readonly matches: (text: string) => boolean;
};

type Jump = { readonly kind: "jump"; to: number };
type Step =
  | { readonly kind: "one"; readonly is: (character: string) => boolean }
  | { readonly kind: "any" }
  | { readonly kind: "fork"; readonly to: number[] }
  | Jump;

/** Braces: where their alternatives begin, and what leads from the end of each behind them. */
type Group = { readonly fork: number[]; readonly jumps: Jump[] };
type Class = { readonly is: (character: string) => boolean; readonly next: number };
type Fault = { readonly fault: string };

export function parseGlob(pattern: string): Glob | Fault {
  const characters = [...pattern];
  const steps: Step[] = [];
  const groups: Group[] = [];
  let text: string | undefined = "";
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    const group = groups.at(-1);
    const isSpecial = "*?[{".includes(c) || (group !== undefined && ",}".includes(c));
    if (!isSpecial) {
      const meant = c === "\\" ? characters[++i] : c;
      if (meant === undefined) return { fault: "ends with a backslash" };
      steps.push({ kind: "one", is: (character) => character === meant });
      if (text !== undefined) text += meant;
      continue;
    }
    text = undefined;
    if (c === "?") steps.push({ kind: "one", is: () => true });
    else if (c === "*") steps.push({ kind: "any" });
    else if (c === "{") groups.push(openGroup(steps));
    else if (c === "[") {
      const read = parseClass(characters, i + 1);
      if ("fault" in read) return read;
      steps.push({ kind: "one", is: read.is });
      i = read.next;
    } else if (c === ",") nextOf(group as Group, steps);
    else closeGroup(groups.pop() as Group, steps);
  }
  if (groups.length > 0) return { fault: "has a { without its }" };
  return { text, matches: (given) => isMatch(steps, given) };
}

function openGroup(steps: Step[]): Group {
  const fork = [steps.length + 1];
  steps.push({ kind: "fork", to: fork });
  return { fork, jumps: [] };
}

function nextOf({ fork, jumps }: Group, steps: Step[]): void {
  const jump: Jump = { kind: "jump", to: 0 };
  steps.push(jump);
  jumps.push(jump);
  fork.push(steps.length);
}

function closeGroup({ jumps }: Group, steps: Step[]): void {
  for (const jump of jumps) jump.to = steps.length;
}

/** From behind its `[` on; `next` is the place of its `]`. */
function parseClass(characters: readonly string[], start: number): Class | Fault {
  const isNot = characters[start] === "!";
  let at = isNot ? start + 1 : start;
  const [first, dash, last] = characters.slice(at, at + 3);
  if (first !== undefined && dash === "-") {
    if (last === undefined || characters[at + 3] !== "]") return { fault: "has a range that is not closed by ]" };
    const [low, high] = [codeOf(first), codeOf(last)];
    if (high < low) return { fault: "has a range that runs backwards" };
    const isIn = (character: string) => codeOf(character) >= low && codeOf(character) <= high;
    return { is: (character) => isIn(character) !== isNot, next: at + 3 };
  }
  const listed = new Set<string>();
  for (; characters[at] !== "]"; at++) {
    const c = characters[at] === "\\" ? characters[++at] : characters[at];
    if (c === undefined) return { fault: "has a [ without its ]" };
    listed.add(c);
  }
  if (listed.size === 0) return { fault: "has brackets with nothing in them" };
  return { is: (character) => listed.has(character) !== isNot, next: at };
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

function isMatch(steps: readonly Step[], text: string): boolean {
  let reached = new Set<number>();
  reach(steps, 0, reached);
  for (const character of text) {
    const next = new Set<number>();
    for (const at of reached) {
      const step = steps[at];
      if (step?.kind === "any") reach(steps, at, next);
      else if (step?.kind === "one" && step.is(character)) reach(steps, at + 1, next);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(steps.length);
}

/** Adds a step, and those that are reached from it without a character. */
function reach(steps: readonly Step[], from: number, reached: Set<number>): void {
  const waiting = [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    const step = steps[at];
    if (step?.kind === "any") waiting.push(at + 1);
    else if (step?.kind === "fork") waiting.push(...step.to);
    else if (step?.kind === "jump") waiting.push(step.to);
  }
}
