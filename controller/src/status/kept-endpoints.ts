/** What is said of services whose last endpoints are kept, because no proxy of theirs is connected. */
import type { TroubleBody } from "../api/status.ts";
import { type EndpointTable, keptServices, servicesOf } from "../distribution/endpoints.ts";
import { LOST_MS, type Roster } from "../distribution/roster.ts";

/** Services that are named; of more their number is told. */
const NAMED_MAX = 5;

/** Undefined where there are none. */
export function keptTrouble(table: EndpointTable, { lost }: Pick<Roster, "lost">): TroubleBody | undefined {
  const kept = keptServices(table);
  if (kept.length === 0) return undefined;
  const ofKept = lost.filter(({ claim }) => servicesOf(table, claim).some((service) => kept.includes(service)));
  const sinceMs = Math.min(...ofKept.map(({ untilMs }) => untilMs)) - LOST_MS;
  const more = kept.length > NAMED_MAX ? ` and ${kept.length - NAMED_MAX} more` : "";
  const named = `${kept.slice(0, NAMED_MAX).join(", ")}${more}`;
  const message = `no proxy is connected of ${named}: callers keep the last endpoints for ${LOST_MS / 60_000} minutes, until one is back; see that it runs, and reaches the controller`;
  return { about: "endpoints", message, sinceMs };
}
