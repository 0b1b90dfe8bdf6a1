/** Whether a text speaks of our group, or nearly: what looks like a resource is read, or named, never passed over. */
import { mentionsRoutes } from "./gateway-api/route.ts";
import { API_GROUP } from "./kinds/metadata.ts";
import { nearest } from "./schema/nearest.ts";

const NAME = /rego[-_. ]?mesh/i;
/** Every `apiVersion: GROUP/…` of a text, in YAML or JSON, quoted or not. */
const VERSIONS = /apiVersion["']?\s*:\s*(?:[&!]\S{1,256}\s+)?["']?([A-Za-z0-9.-]{3,64})\//g;

/** Groups of one text that are looked at; a text of more is read as if it had ours. */
const GROUPS_MAX = 1000;

/** A document of our group, or a route of a service, may be in the text; one that misspells the group, too. Takes time that grows with the text alone. */
export function mentionsGroup(text: string): boolean {
  const others = new Set<string>();
  for (const [, group = ""] of text.matchAll(VERSIONS)) {
    if (others.has(group)) continue;
    if (others.size >= GROUPS_MAX || isNearGroup(group)) return true;
    others.add(group);
  }
  return text.includes("apiVersion") && (NAME.test(text) || mentionsRoutes(text));
}

export function isNearGroup(group: string): boolean {
  return group === API_GROUP || NAME.test(group) || nearest(group, [API_GROUP]) !== undefined;
}
