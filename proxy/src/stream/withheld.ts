/** Trailers that do not go on. */
import type { FieldChanges } from "@regomesh/policy-runtime";
import { namedBy } from "../decide/field-changes.ts";
import { variableOf } from "../http1/field-edits.ts";
import type { Head } from "../http1/head.ts";

/** A trailer of such a name would come behind the back of the policy that set or removed the field. */
export function withholdNamed(trailers: Head, ...changes: readonly (FieldChanges | undefined)[]): void {
  const named = namedBy(...changes);
  if (named === undefined) return;
  for (let index = 0; index < trailers.fieldCount; index++) {
    if (named.has(variableOf(trailers.nameText(index)))) trailers.withhold(index);
  }
}
