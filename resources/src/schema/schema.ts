/**
 * A schema: one declaration from which a field's type, its check, its default and its
 * description come. It reads a YAML node and says what is wrong with it, with the place;
 * what it gives is plain data.
 *
 * Structural schemas of Kubernetes (OpenAPI v3) are printed from `json`.
 */
import { parseDuration } from "@regomesh/base";
import { isScalar, type Node } from "yaml";
import type { ResourceCode } from "./code.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Where a value is read: its path from the document's root, and who hears of faults. */
export type Place = {
  /** `spec.ports[0].name`; "" is the document. */
  readonly path: string;
  /** How deep the value lies; bounded, so that a hostile file cannot exhaust the stack. */
  readonly depth: number;
  readonly report: (fault: Fault) => void;
  /** Remembers where the value at a path stands. */
  readonly keep: (path: string, node: Node) => void;
};

export type Fault = {
  readonly code: ResourceCode;
  readonly message: string;
  readonly node: Node;
  readonly hint?: string;
};

export type Schema<T> = {
  /** The value, or undefined after at least one report. */
  readonly read: (node: Node, place: Place) => T | undefined;
  readonly json: JsonSchema;
};

export type Infer<S> = S extends Schema<infer T> ? T : never;

export const TEXT_LENGTH_MAX = 4096;

export function text(options: {
  /** What the text is, for the message: `a DNS label such as orders`. */
  readonly what?: string;
  readonly pattern?: RegExp;
  readonly lengthMax?: number;
}): Schema<string> {
  const { what = "a string", pattern, lengthMax = TEXT_LENGTH_MAX } = options;
  return {
    json: { type: "string", maxLength: lengthMax, ...(pattern === undefined ? {} : { pattern: pattern.source }) },
    read(node, place) {
      if (!isScalar(node) || typeof node.value !== "string")
        return fail(node, place, `must be ${what}`, quoteHint(node));
      if (node.value.length > lengthMax) return fail(node, place, `is longer than ${lengthMax} characters`);
      if (pattern !== undefined && !pattern.test(node.value))
        return fail(node, place, `must be ${what}, not ${show(node)}`);
      return node.value;
    },
  };
}

export function integer(least: number, most: number): Schema<number> {
  return {
    json: { type: "integer", minimum: least, maximum: most },
    read(node, place) {
      const value = isScalar(node) ? node.value : undefined;
      if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
        return fail(node, place, `must be a whole number from ${least} to ${most}${notThat(node)}`);
      }
      return value;
    },
  };
}

/** A GEP-2257 duration such as `2s` or `500ms`, read as milliseconds. */
export function duration(leastMs: number, mostMs: number): Schema<number> {
  return {
    json: { type: "string", pattern: "^([0-9]{1,5}(h|m|s|ms)){1,4}$" },
    read(node, place) {
      const value = isScalar(node) && typeof node.value === "string" ? parseDuration(node.value) : undefined;
      if (value === undefined) return fail(node, place, `must be a duration such as 2s or 500ms${notThat(node)}`);
      if (value < leastMs || value > mostMs) {
        return fail(node, place, `must be from ${leastMs} ms to ${mostMs / 1000} s, not ${show(node)}`);
      }
      return value;
    },
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Schema<T> {
  return {
    json: { type: "string", enum: values },
    read(node, place) {
      const value = isScalar(node) ? node.value : undefined;
      const found = values.find((member) => member === value);
      if (found !== undefined) return found;
      const near = values.find((member) => member.toLowerCase() === String(value).toLowerCase());
      const hint = near === undefined ? undefined : `write ${near}`;
      return fail(node, place, `must be one of ${values.join(", ")}${notThat(node)}`, hint);
    },
  };
}

/** Reports that the value at a place is wrong; always undefined. */
export function fail(node: Node, place: Place, message: string, hint?: string): undefined {
  place.report({
    code: "resource_value",
    message: `${place.path === "" ? "the document" : place.path} ${message}`,
    node,
    ...(hint === undefined ? {} : { hint }),
  });
  return undefined;
}

function notThat(node: Node): string {
  return isScalar(node) ? `, not ${show(node)}` : "";
}

function show(node: Node): string {
  if (!isScalar(node)) return "a collection";
  const shown = node.source ?? String(node.value);
  return shown === "" ? "nothing" : shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

function quoteHint(node: Node): string | undefined {
  const isPlain = isScalar(node) && node.value !== null && node.source !== undefined;
  return isPlain ? `write it in quotes: "${show(node)}"` : undefined;
}
