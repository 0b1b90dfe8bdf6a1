/**
 * The trees of GraphQL documents as gqlparser (Go) has them and OPA shows them: fields by their
 * names there, each always present, `null` where there is nothing.
 */
export type Position = { readonly Line: number; readonly Column: number } | null;
export type Comments = { readonly List: readonly { readonly Value: string }[] } | null;

type Placed = { readonly Position: Position };
type Commented = Placed & { readonly Comment: Comments };

export type QueryDocument = {
  readonly Operations: readonly OperationDefinition[];
  readonly Fragments: readonly FragmentDefinition[];
  readonly Comment: Comments;
};
export type OperationDefinition = Commented & {
  readonly Operation: string;
  readonly Name: string;
  readonly VariableDefinitions: readonly VariableDefinition[];
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type FragmentDefinition = Commented & {
  readonly Name: string;
  readonly VariableDefinition: readonly VariableDefinition[];
  readonly TypeCondition: string;
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type VariableDefinition = Commented & {
  readonly Variable: string;
  readonly Type: Type | null;
  readonly DefaultValue: Value | null;
  readonly Directives: readonly Directive[];
  readonly Used: boolean;
};
export type Selection = Field | FragmentSpread | InlineFragment;
export type Field = Commented & {
  readonly Alias: string;
  readonly Name: string;
  readonly Arguments: readonly Argument[];
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type FragmentSpread = Commented & { readonly Name: string; readonly Directives: readonly Directive[] };
export type InlineFragment = Commented & {
  readonly TypeCondition: string;
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type Argument = Commented & { readonly Name: string; readonly Value: Value | null };
export type Directive = Placed & {
  readonly Name: string;
  readonly Arguments: readonly Argument[];
  readonly Location: string;
};
export type Type = Placed & { readonly NamedType: string; readonly Elem: Type | null; readonly NonNull: boolean };

/** By gqlparser's numbers. */
export const VALUE_KINDS = [
  "variable",
  "int",
  "float",
  "string",
  "block",
  "boolean",
  "null",
  "enum",
  "list",
  "object",
] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

export type Value = Commented & {
  readonly Raw: string;
  readonly Children: readonly ChildValue[];
  readonly Kind: number;
  readonly ExpectedTypeHasDefault: boolean;
};
export type ChildValue = Commented & { readonly Name: string; readonly Value: Value | null };

export type SchemaDocument = {
  readonly Schema: readonly SchemaDefinition[];
  readonly SchemaExtension: readonly SchemaDefinition[];
  readonly Directives: readonly DirectiveDefinition[];
  readonly Definitions: readonly Definition[];
  readonly Extensions: readonly Definition[];
  readonly Comment: Comments;
};
type Described = Placed & {
  readonly Description: string;
  readonly BeforeDescriptionComment: Comments;
  readonly AfterDescriptionComment: Comments;
};
export type SchemaDefinition = Described & {
  readonly Directives: readonly Directive[];
  readonly OperationTypes: readonly OperationTypeDefinition[];
  readonly EndOfDefinitionComment: Comments;
};
export type OperationTypeDefinition = Commented & { readonly Operation: string; readonly Type: string };
export type Definition = Described & {
  readonly Kind: string;
  readonly Name: string;
  readonly Directives: readonly Directive[];
  readonly Interfaces: readonly string[];
  readonly Fields: readonly FieldDefinition[];
  readonly Types: readonly string[];
  readonly EnumValues: readonly EnumValueDefinition[];
  readonly BuiltIn: boolean;
  readonly EndOfDefinitionComment: Comments;
};
export type FieldDefinition = Described & {
  readonly Name: string;
  readonly Arguments: readonly ArgumentDefinition[];
  readonly DefaultValue: Value | null;
  readonly Type: Type | null;
  readonly Directives: readonly Directive[];
};
export type ArgumentDefinition = Described & {
  readonly Name: string;
  readonly DefaultValue: Value | null;
  readonly Type: Type | null;
  readonly Directives: readonly Directive[];
};
export type EnumValueDefinition = Described & { readonly Name: string; readonly Directives: readonly Directive[] };
export type DirectiveDefinition = Described & {
  readonly Name: string;
  readonly Arguments: readonly ArgumentDefinition[];
  readonly Locations: readonly string[];
  readonly IsRepeatable: boolean;
};

/** As OPA shows a tree: without places, and without what is null or empty. */
export function pruned(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(pruned).filter(isKept);
  if (typeof node !== "object" || node === null) return node;
  const fields = Object.entries(node).flatMap(([name, field]) => (name === "Position" ? [] : [[name, pruned(field)]]));
  return Object.fromEntries(fields.filter(([, field]) => isKept(field)));
}

function isKept(node: unknown): boolean {
  return node !== null && (typeof node !== "object" || Object.keys(node).length > 0);
}

/** `[Name!]!`, as written. */
export function printType(type: Type | null): string {
  if (type === null) return "";
  const inner = type.NamedType === "" ? `[${printType(type.Elem)}]` : type.NamedType;
  return type.NonNull ? `${inner}!` : inner;
}

/** The name within all lists. */
export function namedType(type: Type | null): string {
  if (type === null) return "";
  return type.NamedType === "" ? namedType(type.Elem) : type.NamedType;
}
