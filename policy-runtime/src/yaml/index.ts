/** YAML as OPA reads and writes it: for the built-ins, and for a unit's data alike. */
export { DEPTH_MAX, findTooNested } from "./nesting.ts";
export { type DuplicateKey, readYaml, type YamlRead } from "./read.ts";
export { writeYaml } from "./write.ts";
