/** Rules and functions, each of one or several definitions. */
import { type Context, type DrawnFunction, type DrawnRule, freshName, type Local, type Scope } from "./context.ts";
import { type Kind, NAMES } from "./documents.ts";
import { drawKey, drawKind, drawLiteral, drawOpaque, drawTerm } from "./terms.ts";

export type Drawn<T> = { readonly text: string; readonly made: T };

/** A rule of the package `path` (`data.p`); how it is asked is its whole path. */
export function drawRule(context: Context, path: string, name: string): Drawn<DrawnRule> {
  return context.draw.weighted<Drawn<DrawnRule>>([
    [5, () => drawComplete(context, path, name)],
    [2, () => drawIndexed(context, path, name)],
    [3, () => drawSet(context, path, name)],
    [3, () => drawObject(context, path, name)],
    [2, () => drawDeep(context, path, name)],
  ]);
}

/** ` if { … }` of one to three lines; now and then none. */
function drawIf(context: Context, scope: Scope, depth: number): { readonly text: string; readonly scope: Scope } {
  const { lines, scope: inner } = context.makeBody(context, scope, depth);
  return { text: ` if {\n${lines.map((line) => `\t${line}\n`).join("")}}`, scope: inner };
}

function drawComplete(context: Context, path: string, name: string): Drawn<DrawnRule> {
  const { draw } = context;
  const kind = drawKind(context);
  const texts: string[] = [];
  if (draw.chance(0.4)) texts.push(`default ${name} := ${drawConstant(context, kind)}`);
  for (const _ of Array.from({ length: 1 + draw.below(3) })) texts.push(drawDefinition(context, `${name}`, [], kind));
  return { text: texts.join("\n\n"), made: { ref: `${path}.${name}`, kind } };
}

/** What a default may be: no reference, no call outside a comprehension. */
function drawConstant(context: Context, kind: Kind): string {
  const { draw } = context;
  const scalar = () => drawLiteral(context, [], draw.pick(["number", "string", "boolean"]), 0);
  switch (kind) {
    case "array":
      return `[${draw.some(0, 2, scalar).join(", ")}]`;
    case "set":
      return draw.pick(["set()", "{1, 2}", '{"a"}']);
    case "object":
      return draw.pick(["{}", '{"a": 1}', '{"b": [true]}']);
    case "any":
    case "unknown":
    case "boolean":
    case "number":
    case "string":
      return drawLiteral(context, [], kind, 0);
  }
}

/** `head := value if { … }`, with an else chain now and then. */
function drawDefinition(context: Context, head: string, scope: Scope, kind: Kind): string {
  const { draw } = context;
  const body = drawIf(context, scope, 2);
  const isConstant = draw.chance(0.5);
  const printValue = (inner: Scope): string =>
    isConstant ? drawConstant(context, kind) : drawTerm(context, inner, kind, 1);
  let text = `${head} := ${printValue(body.scope)}${body.text}`;
  while (draw.chance(0.25)) {
    const next = drawIf(context, scope, 1);
    text += ` else := ${printValue(next.scope)}${next.text}`;
  }
  return text;
}

/** Many definitions that differ in what a reference is equal to: what OPA's rule index is for. */
function drawIndexed(context: Context, path: string, name: string): Drawn<DrawnRule> {
  const { draw } = context;
  const kind = drawKind(context);
  const reference = drawOpaque(context, [], draw.pick(["string", "number", "any"]));
  const form = draw.below(5);
  const guard = (): string => {
    const value = drawLiteral(context, [], draw.pick(["string", "number", "boolean"]), 0);
    const texts = [
      `${reference} == ${value}`,
      `${value} = ${reference}`,
      `${reference} in {${value}, ${drawLiteral(context, [], "string", 0)}}`,
      `startswith(${reference}, ${drawLiteral(context, [], "string", 0)})`,
      `glob.match(${draw.pick(['"a*"', '"*:b"', '"{a,b}"', '"?"'])}, [":"], ${reference})`,
    ] as const;
    return draw.chance(0.15) ? draw.pick(texts) : (texts[form] as string);
  };
  const same = drawConstant(context, kind);
  const definition = (): string => {
    const { lines } = context.makeBody(context, [], 1);
    const rest = draw.chance(0.4) ? `\n\t${lines.join("\n\t")}` : "";
    return `${name} := ${draw.chance(0.7) ? same : drawConstant(context, kind)} if {\n\t${guard()}${rest}\n}`;
  };
  return { text: draw.some(2, 6, definition).join("\n\n"), made: { ref: `${path}.${name}`, kind } };
}

function drawSet(context: Context, path: string, name: string): Drawn<DrawnRule> {
  const definition = (): string => {
    const body = drawIf(context, [], 2);
    return `${name} contains ${drawTerm(context, body.scope, "any", 1)}${body.text}`;
  };
  return { text: context.draw.some(1, 3, definition).join("\n\n"), made: { ref: `${path}.${name}`, kind: "set" } };
}

function drawObject(context: Context, path: string, name: string): Drawn<DrawnRule> {
  const { draw } = context;
  const definition = (): string => {
    const body = drawIf(context, [], 2);
    const key =
      body.scope.length > 0 && draw.chance(0.6) ? draw.pick(body.scope).name : drawKey(context, body.scope, 1);
    return `${name}[${key}] := ${drawTerm(context, body.scope, "any", 1)}${body.text}`;
  };
  return { text: draw.some(1, 3, definition).join("\n\n"), made: { ref: `${path}.${name}`, kind: "object" } };
}

/** Heads of several segments, with variables among them. */
function drawDeep(context: Context, path: string, name: string): Drawn<DrawnRule> {
  const { draw } = context;
  const isSet = draw.chance(0.4);
  const levels = 1 + draw.below(2);
  const definition = (): string => {
    const body = drawIf(context, [], 2);
    const strings = body.scope.filter(({ kind }) => kind !== "object" && kind !== "set");
    const segment = (): string =>
      strings.length > 0 && draw.chance(0.6) ? `[${draw.pick(strings).name}]` : `.${draw.pick(["a", "b", "c"])}`;
    const head = `${name}${Array.from({ length: levels + 1 }, segment).join("")}`;
    const value = drawTerm(context, body.scope, "any", 1);
    return `${head} ${isSet ? "contains" : ":="} ${value}${body.text}`;
  };
  return { text: draw.some(1, 3, definition).join("\n\n"), made: { ref: `${path}.${name}`, kind: "object" } };
}

/** One to three definitions; parameters are variables, values or patterns. */
export function drawFunction(context: Context, name: string): Drawn<DrawnFunction> {
  const { draw } = context;
  const args = draw.some(1, 3, () => drawKind(context));
  const gives = drawKind(context);
  const texts: string[] = [];
  if (draw.chance(0.3))
    texts.push(`default ${name}(${args.map(() => "_").join(", ")}) := ${drawConstant(context, gives)}`);
  for (const _ of Array.from({ length: 1 + draw.below(3) })) {
    const scope: Local[] = [];
    const parameters = args.map((kind) => drawParameter(context, scope, kind));
    texts.push(drawDefinition(context, `${name}(${parameters.join(", ")})`, scope, gives));
  }
  return { text: texts.join("\n\n"), made: { name, args, gives } };
}

function drawParameter(context: Context, scope: Local[], kind: Kind): string {
  const { draw } = context;
  const variable = (of: Kind): string => {
    const name = freshName(context);
    scope.push({ name, kind: of });
    return name;
  };
  if (draw.chance(0.15)) return drawConstant(context, kind);
  if (kind === "array" && draw.chance(0.3)) return `[${variable("any")}, ${draw.pick(["_", variable("any")])}]`;
  if (kind === "object" && draw.chance(0.3)) return `{${JSON.stringify(draw.pick(NAMES))}: ${variable("any")}}`;
  return draw.chance(0.1) ? "_" : variable(kind);
}
