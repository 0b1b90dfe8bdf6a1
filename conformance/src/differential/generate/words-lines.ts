/** Lines of the programs of words.ts. */
import { type Context, freshName, type Local, type Scope } from "./context.ts";
import { NAMES } from "./documents.ts";
import { drawCall, drawComparison, drawKind, drawLiteral, drawOpaque, drawRef, drawTerm } from "./terms.ts";

type Line = { readonly text: string; readonly binds: readonly Local[] };

export function drawWordsLine(context: Context, scope: Scope, depth: number, isLogical: boolean): Line {
  const { draw, functions, rules } = context;
  return draw.weighted<Line>([
    [3, () => drawDestructuring(context, scope, depth)],
    [2, () => drawMembership(context, scope, depth)],
    [2, () => drawResult(context, scope)],
    [2, () => drawInto(context, scope, depth)],
    [2, () => drawOperators(context, scope)],
    [2, () => drawJoin(context, scope)],
    [rules.length > 0 ? 2 : 0, () => drawByVariable(context)],
    [0.5, () => drawPrint(context, scope, depth)],
    [0.5, () => drawMetadata(context)],
    [functions.length > 0 ? 2 : 0, () => drawReplaced(context, scope)],
    [isLogical ? 6 : 0, () => drawLogical(context, scope, depth)],
  ]);
}

function test(text: string): Line {
  return { text, binds: [] };
}

function bound(context: Context, kind: Local["kind"], print: (name: string) => string): Line {
  const name = freshName(context);
  return { text: print(name), binds: [{ name, kind }] };
}

/** `[a, {"k": b}] := …`, with constants, wildcards and what is shorter or of another kind. */
function drawDestructuring(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const binds: Local[] = [];
  const operator = draw.pick([":=", ":=", "="]);
  const place = (): string => {
    if (draw.chance(0.15)) return "_";
    if (operator === "=" && draw.chance(0.1)) return draw.pick(["1", '"a"', "null", "[]"]);
    const name = freshName(context);
    binds.push({ name, kind: "unknown" });
    return name;
  };
  const term = (): string => drawTerm(context, scope, "any", Math.min(depth, 1));
  const name = JSON.stringify(draw.pick(NAMES));
  const text = draw.weighted<string>([
    [3, () => `[${place()}, ${place()}] ${operator} [${term()}, ${term()}]`],
    [2, () => `[${place()}, [${place()}, ${place()}]] ${operator} [${term()}, ${drawOpaque(context, scope, "array")}]`],
    [2, () => `{${name}: ${place()}, "z": [${place()}]} ${operator} {${name}: ${term()}, "z": [${term()}]}`],
    [2, () => `{${name}: ${place()}} ${operator} ${drawOpaque(context, scope, "object")}`],
    [1, () => `[${place()}, ${place()}, ${place()}] ${operator} ${drawOpaque(context, scope, "array")}`],
    [
      1,
      () =>
        `{1: ${place()}, ${draw.pick(["2", "2.0", "20e-1"])}: ${place()}} ${operator} {1.0: ${term()}, 2: ${term()}}`,
    ],
  ]);
  return { text, binds };
}

function drawMembership(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const term = (): string => drawTerm(context, scope, draw.pick(["string", "number", "any"]), 0);
  const collection = draw.chance(0.7)
    ? drawOpaque(context, scope, draw.pick(["array", "object"]))
    : drawLiteral(context, scope, draw.pick(["array", "object", "set"]), depth);
  const [one, two] = [`${term()} in ${collection}`, `${term()}, ${term()} in ${collection}`];
  return draw.weighted<Line>([
    [2, () => test(one)],
    [2, () => test(two)],
    [2, () => test(`not ${draw.pick([one, two])}`)],
    [1, () => bound(context, "boolean", (name) => `${name} := ${one}`)],
    [1, () => bound(context, "boolean", (name) => `${name} := (${two})`)],
    [1, () => bound(context, "array", (name) => `${name} := [${one}, (${two})]`)],
    [1, () => bound(context, "string", (name) => `${name} := type_name(${one})`)],
    [1, () => bound(context, "boolean", (name) => `${name} := (${one}) == (${term()} in ${collection})`)],
  ]);
}

/** The result as a last argument. */
function drawResult(context: Context, scope: Scope): Line {
  const { draw, functions } = context;
  const array = (): string => drawOpaque(context, scope, "array");
  const own = functions.length > 0 && draw.chance(0.5) ? draw.pick(functions) : undefined;
  if (own !== undefined) {
    const call = drawCall(context, scope, own, 1);
    if (draw.chance(0.3)) return test(`${call.slice(0, -1)}, ${drawTerm(context, scope, own.gives, 0)})`);
    return bound(context, own.gives, (name) => `${call.slice(0, -1)}, ${name})`);
  }
  return draw.weighted<Line>([
    [1, () => bound(context, "number", (name) => `count(${array()}, ${name})`)],
    [1, () => bound(context, "number", (name) => `plus(${drawTerm(context, scope, "number", 0)}, 1, ${name})`)],
    [
      1,
      () => bound(context, "string", (name) => `concat(",", ["a", ${drawTerm(context, scope, "string", 0)}], ${name})`),
    ],
    [1, () => bound(context, "any", (name) => `object.get(${drawOpaque(context, scope, "object")}, "a", 1, ${name})`)],
    [1, () => bound(context, "array", (name) => `${name} = array.concat(${array()}, [1])`)],
    [1, () => test(`count(${array()}, 2)`)],
    [1, () => bound(context, "number", (name) => `[${name}, 1] = [count(${array()}), 1]`)],
  ]);
}

/** A reference into what is made on the spot. */
function drawInto(context: Context, scope: Scope, depth: number): Line {
  const { draw, functions } = context;
  const key = draw.chance(0.5) ? "_" : drawOpaque(context, scope, draw.pick(["string", "number"]));
  const inner = Math.min(depth, 1);
  const own = functions.length > 0 ? draw.pick(functions) : undefined;
  const head = draw.weighted<string>([
    [2, () => `split(${drawTerm(context, scope, "string", 0)}, ",")`],
    [own === undefined ? 0 : 2, () => drawCall(context, scope, own as NonNullable<typeof own>, 1)],
    [1, () => `[${drawTerm(context, scope, "any", inner)}, ${drawTerm(context, scope, "any", inner)}]`],
    [1, () => `{"a": ${drawTerm(context, scope, "any", inner)}, "b": [1, 2]}`],
    [1, () => `{${drawTerm(context, scope, "any", inner)}, "x"}`],
    [1, () => `[w | w := ${drawOpaque(context, scope, "array")}[_]]`],
    [1, () => `object.get(${drawOpaque(context, scope, "object")}, "a", {"b": 1})`],
  ]);
  return bound(context, "unknown", (name) => `${name} := ${head}[${key}]${draw.pick(["", "", ".a", "[0]"])}`);
}

function drawOperators(context: Context, scope: Scope): Line {
  const { draw } = context;
  const number = (): string => drawTerm(context, scope, "number", 0);
  const set = (): string => draw.pick(["{1, 2}", "{2, 3}", '{"a"}', "set()"]);
  const chain = (): string =>
    `${number()} ${draw.pick(["+", "-", "*"])} ${number()} ${draw.pick(["*", "/", "%", "-"])} ${number()}`;
  return draw.weighted<Line>([
    [2, () => bound(context, "number", (name) => `${name} := ${chain()}`)],
    [
      1,
      () =>
        bound(context, "number", (name) => `${name} := -${draw.pick(scopeNumbers(scope))} ${draw.pick(["+", "*"])} 2`),
    ],
    [1, () => bound(context, "set", (name) => `${name} := ${set()} | ${set()} & ${set()} - ${set()}`)],
    [1, () => test(`${chain()} ${draw.pick(["<", "==", "!=", ">="])} ${chain()}`)],
    [1, () => test(`1 + ${number()} in [${number()}, 2]`)],
    [1, () => bound(context, "boolean", (name) => `${name} := ${number()} < ${number()}`)],
    [1, () => bound(context, "boolean", (name) => `${name} = (${number()} == ${number()})`)],
  ]);
}

function scopeNumbers(scope: Scope): readonly string[] {
  const names = scope.filter(({ kind }) => kind === "number").map(({ name }) => name);
  return names.length > 0 ? names : ["1", "2.5", "input.a"];
}

/** Two collections by variables of one `some`. */
function drawJoin(context: Context, scope: Scope): Line {
  const { draw } = context;
  const [i, j] = [freshName(context), freshName(context)];
  const [one, two] = [drawOpaque(context, scope, "array"), drawOpaque(context, scope, "object")];
  const binds = [i, j].map((name): Local => ({ name, kind: "any" }));
  const text = draw.pick([
    `some ${i}, ${j}; ${one}[${i}] == ${two}[${j}]`,
    `some ${i}, ${j}; ${one}[${i}] = ${two}[${j}]`,
    `some ${i}, ${j}; ${j} = ${one}[${i}]`,
    `some ${i}; ${one}[${i}][${j}]; ${two}[${j}]`,
    `some ${i}, ${j}; ${two}[${j}]; ${i} = [${j}, ${j}]`,
    `${i} = ${one}[_]; ${j} = ${two}[${i}]`,
    `${j} = ${two}[${i}]; ${i} = ${draw.pick(['"a"', "0", "1", '"id"'])}`,
    `some [${i}, ${j}] in ${one}`,
    `some {"a": ${i}, "b": ${j}} in ${one}`,
    `some ${i}, [${j}, _] in ${two}`,
    `some ${i}, ${draw.pick(['"a"', "1", "true"])} in ${two}; ${j} = ${i}`,
  ]);
  return { text, binds };
}

/** Documents of packages by a variable. */
function drawByVariable(context: Context): Line {
  const { draw, rules } = context;
  const path = draw.pick(rules).ref.split(".").slice(0, -1).join(".");
  const [i, j] = [freshName(context), freshName(context)];
  const binds = [i, j].map((name): Local => ({ name, kind: "unknown" }));
  const key = draw.pick(rules).ref.split(".").at(-1);
  return {
    text: draw.pick([
      `${i} = "${key}"; ${j} := ${path}[${i}]`,
      `${i} := ["never", "${key}"][${draw.pick(["0", "1", "1.0"])}]; ${j} := ${path}[${i}]`,
      `${i} := {1: "${key}", "b": "base"}[${draw.pick(["1", "1.0", '"b"'])}]; ${j} := ${path}[${i}]`,
      `some ${i}; ${j} := data.d[${i}]`,
      `${j} := data[${i}].d; ${i} = "d"`,
      `${i} := {k | data.d[k]}; ${j} := ${i}`,
      `${i} := "d"; ${j} := data[${i}]`,
      `${i} := "d"; ${j} := data[${i}][_]`,
      `${i} := ["${key}", "base"][_]; ${j} := object.get(data.d, ${i}, 1)`,
    ]),
    binds,
  };
}

function drawPrint(context: Context, scope: Scope, depth: number): Line {
  const term = (): string => drawTerm(context, scope, "any", Math.min(depth, 1));
  return test(`print(${context.draw.some(0, 3, term).join(", ")})`);
}

function drawMetadata(context: Context): Line {
  return bound(context, "unknown", (name) =>
    context.draw.pick([
      `${name} := rego.metadata.rule()`,
      `${name} := rego.metadata.chain()[_].path`,
      `${name} := [m | some m in rego.metadata.chain()]`,
      `${name} := object.get(rego.metadata.rule(), "title", "none")`,
    ]),
  );
}

/** Functions and built-ins in place of each other. */
function drawReplaced(context: Context, scope: Scope): Line {
  const { draw, functions } = context;
  const called = draw.pick(functions);
  const array = drawOpaque(context, scope, "array");
  const [call, value] = [drawCall(context, scope, called, 1), drawTerm(context, scope, "any", 0)];
  const one = called.args.length === 1;
  const texts = (name: string): readonly string[] => [
    `${name} := ${call} with ${called.name} as ${value}`,
    `${name} := upper("x") with upper as lower`,
    `${name} := ${call} with data.d as {"a": ${value}} with input.a as ${value}`,
    ...(one
      ? [
          `${name} := ${call} with ${called.name} as ${draw.pick(["count", "upper", "data.lib.replaced"])}`,
          `${name} := count(${array}) with count as ${called.name}`,
          `${name} := [count(${array}), ${call}] with count as 3 with input as {"a": [${value}]}`,
        ]
      : []),
  ];
  return bound(context, "unknown", (name) => draw.pick(texts(name)));
}

/** `and`, `or`, and what is behind the better `not`. */
function drawLogical(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const inner = Math.min(depth, 1);
  const bare = (): string => {
    const text = drawBare();
    return text.startsWith("{") && draw.chance(0.95) ? `(${text})` : text;
  };
  const drawBare = (): string =>
    draw.weighted<string>([
      [3, () => drawComparison(context, scope, inner).slice(1, -1)],
      [2, () => drawRef(context, scope, "any")],
      [context.rules.length > 0 ? 2 : 0, () => draw.pick(context.rules).ref],
      [1, () => drawTerm(context, scope, "boolean", inner)],
      [1, () => `not ${drawRef(context, scope, "any")}`],
    ]);
  const body = (): string => `{ ${context.makeBody(context, scope, inner - 1).lines.join("; ")} }`;
  const operand = (): string =>
    draw.weighted<string>([
      [4, bare],
      [2, body],
      [1, () => `(${bare()} ${draw.pick(["and", "or"])} ${bare()})`],
    ]);
  const chain = (): string => {
    const words = draw.some(1, 2, () => draw.pick(["and", "or"]));
    return [operand(), ...words.flatMap((word) => [word, operand()])].join(" ");
  };
  const modifier = ` with input.a as ${drawTerm(context, scope, "any", 0)}`;
  return draw.weighted<Line>([
    [5, () => test(chain())],
    [2, () => test(`not ${body()}`)],
    [1, () => test(`not (${chain()})`)],
    [1, () => test(`(${chain()})${modifier}`)],
    [1, () => test(`not ${body()}${modifier}`)],
    [1, () => test(`${bare()} or not ${body()}`)],
    [
      1,
      () => bound(context, drawKind(context), (name) => `${name} := ${drawTerm(context, scope, "any", 0)}; ${chain()}`),
    ],
  ]);
}
