/** Trees that a policy gives back, as Go's encoding/json reads them into gqlparser's structs. */
import { numberOf } from "../../exact-json.ts";
import { isJsonObject } from "../json-text.ts";
import type { QueryDocument, SchemaDocument } from "./tree.ts";

type FieldShape =
  | "string"
  | "strings"
  | "boolean"
  | "number"
  | { readonly one: ShapeName }
  | { readonly list: ShapeName };

const list = (name: ShapeName): FieldShape => ({ list: name });
const one = (name: ShapeName): FieldShape => ({ one: name });

const DESCRIBED: Readonly<Record<string, FieldShape>> = {
  Description: "string",
  BeforeDescriptionComment: { one: "CommentGroup" },
  AfterDescriptionComment: { one: "CommentGroup" },
};

/** Of definitions, fragments and fields the comments are not read; every selection is read as a field. */
const SHAPES = {
  QueryDocument: { Operations: list("Operation"), Fragments: list("Fragment"), Comment: one("CommentGroup") },
  Operation: {
    Operation: "string",
    Name: "string",
    VariableDefinitions: list("Variable"),
    Directives: list("Directive"),
    SelectionSet: list("Field"),
  },
  Fragment: {
    Name: "string",
    VariableDefinition: list("Variable"),
    TypeCondition: "string",
    Directives: list("Directive"),
    SelectionSet: list("Field"),
  },
  Variable: {
    Variable: "string",
    Type: one("Type"),
    DefaultValue: one("Value"),
    Directives: list("Directive"),
    Used: "boolean",
    Comment: one("CommentGroup"),
  },
  Field: {
    Alias: "string",
    Name: "string",
    Arguments: list("Argument"),
    Directives: list("Directive"),
    SelectionSet: list("Field"),
  },
  Argument: { Name: "string", Value: one("Value"), Comment: one("CommentGroup") },
  Directive: { Name: "string", Arguments: list("Argument"), Location: "string" },
  Type: { NamedType: "string", Elem: one("Type"), NonNull: "boolean" },
  Value: {
    Raw: "string",
    Children: list("Child"),
    Kind: "number",
    ExpectedTypeHasDefault: "boolean",
    Comment: one("CommentGroup"),
  },
  Child: { Name: "string", Value: one("Value"), Comment: one("CommentGroup") },
  CommentGroup: { List: list("Comment") },
  Comment: { Value: "string" },
  SchemaDocument: {
    Schema: list("Schema"),
    SchemaExtension: list("Schema"),
    Directives: list("DirectiveDefinition"),
    Definitions: list("Definition"),
    Extensions: list("Definition"),
    Comment: one("CommentGroup"),
  },
  Schema: {
    ...DESCRIBED,
    Directives: list("Directive"),
    OperationTypes: list("OperationType"),
    EndOfDefinitionComment: one("CommentGroup"),
  },
  OperationType: { Operation: "string", Type: "string", Comment: one("CommentGroup") },
  Definition: {
    ...DESCRIBED,
    Kind: "string",
    Name: "string",
    Directives: list("Directive"),
    Interfaces: "strings",
    Fields: list("FieldDefinition"),
    Types: "strings",
    EnumValues: list("EnumValue"),
    BuiltIn: "boolean",
    EndOfDefinitionComment: one("CommentGroup"),
  },
  FieldDefinition: {
    ...DESCRIBED,
    Name: "string",
    Arguments: list("ArgumentDefinition"),
    DefaultValue: one("Value"),
    Type: one("Type"),
    Directives: list("Directive"),
  },
  ArgumentDefinition: {
    ...DESCRIBED,
    Name: "string",
    DefaultValue: one("Value"),
    Type: one("Type"),
    Directives: list("Directive"),
  },
  EnumValue: { ...DESCRIBED, Name: "string", Directives: list("Directive") },
  DirectiveDefinition: {
    ...DESCRIBED,
    Name: "string",
    Arguments: list("ArgumentDefinition"),
    Locations: "strings",
    IsRepeatable: "boolean",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FieldShape>>>>;

type ShapeName = string;

/** Throws where a field has another type; what is missing or null is as if nobody had written it. */
export function decodeQuery(value: unknown): QueryDocument {
  return decode("QueryDocument", value) as QueryDocument;
}

export function decodeSchema(value: unknown): SchemaDocument {
  return decode("SchemaDocument", value) as SchemaDocument;
}

function decode(name: ShapeName, value: unknown): object {
  if (!isJsonObject(value)) throw new Error(`json: cannot read ${name} of a GraphQL tree`);
  const shape: Readonly<Record<string, FieldShape>> = SHAPES[name as keyof typeof SHAPES];
  const fields = Object.entries(shape).map(([field, kind]) => [
    field,
    decodeField(`${name}.${field}`, kind, value[field]),
  ]);
  return { Comment: null, Position: null, ...Object.fromEntries(fields) };
}

function decodeField(path: string, kind: FieldShape, value: unknown): unknown {
  const isAbsent = value === undefined || value === null;
  if (typeof kind === "object") {
    if ("one" in kind) return isAbsent ? null : decode(kind.one, value);
    return decodeList(path, value).map((item) => decode(kind.list, item));
  }
  switch (kind) {
    case "string":
      return decodeScalar(path, kind, isAbsent ? "" : value);
    case "boolean":
      return decodeScalar(path, kind, isAbsent ? false : value);
    case "number":
      return decodeScalar(path, kind, isAbsent ? 0 : numberOf(value));
    case "strings":
      return decodeList(path, value).map((item) => decodeScalar(path, "string", item));
  }
}

function decodeList(path: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`json: cannot read ${path} of a GraphQL tree: it is no array`);
  return value.filter((item) => item !== null);
}

function decodeScalar(path: string, kind: "string" | "boolean" | "number", value: unknown): unknown {
  if (typeof value !== kind) throw new Error(`json: cannot read ${path} of a GraphQL tree: it is no ${kind}`);
  return value;
}
