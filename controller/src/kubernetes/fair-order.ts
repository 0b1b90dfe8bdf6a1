/**
 * In which order the statuses of many objects are written: what somebody waits for before what nobody does, and of
 * each namespace one in turn, so that whoever changes thousands keeps no other namespace waiting.
 */
import type { WantedStatus } from "./wanted-status.ts";

type Ordered = Pick<WantedStatus, "object" | "isUrgent">;

export function inFairOrder<Wanted extends Ordered>(wanted: readonly Wanted[]): readonly Wanted[] {
  return [...inTurn(wanted.filter(({ isUrgent }) => isUrgent)), ...inTurn(wanted.filter(({ isUrgent }) => !isUrgent))];
}

function inTurn<Wanted extends Ordered>(wanted: readonly Wanted[]): readonly Wanted[] {
  let waiting = [...Map.groupBy(wanted, ({ object }) => object.metadata.namespace ?? "").values()];
  const ordered: Wanted[] = [];
  for (let turn = 0; waiting.length > 0; turn++) {
    for (const own of waiting) ordered.push(own[turn] as Wanted);
    waiting = waiting.filter(({ length }) => length > turn + 1);
  }
  return ordered;
}
