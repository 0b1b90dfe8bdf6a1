/**
 * What gqlparser asks of a schema, which is less than the specification does: types may be extended
 * that nobody defined, and roots may be missing. Throws SchemaError.
 */
import { type Schema, SchemaError } from "./schema.ts";
import {
  type ArgumentDefinition,
  type Definition,
  type Directive,
  type FieldDefinition,
  namedType,
  type Position,
  printType,
  type Type,
  VALUE_KINDS,
} from "./tree.ts";

export function checkSchema(schema: Schema): void {
  for (const directives of schema.schemaDirectives) checkDirectives(schema, directives, "SCHEMA");
  const names = [...schema.types.keys()].filter((name) => !schema.builtIn.has(name)).sort();
  for (const name of names) checkDefinition(schema, schema.types.get(name) as Definition);
  for (const name of names) checkInputCycle(schema, name, []);
  for (const { Name, Arguments, Position: at } of schema.directives.values()) {
    checkName(Name, at);
    checkArguments(schema, Arguments, Name);
  }
}

function fail(message: string, at: Position): never {
  throw new SchemaError(message, at);
}

function checkName(name: string, at: Position): void {
  if (name.startsWith("__")) {
    fail(`Name "${name}" must not begin with "__", which is reserved by GraphQL introspection.`, at);
  }
}

const OUTPUT = ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM"];
const INPUT = ["SCALAR", "ENUM", "INPUT_OBJECT"];

function checkDefinition(schema: Schema, definition: Definition): void {
  const { Kind, Name, Fields, Types, EnumValues, Interfaces, Directives, Position: at } = definition;
  for (const field of Fields) checkField(schema, definition, field);
  for (const member of Types) {
    const kind = schema.types.get(member)?.Kind;
    if (kind === undefined) fail(`Undefined type "${member}".`, at);
    if (kind !== "OBJECT") fail(`${Kind} type "${member}" must be OBJECT.`, at);
  }
  for (const name of Interfaces) checkImplements(schema, definition, name);
  if (Kind === "ENUM") {
    if (EnumValues.length === 0) fail(`${Kind} ${Name}: must define one or more unique enum values.`, at);
    for (const value of EnumValues) {
      if (["true", "false", "null"].includes(value.Name)) fail(`${Kind} ${Name}: non-enum value ${value.Name}.`, at);
      checkDirectives(schema, value.Directives, "ENUM_VALUE");
    }
  } else if (["OBJECT", "INTERFACE", "INPUT_OBJECT"].includes(Kind) && Fields.length === 0) {
    fail(`${Kind} ${Name}: must define one or more ${Kind === "INPUT_OBJECT" ? "input " : ""}fields.`, at);
  }
  for (const { Name: twice, Position: there } of repeated(Fields)) {
    fail(`Field ${Name}.${twice} can only be defined once.`, there);
  }
  for (const { Name: twice, Position: there } of repeated(EnumValues)) {
    fail(`Enum value ${Name}.${twice} can only be defined once.`, there);
  }
  const [member] = repeated(Types.map((type) => ({ Name: type })));
  if (member !== undefined) fail(`Union type ${Name} can only include type ${member.Name} once.`, at);
  checkName(Name, at);
  // Together with those of extensions, which are places of their own: one may stand there more than once.
  checkDirectives(schema, Directives, Kind, { mayRepeat: true });
}

function repeated<Named extends { readonly Name: string }>(all: readonly Named[]): readonly Named[] {
  const seen = new Set<string>();
  return all.filter(({ Name }) => seen.size === seen.add(Name).size);
}

function checkField(schema: Schema, { Kind, Name }: Definition, field: FieldDefinition): void {
  const isInput = Kind === "INPUT_OBJECT";
  checkName(field.Name, field.Position);
  const { Kind: kind } = checkType(schema, field.Type);
  checkArguments(schema, field.Arguments, undefined);
  checkDirectives(schema, field.Directives, isInput ? "INPUT_FIELD_DEFINITION" : "FIELD_DEFINITION");
  if (isInput && !INPUT.includes(kind)) {
    fail(`${kind} ${field.Name}: field must be one of ${INPUT.join(", ")}.`, field.Position);
  }
  if ((Kind === "OBJECT" || Kind === "INTERFACE") && !OUTPUT.includes(kind)) {
    fail(`${Kind} ${Name}: field must be one of ${OUTPUT.join(", ")}.`, field.Position);
  }
}

function checkType(schema: Schema, type: Type | null): Definition {
  const name = namedType(type);
  return schema.types.get(name) ?? fail(`Undefined type ${name}.`, type?.Position ?? null);
}

/** `directive` is the one whose arguments they are: it must not stand on them. */
function checkArguments(schema: Schema, all: readonly ArgumentDefinition[], directive: string | undefined): void {
  for (const { Name, Type: type, Directives, Position: at } of all) {
    checkName(Name, at);
    const { Kind } = checkType(schema, type);
    if (!INPUT.includes(Kind)) {
      fail(`cannot use ${printType(type)} as argument ${Name} because ${Kind} is not a valid input type`, at);
    }
    checkDirectives(schema, Directives, "ARGUMENT_DEFINITION", { within: directive });
  }
}

type Where = { readonly within?: string | undefined; readonly mayRepeat?: boolean };

function checkDirectives(
  schema: Schema,
  all: readonly Directive[],
  location: string,
  { within, mayRepeat = false }: Where = {},
): void {
  const seen = new Set<string>();
  for (const { Name, Arguments, Position: at } of all) {
    checkName(Name, at);
    if (Name === within) fail(`Directive ${Name} cannot refer to itself.`, at);
    const definition = schema.directives.get(Name) ?? fail(`Undefined directive ${Name}.`, at);
    if (!mayRepeat && seen.has(Name) && !definition.IsRepeatable) {
      fail(`The directive ${Name} can only be used once at this location.`, at);
    }
    seen.add(Name);
    if (!definition.Locations.includes(location)) fail(`Directive ${Name} is not applicable on ${location}.`, at);
    for (const argument of Arguments) {
      if (!definition.Arguments.some((each) => each.Name === argument.Name)) {
        fail(`Undefined argument ${argument.Name} for directive ${Name}.`, argument.Position);
      }
    }
    for (const { Name: name, Type: type, DefaultValue } of definition.Arguments) {
      if (type?.NonNull !== true || DefaultValue !== null) continue;
      const value = Arguments.find((each) => each.Name === name)?.Value;
      if (value === undefined || value === null || VALUE_KINDS[value.Kind] === "null") {
        fail(`Argument ${name} for directive ${Name} cannot be null.`, at);
      }
    }
  }
}

function checkImplements(schema: Schema, definition: Definition, name: string): void {
  const { Name, Fields, Interfaces, Position: at } = definition;
  const parent = schema.types.get(name) ?? fail(`Undefined type "${name}".`, at);
  if (parent.Kind !== "INTERFACE") fail(`"${name}" is a non interface type ${parent.Kind}.`, at);
  for (const wanted of parent.Fields) {
    const head = `For ${Name} to implement ${name}`;
    const field =
      Fields.find((each) => each.Name === wanted.Name) ??
      fail(`${head} it must have a field called ${wanted.Name}.`, at);
    if (!isCovariant(schema, wanted.Type, field.Type)) {
      fail(`${head} the field ${wanted.Name} must have type ${printType(wanted.Type)}.`, field.Position);
    }
    checkSameArguments(head, wanted, field);
  }
  for (const above of parent.Interfaces) {
    if (Interfaces.includes(above)) continue;
    if (above === Name) fail(`Type ${Name} cannot implement ${name} because it would create a circular reference.`, at);
    fail(`Type ${Name} must implement ${above} because it is implemented by ${name}.`, at);
  }
}

function checkSameArguments(head: string, wanted: FieldDefinition, field: FieldDefinition): void {
  for (const argument of wanted.Arguments) {
    const same = `${head} the field ${wanted.Name} must have the same arguments but`;
    const found =
      field.Arguments.find(({ Name }) => Name === argument.Name) ??
      fail(`${same} it is missing ${argument.Name}.`, field.Position);
    if (!isCompatible(argument.Type, found.Type)) fail(`${same} ${argument.Name} has the wrong type.`, found.Position);
  }
  for (const { Name, Type: type, DefaultValue, Position: at } of field.Arguments) {
    if (type?.NonNull !== true || DefaultValue !== null) continue;
    if (!wanted.Arguments.some((each) => each.Name === Name)) {
      const rule = `any additional arguments on ${field.Name} must be optional or have a default value`;
      fail(`${head} ${rule} but ${Name} is required.`, at);
    }
  }
}

function isCovariant(schema: Schema, wanted: Type | null, given: Type | null): boolean {
  if (wanted === null || given === null) return wanted === given;
  if (wanted.NonNull && !given.NonNull) return false;
  if (wanted.NamedType !== "") {
    return wanted.NamedType === given.NamedType || schema.possible.get(wanted.NamedType)?.has(given.NamedType) === true;
  }
  return isCovariant(schema, wanted.Elem, given.Elem);
}

function isCompatible(wanted: Type | null, given: Type | null): boolean {
  if (wanted === null || given === null) return wanted === given;
  if (wanted.NamedType !== given.NamedType) return false;
  if (wanted.Elem !== null && !isCompatible(wanted.Elem, given.Elem)) return false;
  return !given.NonNull || wanted.NonNull;
}

/** An input object of which no value could ever be written. */
function checkInputCycle(
  schema: Schema,
  name: string,
  path: readonly (readonly [type: string, field: FieldDefinition])[],
) {
  const definition = schema.types.get(name);
  if (definition?.Kind !== "INPUT_OBJECT") return;
  const start = path.findIndex(([type]) => type === name);
  if (start === 0) {
    const names = path.map(([, field]) => field.Name).join(".");
    const how = `within itself through a series of non-null fields: "${names}"`;
    fail(`Cannot reference Input Object "${name}" ${how}.`, path[0]?.[1].Position ?? null);
  }
  if (start > 0) return; // a cycle beside the way here: found where it begins
  for (const field of definition.Fields) {
    if (field.Type?.NonNull !== true || field.Type.NamedType === "") continue;
    checkInputCycle(schema, field.Type.NamedType, [...path, [name, field]]);
  }
}
