/**
 * Differences that are OPA's own: it answers the same program in another way once it is written in another way
 * that means the same, and then as we do. Each way is one for a defect of opa-defects.json.
 */
import { type Difference, differences } from "./compare.ts";
import { moveUnsafe, nameClosures, nameHeads, nameWhole, withoutCall } from "./error-defects.ts";
import type { Program } from "./generate/program.ts";
import type { OpaResponse } from "./opa.ts";
import { bracketEnd, isInside, mapTexts, referenceEnd, statementEnd } from "./program-text.ts";
import { partEnd } from "./reduce.ts";

type Way = {
  /** How opa-defects.json begins what it says of it. */
  readonly defect: string;
  /** The same program, written so that OPA has no chance for the defect; undefined where there is none. */
  readonly rewrite: (program: Program, difference: Difference) => Program | undefined;
};

const WAYS: readonly Way[] = [
  { defect: "an early exit ends walk", rewrite: (program) => mapTexts(program, iterateWalks) },
  { defect: "a call whose result is known", rewrite: (program) => mapTexts(program, callInBody) },
  { defect: "a call whose result is known", rewrite: (program) => mapTexts(program, resultApart) },
  { defect: "a comprehension that is indexed", rewrite: (program) => mapTexts(program, modifyObjects) },
  { defect: "a comprehension that is indexed", rewrite: (program) => mapTexts(program, modifyAll) },
  { defect: "its index asks a collection", rewrite: (program) => mapTexts(program, readUnindexed) },
  { defect: "a true membership is refused", rewrite: (program) => mapTexts(program, forgetTypes) },
  { defect: "a key that is the text of a number", rewrite: (program) => mapTexts(program, readAlone) },
  { defect: "a call that is in error hides a conflict", rewrite: (program) => mapTexts(program, readWhole) },
  { defect: "of two equal lines the second", rewrite: (program) => mapTexts(program, withoutEqualLines) },
  { defect: "a variable that every needs", rewrite: (program, { opa }) => moveUnsafe(program, opa) },
  { defect: "an expression is accepted whose variable", rewrite: (program, { ours }) => nameClosures(program, ours) },
  { defect: "a variable of a template string", rewrite: (program, { opa }) => nameHeads(program, opa) },
  { defect: "a call of a function whose own", rewrite: (program, { opa, ours }) => withoutCall(program, opa, ours) },
  { defect: "an undefined reference is told", rewrite: (program, { ours }) => nameWhole(program, ours) },
  { defect: "an equation whose value closes over", rewrite: (program) => mapTexts(program, equateAlone) },
];

export type Asker = (program: Program) => Promise<{ readonly opa: OpaResponse; readonly ours: OpaResponse }>;

/** The defect by which the answers differ, if one of those that can be told. `ours` is our answer to the program. */
export async function ownDefect(
  program: Program,
  difference: Difference,
  ours: OpaResponse,
  ask: Asker,
): Promise<string | undefined> {
  for (const { defect, rewrite } of WAYS) {
    const other = rewrite(program, difference);
    if (other === undefined) continue;
    const answers = await ask(other);
    if (differences(other, answers.opa, answers.ours).length > 0) continue;
    if (isSameAnswer(program, ours, answers.ours)) return defect;
  }
  return undefined;
}

/** The rows of errors are others in a text that is another. */
function isSameAnswer(program: Program, a: OpaResponse, b: OpaResponse): boolean {
  if (a.errors === undefined && b.errors === undefined) return differences(program, a, b).length === 0;
  const codes = ({ errors = [] }: OpaResponse): string => [...new Set(errors.map(({ code }) => code))].sort().join();
  return codes(a) === codes(b);
}

/** `walk(x, p)` is `p = [w | walk(x, w)][_]`, which no early exit ends. */
function iterateWalks(text: string): string {
  let out = "";
  let from = 0;
  for (const { index } of text.matchAll(/(?<=^\t|; |\{ |\| |not )walk\(/gm)) {
    const begin = index + "walk(".length;
    const second = partEnd(text, begin) + ", ".length;
    const end = partEnd(text, second);
    if (text[second - 2] !== "," || text[end] !== ")" || index < from) continue;
    const [value, pattern] = [text.slice(begin, second - 2), text.slice(second, end)];
    out += `${text.slice(from, index)}${pattern} = [walked | walk(${value}, walked)][_]`;
    from = end + 1;
  }
  return out + text.slice(from);
}

/** `f(x, y)` of a function of one argument is `made = f(x); y = made`, where nothing is known of the result before the call. */
function resultApart(text: string): string {
  let count = 0;
  return text.replace(/(?<=^\t|; |\{ |\| )((?:\w+\.)+f\d+)\((.*)\)$/gm, (line, name: string, args: string) => {
    let begin = 0;
    for (let end = partEnd(args, 0); args[end] === ","; end = partEnd(args, begin)) begin = end + ", ".length;
    if (begin === 0) return line;
    const made = `made${++count}`;
    return `${made} = ${name}(${args.slice(0, begin - ", ".length)}); ${args.slice(begin)} = ${made}`;
  });
}

/** `p contains f(x)` is `p contains made if made := f(x)`, where nothing is known of the result before the call. */
function callInBody(text: string): string {
  const asked = / contains (.*\(.*) if \{\n((?:\t.*\n)*)\}/g;
  return text.replace(asked, (_, value: string, body: string) => ` contains made if {\n${body}\tmade := ${value}\n}`);
}

/** `x := {k: v | …} with data.none as 1` is the same, and not indexed. */
function modifyObjects(text: string): string {
  return modifyBehind(text, /(?<= :?= |\()\{/g);
}

/** The same of lists, and where one is asked for a member. */
function modifyAll(text: string): string {
  return modifyBehind(text, /(?<= :?= | in |\()[{[]/g);
}

function modifyBehind(text: string, opening: RegExp): string {
  // What a head makes is made in a body first.
  let rest = text.replace(/^(\w+\([^\n]*\)) := (\{[^\n]*\})$/gm, "$1 := made if { made := $2 }");
  for (const { index } of [...rest.matchAll(opening)].reverse()) {
    const end = statementEnd(rest, bracketEnd(rest, index + 1) + 1);
    if (rest.slice(index, end).includes(" | ")) rest = `${rest.slice(0, end)} with data.none as 1${rest.slice(end)}`;
  }
  return rest;
}

/** `x = d[k]` is `x = d[k] with data.none as 1`, of which the index asks nothing. */
function readUnindexed(text: string): string {
  return text.replace(/(?<=^\t|; )\w+ :?= (?:data\.)?d\b[^\s;]*(?=;|$)/gm, (line) => `${line} with data.none as 1`);
}

/** `x in {k: v}` is `x in object.union({k: v}, {})`, of whose members no types are known. */
function forgetTypes(text: string): string {
  let out = "";
  let from = 0;
  for (const { index } of text.matchAll(/(?<= in )\{(?:[^{}[\]()|,]|\[[^[\]]*\])+: /g)) {
    if (index < from) continue;
    const end = bracketEnd(text, index + 1) + 1;
    out += `${text.slice(from, index)}object.union(${text.slice(index, end)}, {})`;
    from = end;
  }
  return out + text.slice(from);
}

/** `x := r[k]` is `read := r[k] with data.none as 1; x := read`, where no document has been read whole before. */
function readAlone(text: string): string {
  return readBefore(text, /(?<![\w.])data\.\w+\.r\d+\[/g, (reference) => `${reference} with data.none as 1`);
}

/** `f(r)` is `read := [whole | whole := r][_]; f(read)`, where all rules of a document or function are asked before it is used. */
function readWhole(text: string): string {
  return readBefore(
    text,
    /(?<=\(|, |:= | as |^\t)data\.\w+\.(?:r\d+\b(?!\[)|f\d+(?=\())/g,
    (reference) => `[whole | whole := ${reference}][_]`,
  );
}

/** Each reference that begins as the pattern says is read in a line before, as `write` says. */
function readBefore(text: string, begins: RegExp, write: (reference: string) => string): string {
  let count = 0;
  const lines = text.split("\n").flatMap((line) => {
    if (!/^\t(?!not )/.test(line)) return [line];
    const reads: string[] = [];
    let rest = line;
    for (const { index } of [...line.matchAll(begins)].reverse()) {
      const end = referenceEnd(rest, index);
      // Modifiers are for what stands in front of them.
      if (isInside(line.slice(0, index)) || end > rest.length || index < line.indexOf(" with ")) continue;
      reads.push(`\tread${count} := ${write(rest.slice(index, end))}`);
      rest = `${rest.slice(0, index)}read${count++}${rest.slice(end)}`;
    }
    return [...reads, rest];
  });
  return lines.join("\n");
}

/** `[x, y] = [a, b]` is `x = a` and `y = b`: each equation closes over its own variable, or does not. */
function equateAlone(text: string): string {
  return text.replace(/^\t\[(.+)\] = \[(.+)\]$/gm, (line, left: string, right: string) => {
    const [lefts, rights] = [partsOf(left), partsOf(right)];
    if (lefts.length !== rights.length) return line;
    return lefts.map((part, i) => `\t${part} = ${rights[i]}`).join("\n");
  });
}

function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; from += (parts.at(-1)?.length ?? 0) + ", ".length) {
    parts.push(text.slice(from, partEnd(text, from)));
  }
  return parts;
}

function withoutEqualLines(text: string): string {
  const bodies = text.split("\n\n").map((rule) => {
    const lines = rule.split("\n");
    return lines.filter((line, i) => !line.startsWith("\t") || lines.indexOf(line) === i).join("\n");
  });
  return bodies.join("\n\n");
}
