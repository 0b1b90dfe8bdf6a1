/**
 * Keys that stand twice in one object of a JSON text. JSON.parse and OPA take the last one without a
 * word (RFC 8259 §4 leaves it open), so that what a person reads first is not what counts.
 */
import type { DuplicateKey } from "@regomesh/policy-runtime/yaml";

/** Strings whole, so that no brace within one counts, and what opens, closes or parts. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gu;

/** In order of place. `text` is JSON that parses. */
export function findDuplicateKeys(text: string): readonly DuplicateKey[] {
  const found: DuplicateKey[] = [];
  const open: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(token === "{" ? new Set() : undefined);
    else if (token === "}" || token === "]") open.pop();
    const keys = open.at(-1);
    if (isKeyNext && keys !== undefined && token.startsWith('"')) {
      const key = JSON.parse(token) as string;
      if (keys.has(key)) found.push({ key, offset: index });
      keys.add(key);
    }
    isKeyNext = keys !== undefined && (token === "{" || token === ",");
  }
  return found;
}
