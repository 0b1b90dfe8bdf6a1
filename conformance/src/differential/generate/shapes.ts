/** What programs are generated for: all of the language, or what one pass looks at, which is then left out for comparison. */
import type { PassName } from "@regomesh/policy-compiler";
import { drawAgainProgram } from "./again.ts";
import { drawBesideProgram } from "./beside.ts";
import { drawOnceProgram } from "./once.ts";
import { drawProgram } from "./program.ts";
import { drawWordsProgram } from "./words.ts";

type Row = { readonly draw: typeof drawProgram; readonly without: PassName | undefined };

export const SHAPES = {
  any: { draw: drawProgram, without: undefined },
  words: { draw: drawWordsProgram, without: undefined },
  beside: { draw: drawBesideProgram, without: "rule-index" },
  again: { draw: drawAgainProgram, without: "gather" },
  once: { draw: drawOnceProgram, without: "inline" },
} as const satisfies Readonly<Record<string, Row>>;

export type Shape = keyof typeof SHAPES;

export function isShape(name: string): name is Shape {
  return Object.hasOwn(SHAPES, name);
}
