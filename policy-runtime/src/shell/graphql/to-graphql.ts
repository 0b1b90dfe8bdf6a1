/** gqlparser's trees as the nodes of the npm package `graphql`, which judges queries by them. */
import {
  type ASTNode,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  Kind,
  type NameNode,
  type ObjectFieldNode,
  type OperationTypeNode,
  type TypeNode,
  type ValueNode,
} from "graphql";
import type { Schema } from "./schema.ts";
import {
  type Argument,
  type ArgumentDefinition,
  type Definition,
  type Directive,
  type DirectiveDefinition,
  type FieldDefinition,
  type Position,
  type QueryDocument,
  type Selection,
  type Type,
  VALUE_KINDS,
  type Value,
  type VariableDefinition,
} from "./tree.ts";

/** Where each node came from: the package's own locations need its own tokens. */
export type Places = WeakMap<ASTNode, Position>;

type Make = <Node extends object>(node: Node, at: Position) => Node;

export function toDocument({ Operations, Fragments }: QueryDocument): {
  readonly document: DocumentNode;
  readonly places: Places;
} {
  const places: Places = new WeakMap();
  const make: Make = (node, at) => {
    places.set(node as unknown as ASTNode, at);
    return node;
  };
  const definitions = [
    ...Operations.map((each) =>
      make(
        {
          kind: Kind.OPERATION_DEFINITION,
          operation: (each.Operation === "" ? "query" : each.Operation) as OperationTypeNode,
          ...(each.Name === "" ? {} : { name: nameOf(each.Name) }),
          variableDefinitions: each.VariableDefinitions.map((variable) => variableOf(variable, make)),
          directives: directivesOf(each.Directives, make),
          selectionSet: selectionSetOf(each.SelectionSet, make),
        },
        each.Position,
      ),
    ),
    ...Fragments.map((each) =>
      make(
        {
          kind: Kind.FRAGMENT_DEFINITION,
          name: nameOf(each.Name),
          variableDefinitions: each.VariableDefinition.map((variable) => variableOf(variable, make)),
          typeCondition: named(each.TypeCondition),
          directives: directivesOf(each.Directives, make),
          selectionSet: selectionSetOf(each.SelectionSet, make),
        },
        each.Position,
      ),
    ),
  ];
  return { document: { kind: Kind.DOCUMENT, definitions: definitions as unknown as DefinitionNode[] }, places };
}

function nameOf(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

function named(name: string) {
  return { kind: Kind.NAMED_TYPE, name: nameOf(name) } as const;
}

function typeOf(type: Type | null, make: Make): TypeNode {
  if (type === null) return named("");
  const inner =
    type.NamedType === ""
      ? ({ kind: Kind.LIST_TYPE, type: typeOf(type.Elem, make) } as const)
      : make(named(type.NamedType), type.Position);
  return type.NonNull ? { kind: Kind.NON_NULL_TYPE, type: inner } : inner;
}

function variableOf({ Variable, Type: type, DefaultValue, Directives, Position: at }: VariableDefinition, make: Make) {
  return make(
    {
      kind: Kind.VARIABLE_DEFINITION,
      variable: make({ kind: Kind.VARIABLE, name: nameOf(Variable) }, at),
      type: typeOf(type, make),
      ...(DefaultValue === null ? {} : { defaultValue: valueNodeOf(DefaultValue, make) }),
      directives: directivesOf(Directives, make),
    },
    at,
  );
}

function selectionSetOf(selections: readonly Selection[], make: Make) {
  return { kind: Kind.SELECTION_SET, selections: selections.map((each) => selectionOf(each, make)) } as const;
}

function selectionOf(selection: Selection, make: Make): object {
  const directives = directivesOf(selection.Directives, make);
  if ("TypeCondition" in selection) {
    const { TypeCondition, SelectionSet } = selection;
    return make(
      {
        kind: Kind.INLINE_FRAGMENT,
        ...(TypeCondition === "" ? {} : { typeCondition: named(TypeCondition) }),
        directives,
        selectionSet: selectionSetOf(SelectionSet, make),
      },
      selection.Position,
    );
  }
  if (!("Alias" in selection)) {
    return make({ kind: Kind.FRAGMENT_SPREAD, name: nameOf(selection.Name), directives }, selection.Position);
  }
  const { Alias, Name, Arguments, SelectionSet } = selection;
  return make(
    {
      kind: Kind.FIELD,
      ...(Alias === Name ? {} : { alias: nameOf(Alias) }),
      name: nameOf(Name),
      arguments: argumentsOf(Arguments, make),
      directives,
      ...(SelectionSet.length === 0 ? {} : { selectionSet: selectionSetOf(SelectionSet, make) }),
    },
    selection.Position,
  );
}

function argumentsOf(all: readonly Argument[], make: Make) {
  return all.map(({ Name, Value: value, Position: at }) =>
    make({ kind: Kind.ARGUMENT, name: nameOf(Name), value: valueNodeOf(value, make) }, at),
  );
}

function directivesOf(all: readonly Directive[], make: Make): readonly ConstDirectiveNode[] {
  return all.map(({ Name, Arguments, Position: at }) =>
    make({ kind: Kind.DIRECTIVE, name: nameOf(Name), arguments: argumentsOf(Arguments, make) }, at),
  ) as unknown as readonly ConstDirectiveNode[];
}

function valueNodeOf(value: Value | null, make: Make): ValueNode {
  if (value === null) return { kind: Kind.NULL };
  const { Raw, Children, Position: at } = value;
  const children = () => Children.map((child) => valueNodeOf(child.Value, make));
  switch (VALUE_KINDS[value.Kind]) {
    case "variable":
      return make({ kind: Kind.VARIABLE, name: nameOf(Raw) }, at);
    case "int":
      return make({ kind: Kind.INT, value: Raw }, at);
    case "float":
      return make({ kind: Kind.FLOAT, value: Raw }, at);
    case "string":
      return make({ kind: Kind.STRING, value: Raw }, at);
    case "block":
      return make({ kind: Kind.STRING, value: Raw, block: true }, at);
    case "boolean":
      return make({ kind: Kind.BOOLEAN, value: Raw === "true" }, at);
    case "null":
      return make({ kind: Kind.NULL }, at);
    case "enum":
      return make({ kind: Kind.ENUM, value: Raw }, at);
    case "list":
      return make({ kind: Kind.LIST, values: children() }, at);
    case "object": {
      const fields = Children.map((child) =>
        make(
          { kind: Kind.OBJECT_FIELD, name: nameOf(child.Name), value: valueNodeOf(child.Value, make) },
          child.Position,
        ),
      );
      return make({ kind: Kind.OBJECT, fields: fields as ObjectFieldNode[] }, at);
    }
    default:
      throw new Error(`a GraphQL value has no kind ${value.Kind}`);
  }
}

const PLAIN: Make = (node) => node;

/** The schema's definitions, its roots said; what the package has of its own is left out. */
export function toSchemaDocument({ types, builtIn, directives, roots }: Schema): DocumentNode {
  const written = [...types.values()].filter(({ Name }) => !builtIn.has(Name));
  const operationTypes = [...roots].map(([operation, type]) => ({
    kind: Kind.OPERATION_TYPE_DEFINITION,
    operation,
    type: named(type),
  }));
  const definitions = [
    { kind: Kind.SCHEMA_DEFINITION, directives: [], operationTypes },
    ...written.map(definitionOf),
    ...[...directives.values()].map(directiveDefinitionOf),
  ];
  return { kind: Kind.DOCUMENT, definitions: definitions as unknown as DefinitionNode[] };
}

const DEFINITIONS: Readonly<Record<string, Kind>> = {
  SCALAR: Kind.SCALAR_TYPE_DEFINITION,
  OBJECT: Kind.OBJECT_TYPE_DEFINITION,
  INTERFACE: Kind.INTERFACE_TYPE_DEFINITION,
  UNION: Kind.UNION_TYPE_DEFINITION,
  ENUM: Kind.ENUM_TYPE_DEFINITION,
  INPUT_OBJECT: Kind.INPUT_OBJECT_TYPE_DEFINITION,
};

function definitionOf({ Kind: kind, Name, Interfaces, Fields, Types, EnumValues, Directives }: Definition) {
  return {
    kind: DEFINITIONS[kind],
    name: nameOf(Name),
    directives: directivesOf(Directives, PLAIN),
    interfaces: Interfaces.map(named),
    fields: kind === "INPUT_OBJECT" ? Fields.map(inputOf) : Fields.map(fieldOf),
    types: Types.map(named),
    values: EnumValues.map((value) => ({
      kind: Kind.ENUM_VALUE_DEFINITION,
      name: nameOf(value.Name),
      directives: directivesOf(value.Directives, PLAIN),
    })),
  };
}

function fieldOf({ Name, Arguments, Type: type, Directives }: FieldDefinition) {
  return {
    kind: Kind.FIELD_DEFINITION,
    name: nameOf(Name),
    arguments: Arguments.map(inputOf),
    type: typeOf(type, PLAIN),
    directives: directivesOf(Directives, PLAIN),
  };
}

function inputOf({ Name, Type: type, DefaultValue, Directives }: ArgumentDefinition) {
  return {
    kind: Kind.INPUT_VALUE_DEFINITION,
    name: nameOf(Name),
    type: typeOf(type, PLAIN),
    ...(DefaultValue === null ? {} : { defaultValue: valueNodeOf(DefaultValue, PLAIN) }),
    directives: directivesOf(Directives, PLAIN),
  };
}

function directiveDefinitionOf({ Name, Arguments, IsRepeatable, Locations }: DirectiveDefinition) {
  return {
    kind: Kind.DIRECTIVE_DEFINITION,
    name: nameOf(Name),
    arguments: Arguments.map(inputOf),
    repeatable: IsRepeatable,
    locations: Locations.map(nameOf),
  };
}
