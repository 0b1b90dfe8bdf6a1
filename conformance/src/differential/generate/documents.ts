/**
 * What data and inputs of a program look like: a shape is drawn first, so that references find
 * something, and documents are drawn from it, each with a few members that are absent or of another kind.
 */
import type { Draw } from "./draw.ts";

/**
 * What a term is taken for. `any` is what OPA's type checker knows nothing of (input, data), so that it
 * stands anywhere; of `unknown` it may know what we do not, so that it stands where anything may.
 */
export type Kind = "number" | "string" | "boolean" | "array" | "object" | "set" | "any" | "unknown";

export type Shape =
  | { readonly kind: "number" | "string" | "boolean" | "any" }
  | { readonly kind: "array"; readonly of: Shape }
  /** Members of these names. */
  | { readonly kind: "object"; readonly members: Readonly<Record<string, Shape>> }
  /** Members of any name, all of one shape. */
  | { readonly kind: "dictionary"; readonly of: Shape };

/** Few, so that what is compared is often equal. */
export const NAMES = ["a", "b", "c", "id", "k1", "role", "x-y", "0", "1", "é", ""] as const;
export const STRINGS = [
  ...["a", "b", "c", "", "1", "ab", "abc", "A", "é", "日本", "a.b", "a/b", "x-1", " b ", "admin", "0"],
  ...["a,b,c", "%41", "aGk=", "10.0.0.1", "1.2.3", '{"a": 1}', "[1, 2]", "1e2", "a\nb", "\t", '"', "\\d+", "a*", "𝄞x"],
] as const;
export const NUMBERS = [
  ...["0", "1", "2", "3", "-1", "10", "1.0", "1.5", "0.1", "0.2", "1e2", "100", "1e-3", "2.50", "-0", "-2.5", "7"],
  ...["9007199254740993", "12345678901234567890", "18446744073709551616", "1e20", "100000000000000000000"],
  ...["0.30000000000000004", "3.14159", "1e15", "123456789.123456789", "4294967296", "-9223372036854775808"],
] as const;

function drawShape(draw: Draw, depth: number): Shape {
  const scalar = (): Shape => ({ kind: draw.pick(["number", "string", "string", "boolean", "any"] as const) });
  if (depth === 0) return scalar();
  return draw.weighted<Shape>([
    [3, scalar],
    [3, () => ({ kind: "array", of: drawShape(draw, depth - 1) })],
    [3, () => drawObjectShape(draw, depth)],
    [2, () => ({ kind: "dictionary", of: drawShape(draw, depth - 1) })],
  ]);
}

export function drawObjectShape(draw: Draw, depth: number): Shape {
  const names = new Set(draw.some(2, 5, () => draw.pick(NAMES)));
  return { kind: "object", members: Object.fromEntries([...names].map((name) => [name, drawShape(draw, depth - 1)])) };
}

/** JSON text: numbers as they are written here. */
export function drawDocument(draw: Draw, shape: Shape, depth = 4): string {
  if (draw.chance(0.06) || depth < 0) return drawScalar(draw);
  switch (shape.kind) {
    case "number":
      return draw.pick(NUMBERS);
    case "string":
      return JSON.stringify(draw.pick(STRINGS));
    case "boolean":
      return draw.pick(["true", "false"]);
    case "any":
      return draw.chance(0.2) ? drawDocument(draw, drawShape(draw, 2), depth - 1) : drawScalar(draw);
    case "array":
      return `[${draw.some(0, 4, () => drawDocument(draw, shape.of, depth - 1)).join(", ")}]`;
    case "object": {
      const present = Object.entries(shape.members).filter(() => !draw.chance(0.1));
      return printObject(present.map(([name, member]) => [name, drawDocument(draw, member, depth - 1)]));
    }
    case "dictionary": {
      const names = new Set(draw.some(0, 4, () => draw.pick([...NAMES, ...STRINGS])));
      return printObject([...names].map((name) => [name, drawDocument(draw, shape.of, depth - 1)]));
    }
  }
}

export function drawScalar(draw: Draw): string {
  return draw.weighted<string>([
    [4, () => JSON.stringify(draw.pick(STRINGS))],
    [4, () => draw.pick(NUMBERS)],
    [2, () => draw.pick(["true", "false"])],
    [1, () => "null"],
    [1, () => draw.pick(["[]", "{}"])],
  ]);
}

function printObject(entries: readonly (readonly [name: string, value: string])[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}
