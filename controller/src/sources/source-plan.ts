import type { PolicySource } from "@regomesh/resources";

/** A source as a `PolicySource` says it. */
export type SourcePlan = PolicySource["spec"] & { readonly name: string };

export function toSourcePlan({ metadata: { name }, spec }: PolicySource): SourcePlan {
  return { name, ...spec };
}
