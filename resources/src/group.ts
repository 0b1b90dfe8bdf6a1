/** Whether a text speaks of our group, or nearly: what looks like a resource is read, or named, never passed over. */
import { API_GROUP } from "./kinds/metadata.ts";
import { nearest } from "./schema/nearest.ts";

const NAME = /rego[-_. ]?mesh/i;
/** Every `apiVersion: GROUP/…` of a text, in YAML or JSON, quoted or not. */
const VERSIONS = /apiVersion["']?\s*:\s*(?:[&!]\S+\s+)?["']?([A-Za-z0-9.-]{3,64})\//g;

/** A document of our group may be in the text; one that misspells the group, too. */
export function mentionsGroup(text: string): boolean {
  for (const [, group] of text.matchAll(VERSIONS)) if (group !== undefined && isNearGroup(group)) return true;
  return text.includes("apiVersion") && NAME.test(text);
}

export function isNearGroup(group: string): boolean {
  return group === API_GROUP || NAME.test(group) || nearest(group, [API_GROUP]) !== undefined;
}
