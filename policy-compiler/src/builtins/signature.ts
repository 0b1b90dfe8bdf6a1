/**
 * Signatures of built-ins, read from a text a person can check at a glance, a line each:
 *
 *     array.slice(array, number, number) -> array
 *     time.now_ns() -> number : nondeterministic
 *
 * Types: any null boolean number string, `array<T>` `set<T>` `object<K, V>` (`array` is
 * `array<any>`), tuples `[A, B]`, fields `{op: string, ...}`, unions `A | B`. No `->`: no result.
 */
import type { Role } from "@regomesh/policy-runtime";
import { makeObjectType, makeSetType } from "../types/make-type.ts";
import { ANY, BOOLEAN, type Field, NULL, NUMBER, type ObjectRest, type RegoType, STRING } from "../types/type.ts";
import { makeUnion } from "../types/union.ts";

export type BuiltinSignature = {
  readonly name: string;
  readonly args: readonly RegoType[];
  /** Undefined where the call is a statement. */
  readonly result: RegoType | undefined;
  readonly arity: number;
  readonly isVoid: boolean;
  /** Gives any number of results: `walk`. */
  readonly isRelation: boolean;
  /** Takes any number of arguments: `print`. */
  readonly isVariadic: boolean;
  /** Not allowed in Rego v1. */
  readonly isDeprecated: boolean;
  readonly isNondeterministic: boolean;
  /** Of a user's own built-in: the roles whose hosts bring it. */
  readonly offeredTo?: readonly Role[];
};

const MARKS = ["relation", "variadic", "deprecated", "nondeterministic"];
const LINE = /^([A-Za-z0-9_.]+)\((.*?)\)(?: -> (.*?))?(?: : ([a-z ]+))?$/;

/** @throws where a line is not a signature: the tables are ours. */
export function parseSignatures(text: string): readonly BuiltinSignature[] {
  return text
    .trim()
    .split("\n")
    .map((line) => parseSignature(line.trim()));
}

function parseSignature(line: string): BuiltinSignature {
  const [, name, args, result, marks] = LINE.exec(line) ?? fail(line);
  const words = marks?.split(" ") ?? [];
  if (name === undefined || args === undefined || words.some((word) => !MARKS.includes(word))) return fail(line);
  const types = args === "" ? [] : new TypeText(args).parseAll();
  const [resultType] = result === undefined ? [undefined] : new TypeText(result).parseAll();
  return {
    name,
    args: types,
    result: resultType,
    arity: types.length,
    isVoid: result === undefined,
    isRelation: words.includes("relation"),
    isVariadic: words.includes("variadic"),
    isDeprecated: words.includes("deprecated"),
    isNondeterministic: words.includes("nondeterministic"),
  };
}

class TypeText {
  readonly #tokens: readonly string[];
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/\.\.\.|[a-z_]+|[<>[\]{}|,:]/g) ?? [];
  }

  parseAll(): readonly RegoType[] {
    const types = [this.#parseUnion()];
    while (this.#accept(",")) types.push(this.#parseUnion());
    if (this.#index < this.#tokens.length) fail(this.#text);
    return types;
  }

  #parseUnion(): RegoType {
    const members = [this.#parseOne()];
    while (this.#accept("|")) members.push(this.#parseOne());
    return makeUnion(members);
  }

  #parseOne(): RegoType {
    const word = this.#tokens[this.#index++];
    switch (word) {
      case "any":
        return ANY;
      case "null":
        return NULL;
      case "boolean":
        return BOOLEAN;
      case "number":
        return NUMBER;
      case "string":
        return STRING;
      case "array":
        return { kind: "array", items: [], rest: this.#parseParameters()[0] ?? ANY };
      case "set":
        return makeSetType(this.#parseParameters()[0] ?? ANY);
      case "object": {
        const [key = ANY, value = ANY] = this.#parseParameters();
        return makeObjectType([], { key, value });
      }
      case "[":
        return this.#parseTuple();
      case "{":
        return this.#parseFields();
      default:
        return fail(this.#text);
    }
  }

  #parseParameters(): readonly RegoType[] {
    if (!this.#accept("<")) return [];
    const types = [this.#parseUnion()];
    while (this.#accept(",")) types.push(this.#parseUnion());
    this.#expect(">");
    return types;
  }

  #parseTuple(): RegoType {
    const items = [this.#parseUnion()];
    while (this.#accept(",")) items.push(this.#parseUnion());
    this.#expect("]");
    return { kind: "array", items, rest: undefined };
  }

  /** `{name: T, ...}`: the dots stand for any other fields; `...string` for those that strings name. */
  #parseFields(): RegoType {
    const fields: Field[] = [];
    let rest: ObjectRest | undefined;
    do {
      if (this.#accept("...")) {
        rest = { key: this.#tokens[this.#index] === "}" ? ANY : this.#parseOne(), value: ANY };
        break;
      }
      const name = this.#tokens[this.#index++] ?? fail(this.#text);
      this.#expect(":");
      fields.push({ key: name, type: this.#parseUnion() });
    } while (this.#accept(","));
    this.#expect("}");
    return makeObjectType(fields, rest);
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#index] !== token) return false;
    this.#index++;
    return true;
  }

  #expect(token: string) {
    if (!this.#accept(token)) fail(this.#text);
  }
}

function fail(text: string): never {
  throw new Error(`not a built-in's signature: ${text}`);
}
