/** Every code that a diagnostic about a resource may carry. */
export type ResourceCode =
  | "yaml_syntax"
  | "yaml_alias"
  | "yaml_limit"
  | "resource_kind"
  | "resource_field"
  | "resource_value"
  | "resource_missing";
