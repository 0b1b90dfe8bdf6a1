/** `mesh/ratelimit/limits`: how fast requests of a key may come. */
import type { RecordReader } from "../layout/record-reader.ts";
import { LIMIT } from "../layout/record-shape.ts";
import type { LimitDecision } from "./decision.ts";
import { A_DURATION, durationAt, integerAt, oneOfAt, required } from "./read-values.ts";
import { WrongType } from "./wrong-type.ts";

const LIMITS_MAX = 64;
const KEY_LENGTH_MAX = 1024;
const COUNT = [0, 1_000_000_000] as const;

/** The members of the set behind the cell. Throws WrongType. */
export function readLimits(reader: RecordReader, cell: number): readonly LimitDecision[] {
  const members = required(reader.records(cell, "limits", LIMIT), "limits", "an array");
  if (members.length > LIMITS_MAX) throw new WrongType(`limits has more than ${LIMITS_MAX} members`);
  return members.map((at, i) => readLimit(reader, at, `limits[${i}]`));
}

function readLimit(reader: RecordReader, at: number, what: string): LimitDecision {
  const key = required(reader.text(at + LIMIT.at.key, `${what}.key`), `${what}.key`, "a string");
  if (key.length > KEY_LENGTH_MAX) throw new WrongType(`${what}.key is longer than ${KEY_LENGTH_MAX}`);
  const windowMs = required(durationAt(reader, at + LIMIT.at.window, `${what}.window`), `${what}.window`, A_DURATION);
  if (windowMs === 0) throw new WrongType(`${what}.window must be longer than 0s`);
  const count = (place: number, field: string) => integerAt(reader, at + place, `${what}.${field}`, COUNT);
  const limit = required(count(LIMIT.at.limit, "limit"), `${what}.limit`, `an integer from ${COUNT[0]} to ${COUNT[1]}`);
  const scope = oneOfAt(reader, at + LIMIT.at.scope, `${what}.scope`, ["local", "global"]) ?? "local";
  if (scope === "global")
    throw new WrongType(`${what}.scope is global, which needs a counter store; this mesh has none`);
  return {
    key,
    limit,
    windowMs,
    // Without a burst a whole window's requests may come at once.
    burst: count(LIMIT.at.burst, "burst") ?? limit,
    scope,
    cost: count(LIMIT.at.cost, "cost") ?? 1,
  };
}
