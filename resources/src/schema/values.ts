/** Schemas of the values that fields hold, with the mesh's words for what each must be. */
import { parseDuration } from "@regomesh/base";
import { z } from "zod";

const TEXT_LENGTH_MAX = 4096;

/** What JSON Schema has no word for that CRDs take, said as meta data: the range of a duration in ms, the names of a map. */
export const DURATION_RANGE = "x-duration-ms";
export const KEY_PATTERN = "x-key-pattern";

export function text(options: {
  /** What the text is, for the message: `a DNS label such as orders`. */
  readonly what?: string;
  readonly pattern?: RegExp;
  readonly lengthMax?: number;
}) {
  const { what = "a string", pattern, lengthMax = TEXT_LENGTH_MAX } = options;
  const bounded = z.string(`must be ${what}`).max(lengthMax).meta({ title: what });
  return pattern === undefined ? bounded : bounded.regex(pattern, `must be ${what}`);
}

export function integer(least: number, most: number) {
  const must = `must be a whole number from ${least} to ${most}`;
  return z.int(must).min(least, must).max(most, must);
}

/** A GEP-2257 duration such as `2s` or `500ms`, read as milliseconds. */
export function duration(leastMs: number, mostMs: number) {
  const must = "must be a duration such as 2s or 500ms";
  return z
    .string(must)
    .transform((written, context) => {
      const value = parseDuration(written);
      if (value !== undefined && value >= leastMs && value <= mostMs) return value;
      const message = value === undefined ? must : `must be from ${leastMs} ms to ${mostMs / 1000} s`;
      context.issues.push({ code: "custom", message, input: written });
      return z.NEVER;
    })
    .meta({
      title: "a duration such as 2s or 500ms",
      pattern: "^([0-9]{1,5}(h|m|s|ms)){1,4}$",
      [DURATION_RANGE]: [leastMs, mostMs],
    });
}

export function oneOf<const T extends string>(...values: readonly [T, ...T[]]) {
  return z.enum(values);
}

export function list<T extends z.ZodType>(item: T, lengthMax: number) {
  return z.array(item).max(lengthMax);
}

export function mapOf<T extends z.ZodType>(item: T, sizeMax: number) {
  return z
    .record(z.string(), item)
    .refine((value) => Object.keys(value).length <= sizeMax, `has more than ${sizeMax} entries`)
    .meta({ maxProperties: sizeMax });
}
