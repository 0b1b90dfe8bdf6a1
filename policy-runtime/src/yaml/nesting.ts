/** How deep a text of YAML nests, told while it is cut into tokens: the trees made of it take far more memory, and are read by recursion. */
import { Lexer, Parser } from "yaml";

/** Levels of nesting: what walks values recursively stays within its stack. */
export const DEPTH_MAX = 512;

/** Where in the text more levels are open; undefined where they never are. */
export function findTooNested(text: string): number | undefined {
  if (!mayNest(text)) return undefined;
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    // A document and a scalar are on the stack, too.
    if (parser.stack.length > DEPTH_MAX + 2) return parser.offset;
  }
  return undefined;
}

/** Brackets open levels, and of each column in front of a line's first item no more than a list and a map begin. */
function mayNest(text: string): boolean {
  if (text.length <= DEPTH_MAX) return false;
  let most = 0;
  for (const [held] of text.matchAll(/^[ ?:-]+/gm)) most = Math.max(most, held.length);
  let levels = 2 * most;
  for (const _ of text.matchAll(/[[{]/g)) if (++levels > DEPTH_MAX) return true;
  return levels > DEPTH_MAX;
}
