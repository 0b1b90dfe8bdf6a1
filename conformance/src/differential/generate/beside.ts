/**
 * Programs of many definitions beside each other, whose bodies begin with a few questions about a few
 * things: what rule indexing is for. Rules, functions, `else` chains and partial documents of eight to forty
 * definitions, asked plainly, under `with`, and of each other.
 */
import { makeRandom } from "@regomesh/base";
import { type Draw, makeDraw } from "./draw.ts";
import type { Program, ProgramOptions } from "./program.ts";

const LONG = "/very/long/common/prefix/of/many/paths/";
const STRINGS = [
  ...[
    "",
    "/",
    "/a",
    "/a/b",
    "/a/b/",
    "/ab",
    "a",
    "b",
    "a/b",
    "x",
    "GET",
    "get",
    "POST",
    "é",
    "é/b",
    "e\u0301",
    "日本",
    "日",
    "𝄞",
    "𝄞x",
  ],
  ...[
    LONG,
    `${LONG}a`,
    `${LONG}ab`,
    `${LONG}b`,
    "1",
    "true",
    "null",
    "a.b",
    "a:b",
    '"',
    "\\",
    "a\nb",
    "\u0000",
    "\ufffd",
    "*",
    "a*",
  ],
] as const;
const NUMBERS = [
  "0",
  "1",
  "1.0",
  "1e0",
  "10e-1",
  "-0",
  "2",
  "-1",
  "100",
  "1e2",
  "1.5",
  "1e20",
  "100000000000000000000",
] as const;
const PATTERNS = [
  "*",
  "**",
  "a*",
  "/a/*",
  "/a/**",
  "*b",
  "?",
  "{a,b}",
  "/a",
  "",
  "é*",
  "日*",
  `${LONG}*`,
  "[a-b]",
  "[!a]",
  "a\\\\*",
  "[",
  "{a",
];
const DELIMITERS = ['["/"]', "[]", "null", '["."]', '["/", ":"]', '["ab"]', '["é"]'];

function drawString(draw: Draw): string {
  return JSON.stringify(draw.pick(STRINGS));
}

/** A key of a head: numbers are written in one way (opa-defects.json says why). */
function drawKey(draw: Draw): string {
  return draw.weighted<string>([
    [6, () => drawString(draw)],
    [3, () => draw.pick(["0", "1", "2", "-1", "1.5", "1e20"])],
    [1, () => draw.pick(["true", "false", "null"])],
  ]);
}

function drawScalar(draw: Draw): string {
  return draw.weighted<string>([
    [6, () => drawString(draw)],
    [4, () => draw.pick(NUMBERS)],
    [1, () => draw.pick(["true", "false"])],
    [1, () => "null"],
  ]);
}

/** A document; JSON where `isJson`, otherwise with sets, too. */
function drawValue(draw: Draw, isJson: boolean, depth = 2): string {
  const inner = () => drawValue(draw, isJson, depth - 1);
  if (depth === 0) return drawScalar(draw);
  return draw.weighted<string>([
    [9, () => drawScalar(draw)],
    [2, () => `[${draw.some(0, 2, inner).join(", ")}]`],
    [1, () => `{${draw.some(0, 1, () => `${drawString(draw)}: ${inner()}`).join(", ")}}`],
    [isJson ? 0 : 1, () => draw.pick(["set()", `{${inner()}}`, `{${inner()}, ${inner()}}`])],
  ]);
}

/** What people ask about, of the request and of data; `data.d.virtual` has rules beside base documents. */
const TERMS = [
  ...[
    "input.method",
    "input.path",
    "input.path[0]",
    "input.path[1]",
    "input.text",
    "input.n",
    "input.deep.a",
    "input.list",
  ],
  ...[
    'split(input.text, "/")[0]',
    'split(input.text, "/")[1]',
    "data.d.mode",
    "data.d.teams[input.text]",
    "data.d.virtual.x",
  ],
  ...[
    "data.d.virtual.base",
    "data.d.virtual[input.method]",
    "input[data.d.mode]",
    "input",
    "lower(input.method)",
    "input.path[input.n]",
  ],
  ...['input["é"]', "input.deep", 'object.get(input, "n", null)'],
] as const;

type Guard = readonly [weight: number, make: (draw: Draw, term: string, id: number) => string];

const isVariable = (term: string): boolean => /^[xy]$/.test(term);
const listOf = (draw: Draw): string => draw.some(1, 3, () => drawValue(draw, false, 1)).join(", ");

const GUARDS: readonly Guard[] = [
  [14, (draw, term) => `${term} == ${drawValue(draw, false)}`],
  [2, (draw, term) => `${drawValue(draw, false)} == ${term}`],
  [2, (draw, term) => `${drawValue(draw, false)} = ${term}`],
  [4, (draw, term) => `${term} in {${listOf(draw)}}`],
  [2, (draw, term) => `${term} in [${listOf(draw)}]`],
  [1, (draw, term) => `${term} in {"k": ${drawValue(draw, false, 1)}}`],
  [
    1,
    (draw, term) =>
      `${drawString(draw)}, ${drawScalar(draw)} in {${drawString(draw)}: ${drawScalar(draw)}, "k": ${term}}`,
  ],
  [5, (draw, term) => `startswith(${term}, ${drawString(draw)})`],
  [4, (draw, term) => `endswith(${term}, ${drawString(draw)})`],
  [4, (draw, term) => `glob.match(${JSON.stringify(draw.pick(PATTERNS))}, ${draw.pick(DELIMITERS)}, ${term})`],
  [2, (draw, term, id) => `v${id} := ${term}\n\tv${id} == ${drawValue(draw, false)}`],
  [1, (draw, term, id) => `v${id} := ${drawValue(draw, false)}\n\t${term} == v${id}`],
  [1, (draw, term, id) => `v${id} := [${listOf(draw)}]\n\t${term} in v${id}`],
  [1, (draw, term, id) => `some v${id} in [${listOf(draw)}]\n\t${term} == v${id}`],
  [1, (draw, term, id) => `some v${id} in ${term}\n\tv${id} == ${drawValue(draw, false)}`],
  [2, (draw, term) => `${term} ${isVariable(term) ? "==" : "="} [${drawScalar(draw)}, ${isVariable(term) ? 1 : "_"}]`],
  [1, (draw, term) => `[${term}, 1] == [${drawScalar(draw)}, ${draw.pick(["1", "1.0", "2"])}]`],
  [1, (draw, term, id) => `[v${id}, "b"] = ${term}\n\tv${id} == ${drawScalar(draw)}`],
  [1, (draw, term) => `not ${term} == ${drawValue(draw, false)}`],
  [1, (draw, term) => `not startswith(${term}, ${drawString(draw)})`],
  [1, (draw, term) => `${term} != ${drawValue(draw, false)}`],
  [1, (_, term) => `${term} == data.d.mode`],
  [1, (draw, term) => `to_number(${term}) == ${draw.pick(NUMBERS)}`],
  [1, (draw, term) => `1 / ${term} == ${draw.pick(NUMBERS)}`],
  [1, (draw, term, id) => `every v${id} in ${term} { v${id} != ${drawScalar(draw)} }`],
  [1, (draw, term) => `strings.any_prefix_match(${term}, [${drawString(draw)}, ${drawString(draw)}])`],
  [1, (draw, term) => `${term} == ${drawScalar(draw)} with input.method as ${drawScalar(draw)}`],
  [1, (draw, term) => `{${term}} == {${drawScalar(draw)}}`],
  [1, (draw, term) => `startswith(${term}, input.method)\n\t${term} == ${drawString(draw)}`],
  [1, (_, term) => `is_string(${term})`],
  [1, (_, term) => term],
  [1, () => "data.p.conflict"],
];

/** Of terms that are known to be strings. */
const OF_STRINGS: readonly Guard[] = [
  [6, (draw, term) => `${term} == ${drawString(draw)}`],
  [2, (draw, term) => `${term} in {${drawString(draw)}, ${drawString(draw)}}`],
  [2, (draw, term) => `startswith(${term}, ${drawString(draw)})`],
  [2, (draw, term) => `endswith(${term}, ${drawString(draw)})`],
  [2, (draw, term) => `glob.match(${JSON.stringify(draw.pick(PATTERNS))}, ["/"], ${term})`],
  [1, (draw, term) => `not ${term} == ${drawString(draw)}`],
];

type Making = { readonly draw: Draw; readonly terms: readonly string[]; readonly ids: { next: number } };

function drawBody({ draw, terms, ids }: Making): string {
  const asked = new Set<string>();
  const lines = draw.some(1, 3, () => {
    const drawn = draw.pick(terms);
    // An argument once only: what it is compared with gives it a type.
    const term = /^[xy]/.test(drawn) && asked.has(drawn) ? "input.method" : drawn;
    asked.add(drawn);
    const guards = /^(split|lower)\(/.test(term) ? OF_STRINGS : GUARDS;
    return draw.weighted(guards.map(([weight, make]) => [weight, () => make(draw, term, ids.next++)] as const));
  });
  return `if {\n\t${lines.join("\n\t")}\n}`;
}

type Form = readonly [weight: number, make: (making: Making, name: string, count: number) => string];

/** Each defines `name`: of many definitions, with what a rule may have beside them. */
const FORMS: readonly Form[] = [
  [3, (making, name, count) => many(making, count, (body) => `${name} ${body}`)],
  [3, (making, name, count) => many(making, count, (body, i) => `${name} := ${valueAt(making, i)} ${body}`)],
  [3, (making, name, count) => `${name} := 0 ${drawBody(making)}${chainOf(making, count)}`],
  [
    2,
    (making, name, count) =>
      many(
        making,
        count,
        (body, i) => `${name} := ${valueAt(making, i)} ${body}${chainOf(making, 1 + making.draw.below(2))}`,
      ),
  ],
  [3, (making, name, count) => many(making, count, (body, i) => `${name} contains ${valueAt(making, i)} ${body}`)],
  [
    3,
    (making, name, count) =>
      many(making, count, (body, i) => `${name}[${drawKey(making.draw)}] := ${valueAt(making, i)} ${body}`),
  ],
  [
    2,
    (making, name, count) =>
      many(
        making,
        count,
        (body, i) =>
          `${name}.${making.draw.pick(["a", "b"])}[${drawKey(making.draw)}] := ${valueAt(making, i)} ${body}`,
      ),
  ],
  [
    1,
    (making, name, count) =>
      many(
        making,
        count,
        (body) => `${name}.${making.draw.pick(["a", "b"])} contains ${drawScalar(making.draw)} ${body}`,
      ),
  ],
];

function many({ ...making }: Making, count: number, make: (body: string, i: number) => string): string {
  return Array.from({ length: count }, (_, i) => make(drawBody(making), i)).join("\n\n");
}

function chainOf(making: Making, count: number): string {
  return Array.from({ length: count }, (_, i) => ` else := ${valueAt(making, i + 1)} ${drawBody(making)}`).join("");
}

/** Mostly one value, so that not everything is a conflict. */
function valueAt({ draw }: Making, i: number): string {
  return draw.chance(0.8) ? "1" : draw.pick([`${i}`, "1.0", '"v"', "input.n", "{1}", "false"]);
}

/** Functions of one or two arguments; their first definitions' patterns are constants now and then. */
function drawFunction(making: Making, name: string, count: number): string {
  const { draw } = making;
  const isTwo = draw.chance(0.4);
  const [parts, whole] = isTwo
    ? [
        ["x[0]", "y[0]"],
        ["x", "y"],
      ]
    : [["x[0]"], ["x"]];
  // One or the other: where a whole argument is equal to an array, its members have types.
  const own = { ...making, terms: [...(draw.chance(0.5) ? parts : whole), draw.pick(making.terms)] };
  const isChain = draw.chance(0.3);
  // Strict mode refuses an argument that nothing uses.
  const used = (text: string): string => text.replaceAll(/\n}/g, isTwo ? "\n\t_ = [x, y]\n}" : "\n\t_ = x\n}");
  const args = isTwo ? "x, y" : "x";
  const fallback = draw.chance(0.3) ? `default ${name}(${isTwo ? "_, _" : "_"}) := "d"\n\n` : "";
  const constants = draw.chance(0.4)
    ? draw.some(
        1,
        12,
        () => `${name}(${drawValue(draw, false, 1)}${isTwo ? `, ${draw.pick(["_", drawScalar(draw)])}` : ""}) := 1`,
      )
    : [];
  const isUsing = draw.chance(0.7);
  const definitions = isChain
    ? `${name}(${args}) := 1 ${drawBody(own)}${chainOf(own, count)}`
    : many(own, count, (body, i) => `${name}(${args}) := ${valueAt(own, i)} ${body}`);
  const [a, b] = [draw.pick(making.terms), draw.pick(making.terms)];
  const asks = `ask_${name} := ${name}(${isTwo ? `${a}, ${b}` : a})\n\nask_${name}_all contains [i, v] if {\n\tsome i, x in input.all\n\tv := ${name}(${isTwo ? "x, input.n" : "x"})\n}`;
  return [`${fallback}${isUsing ? used(definitions) : definitions}`, ...constants, asks].join("\n\n");
}

const VIRTUAL =
  'package d.virtual\n\nx := input.text\n\nother["POST"] := input.n\n\nGET := "a" if input.method == "GET"\n';

export function drawBesideProgram(seed: number, { inputs }: ProgramOptions): Program {
  const draw = makeDraw(makeRandom(seed));
  const ids = { next: 1 };
  const names: string[] = [];
  const texts: string[] = [
    "conflict := 1 if input.n == 1\n\nconflict := 2 if input.n == 1\n\nconflict := 3 if input.n == 2",
  ];
  for (let i = 0; i < 1 + draw.below(3); i++) {
    const making = { draw, ids, terms: draw.some(1, 3, () => draw.pick(TERMS)) };
    const count = 8 + draw.below(draw.chance(0.3) ? 33 : 8);
    if (draw.chance(0.3)) {
      texts.push(drawFunction(making, `f${i}`, count));
      names.push(`ask_f${i}`, `ask_f${i}_all`);
      continue;
    }
    const at = FORMS.indexOf(draw.weighted(FORMS.map((form) => [form[0], () => form] as const)));
    const isComplete = at < 4;
    if (isComplete && draw.chance(0.4)) texts.push(`default r${i} := "none"`);
    texts.push((FORMS[at] as Form)[1](making, `r${i}`, count));
    const under = draw.pick([
      "input.method",
      "input.path",
      "data.d.mode",
      "input.n",
      "input.text",
      "data.d.virtual.x",
      "input",
    ]);
    const value = draw.chance(0.5)
      ? drawScalar(draw)
      : under === "input"
        ? '{"method": "GET", "path": ["a", "b"], "n": 0}'
        : drawValue(draw, false);
    texts.push(`with${i} := v if v := r${i} with ${under} as ${value}`, `not${i} if not r${i}`);
    names.push(`r${i}`, `with${i}`, `not${i}`);
    if (!isComplete) {
      texts.push(`key${i} := r${i}[${draw.pick(TERMS)}]`);
      names.push(`key${i}`);
    }
  }
  return {
    seed,
    modules: [
      { name: "p.rego", text: `package p\n\n${texts.join("\n\n")}\n` },
      { name: "d.rego", text: VIRTUAL },
    ],
    data: `{"d": {"mode": ${drawString(draw)}, "teams": {${[...new Set(draw.some(1, 5, () => drawString(draw)))].map((name) => `${name}: ${drawScalar(draw)}`).join(", ")}}, "virtual": {"base": ${drawScalar(draw)}}}}`,
    inputs: Array.from({ length: inputs }, () => (draw.chance(0.03) ? undefined : drawInput(draw))),
    entrypoints: [...names.map((name) => `data.p.${name}`), "data.p"],
  };
}

function drawInput(draw: Draw): string {
  const any = () => drawValue(draw, true);
  const mostly = (make: () => string) => (draw.chance(0.12) ? any() : make());
  const members: readonly (readonly [string, string])[] = [
    ["method", mostly(() => draw.pick(['"GET"', '"POST"', '"get"']))],
    ["path", mostly(() => `[${draw.some(0, 3, () => mostly(() => drawString(draw))).join(", ")}]`)],
    ["text", mostly(() => drawString(draw))],
    ["n", mostly(() => draw.pick(NUMBERS))],
    ["deep", mostly(() => `{"a": ${any()}}`)],
    ["list", mostly(() => `[${draw.some(0, 3, any).join(", ")}]`)],
    ["all", mostly(() => `[${draw.some(0, 6, any).join(", ")}]`)],
    ["é", any()],
    ["", any()],
    ["a", any()],
  ];
  const present = members.filter(() => !draw.chance(0.1));
  return `{${present.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}
