/**
 * Programs whose functions and rules are called at one place each, which the compiler puts there: of every kind of head
 * and pattern, with values that are undefined or false, in negations, modifiers, iterations and comprehensions.
 */
import { makeRandom } from "@regomesh/base";
import { type Draw, makeDraw } from "./draw.ts";
import type { Program, ProgramOptions } from "./program.ts";

const SCALARS = ['"a"', '"b"', "0", "1", "1.0", "2", "true", "false", "null"] as const;
const FIELDS = ["a", "b", "l", "o", "n"] as const;

/** Rules, functions and variables of a program, about. */
const NAMES_MAX = 30;

type Made = { readonly texts: string[]; next: number };

/** A value; what it calls is defined beside it, and by nobody else asked. */
function drawValue(draw: Draw, made: Made, scope: readonly string[], depth: number): string {
  const part = () => drawValue(draw, made, scope, depth - 1);
  const plain = () =>
    draw.weighted<string>([
      [2, () => draw.pick(SCALARS)],
      [scope.length > 0 ? 3 : 0, () => draw.pick(scope)],
      [2, () => `input.${draw.pick(FIELDS)}`],
      [0.5, () => "data.d.a"],
    ]);
  if (depth === 0 || made.next > NAMES_MAX) return plain();
  return draw.weighted<string>([
    [2, plain],
    [4, () => drawRule(draw, made, depth - 1)],
    [5, () => drawCall(draw, made, scope, depth - 1)],
    [1, () => `[${part()}, ${part()}]`],
    [1, () => `{"a": ${part()}}`],
    [1, () => `object.get(input.o, ${part()}, 7)`],
    [0.5, () => `to_number(input.${draw.pick(FIELDS)})`],
    [1, () => `[z | some z in input.l; z != ${drawValue(draw, made, [...scope, "z"], depth - 1)}]`],
  ]);
}

function drawLines(draw: Draw, made: Made, scope: readonly string[], depth: number): readonly string[] {
  const local = `v${made.next++}`;
  const value = (more: readonly string[] = []) => drawValue(draw, made, [...scope, ...more], Math.max(depth, 0));
  const modifier = () =>
    draw.pick([`input.a as ${draw.pick(SCALARS)}`, "input as {}", 'data.d.a as "b"', `input.l as [${value()}]`]);
  const line = (): string =>
    draw.weighted<string>([
      [1, () => `input.${draw.pick(FIELDS)} == ${draw.pick(SCALARS)}`],
      [4, () => value()],
      [2, () => `not ${value()}`],
      [2, () => `${value()} != ${value()}`],
      [2, () => `not ${value()} with ${modifier()}`],
      [1, () => `every y in input.l { y != ${value(["y"])} }`],
      [1, () => `some y in input.l; ${value(["y"])} == y`],
      [1, () => `some k, y in input.o; k != ${value(["y", "k"])}`],
    ]);
  const first = draw.weighted<string>([
    [4, () => `${local} := ${value()}`],
    [2, () => `${local} := ${value()} with ${modifier()}`],
    [1, () => `[${local}, _] = input.${draw.pick(FIELDS)}`],
    [1, () => `{"a": ${local}} = input.${draw.pick(FIELDS)}`],
  ]);
  // One line alone may declare `y` or `k`.
  const others = draw.some(0, 2, line);
  const declaring = others.filter((text) => text.startsWith("some "));
  return [first, ...others.filter((text) => !declaring.slice(1).includes(text))];
}

const localsOf = (lines: readonly string[]): readonly string[] => [
  ...new Set(
    lines.flatMap((text) =>
      [...text.matchAll(/^(v\d+) :=|^\[(v\d+),|^\{"a": (v\d+)\} =/g)].map(([, a, b, c]) => a ?? b ?? c ?? ""),
    ),
  ),
];

function drawBody(
  draw: Draw,
  made: Made,
  scope: readonly string[],
  depth: number,
): readonly [body: string, value: string] {
  const lines = drawLines(draw, made, scope, depth);
  const value = draw.chance(0.4) ? draw.pick(SCALARS) : drawValue(draw, made, [...scope, ...localsOf(lines)], 1);
  return [lines.join("\n\t"), value];
}

function drawDefinitions(
  draw: Draw,
  made: Made,
  head: (i: number) => readonly [text: string, scope: readonly string[]],
  depth: number,
): void {
  const count = 1 + draw.below(3);
  for (let i = 0; i < count; i++) {
    const [text, scope] = head(i);
    if (draw.chance(0.2)) {
      made.texts.push(`${text} := ${drawValue(draw, made, scope, Math.max(depth, 0))}`);
      continue;
    }
    const [body, value] = drawBody(draw, made, scope, depth);
    let whole = `${text} := ${value} if {\n\t${body}\n}`;
    while (draw.chance(0.25)) {
      const [other, otherwise] = drawBody(draw, made, scope, depth);
      whole += ` else := ${otherwise} if {\n\t${other}\n}`;
    }
    made.texts.push(whole);
  }
}

function drawRule(draw: Draw, made: Made, depth: number): string {
  const name = `r${made.next++}`;
  const inner = Math.max(depth, 0);
  return draw.weighted<string>([
    [
      5,
      () => {
        if (draw.chance(0.3)) made.texts.push(`default ${name} := ${draw.pick(SCALARS)}`);
        drawDefinitions(draw, made, () => [name, []], depth);
        return name;
      },
    ],
    [
      1,
      () => {
        const [body, value] = drawBody(draw, made, [], inner);
        made.texts.push(`${name} contains ${value} if {\n\t${body}\n}`);
        return name;
      },
    ],
    [
      1,
      () => {
        const [body, value] = drawBody(draw, made, [], inner);
        made.texts.push(`${name}[${draw.pick(['"a"', '"b"', "input.a"])}] := ${value} if {\n\t${body}\n}`);
        return draw.chance(0.5) ? name : `${name}.a`;
      },
    ],
  ]);
}

const PATTERNS = ["_", "_", "[x, _]", '{"a": x}', '"a"', "1", "[1, x]", "null"] as const;

function drawCall(draw: Draw, made: Made, scope: readonly string[], depth: number): string {
  const name = `f${made.next++}`;
  const arity = 1 + draw.below(2);
  const names = ["p", "q"].slice(0, arity);
  if (draw.chance(0.2)) made.texts.push(`default ${name}(${names.map(() => "_").join(", ")}) := ${draw.pick(SCALARS)}`);
  // The first takes anything, so that the type checker does, too.
  const head = (i: number): readonly [string, readonly string[]] => {
    const args = names.map((one, at) => (i > 0 && draw.chance(0.4) ? draw.pick(PATTERNS).replace("x", `x${at}`) : one));
    const bound = args.flatMap((text) => [...text.matchAll(/\b([pq]|x\d)\b/g)].map(([found]) => found));
    return [`${name}(${args.join(", ")})`, bound];
  };
  drawDefinitions(draw, made, head, depth);
  return `${name}(${names.map(() => drawValue(draw, made, scope, Math.max(depth, 0))).join(", ")})`;
}

function drawInput(draw: Draw): string {
  const scalar = () => draw.pick(SCALARS);
  const any = () => draw.pick([scalar(), scalar(), `[${scalar()}, ${scalar()}]`, `{"a": ${scalar()}}`]);
  const fields = FIELDS.filter(() => !draw.chance(0.1)).map((name) => {
    if (name === "l") return `"l": [${draw.some(0, 3, any).join(", ")}]`;
    if (name === "o") return `"o": {${["a", "b"].map((key) => `"${key}": ${any()}`).join(", ")}}`;
    return `"${name}": ${any()}`;
  });
  return `{${fields.join(", ")}}`;
}

export function drawOnceProgram(seed: number, { inputs }: ProgramOptions): Program {
  const draw = makeDraw(makeRandom(seed));
  const made: Made = { texts: [], next: 0 };
  const asked = draw.some(2, 4, (i) => {
    drawDefinitions(draw, made, () => [`e${i}`, []], 2);
    return `data.p.e${i}`;
  });
  return {
    seed,
    modules: [{ name: "p.rego", text: `package p\n\n${made.texts.join("\n\n")}\n` }],
    data: `{"d": {"a": ${draw.pick(SCALARS)}}}`,
    inputs: Array.from({ length: inputs }, () => (draw.chance(0.03) ? undefined : drawInput(draw))),
    entrypoints: asked,
  };
}
