/**
 * Strict reading of JSON that comes from outside: every field is named, typed and
 * bounded; an unknown field is a problem (an older reader must not ignore what it
 * does not know). Problems are collected, with the path of the value.
 */
import type { NackReason, SnapshotProblem } from "./nack.ts";

export type Problem = SnapshotProblem;

/** Adds a problem about the value at `path`. */
export type Report = (path: string, message: string) => void;
export type Shape = (value: unknown, path: string, report: Report) => void;

export function text(options: { readonly lengthMax?: number; readonly pattern?: RegExp } = {}): Shape {
  const { lengthMax = 4096, pattern } = options;
  return (value, path, report) => {
    if (typeof value !== "string") report(path, "must be a string");
    else if (value.length > lengthMax) report(path, `must be at most ${lengthMax} characters`);
    else if (pattern !== undefined && !pattern.test(value)) report(path, `must match ${pattern.source}`);
  };
}

export function integer(min: number, max: number): Shape {
  return (value, path, report) => {
    if (typeof value !== "number" || !Number.isInteger(value)) report(path, "must be an integer");
    else if (value < min || value > max) report(path, `must be between ${min} and ${max}`);
  };
}

export const number: Shape = (value, path, report) => {
  if (typeof value !== "number" || !Number.isFinite(value)) report(path, "must be a number");
};

export const boolean: Shape = (value, path, report) => {
  if (typeof value !== "boolean") report(path, "must be a boolean");
};

export function oneOf(...values: readonly (string | number)[]): Shape {
  return (value, path, report) => {
    if (!values.includes(value as string)) report(path, `must be one of ${values.join(", ")}`);
  };
}

export function list(item: Shape, lengthMax = 100_000): Shape {
  return (value, path, report) => {
    if (!Array.isArray(value)) return report(path, "must be a list");
    if (value.length > lengthMax) return report(path, `must have at most ${lengthMax} members`);
    for (const [index, member] of value.entries()) item(member, `${path}[${index}]`, report);
  };
}

export function mapOf(item: Shape): Shape {
  return (value, path, report) => {
    if (!isObject(value)) return report(path, "must be an object");
    for (const [key, member] of Object.entries(value)) item(member, `${path}.${key}`, report);
  };
}

/** An object of just these fields; a name that ends in `?` may be absent. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(fields).map(([name, shape]) => [name.replace(/\?$/, ""), shape]));
  const needed = Object.keys(fields).filter((name) => !name.endsWith("?"));
  return (value, path, report) => {
    if (!isObject(value)) return report(path, "must be an object");
    for (const name of needed) if (value[name] === undefined) report(join(path, name), "is missing");
    for (const [name, member] of Object.entries(value)) {
      const shape = known.get(name);
      if (shape === undefined) report(join(path, name), "is unknown");
      else if (member !== undefined) shape(member, join(path, name), report);
    }
  };
}

export function checkShape(shape: Shape, value: unknown, code: NackReason): readonly Problem[] {
  const problems: Problem[] = [];
  shape(value, "", (path, message) => {
    problems.push({ code, message: `${path === "" ? "the document" : path} ${message}` });
  });
  return problems;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
