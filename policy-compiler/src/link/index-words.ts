/**
 * The index of a rule set as words in memory (runtime/assembly/rule-index.ts reads them). A node is
 * the address of its words:
 *
 *   list    {INDEX_LIST, each rule…, LIST_END}: the place of its function in the table, or the address of its row
 *   equal   {INDEX_EQUAL, key, cell of the object {constant: n}, otherwise, case 0, case 1, …}
 *   prefix  {INDEX_PREFIX, key, the first step, otherwise, noString}; suffix likewise
 *   step    {bytes before it, node of the string that ends here or 0, the step above with such a node or 0,
 *            atom of a string below, first byte that leads on, how many, step of each byte or 0…}
 */
import type { IndexNode } from "../core/index-node.ts";
import { IndexKind, LIST_END } from "./runtime-layout.ts";
import { atomOf, constantOf, type IndexWord, type Statics } from "./statics.ts";

/** Where the words of the node begin; `wordOf` gives what a list has of a rule of the set: in their order it grows. */
export function putIndex(statics: Statics, node: IndexNode, wordOf: (rule: number) => IndexWord): number {
  const { words } = statics;
  switch (node.kind) {
    case "list": {
      const at = words.length;
      words.push(IndexKind.list, ...node.rules.map(wordOf), LIST_END);
      return at;
    }
    case "equal": {
      const cases = node.cases.map(([, then]) => putIndex(statics, then, wordOf));
      const otherwise = putIndex(statics, node.otherwise, wordOf);
      const value = constantOf(statics, `{${node.cases.map(([text], i) => `${text}:${i}`).join(",")}}`);
      const at = words.length;
      words.push(IndexKind.equal, node.key, { value }, { at: otherwise }, ...cases.map((then) => ({ at: then })));
      return at;
    }
    case "prefix":
    case "suffix": {
      const cases = node.cases.map(([text, then]) => {
        const bytes = new TextEncoder().encode(text);
        return {
          bytes: node.kind === "prefix" ? bytes : bytes.reverse(),
          atom: atomOf(statics, text),
          node: putIndex(statics, then, wordOf),
        };
      });
      const otherwise = putIndex(statics, node.otherwise, wordOf);
      const noString = putIndex(statics, node.noString, wordOf);
      cases.sort((a, b) => compareBytes(a.bytes, b.bytes));
      const first = cases.length === 0 ? 0 : putStep(words, cases, 0);
      const at = words.length;
      const begin: IndexWord = cases.length === 0 ? 0 : { at: first };
      words.push(IndexKind[node.kind], node.key, begin, { at: otherwise }, { at: noString });
      return at;
    }
  }
}

type Case = { readonly bytes: Uint8Array; readonly atom: number; readonly node: number };

const STEP_HEAD = 6;

/** A step for sorted strings that have their first bytes in common; `above` is its first word's place, or 0. */
function putStep(words: IndexWord[], cases: readonly Case[], above: number): number {
  const [first, last] = [cases[0] as Case, cases.at(-1) as Case];
  let depth = 0;
  while (depth < first.bytes.length && first.bytes[depth] === last.bytes[depth]) depth++;
  const at = words.length;
  const here = first.bytes.length === depth ? first : undefined;
  const further = here === undefined ? cases : cases.slice(1);
  const low = further[0]?.bytes[depth] ?? 0;
  const count = further.length === 0 ? 0 : (further.at(-1)?.bytes[depth] ?? 0) - low + 1;
  words.push(
    depth,
    here === undefined ? 0 : { at: here.node },
    above === 0 ? 0 : { at: above },
    { atom: first.atom },
    low,
    count,
    ...new Array<IndexWord>(count).fill(0),
  );
  const inner = here === undefined ? above : at;
  for (let from = 0; from < further.length; ) {
    const byte = (further[from] as Case).bytes[depth] as number;
    let to = from + 1;
    while (to < further.length && further[to]?.bytes[depth] === byte) to++;
    words[at + STEP_HEAD + byte - low] = { at: putStep(words, further.slice(from, to), inner) };
    from = to;
  }
  return at;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const both = Math.min(a.length, b.length);
  for (let i = 0; i < both; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}
