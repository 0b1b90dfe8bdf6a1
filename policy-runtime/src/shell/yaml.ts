/** yaml.*: YAML as OPA has it (yaml/). */
import { readYaml, writeYaml } from "../yaml/index.ts";
import { expectSize, expectString } from "./operands.ts";

const TEXT_BYTES_MAX = 512 * 1024;

export function unmarshalYaml(value: unknown): unknown {
  const read = readYaml(expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the YAML text"));
  if ("fault" in read) throw new Error(`yaml: ${read.fault}`);
  return read.value;
}

/** False also for what is no string. */
export function isYaml(value: unknown): boolean {
  return typeof value === "string" && value.length <= TEXT_BYTES_MAX && "value" in readYaml(value);
}

export const marshalYaml = writeYaml;
