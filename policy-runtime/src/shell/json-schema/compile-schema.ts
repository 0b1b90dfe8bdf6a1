/**
 * From a schema's text to what documents are checked by, with gojsonschema's checks of the
 * schema itself, in its order. References are followed here, so that a schema which leads
 * nowhere is refused before anything is checked by it.
 */
import { numberText } from "../../exact-json.ts";
import { compareBytes, isJsonObject } from "../json-text.ts";
import { comparableText } from "./comparable.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import { type Draft, isAtLeast } from "./drafts.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import { detectDraft, SchemaPool } from "./pool.ts";
import { printReference } from "./reference.ts";
import {
  invalidType,
  isSchema,
  type Keywords,
  listAt,
  mustBeOfA,
  mustBeOfAn,
  mustBeOfType,
  mustBeUnique,
  SchemaError,
  stringAt,
  valueAt,
} from "./words.ts";

/** A schema, ready. Fields that the schema does not set are undefined. */
export type Schema = {
  /** A schema that is true or false. */
  pass?: boolean;
  /** Everything else is another schema's. */
  reference?: Schema;
  types: readonly string[];
  properties: readonly (readonly [name: string, schema: Schema])[];
  additionalProperties?: boolean | Schema;
  patternProperties: readonly (readonly [pattern: Pattern, schema: Schema])[];
  propertyNames?: Schema;
  dependencies: ReadonlyMap<string, readonly string[] | Schema>;
  /** One for all items, or one for each place. */
  items?: Schema | readonly Schema[];
  additionalItems?: boolean | Schema;
  contains?: Schema;
  required: readonly string[];
  multipleOf?: Decimal;
  minimum?: Decimal;
  maximum?: Decimal;
  exclusiveMinimum?: Decimal;
  exclusiveMaximum?: Decimal;
  counts: Partial<Record<CountKeyword, number>>;
  uniqueItems: boolean;
  pattern?: Pattern;
  format?: string;
  const?: string;
  /** Comparable texts (comparable.ts). */
  enum?: readonly string[];
  oneOf: readonly Schema[];
  anyOf: readonly Schema[];
  allOf: readonly Schema[];
  not?: Schema;
  if?: Schema;
  then?: Schema;
  else?: Schema;
};

export type CountKeyword = "minLength" | "maxLength" | "minProperties" | "maxProperties" | "minItems" | "maxItems";

const TYPES = ["array", "boolean", "integer", "number", "null", "object", "string"];
const DEPTH_MAX = 200;
/** Schemas in a schema, those of references among them. */
const SCHEMAS_MAX = 20_000;

/** Throws SchemaError, with gojsonschema's words, where it is no schema. */
export function compileSchema(document: unknown): Schema {
  if (!isSchema(document)) throw new SchemaError("schema is invalid");
  const draft = detectDraft(document) ?? "hybrid";
  return new Compiler(new SchemaPool(document)).compile(document, draft, 0);
}

function emptySchema(): Schema {
  return {
    types: [],
    properties: [],
    patternProperties: [],
    dependencies: new Map(),
    required: [],
    counts: {},
    uniqueItems: false,
    oneOf: [],
    anyOf: [],
    allOf: [],
  };
}

class Compiler {
  readonly #pool: SchemaPool;
  readonly #references = new Map<string, Schema>();
  #schemas = 0;

  constructor(pool: SchemaPool) {
    this.#pool = pool;
  }

  compile(document: unknown, draft: Draft, depth: number, made: Schema = emptySchema()): Schema {
    if (depth > DEPTH_MAX) throw new SchemaError(`a schema is nested more than ${DEPTH_MAX} deep`);
    if (++this.#schemas > SCHEMAS_MAX) throw new SchemaError(`a schema has more than ${SCHEMAS_MAX} schemas in it`);
    if (typeof document === "boolean" && isAtLeast(draft, 6)) {
      made.pass = document;
      return made;
    }
    if (!isJsonObject(document)) throw new SchemaError("Expected: Valid Schema, given: Invalid JSON");
    const below = (inner: unknown) => this.compile(inner, draft, depth + 1);
    stringAt(document, draft === 4 || (draft === "hybrid" && Object.hasOwn(document, "id")) ? "id" : "$id");
    readDefinitions(document, below);
    stringAt(document, "title");
    stringAt(document, "description");
    const reference = stringAt(document, "$ref");
    if (reference !== undefined && this.#follow(document, reference, draft, depth, made)) return made;
    readTypes(document, made);
    readObjects(document, draft, made, below);
    readArrays(document, made, below);
    readNumbers(document, draft, made);
    readStrings(document, made);
    readCounts(document, "minProperties", "maxProperties", made);
    readRequired(document, made);
    readCounts(document, "minItems", "maxItems", made, false);
    readUnique(document, draft, made, below);
    readValues(document, draft, made);
    readCombinations(document, draft, made, below);
    return made;
  }

  /** Makes the schema that of the reference. A reference met before leaves the rest of the schema to be checked. */
  #follow(document: Keywords, text: string, draft: Draft, depth: number, made: Schema): boolean {
    const reference = this.#pool.referenceOf(document, text);
    const name = printReference(reference);
    const known = this.#references.get(name);
    if (known !== undefined) {
      made.reference = known;
      return false;
    }
    const target = emptySchema();
    this.#references.set(name, target);
    const found = this.#pool.find(reference);
    if (!isSchema(found.document)) throw mustBeOfType("Valid Schema", "object");
    made.reference = this.compile(found.document, found.draft ?? draft, depth + 1, target);
    return true;
  }
}

type Below = (document: unknown) => Schema;

/** In the order of Go's strings, which has no other. */
function entriesOf(map: Keywords): readonly (readonly [string, unknown])[] {
  return Object.entries(map).sort(([a], [b]) => compareBytes(a, b));
}

function readDefinitions(document: Keywords, below: Below): void {
  const definitions = valueAt(document, "definitions");
  if (definitions === undefined) return;
  if (!isJsonObject(definitions)) throw invalidType("Array Of Schemas", "definitions");
  for (const [, inner] of entriesOf(definitions)) {
    if (!isSchema(inner)) throw invalidType("Array Of Schemas", "definitions");
    below(inner);
  }
}

function readTypes(document: Keywords, made: Schema): void {
  const given = valueAt(document, "type");
  if (given === undefined) return;
  if (typeof given !== "string" && !Array.isArray(given)) throw invalidType("type", "string/Array Of Strings");
  for (const type of Array.isArray(given) ? given : [given]) {
    if (typeof type !== "string") throw invalidType("type", "string/Array Of Strings");
    if (!TYPES.includes(type)) {
      throw new SchemaError(
        `has a primitive type that is NOT VALID -- given: /${type}/ Expected valid values are:[${TYPES.join(" ")}]`,
      );
    }
    if (made.types.includes(type)) throw new SchemaError(`${type} type is duplicated`);
    made.types = [...made.types, type];
  }
}

function readObjects(document: Keywords, draft: Draft, made: Schema, below: Below): void {
  const properties = valueAt(document, "properties");
  if (properties !== undefined) {
    if (!isJsonObject(properties)) throw mustBeOfType("Properties", "object");
    made.properties = entriesOf(properties).map(([name, inner]) => [name, below(inner)]);
  }
  readAdditional(document, "additionalProperties", made, below);
  const patterns = valueAt(document, "patternProperties");
  if (patterns !== undefined) {
    if (!isJsonObject(patterns)) throw invalidType("Valid Schema", "patternProperties");
    made.patternProperties = entriesOf(patterns).map(([text, inner]) => {
      const pattern = parsePattern(text);
      if (pattern === undefined) throw new SchemaError(`Invalid regex pattern '${text}'`);
      return [pattern, below(inner)];
    });
  }
  const names = valueAt(document, "propertyNames");
  if (names !== undefined && isAtLeast(draft, 6)) {
    if (!isSchema(names)) throw invalidType("Valid Schema", "patternProperties");
    made.propertyNames = below(names);
  }
  const dependencies = valueAt(document, "dependencies");
  if (dependencies !== undefined) made.dependencies = readDependencies(dependencies, below);
}

function readAdditional(
  document: Keywords,
  keyword: "additionalProperties" | "additionalItems",
  made: Schema,
  below: Below,
): void {
  const additional = valueAt(document, keyword);
  if (additional === undefined) return;
  if (!isSchema(additional)) throw invalidType("boolean/Valid Schema", keyword);
  made[keyword] = typeof additional === "boolean" ? additional : below(additional);
}

function readDependencies(given: unknown, below: Below): Schema["dependencies"] {
  if (!isJsonObject(given)) throw mustBeOfType("dependencies", "object");
  const wrong = () => mustBeOfType("Dependency", "Schema Or Array Of Strings");
  const dependencies = new Map<string, readonly string[] | Schema>();
  for (const [name, wanted] of entriesOf(given)) {
    if (Array.isArray(wanted)) {
      if (!wanted.every((each) => typeof each === "string")) throw wrong();
      dependencies.set(name, wanted);
    } else if (isSchema(wanted)) dependencies.set(name, below(wanted));
    else throw wrong();
  }
  return dependencies;
}

function readArrays(document: Keywords, made: Schema, below: Below): void {
  const items = valueAt(document, "items");
  const wrong = () => invalidType("Valid Schema/Array Of Schemas", "items");
  if (Array.isArray(items)) {
    made.items = items.map((item) => {
      if (!isSchema(item)) throw wrong();
      return below(item);
    });
  } else if (items !== undefined) {
    if (!isSchema(items)) throw wrong();
    made.items = below(items);
  }
  readAdditional(document, "additionalItems", made, below);
}

function decimalAt(document: Keywords, keyword: string): Decimal | undefined {
  const text = numberText(valueAt(document, keyword));
  return text === undefined ? undefined : parseDecimal(text);
}

const ZERO: Decimal = { coefficient: 0n, exponent: 0 };

function readNumbers(document: Keywords, draft: Draft, made: Schema): void {
  if (Object.hasOwn(document, "multipleOf")) {
    const multiple = decimalAt(document, "multipleOf");
    if (multiple === undefined) throw invalidType("Number", "multipleOf");
    if (compareDecimals(multiple, ZERO) <= 0) throw new SchemaError("multipleOf must be strictly greater than 0");
    made.multipleOf = multiple;
  }
  readBound(document, draft, made, "minimum", "exclusiveMinimum");
  readBound(document, draft, made, "maximum", "exclusiveMaximum");
}

/** In draft 4 `exclusive…` is a boolean that makes the bound exclusive; later it is a bound of its own. */
function readBound(
  document: Keywords,
  draft: Draft,
  made: Schema,
  keyword: "minimum" | "maximum",
  exclusive: "exclusiveMinimum" | "exclusiveMaximum",
): void {
  if (Object.hasOwn(document, keyword)) {
    const bound = decimalAt(document, keyword);
    if (bound === undefined) throw mustBeOfA(keyword, "Number");
    made[keyword] = bound;
  }
  const given = valueAt(document, exclusive);
  if (given === undefined) return;
  const number = decimalAt(document, exclusive);
  if (typeof given === "boolean" && (draft === 4 || draft === "hybrid")) {
    const bound = made[keyword];
    if (bound === undefined) throw new SchemaError(`${exclusive} cannot be used without ${keyword}`);
    if (!given) return;
    made[exclusive] = bound;
    delete made[keyword];
  } else if (number !== undefined && draft !== 4) made[exclusive] = number;
  else throw invalidType(draft === 4 ? "boolean" : draft === "hybrid" ? "boolean/number" : "number", exclusive);
}

function readCounts(document: Keywords, least: CountKeyword, most: CountKeyword, made: Schema, isOrdered = true): void {
  for (const keyword of [least, most]) {
    if (!Object.hasOwn(document, keyword)) continue;
    const text = numberText(valueAt(document, keyword));
    if (text === undefined || !/^-?\d+$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
      throw mustBeOfAn(keyword, "integer");
    }
    if (text.startsWith("-") && Number(text) !== 0) {
      throw new SchemaError(`${keyword} must be greater than or equal to 0`);
    }
    made.counts[keyword] = Number(text);
  }
  const [low, high] = [made.counts[least], made.counts[most]];
  if (isOrdered && low !== undefined && high !== undefined && low > high) {
    throw new SchemaError(`${least} cannot be greater than ${most}`);
  }
}

function readStrings(document: Keywords, made: Schema): void {
  readCounts(document, "minLength", "maxLength", made);
  const text = stringAt(document, "pattern");
  if (text !== undefined) {
    const pattern = parsePattern(text);
    if (pattern === undefined) throw new SchemaError("pattern must be a valid regex");
    made.pattern = pattern;
  }
  const format = stringAt(document, "format");
  if (format !== undefined) made.format = format;
}

function readRequired(document: Keywords, made: Schema): void {
  const names = listAt(document, "required") ?? [];
  const seen = new Set<string>();
  for (const name of names) {
    if (typeof name !== "string") throw invalidType("string", "required");
    if (seen.has(name)) throw mustBeUnique("required");
    seen.add(name);
  }
  made.required = [...seen];
}

function readUnique(document: Keywords, draft: Draft, made: Schema, below: Below): void {
  const unique = valueAt(document, "uniqueItems");
  if (unique !== undefined) {
    if (typeof unique !== "boolean") throw mustBeOfA("uniqueItems", "boolean");
    made.uniqueItems = unique;
  }
  const contains = valueAt(document, "contains");
  if (contains !== undefined && isAtLeast(draft, 6)) made.contains = below(contains);
}

function readValues(document: Keywords, draft: Draft, made: Schema): void {
  if (Object.hasOwn(document, "const") && isAtLeast(draft, 6)) made.const = comparableText(document["const"]);
  const allowed = listAt(document, "enum");
  if (allowed === undefined) return;
  const texts = allowed.map(comparableText);
  if (new Set(texts).size !== texts.length) throw mustBeUnique("enum");
  made.enum = texts;
}

function readCombinations(document: Keywords, draft: Draft, made: Schema, below: Below): void {
  made.oneOf = (listAt(document, "oneOf") ?? []).map(below);
  made.anyOf = (listAt(document, "anyOf") ?? []).map(below);
  made.allOf = (listAt(document, "allOf") ?? []).map(below);
  const keywords = isAtLeast(draft, 7) ? (["not", "if", "then", "else"] as const) : (["not"] as const);
  for (const keyword of keywords) {
    const inner = valueAt(document, keyword);
    if (inner === undefined) continue;
    if (!isSchema(inner)) throw mustBeOfAn(keyword, "object");
    made[keyword] = below(inner);
  }
}
