/** Programs whose comprehensions are made again and again, in iterations and functions, and compare with what is around them. */
import { makeRandom } from "@regomesh/base";
import { type Draw, makeDraw } from "./draw.ts";
import type { Program, ProgramOptions } from "./program.ts";

const NAMES = ["a", "b", "c"] as const;
const SCALARS = ['"a"', '"b"', '"c"', "1", "1.0", "2", "true", "null"] as const;
const COLLECTIONS = ["input.l", "input.m", "data.d.l", "open", "input.o"] as const;

/** What a member `y` is asked beside a member `x` around it, or a value `k`. */
const TESTS = [
  ...["y.a == x.a", "x.b == y.b", "y.a == k", "k = y.c", "y.b == x.c.a", "y.a == y.b", "y.c.a == x.a"],
  ...["y.a != k", "not y.a == x.a", "y.c", 'lower(y.a) == "a"', "lower(y.a) == k", "f(y)", "x.a", "y.a in {1, x.b}"],
  ...["count(y.c) > 0", "some z in y.c; z == k", "some z in y.c; z.a == x.a", "y.a == x.c[0]", "y == x", "y.c == x.c"],
  ...["every z in y.c { z != k }", "every z in y.c { z != 1 }", "y.b + 1 == 2", "is_string(y.a)", "y.a == x[input.p]"],
  ...[
    "some z in input.m; z.a == y.b",
    "not f(y)",
    "y.a == x.c.a with input.m as []",
    "[y.a, _] = [k, y.b]",
    "y.c[_] == k",
  ],
  ...["h(y.b) == k", "y.a == open[0].a", 'object.get(y, "a", null) == k', 'walk(y.c, [_, "a"])', 'y["a"] = x["a"]'],
] as const;

function drawComprehension(draw: Draw, depth: number): string {
  const asked = [...new Set(draw.some(1, 2, () => draw.pick(TESTS)))];
  const z = asked.filter((test) => test.includes("some z")).slice(1); // one alone may declare it
  const body = [`some i, y in ${draw.pick(COLLECTIONS)}`, ...asked.filter((test) => !z.includes(test))];
  const value = draw.pick([
    "y.a",
    "y.b",
    "[y.b, i]",
    "k",
    "1",
    "[u | u := y.c]",
    "[u | some u in y.c]",
    "plus(y.b, 1)",
    "h(y.b)",
  ]);
  if (depth > 0 && draw.chance(0.2)) {
    const inner = drawComprehension(draw, depth - 1).replaceAll(/\b([xy])\b/g, (name) => (name === "y" ? "w" : "y"));
    return draw.pick([
      `[v | ${body.join("; ")}; v := ${inner}]`,
      `[[${value}, v] | v := ${inner}; ${body.join("; ")}]`,
    ]);
  }
  return draw.weighted<string>([
    [3, () => `[${value} | ${body.join("; ")}]`],
    [2, () => `{${value} | ${body.join("; ")}}`],
    [2, () => `{i: ${value} | ${body.join("; ")}}`],
    [1, () => `{y.a: ${value} | ${body.join("; ")}}`],
  ]);
}

function drawMember(draw: Draw): string {
  const some = () => draw.pick(SCALARS);
  const list = () => `[${draw.some(0, 2, () => draw.pick([some(), `{"a": ${some()}}`])).join(", ")}]`;
  const fields = NAMES.filter(() => !draw.chance(0.15)).map(
    (name) => `"${name}": ${draw.chance(name === "c" ? 0.6 : 0.05) ? draw.pick([list(), `{"a": ${some()}}`]) : some()}`,
  );
  return `{${fields.join(", ")}}`;
}

function drawList(draw: Draw): string {
  return draw.chance(0.05) ? draw.pick(SCALARS) : `[${draw.some(0, 7, () => drawMember(draw)).join(", ")}]`;
}

function drawInput(draw: Draw): string {
  const names = ["p", "q", "r", "s"].filter(() => !draw.chance(0.3));
  const o = `{${names.map((name) => `"${name}": ${drawMember(draw)}`).join(", ")}}`;
  return `{"l": ${drawList(draw)}, "m": ${drawList(draw)}, "o": ${o}}`;
}

export function drawAgainProgram(seed: number, { inputs }: ProgramOptions): Program {
  const draw = makeDraw(makeRandom(seed));
  const rules = draw.some(3, 5, () => drawComprehension(draw, 1));
  const texts = rules.map((made, i) =>
    draw.weighted<string>([
      [3, () => `r${i}[n] := g${i}(x, x.a) if some n, x in input.l\n\ng${i}(x, k) := ${made}`],
      [6, () => `r${i}[n] := v if { some n, x in ${draw.pick(COLLECTIONS)}; k := x.a; v := ${made} }`],
      [
        1,
        () =>
          `r${i}[n] := [v, w] if { some n, x in input.l; v := g${i}(x, x.b); w := g${i}(x, x.b) with input.l as [x, x] }\n\ng${i}(x, k) := ${made}`,
      ],
      [1, () => `r${i} := [v | some x in input.o; k := x.b; v := ${made}]`],
      [1, () => `r${i} if { every x in input.l { k := x.a; count(${made}) < 2 } }`],
      [1, () => `r${i} contains v if { some x in input.l; some k in [1, "a", x.b]; v := count(${made}) }`],
    ]),
  );
  const shared = [
    "open := [y | some y in input.m; y.b]",
    "f(y) if y.b == 1",
    "h(b) := 1 if b == 1\n\nh(b) := b if b == 2",
  ];
  return {
    seed,
    modules: [{ name: "p.rego", text: `package p\n\n${[...texts, ...shared].join("\n\n")}\n` }],
    data: `{"d": {"l": ${drawList(draw)}}}`,
    inputs: Array.from({ length: inputs }, () => drawInput(draw)),
    entrypoints: rules.map((_, i) => `data.p.r${i}`),
  };
}
