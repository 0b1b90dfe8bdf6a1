/**
 * json.match_schema and json.verify_schema: JSON Schema draft 7 without remote references,
 * `format` and regular expressions (a backtracking engine must not run on a request's
 * text). What is not supported is an error, never silently passed. Faults have the types
 * and words of gojsonschema, which OPA uses.
 */
import { numberOf, parseJsonExact } from "../../exact-json.ts";
import { isJsonObject, printGoJson } from "../json-text.ts";
import { expectSize, kindOf, OperandError } from "../operands.ts";

type Schema = boolean | { readonly [keyword: string]: unknown };
export type SchemaFault = {
  readonly desc: string;
  readonly error: string;
  readonly field: string;
  readonly type: string;
};

const TEXT_BYTES_MAX = 512 * 1024;
const DEPTH_MAX = 100;
/** Schemas applied to values, so that references and alternatives cannot multiply without end. */
const STEPS_MAX = 100_000;
const FAULTS_MAX = 200;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];
/** The order in which OPA lists them. */
const TYPE_LIST = "[array boolean integer number null object string]";
const UNSUPPORTED = ["pattern", "patternProperties", "$dynamicRef", "unevaluatedProperties", "unevaluatedItems"];

// ── the schema itself ──

function documentOf(value: unknown, position: number): unknown {
  if (typeof value === "string") return parseJsonExact(expectSize(value, TEXT_BYTES_MAX, `operand ${position}`));
  if (kindOf(value) === "object") return value;
  throw new OperandError(`operand ${position} must be one of {string, object} but got ${kindOf(value)}`);
}

/** Throws what is wrong with a schema. */
function checkSchema(schema: unknown, depth: number): Schema {
  if (typeof schema === "boolean") return schema;
  if (!isJsonObject(schema)) throw new Error("schema is invalid: must be an object or a boolean");
  if (depth > DEPTH_MAX) throw new Error(`schema is nested more than ${DEPTH_MAX} deep`);
  for (const keyword of UNSUPPORTED) {
    if (Object.hasOwn(schema, keyword)) throw new Error(`schema keyword ${keyword} is not supported`);
  }
  checkTypes(schema["type"]);
  const below = (value: unknown) => checkSchema(value, depth + 1);
  for (const keyword of [
    "additionalProperties",
    "additionalItems",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
  ]) {
    if (schema[keyword] !== undefined) below(schema[keyword]);
  }
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const list = schema[keyword];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length === 0) throw new Error(`${keyword} must be an array with at least 1 items`);
    list.forEach(below);
  }
  for (const keyword of ["properties", "definitions", "$defs", "dependencies"]) {
    const map = schema[keyword];
    if (map === undefined) continue;
    if (!isJsonObject(map)) throw new Error(`${keyword} must be of type object`);
    for (const value of Object.values(map)) if (keyword !== "dependencies" || !Array.isArray(value)) below(value);
  }
  const items = schema["items"];
  if (Array.isArray(items)) items.forEach(below);
  else if (items !== undefined) below(items);
  checkLists(schema);
  checkNumbers(schema);
  return schema;
}

function checkTypes(type: unknown): void {
  if (type === undefined) return;
  for (const name of Array.isArray(type) ? type : [type]) {
    if (typeof name === "string" && TYPES.includes(name)) continue;
    const given = typeof name === "string" ? name : printGoJson(name);
    throw new Error(
      `has a primitive type that is NOT VALID -- given: /${given}/ Expected valid values are:${TYPE_LIST}`,
    );
  }
}

function checkLists(schema: { readonly [keyword: string]: unknown }): void {
  const required = schema["required"];
  if (required !== undefined && !(Array.isArray(required) && required.every((name) => typeof name === "string"))) {
    throw new Error("required items must be string");
  }
  if (schema["enum"] !== undefined && !Array.isArray(schema["enum"])) throw new Error("enum must be of an array");
}

const COUNTS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];

function checkNumbers(schema: { readonly [keyword: string]: unknown }): void {
  for (const keyword of COUNTS) {
    const count = schema[keyword];
    if (count === undefined || (Number.isInteger(count) && (count as number) >= 0)) continue;
    throw new Error(`${keyword} must be of an integer`);
  }
  for (const keyword of ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
    if (schema[keyword] !== undefined && numberOf(schema[keyword]) === undefined) {
      throw new Error(`${keyword} must be of a number`);
    }
  }
}

/** `[true, null]` or `[false, what is wrong]`. */
export function verifySchema(given: unknown): unknown {
  try {
    checkSchema(documentOf(given, 1), 0);
    return [true, null];
  } catch (error) {
    if (error instanceof OperandError) throw error;
    return [false, `jsonschema: ${(error as Error).message}`];
  }
}

/** `[true, []]` or `[false, faults]`. */
export function matchSchema(given: unknown, schemaGiven: unknown): unknown {
  const value = documentOf(given, 1);
  const schema = checkSchema(documentOf(schemaGiven, 2), 0);
  const run: Run = { root: schema, steps: 0 };
  const faults = validate(run, schema, value, "(root)", 0);
  return [faults.length === 0, faults.slice(0, FAULTS_MAX)];
}

// ── a value under a schema ──

type Run = { readonly root: Schema; steps: number };

function fault(field: string, type: string, desc: string): SchemaFault {
  return { desc, error: `${field}: ${desc}`, field, type };
}

function typesOf(value: unknown): readonly string[] {
  const number = numberOf(value);
  if (number !== undefined) return Number.isInteger(number) ? ["integer", "number"] : ["number"];
  return [kindOf(value)];
}

function validate(run: Run, schema: Schema, value: unknown, field: string, depth: number): readonly SchemaFault[] {
  if (schema === true) return [];
  if (schema === false) return [fault(field, "false", "False always fails validation")];
  if (++run.steps > STEPS_MAX || depth > DEPTH_MAX) throw new Error("the schema takes too many steps on this document");
  const reference = schema["$ref"];
  if (reference !== undefined) {
    return validate(run, resolve(run.root, reference), value, field, depth + 1);
  }
  const wanted = schema["type"];
  const types = typesOf(value);
  const names = wanted === undefined ? undefined : Array.isArray(wanted) ? wanted : [wanted];
  if (names !== undefined && !names.some((name) => types.includes(name as string))) {
    return [fault(field, "invalid_type", `Invalid type. Expected: ${names.join("/")}, given: ${types[0]}`)];
  }
  return [
    ...ofValue(schema, value, field),
    ...ofCombinations(run, schema, value, field, depth),
    ...(Array.isArray(value) ? ofArray(run, schema, value, field, depth) : []),
    ...(isJsonObject(value) ? ofObject(run, schema, value, field, depth) : []),
  ];
}

/** A pointer into the document itself. */
function resolve(root: Schema, reference: unknown): Schema {
  if (typeof reference !== "string" || !/^#(\/|$)/.test(reference)) {
    throw new Error(`schema reference ${printGoJson(reference)} is not supported: only #/… within the schema`);
  }
  let at: unknown = root;
  for (const part of reference.split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at =
      typeof at === "object" && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined;
  }
  return checkSchema(at, 0);
}

function ofValue(schema: object, value: unknown, field: string): readonly SchemaFault[] {
  const { enum: allowed, const: only } = schema as { readonly enum?: readonly unknown[]; readonly const?: unknown };
  const faults: SchemaFault[] = [];
  const text = printGoJson(value);
  const name = field.split(".").at(-1);
  if (allowed !== undefined && !allowed.some((other) => printGoJson(other) === text)) {
    faults.push(fault(field, "enum", `${name} must be one of the following: ${allowed.map(printGoJson).join(", ")}`));
  }
  if (only !== undefined && printGoJson(only) !== text) {
    faults.push(fault(field, "const", `${name} does not match: ${printGoJson(only)}`));
  }
  const number = numberOf(value);
  if (number !== undefined) faults.push(...ofNumber(schema, number, field));
  if (typeof value === "string") faults.push(...ofLength(schema, [...value].length, field, STRING_WORDS));
  return faults;
}

function ofNumber(schema: object, value: number, field: string): readonly SchemaFault[] {
  const bound = (name: string) => numberOf((schema as Record<string, unknown>)[name]);
  const faults: SchemaFault[] = [];
  const check = (keyword: string, holds: (limit: number) => boolean, type: string, words: string) => {
    const limit = bound(keyword);
    if (limit !== undefined && !holds(limit)) faults.push(fault(field, type, `Must be ${words} ${limit}`));
  };
  check("multipleOf", (factor) => isMultiple(value, factor), "multiple_of", "a multiple of");
  check("minimum", (limit) => value >= limit, "number_gte", "greater than or equal to");
  check("maximum", (limit) => value <= limit, "number_lte", "less than or equal to");
  check("exclusiveMinimum", (limit) => value > limit, "number_gt", "greater than");
  check("exclusiveMaximum", (limit) => value < limit, "number_lt", "less than");
  return faults;
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) <= Number.EPSILON * Math.abs(quotient) * 2;
}

type LengthWords = {
  readonly keywords: readonly [least: string, most: string];
  readonly types: readonly [least: string, most: string];
  readonly least: (n: number) => string;
  readonly most: (n: number) => string;
};

const STRING_WORDS: LengthWords = {
  keywords: ["minLength", "maxLength"],
  types: ["string_gte", "string_lte"],
  least: (n) => `String length must be greater than or equal to ${n}`,
  most: (n) => `String length must be less than or equal to ${n}`,
};
const ARRAY_WORDS: LengthWords = {
  keywords: ["minItems", "maxItems"],
  types: ["array_min_items", "array_max_items"],
  least: (n) => `Array must have at least ${n} items`,
  most: (n) => `Array must have at most ${n} items`,
};
const OBJECT_WORDS: LengthWords = {
  keywords: ["minProperties", "maxProperties"],
  types: ["array_min_properties", "array_max_properties"],
  least: (n) => `Must have at least ${n} properties`,
  most: (n) => `Must have at most ${n} properties`,
};

function ofLength(schema: object, length: number, field: string, words: LengthWords): readonly SchemaFault[] {
  const [least, most] = words.keywords.map((name) => (schema as Record<string, unknown>)[name] as number | undefined);
  const faults: SchemaFault[] = [];
  if (least !== undefined && length < least) faults.push(fault(field, words.types[0], words.least(least)));
  if (most !== undefined && length > most) faults.push(fault(field, words.types[1], words.most(most)));
  return faults;
}

type Fields = { readonly [keyword: string]: Schema & readonly Schema[] & { readonly [name: string]: Schema } };

function ofCombinations(
  run: Run,
  schema: object,
  value: unknown,
  field: string,
  depth: number,
): readonly SchemaFault[] {
  const { allOf, anyOf, oneOf, not, if: condition, then, else: otherwise } = schema as Fields;
  const below = (other: Schema) => validate(run, other, value, field, depth + 1);
  const isMet = (other: Schema) => below(other).length === 0;
  const faults: SchemaFault[] = [];
  if (allOf !== undefined) {
    const inner = allOf.flatMap(below);
    if (inner.length > 0) faults.push(...inner, fault(field, "number_all_of", "Must validate all the schemas (allOf)"));
  }
  if (anyOf !== undefined && !anyOf.some(isMet)) {
    faults.push(fault(field, "number_any_of", "Must validate at least one schema (anyOf)"));
  }
  if (oneOf !== undefined && oneOf.filter(isMet).length !== 1) {
    faults.push(fault(field, "number_one_of", "Must validate one and only one schema (oneOf)"));
  }
  if (not !== undefined && isMet(not)) faults.push(fault(field, "number_not", "Must not validate the schema (not)"));
  if (condition === undefined) return faults;
  const holds = isMet(condition);
  const branch = holds ? then : otherwise;
  const inner = branch === undefined ? [] : below(branch);
  if (inner.length === 0) return faults;
  const words = holds ? 'Must validate "then" as "if" was valid' : 'Must validate "else" as "if" was not valid';
  return [...faults, fault(field, holds ? "condition_then" : "condition_else", words), ...inner];
}

function ofArray(
  run: Run,
  schema: object,
  values: readonly unknown[],
  field: string,
  depth: number,
): readonly SchemaFault[] {
  const { items, additionalItems, contains } = schema as Fields;
  const at = (i: number) => (field === "(root)" ? `${i}` : `${field}.${i}`);
  const faults = [...ofLength(schema, values.length, field, ARRAY_WORDS)];
  if (Array.isArray(items)) {
    const listed = items as readonly Schema[];
    for (const [i, value] of values.entries()) {
      const own = i < listed.length ? listed[i] : additionalItems;
      if (i >= listed.length && (own as unknown) === false) {
        return [...faults, fault(field, "array_no_additional_items", "No additional items allowed on array")];
      }
      if (own !== undefined) faults.push(...validate(run, own, value, at(i), depth + 1));
    }
  } else if (items !== undefined) {
    for (const [i, value] of values.entries()) faults.push(...validate(run, items, value, at(i), depth + 1));
  }
  if ((schema as { readonly uniqueItems?: unknown }).uniqueItems === true) {
    const seen = new Map<string, number>();
    for (const [i, value] of values.entries()) {
      const text = printGoJson(value);
      const before = seen.get(text);
      if (before !== undefined) faults.push(fault(field, "unique", `array items[${before},${i}] must be unique`));
      seen.set(text, i);
    }
  }
  if (
    contains !== undefined &&
    !values.some((value) => validate(run, contains, value, field, depth + 1).length === 0)
  ) {
    faults.push(fault(field, "contains", "At least one of the items must match"));
  }
  return faults;
}

function ofObject(
  run: Run,
  schema: object,
  value: { readonly [name: string]: unknown },
  field: string,
  depth: number,
): readonly SchemaFault[] {
  const {
    required = [],
    properties = {},
    additionalProperties,
    propertyNames,
    dependencies = {},
  } = schema as {
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: Schema;
    readonly propertyNames?: Schema;
    readonly dependencies?: Readonly<Record<string, Schema | readonly string[]>>;
  };
  const at = (name: string) => (field === "(root)" ? name : `${field}.${name}`);
  const faults = [...ofLength(schema, Object.keys(value).length, field, OBJECT_WORDS)];
  for (const name of required) {
    if (!Object.hasOwn(value, name)) faults.push(fault(field, "required", `${name} is required`));
  }
  for (const [name, inner] of Object.entries(value)) {
    if (propertyNames !== undefined && validate(run, propertyNames, name, field, depth + 1).length > 0) {
      faults.push(fault(field, "invalid_property_name", `Property name of "${name}" does not match`));
    }
    if (Object.hasOwn(properties, name)) {
      faults.push(...validate(run, properties[name] as Schema, inner, at(name), depth + 1));
    } else if (additionalProperties === false) {
      faults.push(fault(field, "additional_property_not_allowed", `Additional property ${name} is not allowed`));
    } else if (additionalProperties !== undefined) {
      faults.push(...validate(run, additionalProperties, inner, at(name), depth + 1));
    }
  }
  for (const [name, wanted] of Object.entries(dependencies)) {
    if (!Object.hasOwn(value, name)) continue;
    if (!Array.isArray(wanted)) faults.push(...validate(run, wanted as Schema, value, field, depth + 1));
    else {
      for (const other of wanted.filter((key) => !Object.hasOwn(value, key))) {
        faults.push(fault(field, "missing_dependency", `Has a dependency on ${other}`));
      }
    }
  }
  return faults;
}
