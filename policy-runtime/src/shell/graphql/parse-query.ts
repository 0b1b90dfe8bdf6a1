/** Executable GraphQL documents, and the parts that schemas share with them. Throws GraphqlError. */
import { TokenStream } from "./token-stream.ts";
import {
  type Argument,
  type ChildValue,
  type Directive,
  type Field,
  type FragmentDefinition,
  type OperationDefinition,
  type QueryDocument,
  type Selection,
  type Type,
  VALUE_KINDS,
  type Value,
  type ValueKind,
  type VariableDefinition,
} from "./tree.ts";

export function parseQuery(text: string): QueryDocument {
  const stream = new TokenStream(text);
  const Operations: OperationDefinition[] = [];
  const Fragments: FragmentDefinition[] = [];
  while (!stream.is("<EOF>")) {
    if (stream.isWord("fragment")) Fragments.push(parseFragmentDefinition(stream));
    else if (stream.is("{") || OPERATIONS.some((word) => stream.isWord(word))) Operations.push(parseOperation(stream));
    else stream.unexpected();
  }
  return { Operations, Fragments, Comment: null };
}

const OPERATIONS = ["query", "mutation", "subscription"];

export function parseOperationType(stream: TokenStream): string {
  const token = stream.next();
  return OPERATIONS.includes(token.value) ? token.value : stream.unexpected(token);
}

function parseOperation(stream: TokenStream): OperationDefinition {
  const Position = stream.position();
  if (stream.is("{")) {
    const SelectionSet = parseSelectionSet(stream);
    return {
      Operation: "query",
      Name: "",
      VariableDefinitions: [],
      Directives: [],
      SelectionSet,
      Position,
      Comment: stream.comment,
    };
  }
  const Comment = stream.comment;
  const Operation = parseOperationType(stream);
  const Name = stream.is("Name") ? stream.name() : "";
  const VariableDefinitions = parseVariables(stream);
  const Directives = parseDirectives(stream, "any");
  return {
    Operation,
    Name,
    VariableDefinitions,
    Directives,
    SelectionSet: parseSelectionSet(stream),
    Position,
    Comment,
  };
}

function parseFragmentDefinition(stream: TokenStream): FragmentDefinition {
  const Position = stream.position();
  const Comment = stream.comment;
  stream.word("fragment");
  const Name = parseFragmentName(stream);
  const variables = parseVariables(stream);
  stream.word("on");
  const TypeCondition = stream.name();
  const Directives = parseDirectives(stream, "any");
  const SelectionSet = parseSelectionSet(stream);
  return { Name, VariableDefinition: variables, TypeCondition, Directives, SelectionSet, Position, Comment };
}

function parseFragmentName(stream: TokenStream): string {
  if (stream.peek().value === "on") stream.unexpected();
  return stream.name();
}

function parseVariables(stream: TokenStream): readonly VariableDefinition[] {
  return stream.some("(", ")", () => {
    const Position = stream.position();
    const Comment = stream.comment;
    const Variable = parseVariable(stream);
    stream.expect(":");
    const Type = parseType(stream);
    const DefaultValue = stream.skip("=") ? parseValue(stream, "constant") : null;
    return { Variable, Type, DefaultValue, Directives: parseDirectives(stream, "any"), Used: false, Position, Comment };
  }).things;
}

function parseVariable(stream: TokenStream): string {
  stream.expect("$");
  return stream.name();
}

function parseSelectionSet(stream: TokenStream): readonly Selection[] {
  if (!stream.is("{")) stream.expect("{");
  return stream.some("{", "}", () => (stream.is("...") ? parseSpread(stream) : parseField(stream))).things;
}

function parseField(stream: TokenStream): Field {
  const Position = stream.position();
  const Comment = stream.comment;
  const Alias = stream.name();
  const Name = stream.skip(":") ? stream.name() : Alias;
  const Arguments = parseArguments(stream, "any");
  const Directives = parseDirectives(stream, "any");
  const SelectionSet = stream.is("{") ? parseSelectionSet(stream) : [];
  return { Alias, Name, Arguments, Directives, SelectionSet, Position, Comment };
}

function parseSpread(stream: TokenStream): Selection {
  const { comment: Comment } = stream.expect("...");
  const Position = stream.position();
  if (stream.is("Name") && !stream.isWord("on")) {
    const Name = parseFragmentName(stream);
    return { Name, Directives: parseDirectives(stream, "any"), Position, Comment };
  }
  let TypeCondition = "";
  if (stream.peek().value === "on") {
    stream.next();
    TypeCondition = stream.name();
  }
  const Directives = parseDirectives(stream, "any");
  return { TypeCondition, Directives, SelectionSet: parseSelectionSet(stream), Position, Comment };
}

/** Whether variables may stand in values. */
export type Constancy = "any" | "constant";

function parseArguments(stream: TokenStream, constancy: Constancy): readonly Argument[] {
  return stream.some("(", ")", () => {
    const Position = stream.position();
    const Comment = stream.comment;
    const Name = stream.name();
    stream.expect(":");
    return { Name, Value: parseValue(stream, constancy), Position, Comment };
  }).things;
}

export function parseDirectives(stream: TokenStream, constancy: Constancy): readonly Directive[] {
  const directives: Directive[] = [];
  while (stream.skip("@")) {
    const Position = stream.position();
    const Name = stream.name();
    directives.push({ Name, Arguments: parseArguments(stream, constancy), Location: "", Position });
  }
  return directives;
}

export function parseType(stream: TokenStream): Type {
  if (!stream.skip("[")) {
    const Position = stream.position();
    const NamedType = stream.name();
    return { NamedType, Elem: null, NonNull: stream.skip("!"), Position };
  }
  const Position = stream.position();
  const Elem = stream.deeper(() => parseType(stream));
  stream.expect("]");
  return { NamedType: "", Elem, NonNull: stream.skip("!"), Position };
}

export function parseValue(stream: TokenStream, constancy: Constancy): Value {
  const Position = stream.position();
  const Comment = stream.comment;
  const make = (kind: ValueKind, Raw: string, Children: readonly ChildValue[] = []): Value => ({
    Raw,
    Children,
    Kind: VALUE_KINDS.indexOf(kind),
    ExpectedTypeHasDefault: false,
    Position,
    Comment,
  });
  const { kind, value } = stream.peek();
  switch (kind) {
    case "[": {
      const item = () => ({ Name: "", Value: parseValue(stream, constancy), Position: null, Comment: null });
      return make("list", "", stream.many("[", "]", item));
    }
    case "{":
      return make(
        "object",
        "",
        stream.many("{", "}", () => parseObjectField(stream, constancy)),
      );
    case "$":
      if (constancy === "constant") stream.unexpected();
      return { ...make("variable", parseVariable(stream)), Comment: stream.comment };
    case "Int":
    case "Float":
    case "String":
    case "BlockString":
    case "Name":
      stream.next();
      return { ...make(kindOf(kind, value), value), Comment: stream.comment };
    default:
      return stream.unexpected();
  }
}

function kindOf(kind: "Int" | "Float" | "String" | "BlockString" | "Name", value: string): ValueKind {
  if (kind !== "Name") return ({ Int: "int", Float: "float", String: "string", BlockString: "block" } as const)[kind];
  if (value === "true" || value === "false") return "boolean";
  return value === "null" ? "null" : "enum";
}

function parseObjectField(stream: TokenStream, constancy: Constancy): ChildValue {
  const Position = stream.position();
  const Comment = stream.comment;
  const Name = stream.name();
  stream.expect(":");
  return { Name, Value: parseValue(stream, constancy), Position, Comment };
}
