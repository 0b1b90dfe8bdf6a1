/** Places of a plan's statements in the sources that it was made of. */
import type { Diagnostic, Location, Source } from "@regomesh/base";
import type { IrLocation, IrPolicy } from "../ir/policy.ts";
import { locate } from "../locate.ts";

/** The first source as a whole stands for a place that a statement does not say. */
export function placesIn(policy: IrPolicy, sources: readonly Source[]): (place: IrLocation) => Location {
  const files = (policy.static?.files ?? []).map(({ value }) => value);
  const whole = { source: sources[0] ?? { name: "policy", text: "" }, span: { start: 0, end: 0 } };
  return ({ file, row, col }) => {
    const name = file === undefined ? undefined : files[file];
    if (name === undefined || row === undefined || col === undefined) return whole;
    return locate({ file: name, row, column: col }, sources) ?? whole;
  };
}

/** A rule may be planned more than once, under `with` and for keys that are known. */
export function distinct(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map(found.map((each) => [`${each.at.source.name}:${each.at.span.start}:${each.message}`, each]));
  return [...seen.values()];
}
