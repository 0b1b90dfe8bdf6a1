/**
 * Differences that are OPA's own: it answers the same program in another way once it is written in another way
 * that means the same, and then as we do. Each way is one for a defect of opa-defects.json.
 */
import { type Difference, differences } from "./compare.ts";
import type { Program } from "./generate/program.ts";
import type { OpaResponse } from "./opa.ts";
import { partEnd } from "./reduce.ts";

type Module = Program["modules"][number];

type Way = {
  /** How opa-defects.json begins what it says of it. */
  readonly defect: string;
  /** The same program, written so that OPA has no chance for the defect; undefined where there is none. */
  readonly rewrite: (program: Program, difference: Difference) => Program | undefined;
};

const WAYS: readonly Way[] = [
  { defect: "an early exit ends walk", rewrite: (program) => mapTexts(program, iterateWalks) },
  { defect: "a call whose result is known", rewrite: (program) => mapTexts(program, callInBody) },
  { defect: "a comprehension that is indexed", rewrite: (program) => mapTexts(program, modifyObjects) },
  { defect: "a true membership is refused", rewrite: (program) => mapTexts(program, forgetTypes) },
  { defect: "a key that is the text of a number", rewrite: (program) => mapTexts(program, readAlone) },
  { defect: "a call that is in error hides a conflict", rewrite: (program) => mapTexts(program, readWhole) },
  { defect: "of two equal lines the second", rewrite: (program) => mapTexts(program, withoutEqualLines) },
  { defect: "a variable that every needs", rewrite: (program, { opa }) => moveUnsafe(program, opa) },
  { defect: "a variable inside a set", rewrite: (program, { ours }) => nameSet(program, ours) },
  { defect: "a call of a function whose own", rewrite: (program, { opa, ours }) => withoutCall(program, opa, ours) },
  { defect: "an undefined reference is told", rewrite: (program, { ours }) => nameWhole(program, ours) },
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

function mapTexts(program: Program, map: (text: string) => string): Program | undefined {
  const modules = program.modules.map((module): Module => ({ ...module, text: map(module.text) }));
  return modules.every(({ text }, i) => text === program.modules[i]?.text) ? undefined : { ...program, modules };
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

/** `p contains f(x)` is `p contains made if made := f(x)`, where nothing is known of the result before the call. */
function callInBody(text: string): string {
  const asked = / contains (.*\(.*) if \{\n((?:\t.*\n)*)\}/g;
  return text.replace(asked, (_, value: string, body: string) => ` contains made if {\n${body}\tmade := ${value}\n}`);
}

/** `x := {k: v | …} with data.none as 1` is the same, and not indexed. */
function modifyObjects(text: string): string {
  let out = "";
  let from = 0;
  for (const { index } of text.matchAll(/(?<= :?= )\{/g)) {
    const end = bracketEnd(text, index + 1) + 1;
    if (index < from || !/^\s*(?:\n|;|with )/.test(text.slice(end))) continue;
    out += `${text.slice(from, end)} with data.none as 1`;
    from = end;
  }
  return out + text.slice(from);
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
    /(?<=\(|, |:= |^\t)data\.\w+\.(?:r\d+\b(?!\[)|f\d+(?=\())/g,
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
      if (isInside(line.slice(0, index)) || end > rest.length) continue;
      reads.push(`\tread${count} := ${write(rest.slice(index, end))}`);
      rest = `${rest.slice(0, index)}read${count++}${rest.slice(end)}`;
    }
    return [...reads, rest];
  });
  return lines.join("\n");
}

/** Behind the brackets and names of a path, or a call's arguments. */
function referenceEnd(text: string, from: number): number {
  let end = from + (/^[\w.]+/.exec(text.slice(from))?.[0].length ?? 0);
  for (;;) {
    if (text[end] === "[" || text[end] === "(") end = bracketEnd(text, end + 1) + 1;
    else if (/^\.\w/.test(text.slice(end))) end += /^\.\w+/.exec(text.slice(end))?.[0].length ?? 1;
    else return end;
  }
}

/** A bracket is open, whose variables are its own. */
function isInside(before: string): boolean {
  const count = (pattern: RegExp): number => before.match(pattern)?.length ?? 0;
  return count(/[[{]/g) !== count(/[\]}]/g);
}

function withoutEqualLines(text: string): string {
  const bodies = text.split("\n\n").map((rule) => {
    const lines = rule.split("\n");
    return lines.filter((line, i) => !line.startsWith("\t") || lines.indexOf(line) === i).join("\n");
  });
  return bodies.join("\n\n");
}

/** The line of which OPA says that a variable is unsafe, as the last of its body: the order has no meaning. */
function moveUnsafe(program: Program, opa: string): Program | undefined {
  const [, file, row] = /^(\S+):(\d+): rego_unsafe_var_error: var \S+ is unsafe/m.exec(opa) ?? [];
  return mapModule(program, file, (text) => {
    const lines = text.split("\n");
    const at = Number(row) - 1;
    const line = lines[at];
    const end = lines.findIndex((each, i) => i > at && !each.startsWith("\t"));
    if (line === undefined || !line.startsWith("\t") || end < 0) return text;
    lines.splice(end, 0, line);
    lines.splice(at, 1);
    return lines.join("\n");
  });
}

/** The set with the variable of which we say that it is unsafe, as an equation of its own. */
function nameSet(program: Program, ours: string): Program | undefined {
  for (const [, file, row, name] of ours.matchAll(/^(\S+):(\d+): rego_unsafe_var_error: var (\S+) is unsafe/gm)) {
    const named = nameSetIn(program, file, Number(row) - 1, name);
    if (named !== undefined) return named;
  }
  return undefined;
}

function nameSetIn(
  program: Program,
  file: string | undefined,
  at: number,
  name: string | undefined,
): Program | undefined {
  return mapModule(program, file, (text) => {
    const lines = text.split("\n");
    const line = lines[at] ?? "";
    const set = [...line.matchAll(/\{/g)]
      .map(({ index }) => line.slice(index, bracketEnd(line, index + 1) + 1))
      .find((part) => name !== undefined && part.split(/\W/).includes(name) && !/^\{[^{[(]*[:|]/.test(part));
    if (set === undefined || !line.startsWith("\t")) return text;
    lines.splice(at, 1, `\tnamed = ${set}`, line.replace(set, "named"));
    return lines.join("\n");
  });
}

/**
 * The call of which OPA says that it has too many arguments, which no generated one has, or that its result matches
 * nothing, as a reference.
 */
function withoutCall(program: Program, opa: string, ours: string): Program | undefined {
  for (const [, file, row] of opa.matchAll(WRONG_CALL)) {
    if (ours.includes(`${file}:${row}: `)) continue;
    const at = Number(row) - 1;
    const without = mapModule(program, file, (text) => {
      const lines = text.split("\n");
      lines[at] = callAsReference(lines[at] ?? "");
      return lines.join("\n");
    });
    if (without !== undefined) return without;
  }
  return undefined;
}

const WRONG_CALL = /^(\S+):(\d+): rego_type_error: (?:\S+: too many arguments|match error)/gm;

/** The first call of a generated function in a line. */
function callAsReference(line: string): string {
  const [call] = line.matchAll(/data\.\w+\.f\w*\(/g);
  if (call === undefined) return line;
  const end = bracketEnd(line, call.index + call[0].length);
  return `${line.slice(0, call.index)}input.called${line.slice(end + 1)}`;
}

/** The lines of which we say that a reference is undefined, with the whole paths of the package's documents. */
function nameWhole(program: Program, ours: string): Program | undefined {
  let whole: Program | undefined;
  for (const [, file, row] of ours.matchAll(/^(\S+):(\d+): rego_type_error: undefined ref: /gm)) {
    const other = mapModule(whole ?? program, file, (text) => {
      const [, path] = /^package (\S+)/m.exec(text) ?? [];
      const names = new Set([...text.matchAll(/^[a-z]\w*/gm)].map(([name]) => name));
      const lines = text.split("\n");
      lines[Number(row) - 1] = (lines[Number(row) - 1] ?? "").replace(/(?<=[^\w.])[a-z]\w*(?=[.[])/g, (name) =>
        names.has(name) ? `data.${path}.${name}` : name,
      );
      return lines.join("\n");
    });
    whole = other ?? whole;
  }
  return whole;
}

/** Where the bracket closes behind whose opening `from` is. */
function bracketEnd(text: string, from: number): number {
  let end = partEnd(text, from);
  while (text[end] === "," || text[end] === ";") end = partEnd(text, end + 1);
  return end;
}

function mapModule(program: Program, name: string | undefined, map: (text: string) => string): Program | undefined {
  const module = program.modules.find((each) => each.name === name);
  return module && mapTexts(program, (text) => (text === module.text ? map(text) : text));
}
