/** A program that differs, made small: parts of its text are taken away for as long as the answers still differ alike. */
import type { Difference } from "./compare.ts";
import type { Program } from "./generate/program.ts";

/** The first difference that is still there, of the same kind. */
export type Judge = (program: Program) => Promise<Difference | undefined>;

export async function reduce(program: Program, found: Difference, judge: Judge): Promise<Program> {
  let best = focus(program, found);
  if ((await judge(best)) === undefined) return program;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const smaller of candidates(best)) {
      if ((await judge(smaller)) === undefined) continue;
      best = smaller;
      isSmaller = true;
      break;
    }
  }
  return best;
}

/** The one question and the one input. */
function focus(program: Program, { kind, entrypoint, input }: Difference): Program {
  if (kind === "verdict" || kind === "errors" || entrypoint === undefined) return { ...program, inputs: [undefined] };
  return { ...program, entrypoints: [entrypoint], inputs: [input] };
}

function* candidates(program: Program): Generator<Program> {
  for (const [i, module] of program.modules.entries()) {
    const others = program.modules.filter((_, at) => at !== i);
    const entrypoints = program.entrypoints.filter((name) => name !== `data.${module.name.replace(".rego", "")}`);
    if (module.name !== "lib.rego") yield { ...program, entrypoints, modules: others };
    for (const text of smallerTexts(module.text)) {
      yield { ...program, modules: program.modules.map((each, at) => (at === i ? { ...each, text } : each)) };
    }
  }
  for (const entrypoint of program.entrypoints) {
    if (program.entrypoints.length > 1)
      yield { ...program, entrypoints: program.entrypoints.filter((name) => name !== entrypoint) };
  }
  for (const data of smallerJson(program.data)) yield { ...program, data };
  const [input] = program.inputs;
  if (input !== undefined) for (const smaller of smallerJson(input)) yield { ...program, inputs: [smaller] };
}

/** Without a rule, without a line, without an else, with a bracketed part made simple. */
function* smallerTexts(text: string): Generator<string> {
  const rules = text.split("\n\n");
  for (const at of rules.keys()) if (at > 0) yield rules.toSpliced(at, 1).join("\n\n");
  const lines = text.split("\n");
  for (const [at, line] of lines.entries()) if (line.startsWith("\t")) yield lines.toSpliced(at, 1).join("\n");
  for (const part of text.matchAll(/ else := .* if \{\n(?:\t.*\n)*\}/g))
    yield without(text, part.index, part[0].length);
  for (const part of text.matchAll(/(?:; | with \S+ as )/g)) {
    const end = partEnd(text, part.index + part[0].length);
    yield without(text, part.index, end - part.index);
  }
  for (const part of text.matchAll(/[[({]/g)) {
    const end = partEnd(text, part.index + 1);
    if (end - part.index > 3) yield `${text.slice(0, part.index)}1${text.slice(end + 1)}`;
    if (text[part.index] === "(")
      yield text.slice(0, part.index) + text.slice(part.index + 1, end) + text.slice(end + 1);
  }
  for (const part of text.matchAll(/, /g)) {
    const end = partEnd(text, part.index + 2);
    yield without(text, part.index, end - part.index);
  }
}

function without(text: string, at: number, length: number): string {
  return text.slice(0, at) + text.slice(at + length);
}

/** Where the part that begins at `from` ends: before its separator or the bracket that closes it. */
export function partEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i] as string;
    if ("[({".includes(c)) depth++;
    else if ("])}".includes(c) && --depth < 0) return i;
    else if (depth === 0 && (c === "\n" || text.startsWith(", ", i) || text.startsWith("; ", i))) return i;
  }
  return text.length;
}

/** Documents keep their numbers' texts, so they are made smaller as text. */
function* smallerJson(text: string): Generator<string> {
  for (const part of text.matchAll(/(?:"[^"]*": )?[^,[\]{}]+, |, (?:"[^"]*": )?[^,[\]{}]+/g)) {
    const smaller = without(text, part.index, part[0].length);
    if (isJson(smaller)) yield smaller;
  }
  for (const part of text.matchAll(/[[{]/g)) {
    const end = partEnd(text, part.index + 1);
    const smaller = `${text.slice(0, part.index)}1${text.slice(end + 1)}`;
    if (part.index > 0 && isJson(smaller)) yield smaller;
  }
}

function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
