/**
 * Whether the release in place is right: what has proven it, what takes it back, and what would be
 * gone back to.
 */
import { holdOf } from "./hold.ts";
import { hashFor, type ProxyStream } from "./proxy.ts";
import { type Publication, type Release, toPublication } from "./release.ts";
import { RESTART_LEASE_MS } from "./roster.ts";
import { type Distribution, isHeld, isInForce, type Step, still, wanted } from "./state.ts";

/** A connection that broke, or a controller that starts anew, has its proxies back by then. */
const PROOF_WAIT_MS = RESTART_LEASE_MS;

/**
 * What would be gone back to, were another release published now and held: the present one
 * where every proxy has answered it and none but a lone one refuses its content. Otherwise
 * whoever refuses everything alone would keep the mesh on its way back to where that began.
 */
export function fallbackOf(state: Distribution): Publication | undefined {
  const { publication, proven, roster } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return proven;
  const hashOf = (proxy: ProxyStream) => hashFor(proxy, wanted(state, proxy.workload));
  const proxies = [...roster.proxies.values()];
  const inForce = proxies.filter((proxy) => proxy.holding.snapshotHash === hashOf(proxy));
  const refusing = proxies.filter((proxy) => proxy.refusal?.hash === hashOf(proxy) && !inForce.includes(proxy));
  const isAnswered = inForce.length + refusing.length === proxies.length;
  return isAnswered && inForce.length > 0 ? publication : proven;
}

export function holdWhatIsWrong(state: Distribution, nowMs: number): Step {
  const { publication, proven, roster } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return still(state);
  const hold = holdOf(publication, roster.proxies.values(), nowMs);
  if (hold === undefined) return still(state);
  if (proven === undefined) return { state: { ...state, hold }, effects: [{ kind: "hold", hold, release: undefined }] };
  const { revision } = proven.release;
  const release: Release = {
    ...proven.release,
    revision: { ...revision, sequence: publication.release.revision.sequence + 1 },
    issuedAtMs: nowMs,
  };
  const back = toPublication(release, state.revoked.list);
  return {
    state: { ...state, publication: back, proven: back, order: undefined, hold },
    effects: [{ kind: "hold", hold, release }],
  };
}

export function proveWhatHolds(state: Distribution, nowMs: number): Step {
  const { publication, proven, roster } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return still(state);
  if (awaitedUntilMs(state).some((untilMs) => untilMs > nowMs)) return still(state);
  const proxies = [...roster.proxies.values()];
  const hashOf = (proxy: ProxyStream) => hashFor(proxy, wanted(state, proxy.workload));
  const isSettled = (proxy: ProxyStream) =>
    isInForce(state, proxy) || (proxy.refusal?.class === "local" && proxy.refusal.hash === hashOf(proxy));
  return still(
    proxies.some((proxy) => isInForce(state, proxy)) && proxies.every(isSettled)
      ? { ...state, proven: publication }
      : state,
  );
}

/** Until when proxies that went are waited for before a release is proven. */
export function awaitedUntilMs(state: Distribution): readonly number[] {
  const { publication, proven, roster } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return [];
  return roster.gone.map(({ heardMs }) => heardMs + PROOF_WAIT_MS);
}
