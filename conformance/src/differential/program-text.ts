/** The texts of a generated program: where parts of one end, and the program with others. */
import type { Program } from "./generate/program.ts";
import { partEnd } from "./reduce.ts";

/** Where the bracket closes behind whose opening `from` is. */
export function bracketEnd(text: string, from: number): number {
  let end = partEnd(text, from);
  while (text[end] === "," || text[end] === ";") end = partEnd(text, end + 1);
  return end;
}

/** Where the statement ends that goes on at `from`, maybe in the arguments of a call. */
export function statementEnd(text: string, from: number): number {
  let end = partEnd(text, from);
  while (text[end] === "," || text[end] === ")") end = partEnd(text, end + 1);
  return text.slice(from, end).trimEnd().length + from;
}

/** Behind the brackets and names of a path, or a call's arguments. */
export function referenceEnd(text: string, from: number): number {
  let end = from + (/^[\w.]+/.exec(text.slice(from))?.[0].length ?? 0);
  for (;;) {
    if (text[end] === "[" || text[end] === "(") end = bracketEnd(text, end + 1) + 1;
    else if (/^\.\w/.test(text.slice(end))) end += /^\.\w+/.exec(text.slice(end))?.[0].length ?? 1;
    else return end;
  }
}

/** A bracket is open, whose variables are its own. */
export function isInside(before: string): boolean {
  const count = (pattern: RegExp): number => before.match(pattern)?.length ?? 0;
  return count(/[[{]/g) !== count(/[\]}]/g);
}

type Module = Program["modules"][number];

/** Undefined where no text becomes another. */
export function mapTexts(program: Program, map: (text: string) => string): Program | undefined {
  const modules = program.modules.map((module): Module => ({ ...module, text: map(module.text) }));
  return modules.every(({ text }, i) => text === program.modules[i]?.text) ? undefined : { ...program, modules };
}

export function mapModule(
  program: Program,
  name: string | undefined,
  map: (text: string) => string,
): Program | undefined {
  const module = program.modules.find((each) => each.name === name);
  return module && mapTexts(program, (text) => (text === module.text ? map(text) : text));
}
