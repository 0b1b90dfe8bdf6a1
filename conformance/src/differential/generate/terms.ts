/** Terms of a wanted kind. */
import { type Argument, CALLS } from "./calls.ts";
import type { Context, Scope } from "./context.ts";
import { drawScalar, type Kind, NAMES, NUMBERS, type Shape, STRINGS } from "./documents.ts";

const KINDS: readonly Kind[] = ["number", "string", "boolean", "array", "object", "set"];

export function drawKind({ draw }: Context): Kind {
  return draw.pick(KINDS);
}

export function drawTerm(context: Context, scope: Scope, kind: Kind, depth: number): string {
  const { draw } = context;
  const wanted = isAnything(kind) && draw.chance(0.7) ? drawKind(context) : kind;
  const locals = scope.filter((local) => fits(local.kind, wanted));
  if (depth <= 0) {
    return draw.weighted<string>([
      [3, () => drawLiteral(context, scope, wanted, 0)],
      [locals.length > 0 ? 5 : 0, () => draw.pick(locals).name],
      [3, () => drawRef(context, scope, wanted)],
    ]);
  }
  const rules = context.rules.filter((rule) => fits(rule.kind, wanted));
  const functions = context.functions.filter(({ gives }) => fits(gives, wanted));
  return draw.weighted<string>([
    [3, () => drawLiteral(context, scope, wanted, depth)],
    [locals.length > 0 ? 5 : 0, () => draw.pick(locals).name],
    [5, () => drawRef(context, scope, wanted)],
    [rules.length > 0 ? 3 : 0, () => draw.pick(rules).ref],
    [functions.length > 0 ? 3 : 0, () => drawCall(context, scope, draw.pick(functions), depth)],
    [3, () => drawBuiltin(context, scope, wanted, depth)],
    [1, () => drawMember(context, scope, depth)],
    [wanted === "number" ? 3 : 0, () => drawArithmetic(context, scope, depth)],
    [wanted === "set" ? 3 : 0, () => drawSetOperation(context, scope, depth)],
    [wanted === "boolean" ? 3 : 0, () => drawComparison(context, scope, depth)],
    [wanted === "string" ? 1.5 : 0, () => drawTemplate(context, scope, depth)],
    [["array", "set", "object"].includes(wanted) ? 2 : 0, () => drawComprehension(context, scope, wanted, depth)],
  ]);
}

function fits(has: Kind, wanted: Kind): boolean {
  return has === wanted || isAnything(wanted) || has === "any";
}

function isAnything(wanted: Kind): boolean {
  return wanted === "any" || wanted === "unknown";
}

/** What the type checker knows nothing of, so that it may be compared with all. */
export function drawOpaque(context: Context, scope: Scope, kind: Kind = "any"): string {
  const locals = scope.filter((local) => local.kind === "any");
  if (locals.length > 0 && context.draw.chance(0.3)) return context.draw.pick(locals).name;
  const ref = drawRef(context, scope, kind);
  if (/^(input|data)/.test(ref)) return ref;
  return context.draw.pick(["input", "data.d"]) + context.draw.pick([".a", ".b", ""]);
}

export function drawLiteral(context: Context, scope: Scope, kind: Kind, depth: number): string {
  const { draw } = context;
  const part = () => drawTerm(context, scope, "any", depth - 1);
  const few = (make: () => string) => draw.some(0, 3, make).join(", ");
  switch (kind) {
    case "number":
      return draw.pick(NUMBERS);
    case "string":
      return draw.chance(0.1) ? `\`${draw.pick(["a", "\\d", "b\n", ""])}\`` : JSON.stringify(draw.pick(STRINGS));
    case "boolean":
      return draw.pick(["true", "false"]);
    case "array":
      return `[${few(part)}]`;
    case "object":
      return `{${few(() => `${drawKey(context, scope, depth)}: ${part()}`)}}`;
    case "set": {
      const items = draw.some(0, 3, part);
      return items.length === 0 ? "set()" : `{${items.join(", ")}}`;
    }
    case "any":
    case "unknown":
      return drawScalar(draw);
  }
}

/** A key of an object: mostly a constant text. */
export function drawKey(context: Context, scope: Scope, depth: number): string {
  const { draw } = context;
  return draw.weighted<string>([
    [6, () => JSON.stringify(draw.pick(NAMES))],
    [1, () => draw.pick(NUMBERS)],
    [1, () => draw.pick(["true", "null", "[1]", "{2}", '{"a": 1}'])],
    [depth > 0 ? 2 : 0, () => drawTerm(context, scope, "string", depth - 1)],
  ]);
}

type Root = { readonly text: string; readonly shape: Shape };

/** A way down a document's shape; it ends where the kind is the wanted one, or wherever it is. */
export function drawRef(context: Context, scope: Scope, wanted: Kind): string {
  const { draw } = context;
  let best: string | undefined;
  for (let attempt = 0; attempt < 4; attempt++) {
    let at: Root = draw.chance(0.6) ? { text: "input", shape: context.input } : { text: "data.d", shape: context.data };
    for (let step = 0; step < 5; step++) {
      const next = stepInto(context, scope, at);
      if (next === undefined) break;
      at = next;
      const kind = kindOf(at.shape);
      if ((kind === wanted || isAnything(wanted)) && draw.chance(0.6)) return at.text;
      if (kind === wanted) best = at.text;
    }
    best ??= isAnything(wanted) ? at.text : undefined;
  }
  return best ?? drawLiteral(context, scope, wanted, 0);
}

function stepInto({ draw }: Context, scope: Scope, { text, shape }: Root): Root | undefined {
  const keys = scope.filter(({ kind }) => kind === "string" || kind === "any");
  const indices = scope.filter(({ kind }) => kind === "number" || kind === "any");
  switch (shape.kind) {
    case "object": {
      const names = Object.keys(shape.members);
      if (names.length === 0) return undefined;
      const name = draw.pick(names);
      return { text: `${text}${printKey(name)}`, shape: shape.members[name] as Shape };
    }
    case "dictionary": {
      const key = keys.length > 0 && draw.chance(0.5) ? draw.pick(keys).name : JSON.stringify(draw.pick(NAMES));
      return { text: `${text}[${key}]`, shape: shape.of };
    }
    case "array": {
      const index =
        indices.length > 0 && draw.chance(0.4) ? draw.pick(indices).name : draw.pick(["0", "0", "1", "2", "-1", "1.0"]);
      return { text: `${text}[${index}]`, shape: shape.of };
    }
    case "any":
    case "boolean":
    case "number":
    case "string":
      return undefined;
  }
}

function printKey(name: string): string {
  return /^[a-z]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function kindOf(shape: Shape): Kind {
  return shape.kind === "dictionary" ? "object" : shape.kind;
}

export function drawCall(
  context: Context,
  scope: Scope,
  { name, args }: { readonly name: string; readonly args: readonly Argument[] },
  depth: number,
): string {
  const { draw } = context;
  const argument = (wanted: Argument): string =>
    typeof wanted !== "string"
      ? draw.pick(wanted)
      : ["array", "set", "object"].includes(wanted) && draw.chance(0.8)
        ? drawOpaque(context, scope, wanted)
        : drawTerm(context, scope, wanted, depth - 1);
  return `${name}(${args.map(argument).join(", ")})`;
}

function drawBuiltin(context: Context, scope: Scope, wanted: Kind, depth: number): string {
  const rows = CALLS.filter(([, , gives]) => gives === wanted || wanted === "any");
  if (rows.length === 0) return drawLiteral(context, scope, wanted, depth);
  const [name, args] = context.draw.pick(rows);
  return drawCall(context, scope, { name, args }, depth);
}

/** A member of what was made on the spot, or of a rule: by a key that the type checker does not know. */
function drawMember(context: Context, scope: Scope, depth: number): string {
  const { draw } = context;
  const rules = context.rules.filter(({ kind }) => kind === "object" || kind === "array" || kind === "set");
  const key = drawOpaque(context, scope, draw.pick(["string", "number"]));
  if (rules.length > 0 && draw.chance(0.7)) return `${draw.pick(rules).ref}[${key}]`;
  return draw.chance(0.5)
    ? `[${drawTerm(context, scope, "any", depth - 1)}, ${drawTerm(context, scope, "any", 0)}][${draw.pick(["0", "1"])}]`
    : `{"a": ${drawTerm(context, scope, "any", depth - 1)}, "b": 1}[${key}]`;
}

function drawArithmetic(context: Context, scope: Scope, depth: number): string {
  const operand = () => drawTerm(context, scope, "number", depth - 1);
  return `(${operand()} ${context.draw.pick(["+", "-", "*", "/", "%"])} ${operand()})`;
}

function drawSetOperation(context: Context, scope: Scope, depth: number): string {
  const operand = () => drawTerm(context, scope, "set", depth - 1);
  return `(${operand()} ${context.draw.pick(["&", "|", "-"])} ${operand()})`;
}

export function drawComparison(context: Context, scope: Scope, depth: number): string {
  const { draw } = context;
  const kind = draw.chance(0.8) ? drawKind(context) : "any";
  if (draw.chance(0.2)) {
    const collection = drawTerm(context, scope, draw.pick(["array", "set", "object"]), depth - 1);
    return `(${drawTerm(context, scope, "any", 0)} in ${collection})`;
  }
  const operator = draw.pick(["==", "==", "!=", "<", "<=", ">", ">="]);
  const isScalar = kind === "number" || kind === "string" || kind === "boolean";
  const left =
    operator === "==" && !isScalar ? drawOpaque(context, scope, kind) : drawTerm(context, scope, kind, depth - 1);
  return `(${left} ${operator} ${drawTerm(context, scope, kind === "any" ? drawKind(context) : kind, depth - 1)})`;
}

function drawTemplate(context: Context, scope: Scope, depth: number): string {
  const { draw } = context;
  const value = () => `{${drawTerm(context, scope, draw.pick(["string", "number", "any"]), Math.min(depth - 1, 1))}}`;
  const parts = draw.some(1, 3, () => `${draw.pick(["", "a", " ", "é:", "\\{"])}${value()}`);
  return `$"${parts.join("")}"`;
}

function drawComprehension(context: Context, scope: Scope, kind: Kind, depth: number): string {
  const { lines, scope: inner } = context.makeBody(context, scope, Math.min(depth - 1, 1));
  const body = lines.join("; ");
  const value = drawTerm(context, inner, "any", 0);
  if (kind === "array") return `[${value} | ${body}]`;
  if (kind === "set") return `{${value} | ${body}}`;
  const keys = inner.filter((local) => local.kind === "string" || local.kind === "number");
  const key = keys.length > 0 ? context.draw.pick(keys).name : drawKey(context, inner, 0);
  return `{${key}: ${value} | ${body}}`;
}
