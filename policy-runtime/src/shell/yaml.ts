/** yaml.*: YAML as Go's sigs.k8s.io/yaml takes it (YAML 1.1's booleans among them). */
import { parse, stringify } from "yaml";
import { expectSize, expectString } from "./operands.ts";

const TEXT_BYTES_MAX = 512 * 1024;
/** Against texts whose aliases unfold without end. */
const ALIASES_MAX = 100;

export function unmarshalYaml(value: unknown): unknown {
  const text = expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the YAML text");
  return JSON.parse(
    JSON.stringify(parse(text, { version: "1.1", maxAliasCount: ALIASES_MAX, logLevel: "error" }) ?? null),
  );
}

/** False also for what is no string. */
export function isYaml(value: unknown): boolean {
  try {
    unmarshalYaml(value);
    return true;
  } catch {
    return false;
  }
}

export function marshalYaml(value: unknown): string {
  return stringify(value, { version: "1.1", sortMapEntries: true, indentSeq: false, lineWidth: 0 });
}
