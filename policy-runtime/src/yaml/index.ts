/** YAML as OPA reads and writes it: for the built-ins, and for a unit's data alike. */
export { type DuplicateKey, readYaml, type YamlRead } from "./read.ts";
export { writeYaml } from "./write.ts";
