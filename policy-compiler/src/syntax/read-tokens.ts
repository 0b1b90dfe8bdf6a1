/** The words of a text as they are written, for whoever wants no more than those. */

import { Scanner } from "./scanner.ts";
import type { RegoSource } from "./version.ts";
import { keywordsOf } from "./version.ts";

/** Every token's text, "" for the end; `fault` says what the first one is that can be none. */
export function readTokens(source: RegoSource): { readonly words: readonly string[]; readonly fault?: string } {
  const scanner = new Scanner(source, keywordsOf(source.version ?? "v1"));
  scanner.tokenAt(Number.POSITIVE_INFINITY);
  const { tokens } = scanner;
  const words = tokens.map(({ text }) => text);
  const illegal = tokens.find(({ kind }) => kind === "illegal");
  return illegal === undefined ? { words } : { words, fault: illegal.value };
}
