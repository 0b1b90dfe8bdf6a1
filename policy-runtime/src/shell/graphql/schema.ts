/** A schema as its documents together say it: extensions merged into what they extend, roots found. */
import { prelude } from "./prelude.ts";
import type {
  Definition,
  Directive,
  DirectiveDefinition,
  OperationTypeDefinition,
  Position,
  SchemaDefinition,
  SchemaDocument,
} from "./tree.ts";

export type Schema = {
  readonly types: ReadonlyMap<string, Definition>;
  /** Names of the types that no document has to define. */
  readonly builtIn: ReadonlySet<string>;
  readonly directives: ReadonlyMap<string, DirectiveDefinition>;
  /** What may stand where a union or an interface is asked for, by its name. */
  readonly possible: ReadonlyMap<string, ReadonlySet<string>>;
  /** Types by operation. */
  readonly roots: ReadonlyMap<string, string>;
  readonly schemaDirectives: readonly (readonly Directive[])[];
};

export class SchemaError extends Error {
  override readonly name = "SchemaError";

  constructor(message: string, at: Position) {
    const place = at === null ? "" : `:${at.Line}:${at.Column}`;
    super(`Error in gqlparser SchemaDocument to Schema conversion: input${place}: ${message}`);
  }
}

/** Throws SchemaError where the parts do not go together. */
export function mergeSchema(document: SchemaDocument): Schema {
  const own = prelude();
  const types = mergeTypes([...own.Definitions, ...document.Definitions], document.Extensions);
  return {
    types,
    builtIn: new Set(own.Definitions.map(({ Name }) => Name)),
    directives: mergeDirectives(own.Directives, document.Directives),
    possible: possibleTypes(types),
    roots: rootsOf(document, types),
    schemaDirectives: [...document.Schema, ...document.SchemaExtension].map(({ Directives }) => Directives),
  };
}

function mergeTypes(
  definitions: readonly Definition[],
  extensions: readonly Definition[],
): ReadonlyMap<string, Definition> {
  const types = new Map<string, Definition>();
  for (const definition of definitions) {
    if (types.has(definition.Name)) {
      throw new SchemaError(`Cannot redeclare type ${definition.Name}.`, definition.Position);
    }
    types.set(definition.Name, definition);
  }
  for (const extension of extensions) {
    const base = types.get(extension.Name);
    types.set(extension.Name, base === undefined ? extension : extended(base, extension));
  }
  return types;
}

function extended(base: Definition, extension: Definition): Definition {
  if (base.Kind !== extension.Kind) {
    const why = `because the base type is a ${base.Kind}, not ${extension.Kind}`;
    throw new SchemaError(`Cannot extend type ${base.Name} ${why}.`, extension.Position);
  }
  return {
    ...base,
    Directives: [...base.Directives, ...extension.Directives],
    Interfaces: [...base.Interfaces, ...extension.Interfaces],
    Fields: [...base.Fields, ...extension.Fields],
    Types: [...base.Types, ...extension.Types],
    EnumValues: [...base.EnumValues, ...extension.EnumValues],
  };
}

/** The last of a name counts; only those that the language itself has may be defined anew. */
function mergeDirectives(
  own: readonly DirectiveDefinition[],
  written: readonly DirectiveDefinition[],
): ReadonlyMap<string, DirectiveDefinition> {
  const builtIn = new Set(own.map(({ Name }) => Name));
  const directives = new Map(own.map((directive) => [directive.Name, directive]));
  for (const directive of written) {
    if (directives.has(directive.Name) && !builtIn.has(directive.Name)) {
      throw new SchemaError(`Cannot redeclare directive ${directive.Name}.`, directive.Position);
    }
    directives.set(directive.Name, directive);
  }
  return directives;
}

function possibleTypes(types: ReadonlyMap<string, Definition>): ReadonlyMap<string, ReadonlySet<string>> {
  const possible = new Map<string, Set<string>>();
  const add = (name: string, type: string) => possible.set(name, (possible.get(name) ?? new Set()).add(type));
  for (const { Kind, Name, Types, Interfaces } of types.values()) {
    for (const member of Types) add(Name, member);
    for (const name of Interfaces) add(name, Name);
    if (Kind === "OBJECT" || Kind === "INPUT_OBJECT") add(Name, Name);
  }
  return possible;
}

const INFERRED: readonly (readonly [operation: string, type: string])[] = [
  ["query", "Query"],
  ["mutation", "Mutation"],
  ["subscription", "Subscription"],
];

/** Roots have their usual names only where no `schema` names them. */
function rootsOf(
  { Schema, SchemaExtension }: SchemaDocument,
  types: ReadonlyMap<string, Definition>,
): ReadonlyMap<string, string> {
  const [, second] = Schema;
  if (second !== undefined) {
    throw new SchemaError(
      "Cannot have multiple schema entry points, consider schema extensions instead.",
      second.Position,
    );
  }
  const named = (all: readonly SchemaDefinition[]) => all.flatMap(({ OperationTypes }) => OperationTypes.map(rootOf));
  const rootOf = ({ Operation, Type, Position: at }: OperationTypeDefinition): readonly [string, string] => {
    if (types.has(Type)) return [Operation, Type];
    throw new SchemaError(`Schema root ${Operation} refers to a type ${Type} that does not exist.`, at);
  };
  const inferred = Schema.length === 0 ? INFERRED.filter(([, type]) => types.has(type)) : [];
  return new Map([...inferred, ...named(Schema), ...named(SchemaExtension)]);
}
