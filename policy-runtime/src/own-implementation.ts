/**
 * Built-ins of users, in plain JavaScript values: what arrives is JSON (a set as an array in Rego's
 * order), a whole number that a double cannot hold is a bigint; what is given may hold bigints, sets
 * and maps, too.
 */
import { exactInteger, isRawJson } from "./exact-json.ts";
import { type HostBuiltin, RegoTerm } from "./host-builtins.ts";

export type OwnImplementation = (...operands: never[]) => unknown;

export function adaptImplementation(
  implementation: OwnImplementation,
  { isNondeterministic }: { readonly isNondeterministic: boolean },
): HostBuiltin {
  const adapted = (...operands: unknown[]): unknown =>
    given((implementation as (...operands: unknown[]) => unknown)(...operands.map(arriving)));
  return isNondeterministic ? Object.assign(adapted, { isNondeterministic }) : adapted;
}

function arriving(value: unknown): unknown {
  if (isRawJson(value)) return /^-?\d+$/.test(value.rawJSON) ? BigInt(value.rawJSON) : Number(value.rawJSON);
  if (Array.isArray(value)) return value.map(arriving);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, arriving(member)]));
}

/** What a value may have: an evaluation's memory holds no more members, and what reads values recursively stays within its stack. */
const MEMBERS_MAX = 1_000_000;
const DEPTH_MAX = 512;

function given(value: unknown): unknown {
  if (value === undefined) return undefined;
  requireValue(value, { depth: 0, seen: { members: 0 } });
  return needsTerm(value) ? new RegoTerm(printTerm(value)) : exact(value);
}

/** Members are counted as often as they stand in the value: it is written out. */
type Place = { readonly depth: number; readonly seen: { members: number } };

/** Throws Error, a built-in error, where a part is nothing that a policy can have. */
function requireValue(value: unknown, place: Place): void {
  if (++place.seen.members > MEMBERS_MAX) throw new Error(`gave more than ${MEMBERS_MAX} members`);
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error(`gave ${value}, which is no number of Rego's`);
  if (typeof value === "function" || typeof value === "symbol")
    throw new Error(`gave a ${typeof value}, which is no value`);
  if (typeof value !== "object" || value === null || isRawJson(value)) return;
  const inner = { ...place, depth: place.depth + 1 };
  if (inner.depth > DEPTH_MAX)
    throw new Error(`gave a value that holds itself, or nests deeper than ${DEPTH_MAX} levels`);
  if (value instanceof Map) {
    for (const key of value.keys()) requireMember(key, inner);
    for (const member of value.values()) requireValue(member, inner);
  } else if (value instanceof Set || Array.isArray(value)) for (const member of value) requireMember(member, inner);
  else {
    requirePlain(value);
    for (const member of Object.values(value)) requireValue(member, inner);
  }
}

/** Of an object's members, and a Map's, undefined is one that is not there. */
function requireMember(value: unknown, place: Place): void {
  if (value === undefined) throw new Error("gave undefined as a member of a list, of a set, or as a key");
  requireValue(value, place);
}

/** What others keep inside cannot be seen: a Date, a promise or an iterator would be an empty object. */
function requirePlain(value: object): void {
  if (value instanceof Promise) throw new Error("gave a promise: an implementation answers at once");
  const prototype: unknown = Object.getPrototypeOf(value);
  // `Object.prototype` of another realm is plain, too.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const name = kind === "Object" ? value.constructor.name : kind;
  throw new Error(`gave a value of ${name}: only plain objects, lists, Sets and Maps have members`);
}

/** JSON has neither sets nor keys that are no strings. */
function needsTerm(value: unknown): boolean {
  if (value instanceof Set || value instanceof Map) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(needsTerm);
}

function exact(value: unknown): unknown {
  if (typeof value === "bigint") return exactInteger(value);
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== "object" || value === null || isRawJson(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, exact(member)]));
}

function printTerm(value: unknown): string {
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${[...value].map(printTerm).join(", ")}}`;
  if (value instanceof Map) return printEntries([...value]);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(printTerm).join(", ")}]`;
  if (typeof value !== "object" || value === null || isRawJson(value)) return JSON.stringify(value) ?? "null";
  return printEntries(Object.entries(value));
}

function printEntries(entries: readonly (readonly [unknown, unknown])[]): string {
  const kept = entries.filter(([, member]) => member !== undefined);
  return `{${kept.map(([key, member]) => `${printTerm(key)}: ${printTerm(member)}`).join(", ")}}`;
}
