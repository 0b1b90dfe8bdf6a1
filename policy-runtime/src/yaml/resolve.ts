/**
 * What a scalar without quotes means: YAML 1.2's core schema with the octal numbers and
 * timestamps of 1.1, as OPA's YAML library (go-yaml v3) has it. `yes` and `on` are texts.
 */
import { exactInteger } from "../exact-json.ts";

export type Resolved =
  | { readonly kind: "null" | "merge" | "timestamp" | "text" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number };

const WORDS: ReadonlyMap<string, Resolved> = new Map<string, Resolved>([
  ...["true", "True", "TRUE"].map((word) => [word, { kind: "boolean", value: true }] as const),
  ...["false", "False", "FALSE"].map((word) => [word, { kind: "boolean", value: false }] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, { kind: "null" }] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, { kind: "float", value: Number.NaN }] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, { kind: "float", value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, { kind: "float", value: Number.NEGATIVE_INFINITY }] as const),
  ["<<", { kind: "merge" }],
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?)?$/;

export function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const [first = ""] = text;
  if (first === ".") return resolveFloat(text);
  if (!/[-+0-9]/.test(first)) return { kind: "text" };
  if (readTimestamp(text) !== undefined) return { kind: "timestamp" };
  const plain = text.replaceAll("_", "");
  const integer = parseInteger(plain);
  if (integer !== undefined) return { kind: "integer", value: integer };
  return resolveFloat(plain);
}

/** A text that no double is near enough to is none. */
function resolveFloat(text: string): Resolved {
  const value = FLOAT.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { kind: "float", value } : { kind: "text" };
}

type Timestamp = {
  readonly year: string;
  /** Month, day, hour, minute and second, as they are written. */
  readonly parts: readonly string[];
  readonly fraction: string;
  readonly zone: string;
};

function readTimestamp(text: string): Timestamp | undefined {
  const [, year = "", month, day, between, hour = "0", minute = "0", second = "0", fraction = "", zone] =
    TIMESTAMP.exec(text) ?? [];
  if (month === undefined || day === undefined) return undefined;
  // Behind a T the zone must be there, behind a space it may not.
  if ((zone !== undefined) !== (between === "T" || between === "t")) return undefined;
  const isDay = inRange(Number(month), 1, 12) && inRange(Number(day), 1, 31);
  const isTime = inRange(Number(hour), 0, 23) && inRange(Number(minute), 0, 59) && inRange(Number(second), 0, 59);
  return isDay && isTime ? { year, parts: [month, day, hour, minute, second], fraction, zone: zone ?? "Z" } : undefined;
}

/** A timestamp as Go prints it, as RFC 3339 has it; undefined where a text is none, or no such day is. */
export function printTime(text: string): string | undefined {
  const read = readTimestamp(text);
  if (read === undefined) return undefined;
  const [month, day, hour, minute, second] = read.parts.map((part) => part.padStart(2, "0"));
  const date = `${read.year}-${month}-${day}`;
  const at = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day)) return undefined;
  const digits = read.fraction.slice(0, 9).replace(/0+$/, "");
  const zone = /^[+-]00:00$/.test(read.zone) ? "Z" : read.zone;
  return `${date}T${hour}:${minute}:${second}${digits === "" ? "" : `.${digits}`}${zone}`;
}

function inRange(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** Go's ParseInt and ParseUint with the base that the text shows; undefined also beyond 64 bits. */
function parseInteger(text: string): bigint | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const isPrefixed = /^0[xX][0-9a-fA-F]+$|^0[bB][01]+$|^0[oO][0-7]+$/.test(digits);
  const isOctal = /^0[0-7]+$/.test(digits);
  if (!isPrefixed && !isOctal && !/^(0|[1-9][0-9]*)$/.test(digits)) return undefined;
  const magnitude = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  const value = sign === "-" ? -magnitude : magnitude;
  // An unsigned number beyond the signed ones has no sign.
  const most = sign === "" ? UINT64_MAX : 2n ** 63n - 1n;
  return value >= INT64_MIN && value <= most ? value : undefined;
}

/** A whole number as JSON values hold it. */
export function integerValue(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : exactInteger(value);
}
