/** The drafts of JSON Schema that gojsonschema knows, with the schemas that describe them. */
import draft4 from "./draft-04.json" with { type: "json" };
import draft6 from "./draft-06.json" with { type: "json" };
import draft7 from "./draft-07.json" with { type: "json" };

/** Hybrid: what no schema says otherwise, everything of draft 7 and the older forms beside. */
export type Draft = 4 | 6 | 7 | "hybrid";

const DRAFTS = new Map<string, { readonly draft: Draft; readonly schema: unknown }>([
  ["http://json-schema.org/draft-04/schema", { draft: 4, schema: draft4 }],
  ["http://json-schema.org/draft-06/schema", { draft: 6, schema: draft6 }],
  ["http://json-schema.org/draft-07/schema", { draft: 7, schema: draft7 }],
]);

export function draftOf(url: string): Draft | undefined {
  return DRAFTS.get(url)?.draft;
}

export function metaSchemaOf(url: string): unknown {
  return DRAFTS.get(url)?.schema;
}

/** Whether the draft has what came with draft `since`. */
export function isAtLeast(draft: Draft, since: 6 | 7): boolean {
  return draft === "hybrid" || draft >= since;
}
