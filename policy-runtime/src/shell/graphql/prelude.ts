/** What every schema has without saying so. */
import { parseSchema } from "./parse-schema.ts";
import type { SchemaDocument } from "./tree.ts";

/** Of the types that introspection answers with, their kinds alone matter here. */
const PRELUDE = `
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported") on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema { x: ID } type __Type { x: ID } type __Field { x: ID } type __InputValue { x: ID }
type __EnumValue { x: ID } type __Directive { x: ID } enum __TypeKind { X } enum __DirectiveLocation { X }
`;

let parsed: SchemaDocument | undefined;

export function prelude(): SchemaDocument {
  parsed ??= parseSchema(PRELUDE);
  return parsed;
}
