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
  const adapted = (...operands: unknown[]): unknown => {
    try {
      return given((implementation as (...operands: unknown[]) => unknown)(...operands.map(arriving)));
    } catch (error) {
      throw readable(error);
    }
  };
  return isNondeterministic ? Object.assign(adapted, { isNondeterministic }) : adapted;
}

function arriving(value: unknown): unknown {
  if (isRawJson(value)) return /^-?\d+$/.test(value.rawJSON) ? BigInt(value.rawJSON) : Number(value.rawJSON);
  if (Array.isArray(value)) return value.map(arriving);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, arriving(member)]));
}

/** Whatever is thrown, as an Error with a text: there are things that have none, and errors that throw when they are asked. */
function readable(error: unknown): unknown {
  try {
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof Error && typeof message === "string" ? error : new Error(message);
  } catch {
    return new Error("threw what has no text");
  }
}

/** What a value may have: an evaluation's memory holds no more, and what reads values recursively stays within its stack. */
const MEMBERS_MAX = 1_000_000;
const CHARACTERS_MAX = 64 * 1024 * 1024;
const DEPTH_MAX = 512;

/** What JSON has no words for. */
class Members {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}
class Entries {
  readonly pairs: readonly (readonly [key: unknown, member: unknown])[];
  constructor(pairs: Entries["pairs"]) {
    this.pairs = pairs;
  }
}

/** Members are counted as often as they stand in the value: it is written out. */
type Reading = { members: number; characters: number; needsTerm: boolean };

/** Each part is read once: what it is then it stays, whatever a getter gives when it is asked again. */
function given(value: unknown): unknown {
  if (value === undefined) return undefined;
  const reading: Reading = { members: 0, characters: 0, needsTerm: false };
  const taken = take(value, 0, reading);
  return reading.needsTerm ? new RegoTerm(printTerm(taken)) : taken;
}

/** Throws Error, a built-in error, where a part is nothing that a policy can have. */
function take(value: unknown, depth: number, reading: Reading): unknown {
  if (++reading.members > MEMBERS_MAX) throw new Error(`gave more than ${MEMBERS_MAX} members`);
  switch (typeof value) {
    case "bigint":
      return exactInteger(value);
    case "string":
      countCharacters(value, reading);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new Error(`gave ${value}, which is no number of Rego's`);
      return value;
    case "function":
    case "symbol":
      throw new Error(`gave a ${typeof value}, which is no value`);
    case "object":
      return value === null || isRawJson(value) ? value : takeMembers(value, depth + 1, reading);
    default:
      return value;
  }
}

function countCharacters(text: string, reading: Reading): void {
  reading.characters += text.length;
  if (reading.characters > CHARACTERS_MAX) throw new Error(`gave more than ${CHARACTERS_MAX} characters`);
}

function takeMembers(value: object, depth: number, reading: Reading): unknown {
  if (depth > DEPTH_MAX) throw new Error(`gave a value that holds itself, or nests deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) return takeAll(value, depth, reading);
  if (value instanceof Set) {
    reading.needsTerm = true;
    return new Members(takeAll(value, depth, reading));
  }
  const pairs: [unknown, unknown][] = [];
  if (value instanceof Map) {
    reading.needsTerm = true;
    for (const [key, member] of value) {
      const name = takeMember(key, depth, reading);
      if (member !== undefined) pairs.push([name, take(member, depth, reading)]);
    }
    return new Entries(pairs);
  }
  requirePlain(value);
  for (const key of Object.keys(value)) {
    countCharacters(key, reading);
    const member = (value as Readonly<Record<string, unknown>>)[key];
    // One that is undefined is not there.
    if (member !== undefined) pairs.push([key, take(member, depth, reading)]);
  }
  return Object.fromEntries(pairs);
}

function takeAll(items: Iterable<unknown>, depth: number, reading: Reading): readonly unknown[] {
  const taken: unknown[] = [];
  for (const item of items) taken.push(takeMember(item, depth, reading));
  return taken;
}

function takeMember(value: unknown, depth: number, reading: Reading): unknown {
  if (value === undefined) throw new Error("gave undefined as a member of a list, of a set, or as a key");
  return take(value, depth, reading);
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

/** Of what was taken. */
function printTerm(value: unknown): string {
  if (value instanceof Members)
    return value.items.length === 0 ? "set()" : `{${value.items.map(printTerm).join(", ")}}`;
  if (value instanceof Entries) return printEntries(value.pairs);
  if (Array.isArray(value)) return `[${value.map(printTerm).join(", ")}]`;
  if (typeof value !== "object" || value === null || isRawJson(value)) return JSON.stringify(value);
  return printEntries(Object.entries(value));
}

function printEntries(entries: Entries["pairs"]): string {
  return `{${entries.map(([key, member]) => `${printTerm(key)}: ${printTerm(member)}`).join(", ")}}`;
}
