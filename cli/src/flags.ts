/** Values of flags that mean the same in every command. All throw UsageError. */
import { type LogFormat, parseDuration } from "@regomesh/base";
import { DEFAULT_LIMITS, type PolicyLimits } from "@regomesh/policy-runtime";
import { UsageError } from "./command.ts";

/** What a view shows: a table, more of it, or the body of the API as YAML or JSON. */
export type View = "table" | "wide" | "yaml" | "json";
/** What a policy command prints. */
export type Format = "pretty" | "json";
export type Color = "auto" | "always" | "never";

const VIEWS: readonly View[] = ["wide", "yaml", "json"];
const FORMATS: readonly Format[] = ["pretty", "json"];
const LOG_FORMATS: readonly LogFormat[] = ["json", "text"];
const COLORS: readonly Color[] = ["auto", "always", "never"];

export function parseView(text: string | undefined): View {
  return text === undefined ? "table" : oneOf(VIEWS, text, "-o");
}

export function parseFormat(text: string | undefined): Format {
  return text === undefined ? "pretty" : oneOf(FORMATS, text, "--format");
}

/** How a process that stays writes its lines. */
export function parseLogFormat(text: string | undefined): LogFormat {
  return text === undefined ? "json" : oneOf(LOG_FORMATS, text, "--log-format");
}

export function parseColor(text: string | undefined): Color {
  return text === undefined ? "auto" : oneOf(COLORS, text, "--color");
}

/** A whole number of decimal digits; undefined where the flag was not given. */
export function parseNumber(text: string | undefined, flag: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < least || value > most) {
    throw new UsageError(`${flag} takes a whole number from ${least} to ${most}, not ${text}`);
  }
  return value;
}

/** Units of fuel that may be asked for: above 2^53 they are no longer exact. */
const FUEL_MAX = Number.MAX_SAFE_INTEGER;

/** What an evaluation may take, from --fuel. */
export function parseLimits(fuel: string | undefined): PolicyLimits {
  const units = parseNumber(fuel, "--fuel", 1, FUEL_MAX);
  return units === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, fuel: units };
}

/** Milliseconds of a duration such as `30s`; undefined where the flag was not given. */
export function parseDurationFlag(text: string | undefined, flag: string, mostMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms > mostMs)
    throw new UsageError(`${flag} takes a duration to ${mostMs / 1000}s, such as 500ms or 30s, not ${text}`);
  return ms;
}

/** One of the words that a flag takes. */
export function oneOf<T extends string>(known: readonly T[], text: string, flag: string): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} takes ${known.slice(0, -1).join(", ")} or ${known.at(-1)}, not ${text}`);
}
