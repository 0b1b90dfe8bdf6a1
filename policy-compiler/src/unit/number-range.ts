/** Numbers of a JSON text that no evaluation takes: OPA refuses them where it reads them, and so do modules. */
import { isNumberTooBig } from "../syntax/number-literal.ts";

/** Only what is written with an exponent can be too big. */
const EXPONENT = /[0-9][eE]/;
const PART = /[-+.0-9eE]/;

/** The offset of the first number that is too big. `text` is JSON that parses. */
export function findNumberTooBig(text: string): number | undefined {
  if (!EXPONENT.test(text)) return undefined;
  for (let from = 0; from < text.length; ) {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    const found = findBetween(text, from, end);
    if (found !== undefined) return found;
    from = stringEnd(text, end);
  }
  return undefined;
}

/** In a stretch without strings. Each number is walked once: a pattern would begin anew at each of its digits. */
function findBetween(text: string, from: number, to: number): number | undefined {
  const stretch = text.slice(from, to);
  for (const { index } of stretch.matchAll(/[eE][-+]?[0-9]/g)) {
    let start = index;
    while (PART.test(stretch[start - 1] ?? "")) start--;
    let end = index;
    while (PART.test(stretch[end] ?? "")) end++;
    if (isNumberTooBig(stretch.slice(stretch[start] === "-" ? start + 1 : start, end))) return from + start;
  }
  return undefined;
}

/** Behind the string that begins at a quote. */
function stringEnd(text: string, quote: number): number {
  for (let at = text.indexOf('"', quote + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}
