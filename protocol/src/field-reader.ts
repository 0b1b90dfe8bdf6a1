/**
 * Reads the fields of a JSON object that comes from outside: each is asked for by name,
 * with its type and bounds; a field that nobody asked for is a problem (an older reader
 * must not ignore what it does not know, and a check that was forgotten refuses). Problems
 * are collected, with the path of the value.
 */
import type { NackReason, SnapshotProblem } from "./nack.ts";

/** Adds a problem about the value at `path`. */
export type Report = (path: string, message: string) => void;

type TextBounds = { readonly lengthMax?: number; readonly pattern?: RegExp };
type Name<T> = keyof T & string;

const TEXT_LENGTH_MAX = 4096;
const LIST_LENGTH_MAX = 100_000;

/** Reads the object at `path`, then reports the fields that `check` did not ask for. */
export function readFields<T>(
  value: unknown,
  path: string,
  report: Report,
  check: (fields: FieldReader<T>) => void,
): void {
  if (!isObject(value)) {
    report(path, "must be an object");
    return;
  }
  const reader = new FieldReader<T>(value, path, report);
  check(reader);
  reader.reportUnasked();
}

export class FieldReader<T> {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #report: Report;
  readonly #asked = new Set<string>();

  constructor(object: Readonly<Record<string, unknown>>, path: string, report: Report) {
    this.#object = object;
    this.#path = path;
    this.#report = report;
  }

  /** Whether an optional field is there; the caller then checks it. */
  has(name: Name<T>): boolean {
    this.#asked.add(name);
    return this.#object[name] !== undefined;
  }

  text(name: Name<T>, bounds: TextBounds = {}): void {
    this.#take(name, (value, path) => checkText(value, path, this.#report, bounds));
  }

  integer(name: Name<T>, least: number, most: number): void {
    this.#take(name, (value, path) => {
      if (typeof value !== "number" || !Number.isInteger(value)) this.#report(path, "must be an integer");
      else if (value < least || value > most) this.#report(path, `must be between ${least} and ${most}`);
    });
  }

  number(name: Name<T>): void {
    this.#take(name, (value, path) => {
      if (typeof value !== "number" || !Number.isFinite(value)) this.#report(path, "must be a number");
    });
  }

  boolean(name: Name<T>): void {
    this.#take(name, (value, path) => {
      if (typeof value !== "boolean") this.#report(path, "must be a boolean");
    });
  }

  oneOf<K extends Name<T>>(name: K, ...members: readonly (T[K] & (string | number))[]): void {
    this.#take(name, (value, path) => checkMember(value, path, this.#report, members));
  }

  /** Whatever it is: read by somebody else. */
  any(name: Name<T>): void {
    this.#take(name, () => {});
  }

  object<K extends Name<T>>(name: K, check: (fields: FieldReader<NonNullable<T[K]>>) => void): void {
    this.#take(name, (value, path) => readFields(value, path, this.#report, check));
  }

  /** A mapping from any names to texts. */
  labels(name: Name<T>, bounds: TextBounds = {}): void {
    this.#take(name, (value, path) => {
      if (!isObject(value)) return this.#report(path, "must be an object");
      for (const [key, member] of Object.entries(value)) checkText(member, `${path}.${key}`, this.#report, bounds);
    });
  }

  objects<K extends Name<T>>(
    name: K,
    check: (fields: FieldReader<Member<NonNullable<T[K]>>>) => void,
    lengthMax = LIST_LENGTH_MAX,
  ): void {
    this.#each(name, lengthMax, (value, path) => readFields(value, path, this.#report, check));
  }

  texts(name: Name<T>, lengthMax: number, bounds: TextBounds = {}): void {
    this.#each(name, lengthMax, (value, path) => checkText(value, path, this.#report, bounds));
  }

  members<K extends Name<T>>(name: K, lengthMax: number, ...members: readonly (Member<T[K]> & string)[]): void {
    this.#each(name, lengthMax, (value, path) => checkMember(value, path, this.#report, members));
  }

  reportUnasked(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#asked.has(name)) this.#report(join(this.#path, name), "is unknown");
    }
  }

  #take(name: string, check: (value: unknown, path: string) => void): void {
    this.#asked.add(name);
    const value = this.#object[name];
    if (value === undefined) this.#report(join(this.#path, name), "is missing");
    else check(value, join(this.#path, name));
  }

  #each(name: string, lengthMax: number, check: (value: unknown, path: string) => void): void {
    this.#take(name, (value, path) => {
      if (!Array.isArray(value)) return this.#report(path, "must be a list");
      if (value.length > lengthMax) return this.#report(path, `must have at most ${lengthMax} members`);
      for (const [index, member] of value.entries()) check(member, `${path}[${index}]`);
    });
  }
}

type Member<L> = L extends readonly (infer M)[] ? M : never;

/** The problems of one document, whose root has no name. */
export function collectProblems(code: NackReason, check: (report: Report) => void): readonly SnapshotProblem[] {
  const problems: SnapshotProblem[] = [];
  check((path, message) => problems.push({ code, message: `${path === "" ? "the document" : path} ${message}` }));
  return problems;
}

function checkText(value: unknown, path: string, report: Report, { lengthMax = TEXT_LENGTH_MAX, pattern }: TextBounds) {
  if (typeof value !== "string") report(path, "must be a string");
  else if (value.length > lengthMax) report(path, `must be at most ${lengthMax} characters`);
  else if (pattern !== undefined && !pattern.test(value)) report(path, `must match ${pattern.source}`);
}

function checkMember(value: unknown, path: string, report: Report, members: readonly unknown[]): void {
  if (!members.includes(value)) report(path, `must be one of ${members.join(", ")}`);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
