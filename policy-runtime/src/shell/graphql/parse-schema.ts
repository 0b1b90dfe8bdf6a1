/** GraphQL documents that define schemas. Throws GraphqlError. */
import { parseDirectives, parseOperationType, parseType, parseValue } from "./parse-query.ts";
import { TokenStream } from "./token-stream.ts";
import type {
  ArgumentDefinition,
  Comments,
  Definition,
  DirectiveDefinition,
  EnumValueDefinition,
  FieldDefinition,
  OperationTypeDefinition,
  SchemaDefinition,
  SchemaDocument,
} from "./tree.ts";

type Description = { readonly text: string; readonly comment: Comments };
const NONE: Description = { text: "", comment: null };

export function parseSchema(text: string): SchemaDocument {
  const stream = new TokenStream(text);
  const Schema: SchemaDefinition[] = [];
  const SchemaExtension: SchemaDefinition[] = [];
  const Directives: DirectiveDefinition[] = [];
  const Definitions: Definition[] = [];
  const Extensions: Definition[] = [];
  while (!stream.is("<EOF>")) {
    const description = parseDescription(stream);
    if (!stream.is("Name")) stream.unexpected();
    const { value } = stream.peek();
    if (Object.hasOwn(KINDS, value)) {
      const comment = stream.word(value);
      Definitions.push(parseDefinition(stream, KINDS[value as Word], { description, comment, isExtension: false }));
    } else if (value === "schema") Schema.push(parseSchemaDefinition(stream, description));
    else if (value === "directive") Directives.push(parseDirectiveDefinition(stream, description));
    else if (value !== "extend") stream.unexpected();
    else if (description.text !== "") stream.unexpected(stream.before);
    else {
      const comment = stream.word("extend");
      const word = stream.peek().value;
      if (word === "schema") SchemaExtension.push(parseSchemaExtension(stream, comment));
      else if (!Object.hasOwn(KINDS, word)) stream.unexpected();
      else {
        stream.word(word);
        Extensions.push(
          parseDefinition(stream, KINDS[word as Word], { description: NONE, comment, isExtension: true }),
        );
      }
    }
  }
  return { Schema, SchemaExtension, Directives, Definitions, Extensions, Comment: stream.comment };
}

const KINDS = {
  scalar: "SCALAR",
  type: "OBJECT",
  interface: "INTERFACE",
  union: "UNION",
  enum: "ENUM",
  input: "INPUT_OBJECT",
} as const;
type Word = keyof typeof KINDS;
type Kind = (typeof KINDS)[Word];

function parseDescription(stream: TokenStream): Description {
  if (!stream.is("String") && !stream.is("BlockString")) return NONE;
  const { comment } = stream;
  return { text: stream.next().value, comment };
}

type Head = { readonly description: Description; readonly comment: Comments; readonly isExtension: boolean };

function parseDefinition(stream: TokenStream, kind: Kind, { description, comment, isExtension }: Head): Definition {
  const Position = stream.position();
  const Name = stream.name();
  const hasInterfaces = kind === "OBJECT" || (kind === "INTERFACE" && !isExtension);
  const Interfaces = hasInterfaces ? parseImplements(stream) : [];
  const Directives = parseDirectives(stream, kind === "INPUT_OBJECT" && isExtension ? "any" : "constant");
  const parseMember = kind === "INPUT_OBJECT" ? parseInputField : parseFieldDefinition;
  const hasFields = kind === "OBJECT" || kind === "INTERFACE" || kind === "INPUT_OBJECT";
  const fields = hasFields ? stream.some("{", "}", () => parseMember(stream)) : undefined;
  const Types = kind === "UNION" && stream.skip("=") ? parseNames(stream, "|") : [];
  const values = kind === "ENUM" ? stream.some("{", "}", () => parseEnumValue(stream)) : undefined;
  const Fields = fields?.things ?? [];
  const EnumValues = values?.things ?? [];
  if (isExtension && [Interfaces, Directives, Fields, Types, EnumValues].every(({ length }) => length === 0)) {
    stream.unexpected();
  }
  return {
    Kind: kind,
    Name,
    Directives,
    Interfaces,
    Fields,
    Types,
    EnumValues,
    BuiltIn: false,
    EndOfDefinitionComment: fields?.comment ?? values?.comment ?? null,
    ...describedBy(description, comment),
    Position,
  };
}

function describedBy({ text, comment }: Description, after: Comments) {
  return { Description: text, BeforeDescriptionComment: comment, AfterDescriptionComment: after };
}

function parseImplements(stream: TokenStream): readonly string[] {
  if (stream.peek().value !== "implements") return [];
  stream.next();
  return parseNames(stream, "&");
}

/** Names with a separator between, which may stand before the first, too. */
function parseNames(stream: TokenStream, separator: "&" | "|"): readonly string[] {
  stream.skip(separator);
  const names = [stream.name()];
  while (stream.skip(separator)) names.push(stream.name());
  return names;
}

/** What all members of a definition begin with; an empty description is none. */
function parseMemberHead(stream: TokenStream) {
  const written = parseDescription(stream);
  const Position = stream.position();
  const head = describedBy(written.text === "" ? NONE : written, stream.comment);
  return { ...head, Position, Name: stream.name() };
}

function parseFieldDefinition(stream: TokenStream): FieldDefinition {
  const head = parseMemberHead(stream);
  const Arguments = stream.some("(", ")", () => parseArgumentDefinition(stream)).things;
  stream.expect(":");
  const Type = parseType(stream);
  return { ...head, Arguments, DefaultValue: null, Type, Directives: parseDirectives(stream, "constant") };
}

function parseInputField(stream: TokenStream): FieldDefinition {
  return { ...parseArgumentDefinition(stream), Arguments: [] };
}

function parseArgumentDefinition(stream: TokenStream): ArgumentDefinition {
  const head = parseMemberHead(stream);
  stream.expect(":");
  const Type = parseType(stream);
  const DefaultValue = stream.skip("=") ? parseValue(stream, "constant") : null;
  return { ...head, DefaultValue, Type, Directives: parseDirectives(stream, "constant") };
}

function parseEnumValue(stream: TokenStream): EnumValueDefinition {
  const head = parseMemberHead(stream);
  return { ...head, Directives: parseDirectives(stream, "constant") };
}

function parseSchemaDefinition(stream: TokenStream, description: Description): SchemaDefinition {
  const comment = stream.word("schema");
  return { ...parseSchemaParts(stream), ...describedBy(description, comment) };
}

function parseSchemaExtension(stream: TokenStream, comment: Comments): SchemaDefinition {
  stream.word("schema");
  const parts = parseSchemaParts(stream);
  if (parts.Directives.length === 0 && parts.OperationTypes.length === 0) stream.unexpected();
  return { ...parts, ...describedBy(NONE, comment) };
}

function parseSchemaParts(stream: TokenStream) {
  const Position = stream.position();
  const Directives = parseDirectives(stream, "constant");
  const { things, comment } = stream.some("{", "}", (): OperationTypeDefinition => {
    const at = { Position: stream.position(), Comment: stream.comment };
    const Operation = parseOperationType(stream);
    stream.expect(":");
    return { Operation, Type: stream.name(), ...at };
  });
  return { Directives, OperationTypes: things, EndOfDefinitionComment: comment, Position };
}

const LOCATIONS: ReadonlySet<string> = new Set([
  ...["QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
  ...["VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE"],
  ...["UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"],
]);

function parseDirectiveDefinition(stream: TokenStream, description: Description): DirectiveDefinition {
  const comment = stream.word("directive");
  stream.expect("@");
  const Position = stream.position();
  const Name = stream.name();
  const Arguments = stream.some("(", ")", () => parseArgumentDefinition(stream)).things;
  const IsRepeatable = stream.isWord("repeatable");
  if (IsRepeatable) stream.next();
  stream.word("on");
  stream.skip("|");
  const Locations = [parseLocation(stream)];
  while (stream.skip("|")) Locations.push(parseLocation(stream));
  return { Name, Arguments, Locations, IsRepeatable, ...describedBy(description, comment), Position };
}

function parseLocation(stream: TokenStream): string {
  const token = stream.peek();
  const name = stream.name();
  return LOCATIONS.has(name) ? name : stream.unexpected(token);
}
