/** How own-defects.ts writes programs in another way where OPA's errors, or ours, say which line is meant. */
import type { Program } from "./generate/program.ts";
import { bracketEnd, mapModule, mapTexts } from "./program-text.ts";

/** The line of which OPA says that a variable is unsafe, as the last of its body: the order has no meaning. */
export function moveUnsafe(program: Program, opa: string): Program | undefined {
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

/** The first comprehension of a line of which we say that a variable is unsafe, as an equation of its own. */
export function nameClosures(program: Program, ours: string): Program | undefined {
  for (const [, file, row] of ours.matchAll(/^(\S+):(\d+): rego_unsafe_var_error: var \S+ is unsafe/gm)) {
    const named = mapModule(program, file, (text) => {
      const lines = text.split("\n");
      const line = lines[Number(row) - 1] ?? "";
      const part = [...line.matchAll(/[[{]/g)]
        .map(({ index }) => line.slice(index, bracketEnd(line, index + 1) + 1))
        .find((each) => each.includes(" | "));
      if (part !== undefined)
        lines.splice(
          Number(row) - 1,
          1,
          `\tmade = ${part}`,
          line.replace(part, () => "made"),
        );
      return lines.join("\n");
    });
    if (named !== undefined) return named;
  }
  return undefined;
}

/** What references begin with in which a variable is that OPA takes for undeclared, as an equation of its own. */
export function nameHeads(program: Program, opa: string): Program | undefined {
  const names = [...opa.matchAll(/: var (\S+) is undeclared/g)].map(([, name]) => name as string);
  if (names.length === 0) return undefined;
  return mapTexts(program, (text) =>
    text
      .split("\n")
      .flatMap((line, row) => {
        for (const { index } of line.startsWith("\t") ? line.matchAll(/(?<![\w"\]])[[{]/g) : []) {
          const end = bracketEnd(line, index + 1) + 1;
          const head = line.slice(index, end);
          if (line[end] !== "[" || !names.some((name) => head.split(/\W/).includes(name))) continue;
          return [`\thead${row} := ${head}`, `${line.slice(0, index)}head${row}${line.slice(end)}`];
        }
        return [line];
      })
      .join("\n"),
  );
}

/**
 * The call of which OPA says that it has too many arguments or no function, as no generated one has, or that its result
 * matches nothing, as a reference.
 */
export function withoutCall(program: Program, opa: string, ours: string): Program | undefined {
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

const WRONG_CALL = /^(\S+):(\d+): rego_type_error: (?:\S+: too many arguments|match error|undefined function \S+)/gm;

/** The first call of a generated function in a line. */
function callAsReference(line: string): string {
  const [call] = line.matchAll(/\b\w+(?:\.\w+)*\.f\d+\(/g);
  if (call === undefined) return line;
  const end = bracketEnd(line, call.index + call[0].length);
  return `${line.slice(0, call.index)}input.called${line.slice(end + 1)}`;
}

/** The lines of which we say that a reference is undefined, with the whole paths of the package's documents. */
export function nameWhole(program: Program, ours: string): Program | undefined {
  let whole: Program | undefined;
  for (const [, file, row] of ours.matchAll(/^(\S+):(\d+): rego_type_error: undefined ref: /gm)) {
    const other = mapModule(whole ?? program, file, (text) => {
      const [, path] = /^package (\S+)/m.exec(text) ?? [];
      const wholes = new Map([...text.matchAll(/^[a-z]\w*/gm)].map(([name]) => [name, `data.${path}.${name}`]));
      for (const [, from = "", as = from.split(".").at(-1)] of text.matchAll(/^import (data\S+)(?: as (\w+))?$/gm))
        wholes.set(as as string, from);
      const lines = text.split("\n");
      lines[Number(row) - 1] = (lines[Number(row) - 1] ?? "").replace(
        /(?<=[^\w.])[a-z]\w*(?=[.[])/g,
        (name) => wholes.get(name) ?? name,
      );
      return lines.join("\n");
    });
    whole = other ?? whole;
  }
  return whole;
}
