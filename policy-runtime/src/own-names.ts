/**
 * Built-ins that a module asks of its host under another name than Rego's: the npm SDK has some of its
 * own, which read YAML otherwise than OPA does and which a caller cannot replace.
 */
export const OWN_NAMES: ReadonlyMap<string, string> = new Map(
  ["yaml.is_valid", "yaml.marshal", "yaml.unmarshal"].map((name) => [name, `internal.${name}`]),
);
