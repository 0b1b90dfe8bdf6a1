/** `mesh/ratelimit/limits`: how fast requests of a key may come. */
import type { LimitDecision } from "./decision.ts";
import { durationOf, integerOf, type Json, listOf, objectOf, oneOf, textOf, WrongType } from "./shape.ts";

const FIELDS = ["key", "limit", "window", "burst", "scope", "cost"] as const;
const LIMITS_MAX = 64;
const KEY_LENGTH_MAX = 1024;
const COUNT_MAX = 1_000_000_000;

/** The members of the set. Throws WrongType. */
export function toLimitDecisions(value: Json): readonly LimitDecision[] {
  const members = listOf(value, "limits");
  if (members.length > LIMITS_MAX) throw new WrongType(`limits has more than ${LIMITS_MAX} members`);
  return members.map((member, i) => toLimitDecision(member, `limits[${i}]`));
}

function toLimitDecision(value: Json, what: string): LimitDecision {
  const limit = objectOf(value, what, FIELDS);
  const key = textOf(limit["key"], `${what}.key`);
  if (key.length > KEY_LENGTH_MAX) throw new WrongType(`${what}.key is longer than ${KEY_LENGTH_MAX}`);
  const windowMs = durationOf(limit["window"], `${what}.window`);
  if (windowMs === 0) throw new WrongType(`${what}.window must be longer than 0s`);
  const count = integerOf(limit["limit"], `${what}.limit`, 0, COUNT_MAX);
  const scope = limit["scope"] === undefined ? "local" : oneOf(limit["scope"], `${what}.scope`, ["local", "global"]);
  if (scope === "global")
    throw new WrongType(`${what}.scope is global, which needs a counter store; this mesh has none`);
  return {
    key,
    limit: count,
    windowMs,
    // Without a burst a whole window's requests may come at once.
    burst: limit["burst"] === undefined ? count : integerOf(limit["burst"], `${what}.burst`, 0, COUNT_MAX),
    scope,
    cost: limit["cost"] === undefined ? 1 : integerOf(limit["cost"], `${what}.cost`, 0, COUNT_MAX),
  };
}
