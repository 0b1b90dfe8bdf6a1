/**
 * Whether the release in place is right: what has proven it, what takes it back, and what would be
 * gone back to.
 */
import { type Hold, holdOf } from "./hold.ts";
import { hashFor, type ProxyStream } from "./proxy.ts";
import { type Publication, type Release, toPublication } from "./release.ts";
import { awaitedUntilMs, faultOf, isWitness } from "./stages.ts";
import { type Distribution, isHeld, isInForce, type Step, still, wanted, withheldFrom } from "./state.ts";
import { dropWatched, settleTraffic } from "./traffic.ts";

/**
 * What would be gone back to, were another release published now and held: the present one
 * where every proxy has answered it and none but a lone one refuses its content. Otherwise
 * whoever refuses everything alone would keep the mesh on its way back to where that began.
 */
export function fallbackOf(state: Distribution): Publication | undefined {
  const { publication, proven, roster, stage } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return proven;
  // What its canaries have shown to be right, and everybody has, is gone back to though it is watched still.
  const isTried = stage === undefined || stage.isBaked || stage.rules.canary !== undefined;
  if (stage?.kind === "canary" || !isTried) return proven;
  const hashOf = (proxy: ProxyStream) => hashFor(proxy, wanted(state, proxy.workload));
  const proxies = [...roster.proxies.values()];
  const inForce = proxies.filter((proxy) => proxy.holding.snapshotHash === hashOf(proxy));
  const refusing = proxies.filter((proxy) => proxy.refusal?.hash === hashOf(proxy) && !inForce.includes(proxy));
  const isAnswered = inForce.length + refusing.length === proxies.length;
  return isAnswered && inForce.length > 0 ? publication : proven;
}

export function holdWhatIsWrong(state: Distribution, nowMs: number): Step {
  const { publication, proven } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return still(state);
  const hold = whyHeld(state, publication, nowMs);
  if (hold === undefined) return still(state);
  if (proven === undefined) return { state: { ...state, hold }, effects: [{ kind: "hold", hold, release: undefined }] };
  const { revision } = proven.release;
  const given = Math.max(state.given, publication.release.revision.sequence) + 1;
  const release: Release = {
    ...proven.release,
    revision: { ...revision, sequence: given },
    issuedAtMs: nowMs,
  };
  const back = toPublication(release, state.revoked.list);
  return {
    state: {
      ...state,
      given,
      publication: back,
      proven: back,
      stage: undefined,
      traffic: dropWatched(state.traffic),
      hold,
    },
    effects: [{ kind: "hold", hold, release }],
  };
}

/** What proxies refuse, or what its stage has shown. */
function whyHeld(state: Distribution, publication: Publication, nowMs: number): Hold | undefined {
  const { stage, roster } = state;
  const proxies = [...roster.proxies.values()];
  // To try it is what canaries are for: the word of one is enough.
  const witnesses = stage?.kind === "canary" ? proxies.filter((proxy) => isWitness(state, proxy)) : [];
  const refused = holdOf(publication, proxies, nowMs) ?? holdOf(publication, witnesses, nowMs, 1);
  if (refused !== undefined) return refused;
  const fault = faultOf(state, nowMs);
  if (fault === undefined) return undefined;
  const { epoch, sequence, name } = publication.release.revision;
  return { revision: { epoch, sequence, name }, refusals: [], fault, atMs: nowMs };
}

export function proveWhatHolds(state: Distribution, nowMs: number): Step {
  const { publication, proven, roster, stage } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return still(state);
  if (stage !== undefined && (stage.kind === "canary" || !stage.isBaked)) return still(state);
  if (awaitedUntilMs(state).some((untilMs) => untilMs > nowMs)) return still(state);
  const proxies = [...roster.proxies.values()];
  const hashOf = (proxy: ProxyStream) => hashFor(proxy, wanted(state, proxy.workload));
  const isSettled = (proxy: ProxyStream) =>
    isInForce(state, proxy) ||
    withheldFrom(state, proxy).length > 0 ||
    (proxy.refusal?.class === "local" && proxy.refusal.hash === hashOf(proxy));
  return still(
    proxies.some((proxy) => isInForce(state, proxy)) && proxies.every(isSettled)
      ? { ...state, proven: publication, stage: undefined, traffic: settleTraffic(state.traffic) }
      : state,
  );
}
