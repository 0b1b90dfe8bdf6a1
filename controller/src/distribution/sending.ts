/** What is sent now: to everybody what it lacks, receivers before senders, and to no more at once than may be on their way. */
import { waitingGroups } from "./order.ts";
import { hashFor, isDue, lackingFor, send } from "./proxy.ts";
import { type Distribution, type Effect, hasAnswered, isHeld, type Step, still, wantedBy } from "./state.ts";

/**
 * Snapshots on their way at once: the next is made when one is answered, so that a first snapshot
 * for each of a thousand proxies takes the memory of these, and nobody's answer is late because of
 * what others are sent. One that does not answer gives its place up with its stream.
 */
export const ON_THEIR_WAY_MAX = 256;

/** Groups of the order with a proxy that has still to answer. */
function openGroups(state: Distribution, groupOf: ReadonlyMap<string, number>): ReadonlySet<number> {
  const open = new Set<number>();
  for (const proxy of state.roster.proxies.values()) {
    const group = groupOf.get(proxy.workload);
    if (group !== undefined && !open.has(group) && !hasAnswered(state, proxy)) open.add(group);
  }
  return open;
}

/**
 * Whose turn is still to come. The order of a release is over with its time, or once nobody waits who has still to
 * answer.
 */
function settleOrder(
  state: Distribution,
  nowMs: number,
): { state: Distribution; isWaiting: (workload: string) => boolean } {
  const { stage } = state;
  if (stage?.orderedUntilMs === undefined) return { state, isWaiting: () => false };
  const { order } = stage;
  const open = openGroups(state, order.groupOf);
  const waiting = waitingGroups(order, open);
  if (stage.orderedUntilMs <= nowMs || ![...open].some((group) => waiting.has(group)))
    return { state: { ...state, stage: { ...stage, orderedUntilMs: undefined } }, isWaiting: () => false };
  return { state, isWaiting: (workload) => waiting.has(order.groupOf.get(workload) ?? -1) };
}

export function sendWhatIsDue(before: Distribution, nowMs: number): Step {
  const { state, isWaiting } = settleOrder(before, nowMs);
  const { publication } = state;
  if (publication === undefined || isHeld(state)) return still(state);
  let { proxies } = state.roster;
  const effects: Effect[] = [];
  let { sent } = state;
  let left = ON_THEIR_WAY_MAX;
  for (const { delivery } of state.roster.proxies.values()) if (delivery.kind === "awaiting") left--;
  for (const proxy of state.roster.proxies.values()) {
    if (left <= 0) break;
    const { id } = proxy;
    // Who has nothing yet serves nobody by an older revision.
    if (proxy.holding.revision !== undefined && isWaiting(proxy.workload)) continue;
    const snapshot = wantedBy(state, proxy);
    if (snapshot !== undefined && lackingFor(proxy, snapshot).length > 0) continue;
    if (snapshot === undefined || !isDue(proxy, hashFor(proxy, snapshot) ?? "", nowMs)) continue;
    const nonce = String(++sent);
    left--;
    proxies = proxies.set(id, send(proxy, snapshot, nonce, nowMs));
    const isHeld = (hash: string) => proxy.takesDelta || proxy.holding.contentHashes.includes(hash);
    const modules = snapshot.modules.filter((hash) => !isHeld(hash));
    effects.push({ kind: "send", id, nonce, snapshot, held: proxy.takesDelta ? proxy.held : undefined, modules });
  }
  return effects.length === 0
    ? still(state)
    : { state: { ...state, sent, roster: { ...state.roster, proxies } }, effects };
}
