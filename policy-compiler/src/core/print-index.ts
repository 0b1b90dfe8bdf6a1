/** An index of the data as a line of text. */
import type { DataIndex } from "./index-node.ts";

/** `data.roles[_] each: methods has key 0, count(path) is key 1's` */
export function printIndex({ root, path, witness, levels, keepsArrays }: DataIndex): string {
  const steps = witness.map((step) => {
    if (step.kind === "data") return `in data.${step.path.join(".")}`;
    return step.kind === "each" ? "each" : step.name;
  });
  const asked = levels.map(
    ({ test, of, part, key, constants }) =>
      `${of} ${part.join(".")} ${test} key ${key}${constants.length === 0 ? "" : ` or ${constants.join(" ")}`}`,
  );
  const from = ["data", ...root, ...path.map((name) => name ?? "_")].join(".");
  return `${from}${keepsArrays ? " (objects)" : ""}${steps.map((step) => ` → ${step}`).join("")}: ${asked.join(", ")}`;
}
