/** A document under a schema: every fault of it, as gojsonschema finds and words them. */
import { numberText } from "../../exact-json.ts";
import { compareBytes, isJsonObject } from "../json-text.ts";
import { comparableText } from "./comparable.ts";
import type { CountKeyword, Schema } from "./compile-schema.ts";
import { compareDecimals, type Decimal, isInteger, isMultipleOf, parseDecimal, printDecimal } from "./decimal.ts";
import { isFormat } from "./format.ts";

export type SchemaFault = {
  readonly error: string;
  readonly type: string;
  readonly field: string;
  readonly desc: string;
};

/** Schemas applied to values, and texts compared, so that references and alternatives cannot multiply without end. */
const STEPS_MAX = 100_000;
/** Letters of a text that are one step. */
const STEP_LETTERS = 64;
const DEPTH_MAX = 400;

type Fields = { readonly [name: string]: unknown };

/** Throws where that takes too many steps. */
export function validate(schema: Schema, document: unknown): readonly SchemaFault[] {
  const result = new Result();
  new Validator().check(schema, document, result, "(Root)", 0);
  return result.faults;
}

/** Faults, and how well the value fits: the best of several alternatives is the one that is told. */
class Result {
  readonly faults: SchemaFault[] = [];
  score = 0;

  get isValid(): boolean {
    return this.faults.length === 0;
  }

  add(context: string, type: string, desc: string): void {
    const field = context.startsWith("(Root).") ? context.slice("(Root).".length) : context;
    this.faults.push({ error: `${field}: ${desc}`, type, field, desc });
    this.score -= 2;
  }

  merge(other: Result): void {
    for (const fault of other.faults) this.faults.push(fault);
    this.score += other.score;
  }
}

class Validator {
  #steps = 0;

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > STEPS_MAX) throw new Error("the schema takes too many steps on this document");
  }

  #comparable(value: unknown): string {
    const text = comparableText(value);
    this.#spend(Math.ceil(text.length / STEP_LETTERS));
    return text;
  }

  #under(schema: Schema, value: unknown, context: string, depth: number): Result {
    const result = new Result();
    this.check(schema, value, result, context, depth + 1);
    return result;
  }

  check(schema: Schema, value: unknown, result: Result, context: string, depth: number): void {
    this.#spend(1);
    if (depth > DEPTH_MAX) throw new Error("the schema goes too deep into this document");
    if (schema.pass !== undefined) {
      if (!schema.pass) result.add(context, "false", "False always fails validation");
      return;
    }
    if (schema.reference !== undefined) {
      this.check(schema.reference, value, result, context, depth + 1);
      return;
    }
    const type = typeOf(value);
    const isAllowed = schema.types.includes(type) || (type === "integer" && schema.types.includes("number"));
    if (schema.types.length > 0 && !isAllowed) {
      const expected = schema.types.length === 1 ? schema.types[0] : `[${schema.types.join(",")}]`;
      result.add(context, "invalid_type", `Invalid type. Expected: ${expected}, given: ${type}`);
      return;
    }
    this.#checkCombinations(schema, value, result, context, depth);
    if (Array.isArray(value)) this.#checkArray(schema, value, result, context, depth);
    else if (isJsonObject(value)) this.#checkObject(schema, value, result, context, depth);
    const number = numberText(value);
    if (number !== undefined) checkNumber(schema, parseDecimal(number), result, context);
    this.#checkValue(schema, value, result, context);
    if (typeof value === "string") {
      this.#spend(Math.ceil(value.length / STEP_LETTERS));
      checkString(schema, value, result, context);
    }
    if (isJsonObject(value)) {
      for (const [name, inner] of schema.properties) {
        if (Object.hasOwn(value, name)) this.check(inner, value[name], result, `${context}.${name}`, depth + 1);
      }
    }
    result.score++;
  }

  #checkCombinations(schema: Schema, value: unknown, result: Result, context: string, depth: number): void {
    const under = (other: Schema) => this.#under(other, value, context, depth);
    this.#checkAnyOf(schema.anyOf, result, context, under);
    this.#checkOneOf(schema.oneOf, result, context, under);
    const all = schema.allOf.map(under);
    for (const each of all) result.merge(each);
    if (!all.every(({ isValid }) => isValid)) {
      result.add(context, "number_all_of", "Must validate all the schemas (allOf)");
    }
    if (schema.not !== undefined && under(schema.not).isValid) {
      result.add(context, "number_not", "Must not validate the schema (not)");
    }
    this.#checkDependencies(schema, value, result, context, depth);
    if (schema.if !== undefined) {
      const holds = under(schema.if).isValid;
      const branch = holds ? schema.then : schema.else;
      const inner = branch === undefined ? undefined : under(branch);
      if (inner !== undefined && !inner.isValid) {
        if (holds) result.add(context, "condition_then", 'Must validate "then" as "if" was valid');
        else result.add(context, "condition_else", 'Must validate "else" as "if" was not valid');
        result.merge(inner);
      }
    }
    result.score++;
  }

  #checkAnyOf(schemas: readonly Schema[], result: Result, context: string, under: (one: Schema) => Result): void {
    let best: Result | undefined;
    for (const schema of schemas) {
      const tried = under(schema);
      if (tried.isValid) return;
      if (best === undefined || tried.score > best.score) best = tried;
    }
    if (best === undefined) return;
    result.add(context, "number_any_of", "Must validate at least one schema (anyOf)");
    result.merge(best);
  }

  #checkOneOf(schemas: readonly Schema[], result: Result, context: string, under: (one: Schema) => Result): void {
    if (schemas.length === 0) return;
    let valid = 0;
    let best: Result | undefined;
    for (const schema of schemas) {
      const tried = under(schema);
      if (tried.isValid) valid++;
      else if (valid === 0 && (best === undefined || tried.score > best.score)) best = tried;
    }
    if (valid === 1) return;
    result.add(context, "number_one_of", "Must validate one and only one schema (oneOf)");
    if (valid === 0 && best !== undefined) result.merge(best);
  }

  #checkDependencies(schema: Schema, value: unknown, result: Result, context: string, depth: number): void {
    if (schema.dependencies.size === 0 || !isJsonObject(value)) return;
    for (const name of namesOf(value)) {
      const wanted = schema.dependencies.get(name);
      if (wanted === undefined) continue;
      if (!isList(wanted)) this.check(wanted, value, result, context, depth + 1);
      else {
        for (const other of wanted) {
          if (!Object.hasOwn(value, other)) {
            result.add(context, "missing_dependency", `Has a dependency on ${other}`);
          }
        }
      }
    }
  }

  #checkArray(schema: Schema, values: readonly unknown[], result: Result, context: string, depth: number): void {
    const under = (other: Schema, i: number) => this.#under(other, values[i], `${context}.${i}`, depth);
    const { items } = schema;
    if (isList(items)) {
      if (items.length > 0) this.#checkPlaces(schema, items, values.length, result, context, under);
    } else if (items !== undefined) for (const i of values.keys()) result.merge(under(items, i));
    checkCount(schema, "minItems", "maxItems", values.length, result, context);
    if (schema.uniqueItems) this.#checkUnique(values, result, context);
    if (schema.contains !== undefined) this.#checkContains(schema.contains, values.length, result, context, under);
    result.score++;
  }

  #checkPlaces(
    { additionalItems }: Schema,
    items: readonly Schema[],
    count: number,
    result: Result,
    context: string,
    under: (schema: Schema, i: number) => Result,
  ): void {
    for (const [i, schema] of items.entries()) if (i < count) result.merge(under(schema, i));
    if (items.length >= count || additionalItems === undefined || additionalItems === true) return;
    if (additionalItems === false) {
      result.add(context, "array_no_additional_items", "No additional items allowed on array");
    } else for (let i = items.length; i < count; i++) result.merge(under(additionalItems, i));
  }

  #checkContains(
    schema: Schema,
    count: number,
    result: Result,
    context: string,
    under: (schema: Schema, i: number) => Result,
  ): void {
    let best: Result | undefined;
    for (let i = 0; i < count; i++) {
      const tried = under(schema, i);
      if (tried.isValid) return;
      if (best === undefined || tried.score > best.score) best = tried;
    }
    result.add(context, "contains", "At least one of the items must match");
    if (best !== undefined) result.merge(best);
  }

  #checkObject(schema: Schema, value: Fields, result: Result, context: string, depth: number): void {
    const names = namesOf(value);
    checkCount(schema, "minProperties", "maxProperties", names.length, result, context);
    for (const name of schema.required) {
      if (Object.hasOwn(value, name)) result.score++;
      else result.add(context, "required", `${name} is required`);
    }
    const known = new Set(schema.properties.map(([name]) => name));
    for (const name of names) {
      const isMatched = this.#checkPatterns(schema, name, value[name], result, context, depth);
      const { additionalProperties: additional } = schema;
      if (known.has(name) || isMatched || additional === undefined || additional === true) continue;
      if (additional === false) {
        result.add(context, "additional_property_not_allowed", `Additional property ${name} is not allowed`);
      } else result.merge(this.#under(additional, value[name], `${context}.${name}`, depth));
    }
    if (schema.propertyNames !== undefined) {
      for (const name of names) {
        const tried = this.#under(schema.propertyNames, name, context, depth);
        if (tried.isValid) continue;
        result.add(context, "invalid_property_name", `Property name of "${name}" does not match`);
        result.merge(tried);
      }
    }
    result.score++;
  }

  #checkPatterns(
    { patternProperties }: Schema,
    name: string,
    value: unknown,
    result: Result,
    context: string,
    depth: number,
  ): boolean {
    this.#spend(patternProperties.length * Math.ceil(name.length / STEP_LETTERS));
    const matching = patternProperties.filter(([pattern]) => pattern.matches(name));
    for (const [, schema] of matching) result.merge(this.#under(schema, value, `${context}.${name}`, depth));
    if (matching.length > 0) result.score++;
    return matching.length > 0;
  }

  #checkValue(schema: Schema, value: unknown, result: Result, context: string): void {
    if (schema.const !== undefined || schema.enum !== undefined) {
      const text = this.#comparable(value);
      const field = context.startsWith("(Root).") ? context.slice("(Root).".length) : context;
      if (schema.const !== undefined && schema.const !== text) {
        result.add(context, "const", `${field} does not match: ${schema.const}`);
      }
      if (schema.enum !== undefined && !schema.enum.includes(text)) {
        result.add(context, "enum", `${field} must be one of the following: ${schema.enum.join(", ")}`);
      }
    }
    if (schema.format !== undefined && typeof value === "string" && !isFormat(schema.format, value)) {
      result.add(context, "format", `Does not match format '${schema.format}'`);
    }
    result.score++;
  }

  #checkUnique(values: readonly unknown[], result: Result, context: string): void {
    const places = new Map<string, number>();
    for (const [i, value] of values.entries()) {
      const text = this.#comparable(value);
      const before = places.get(text);
      if (before !== undefined) result.add(context, "unique", `array items[${before},${i}] must be unique`);
      places.set(text, i);
    }
  }
}

/** In the order of Go's strings; Go itself goes through a map in none. */
function namesOf(value: Fields): readonly string[] {
  return Object.keys(value).sort(compareBytes);
}

function isList<T>(
  value: T | readonly T[] | readonly string[] | undefined,
): value is Extract<typeof value, readonly unknown[]> {
  return Array.isArray(value);
}

function typeOf(value: unknown): string {
  const number = numberText(value);
  if (number !== undefined) return isInteger(parseDecimal(number)) ? "integer" : "number";
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

type Words = { readonly type: string; readonly say: (count: number) => string };

const COUNT_WORDS: Readonly<Record<CountKeyword, Words>> = {
  minLength: { type: "string_gte", say: (n) => `String length must be greater than or equal to ${n}` },
  maxLength: { type: "string_lte", say: (n) => `String length must be less than or equal to ${n}` },
  minItems: { type: "array_min_items", say: (n) => `Array must have at least ${n} items` },
  maxItems: { type: "array_max_items", say: (n) => `Array must have at most ${n} items` },
  minProperties: { type: "array_min_properties", say: (n) => `Must have at least ${n} properties` },
  maxProperties: { type: "array_max_properties", say: (n) => `Must have at most ${n} properties` },
};

function checkCount(
  { counts }: Schema,
  least: CountKeyword,
  most: CountKeyword,
  count: number,
  result: Result,
  context: string,
): void {
  const [low, high] = [counts[least], counts[most]];
  const tell = (keyword: CountKeyword, limit: number) =>
    result.add(context, COUNT_WORDS[keyword].type, COUNT_WORDS[keyword].say(limit));
  if (low !== undefined && count < low) tell(least, low);
  if (high !== undefined && count > high) tell(most, high);
}

function checkString(schema: Schema, value: string, result: Result, context: string): void {
  const { minLength, maxLength } = schema.counts;
  if (minLength !== undefined || maxLength !== undefined) {
    checkCount(schema, "minLength", "maxLength", [...value].length, result, context);
  }
  if (schema.pattern !== undefined && !schema.pattern.matches(value)) {
    result.add(context, "pattern", `Does not match pattern '${schema.pattern.text}'`);
  }
  result.score++;
}

function checkNumber(schema: Schema, value: Decimal, result: Result, context: string): void {
  const { multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = schema;
  const tell = (type: string, words: string, limit: Decimal) =>
    result.add(context, type, `Must be ${words} ${printDecimal(limit)}`);
  if (multipleOf !== undefined && !isMultipleOf(value, multipleOf)) tell("multiple_of", "a multiple of", multipleOf);
  if (maximum !== undefined && compareDecimals(value, maximum) > 0) {
    tell("number_lte", "less than or equal to", maximum);
  }
  if (exclusiveMaximum !== undefined && compareDecimals(value, exclusiveMaximum) >= 0) {
    tell("number_lt", "less than", exclusiveMaximum);
  }
  if (minimum !== undefined && compareDecimals(value, minimum) < 0) {
    tell("number_gte", "greater than or equal to", minimum);
  }
  if (exclusiveMinimum !== undefined && compareDecimals(value, exclusiveMinimum) <= 0) {
    tell("number_gt", "greater than", exclusiveMinimum);
  }
  result.score++;
}
