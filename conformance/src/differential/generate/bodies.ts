/** Bodies: lines that bind what later lines read. */
import { type Context, type DrawnBody, freshName, type Local, type Scope } from "./context.ts";
import { type Kind, NAMES, type Shape, STRINGS } from "./documents.ts";
import { drawCall, drawComparison, drawKind, drawLiteral, drawOpaque, drawRef, drawTerm } from "./terms.ts";

type Line = { readonly text: string; readonly binds: readonly Local[] };

export function drawBody(context: Context, scope: Scope, depth: number): DrawnBody {
  const lines: string[] = [];
  let known = scope;
  for (const _ of Array.from({ length: 1 + context.draw.below(3) })) {
    const line = drawLine(context, known, depth);
    lines.push(line.text);
    known = [...known, ...line.binds];
  }
  return { lines: context.draw.chance(0.1) && isShuffled(lines) ? lines.toReversed() : lines, scope: known };
}

/** Declarations by := must stand before their uses; everything else may stand in any order. */
function isShuffled(lines: readonly string[]): boolean {
  return !lines.some((line) => /:=|\bsome\b|\bevery\b|\|/.test(line));
}

function drawLine(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const inner = Math.max(depth, 0);
  return draw.weighted<Line>([
    [5, () => drawAssignment(context, scope, inner)],
    [4, () => test(drawComparison(context, scope, inner).slice(1, -1))],
    [2, () => test(drawTerm(context, scope, "boolean", inner))],
    [2, () => test(drawRef(context, scope, "any"))],
    [3, () => drawSomeIn(context, scope, inner)],
    [3, () => drawIteration(context, scope)],
    [1.5, () => test(`not ${drawTested(context, scope, inner)}`)],
    [depth > 0 ? 1.5 : 0, () => drawEvery(context, scope, inner)],
    [1.5, () => drawUnification(context, scope, inner)],
    [context.rules.length > 0 ? 2 : 0, () => test(draw.pick(context.rules).ref)],
    [context.rules.length > 0 ? 1.5 : 0, () => drawWith(context, scope, inner)],
    [0.7, () => drawWalk(context, scope)],
    [context.rules.length > 0 ? 1.5 : 0, () => drawRuleIteration(context)],
  ]);
}

function test(text: string): Line {
  return { text, binds: [] };
}

/** What is negated; never `true`: OPA 1.22 takes a lone `not true` for an empty body where it rewrites the head. */
function drawTested(context: Context, scope: Scope, depth: number): string {
  const { draw } = context;
  const text = draw.weighted<string>([
    [3, () => drawComparison(context, scope, depth).slice(1, -1)],
    [2, () => drawTerm(context, scope, "boolean", depth)],
    [2, () => drawRef(context, scope, "any")],
    [context.rules.length > 0 ? 2 : 0, () => draw.pick(context.rules).ref],
  ]);
  return text === "true" ? "false" : text;
}

function drawAssignment(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const kind = drawKind(context);
  const name = freshName(context);
  const operator = draw.chance(0.8) ? ":=" : "=";
  return { text: `${name} ${operator} ${drawTerm(context, scope, kind, depth)}`, binds: [{ name, kind }] };
}

/** A collection: mostly one of the documents. */
function drawCollection(context: Context, scope: Scope, depth: number): string {
  const kind = context.draw.pick(["array", "object", "set"] as const);
  return context.draw.chance(0.8) ? drawOpaque(context, scope, kind) : drawTerm(context, scope, kind, depth);
}

/** Of what a collection's members are taken for. */
function memberKind(collection: string): Kind {
  return /^(input|data\.d\b)[^ ]*$/.test(collection) ? "any" : "unknown";
}

function drawSomeIn(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const collection = drawCollection(context, scope, depth);
  const [key, value] = [freshName(context), freshName(context)];
  const kind = memberKind(collection);
  if (draw.chance(0.4)) {
    return {
      text: `some ${key}, ${value} in ${collection}`,
      binds: [...localsOf(kind, key), ...localsOf(kind, value)],
    };
  }
  if (kind === "any" && draw.chance(0.15)) {
    return { text: `some [${key}, ${value}] in ${collection}`, binds: anyOf(key, value) };
  }
  return { text: `some ${value} in ${collection}`, binds: localsOf(kind, value) };
}

function anyOf(...names: readonly string[]): readonly Local[] {
  return localsOf("any", ...names);
}

function localsOf(kind: Kind, ...names: readonly string[]): readonly Local[] {
  return names.map((name) => ({ name, kind }));
}

/** A reference with a variable in its brackets. */
function drawIteration(context: Context, scope: Scope): Line {
  const { draw } = context;
  const collection = drawRef(context, scope, draw.pick(["array", "object"]));
  if (!/^(input|data)/.test(collection)) return test(collection);
  const [key, value] = [freshName(context), freshName(context)];
  return draw.weighted<Line>([
    [2, () => ({ text: `${value} := ${collection}[_]`, binds: anyOf(value) })],
    [2, () => ({ text: `some ${key}; ${value} = ${collection}[${key}]`, binds: anyOf(key, value) })],
    [
      2,
      () => ({
        text: `some ${key}; ${collection}[${key}] == ${drawTerm(context, scope, "any", 0)}`,
        binds: anyOf(key),
      }),
    ],
    [1, () => ({ text: `${collection}[_] == ${drawTerm(context, scope, "any", 0)}`, binds: [] })],
    [1, () => ({ text: `${value} := ${collection}[_][_]`, binds: anyOf(value) })],
  ]);
}

function drawEvery(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const [key, value] = [freshName(context), freshName(context)];
  const collection = drawCollection(context, scope, depth - 1);
  const hasKey = draw.chance(0.4);
  const kind = memberKind(collection);
  const locals = hasKey ? localsOf(kind, key, value) : localsOf(kind, value);
  const { lines } = context.makeBody(context, [...scope, ...locals], depth - 1);
  // Every declared variable must be used.
  const uses = locals.map(({ name }) =>
    draw.pick([`${name} == ${name}`, `is_number(${name})`, `type_name(${name}) != ""`]),
  );
  const body = [...uses, ...lines].join("; ");
  return test(`every ${locals.map(({ name }) => name).join(", ")} in ${collection} { ${body} }`);
}

/** A pattern beside a term: some of its places are variables, some values. */
function drawUnification(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const binds: Local[] = [];
  const place = (): string => {
    if (draw.chance(0.15)) return "_";
    if (draw.chance(0.3)) return drawTerm(context, scope, "any", 0);
    const name = freshName(context);
    binds.push({ name, kind: "unknown" });
    return name;
  };
  const term = (): string => drawOpaque(context, scope);
  const text = draw.weighted<string>([
    [3, () => `[${place()}, ${place()}] = ${drawOpaque(context, scope, "array")}`],
    [2, () => `[${place()}, ${place()}] = [${term()}, ${term()}]`],
    [2, () => `{"a": ${place()}, "b": ${place()}} = {"a": ${term()}, "b": ${term()}}`],
    [1, () => `{"a": ${place()}} = ${drawOpaque(context, scope, "object")}`],
    [1, () => `[[${place()}], ${place()}] = [[${term()}], ${term()}]`],
    [1, () => `[${term()}, ${place()}] = [${drawTerm(context, scope, "any", depth - 1)}, ${term()}]`],
    [1, () => `split(${drawTerm(context, scope, "string", 0)}, ",", [${place()}, ${place()}])`],
  ]);
  return { text: /^\[_, _\]|: _, "b": _/.test(text) ? "true" : text, binds };
}

function drawWith(context: Context, scope: Scope, depth: number): Line {
  const { draw } = context;
  const rule = draw.pick(context.rules);
  const modifier = (): string => {
    const value = drawTerm(context, scope, "any", Math.min(depth, 1));
    return draw.weighted<string>([
      [2, () => `with input as ${drawLiteral(context, scope, "object", 1)}`],
      [3, () => `with ${constantPath(context, "input", context.input)} as ${value}`],
      [3, () => `with ${constantPath(context, "data.d", context.data)} as ${value}`],
      [1, () => `with ${draw.pick(context.rules).ref} as ${value}`],
      [1, () => `with count as ${draw.pick(["7", "data.lib.replaced"])}`],
    ]);
  };
  const modifiers = draw.some(1, 2, modifier).join(" ");
  if (draw.chance(0.2)) return test(`not ${rule.ref} ${modifiers}`);
  if (draw.chance(0.3) && context.functions.length > 0) {
    const called = draw.pick(context.functions);
    const name = freshName(context);
    const call = drawCall(context, scope, called, 1);
    return { text: `${name} := ${call} ${modifiers}`, binds: [{ name, kind: called.gives }] };
  }
  const name = freshName(context);
  return { text: `${name} := ${rule.ref} ${modifiers}`, binds: [{ name, kind: rule.kind }] };
}

function constantPath({ draw }: Context, root: string, whole: Shape): string {
  let [text, shape] = [root, whole];
  for (let step = 0; step < 2 && (step === 0 || draw.chance(0.5)); step++) {
    if (shape.kind === "object") {
      const names = Object.keys(shape.members).filter((name) => /^[a-z]\w*$/.test(name));
      if (names.length === 0) return text;
      const name = draw.pick(names);
      text += `.${name}`;
      shape = shape.members[name] as Shape;
    } else if (shape.kind === "dictionary") {
      text += `[${JSON.stringify(draw.pick(NAMES))}]`;
      shape = shape.of;
    } else break;
  }
  return text;
}

function drawWalk(context: Context, scope: Scope): Line {
  const { draw } = context;
  const whole = drawRef(context, scope, draw.pick(["object", "array"]));
  const [path, value] = [freshName(context), freshName(context)];
  return draw.weighted<Line>([
    [
      3,
      () => ({
        text: `walk(${whole}, [${path}, ${value}])`,
        binds: [
          { name: path, kind: "array" },
          { name: value, kind: "any" },
        ],
      }),
    ],
    [1, () => ({ text: `walk(${whole}, [_, ${value}])`, binds: anyOf(value) })],
    [
      1,
      () => ({
        text: `walk(${whole}, [${path}, ${JSON.stringify(draw.pick(STRINGS))}])`,
        binds: [{ name: path, kind: "array" }],
      }),
    ],
    [1, () => ({ text: `walk(${whole}, [["${draw.pick(NAMES)}", ${path}], ${value}])`, binds: anyOf(path, value) })],
    [1, () => ({ text: `walk(${whole}, [["${draw.pick(NAMES)}"], ${value}])`, binds: anyOf(value) })],
  ]);
}

/** Members of a rule's document, by a variable. */
function drawRuleIteration(context: Context): Line {
  const { draw } = context;
  const rules = context.rules.filter(({ kind }) => kind === "object" || kind === "set" || kind === "array");
  if (rules.length === 0) return test(draw.pick(context.rules).ref);
  const { ref, kind } = draw.pick(rules);
  const [key, value] = [freshName(context), freshName(context)];
  if (kind === "set") return { text: `some ${value}; ${ref}[${value}]`, binds: localsOf("unknown", value) };
  return draw.chance(0.5)
    ? { text: `some ${key}; ${value} = ${ref}[${key}]`, binds: localsOf("unknown", key, value) }
    : { text: `${value} := ${ref}[_]`, binds: localsOf("unknown", value) };
}
