/** Sources that are nearly Rego: modules with parts taken out, doubled, changed places or put deep into brackets. */
import type { Random } from "@regomesh/base";

/** What breaks parsers: brackets of every kind, words at the wrong place, ends of text and of lines. */
const PIECES = [
  ..."{}[]()|&,.;:=#`\"'\\$\n\t\r\0\u2028\ufeff",
  ":=",
  "==",
  "{|",
  '$"{',
  "$`{",
  '"\\u12',
  "0x1",
  "1e999999",
  "1.",
  " if ",
  " else ",
  " not ",
  " every x in ",
  " some x, y in ",
  " with input as ",
  " contains ",
  " in ",
  " and ",
  " or ",
  "default ",
  "import rego.v2\n",
  "import future.keywords\n",
  "package p\n",
  "# METADATA\n# scope: rule\n",
  "# METADATA\n# authors: [&a, *a]\n",
  "\ud800",
  "\u{10ffff}",
];

const OPENERS = [
  "{",
  "[",
  "(",
  "not ",
  "-",
  "x[",
  "f(",
  "{x | ",
  "[x | ",
  '$"{',
  "{1: ",
  "every x in [1] { ",
  "a.b",
] as const;

/** Levels that a nesting has at most. */
const NESTING_MAX = 20_000;

export function mutate(text: string, pool: readonly string[], random: Random): string {
  let mutated = text;
  for (let i = pick(random, 4); i >= 0; i--) mutated = mutateOnce(mutated, pool, random);
  return mutated;
}

function mutateOnce(text: string, pool: readonly string[], random: Random): string {
  const at = pick(random, text.length + 1);
  const end = Math.min(text.length, at + 1 + pick(random, 30));
  const other = pool[pick(random, pool.length)] ?? "";
  switch (pick(random, 9)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + pieceOf(random) + text.slice(at);
    case 2:
      return text.slice(0, end) + text.slice(at, end) + text.slice(end);
    case 3:
      return text.slice(0, at) + other.slice(pick(random, other.length + 1)).slice(0, 200) + text.slice(at);
    case 4:
      return text.slice(0, at);
    case 5:
      return text.slice(0, at) + pieceOf(random) + text.slice(end);
    case 6: {
      const lines = text.split("\n");
      const [moved = ""] = lines.splice(pick(random, lines.length), 1);
      lines.splice(pick(random, lines.length + 1), 0, moved);
      return lines.join("\n");
    }
    case 7:
      return text.slice(0, at) + nest(random) + text.slice(at);
    default:
      return text.slice(0, at) + String.fromCharCode(pick(random, 0x180)) + text.slice(end);
  }
}

/** Seldom deep: most faults need no depth, and depth costs time. */
function nest(random: Random): string {
  const levels = random() < 0.05 ? pick(random, NESTING_MAX) : pick(random, 12);
  const opener = OPENERS[pick(random, OPENERS.length)] ?? "";
  return opener.repeat(levels);
}

function pieceOf(random: Random): string {
  return PIECES[pick(random, PIECES.length)] ?? "";
}

function pick(random: Random, count: number): number {
  return Math.floor(random() * count);
}
