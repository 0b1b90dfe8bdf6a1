/**
 * `graphql.*`: documents parsed and schemas checked as gqlparser does, queries judged by the rules
 * of the npm package `graphql`.
 */
import { buildASTSchema, type GraphQLError, type GraphQLSchema, validate } from "graphql";
import type { HostBuiltins } from "../../host-builtins.ts";
import { isJsonObject } from "../json-text.ts";
import { expectSize, expectString, kindOf, OperandError } from "../operands.ts";
import { checkSchema } from "./check-schema.ts";
import { decodeQuery, decodeSchema } from "./decode-tree.ts";
import { parseQuery } from "./parse-query.ts";
import { parseSchema } from "./parse-schema.ts";
import { mergeSchema, type Schema } from "./schema.ts";
import { type Places, toDocument, toSchemaDocument } from "./to-graphql.ts";
import { pruned, type QueryDocument, type SchemaDocument } from "./tree.ts";

const TEXT_BYTES_MAX = 1_000_000;

export function graphqlBuiltins(): HostBuiltins {
  const known = makeSchemaMemory();
  const parse = (query: unknown, schema: unknown) => {
    const queryTree = readQuery(query, 1);
    const schemaTree = readSchema(schema, 2);
    judge(queryTree, known(schema, schemaTree));
    return [pruned(queryTree), pruned(schemaTree)];
  };
  return {
    "graphql.parse": parse,
    "graphql.parse_and_verify": (query: unknown, schema: unknown) =>
      attempt(() => [true, ...parse(query, schema)]) ?? [false, {}, {}],
    "graphql.is_valid": (query: unknown, schema: unknown) => attempt(() => parse(query, schema)) !== undefined,
    "graphql.parse_query": (text: unknown) => pruned(parseQuery(bounded(text))),
    "graphql.parse_schema": (text: unknown) => pruned(parseSchema(bounded(text))),
    "graphql.schema_is_valid": (schema: unknown) =>
      attempt(() => {
        checkSchema(mergeSchema(readSchema(schema, 1)));
        return true;
      }) ?? false,
  };
}

function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function bounded(text: unknown): string {
  return expectSize(expectString(text, 1), TEXT_BYTES_MAX, "the document");
}

function readQuery(operand: unknown, position: number): QueryDocument {
  return isJsonObject(operand) ? decodeQuery(operand) : parseQuery(textOf(operand, position));
}

function readSchema(operand: unknown, position: number): SchemaDocument {
  return isJsonObject(operand) ? decodeSchema(operand) : parseSchema(textOf(operand, position));
}

function textOf(operand: unknown, position: number): string {
  if (typeof operand === "string") return expectSize(operand, TEXT_BYTES_MAX, "the document");
  throw new OperandError(`operand ${position} must be one of {object, string} but got ${kindOf(operand)}`);
}

type Judged = { readonly schema: Schema; readonly compiled: GraphQLSchema };

const SCHEMAS_MAX = 16;

/** A policy asks about one schema again and again: the last few texts' stay. */
function makeSchemaMemory(): (operand: unknown, tree: SchemaDocument) => Judged {
  const kept = new Map<string, Judged>();
  return (operand, tree) => {
    const known = typeof operand === "string" ? kept.get(operand) : undefined;
    if (known !== undefined) return known;
    const schema = mergeSchema(tree);
    checkSchema(schema);
    const compiled = buildASTSchema(toSchemaDocument(schema), { assumeValid: true, assumeValidSDL: true });
    if (typeof operand === "string") {
      const [oldest] = kept.keys();
      if (kept.size >= SCHEMAS_MAX && oldest !== undefined) kept.delete(oldest);
      kept.set(operand, { schema, compiled });
    }
    return { schema, compiled };
  };
}

/** Throws the first fault of a query. */
function judge(query: QueryDocument, { schema, compiled }: Judged): void {
  const { document, places } = toDocument(query);
  const [fault] = validate(compiled, document, undefined, { maxErrors: 1 });
  if (fault !== undefined) throw new Error(describe(fault, places));
  for (const { Operation, Position: at } of query.Operations) {
    const operation = Operation === "" ? "query" : Operation;
    if (!schema.roots.has(operation)) {
      throw new Error(located(`Schema does not support operation type "${Operation}"`, at?.Line, at?.Column));
    }
  }
}

function describe({ message, nodes }: GraphQLError, places: Places): string {
  const [node] = nodes ?? [];
  const at = node === undefined ? undefined : places.get(node);
  return located(message.replace(/\.$/, ""), at?.Line, at?.Column);
}

function located(message: string, line: number | undefined, column: number | undefined): string {
  return line === undefined
    ? `GraphQL parse error: input: ${message}`
    : `${message} in GraphQL string at location ${line}:${column}`;
}
