/**
 * Who gets what, as a value: the release that every proxy shall have, the one to go back to,
 * and each proxy's stream. All that happens is an event; what is to be done about it is told
 * as effects, which the shell carries out.
 *
 * A release is proven once every connected proxy has it in force, or has refused it for a
 * reason of its own machine. While it is not, it can be held: it is taken back, by publishing
 * the proven one anew under the next sequence, since proxies only go on within an epoch.
 * A proxy that broke off a moment ago may be the one that refuses: it is waited for.
 */
import {
  type Ack,
  findRevoked,
  type Hello,
  indexRevoked,
  type Nack,
  NOTHING_REVOKED,
  type Revoked,
  type RevokedIndex,
  type ShownCertificate,
} from "@regomesh/protocol";
import type { Claim } from "./endpoints.ts";
import { type Hold, holdOf } from "./hold.ts";
import type { Held } from "./missing.ts";
import {
  applyAck,
  applyHello,
  applyNack,
  hashFor,
  isDue,
  openProxy,
  type ProxyStream,
  type StreamId,
  send,
} from "./proxy.ts";
import { type PackedSnapshot, type Publication, type Release, toPublication, withRevoked } from "./release.ts";
import {
  EMPTY_ROSTER,
  expire,
  join,
  type Known,
  lease,
  leave,
  noteOrphan,
  ORPHAN_MS,
  PROXIES_PER_WORKLOAD_MAX,
  proxiesOf,
  RESTART_LEASE_MS,
  type Roster,
  remember,
} from "./roster.ts";

export type Distribution = {
  /** What every proxy shall have; undefined before there is a release. */
  readonly publication: Publication | undefined;
  /** What is gone back to; undefined before any release was proven. */
  readonly proven: Publication | undefined;
  /** The last release that was held, until another one is published. */
  readonly hold: Hold | undefined;
  readonly roster: Roster;
  /** Certificates that were taken back: state, whatever the release. */
  readonly revoked: RevokedIndex & { readonly list: Revoked };
  /** Messages sent so far: nonces are made of it. */
  readonly sent: number;
  /** By workload, how often its proxies have made the numbers go on from theirs. */
  readonly overtaken: ReadonlyMap<string, number>;
};

/** `new`: not yet in force anywhere · `proven`: it was · `again`: what is published already, under another number or time. */
export type Standing = "new" | "proven" | "again";

export type DistributionEvent =
  | { readonly kind: "publish"; readonly publication: Publication; readonly standing: Standing }
  | {
      readonly kind: "connect";
      readonly id: StreamId;
      readonly workload: string;
      readonly certificate: ShownCertificate;
      readonly hello: Hello;
    }
  | { readonly kind: "hello"; readonly id: StreamId; readonly hello: Hello }
  | { readonly kind: "ack"; readonly id: StreamId; readonly ack: Ack }
  | { readonly kind: "nack"; readonly id: StreamId; readonly nack: Nack }
  /** `isOrderly`: the proxy said that it goes. */
  | { readonly kind: "disconnect"; readonly id: StreamId; readonly isOrderly: boolean }
  /** The newest word on certificates that were taken back. */
  | { readonly kind: "revoke"; readonly revoked: Revoked }
  /** Claims that were kept count until then. */
  | { readonly kind: "lease"; readonly claims: readonly Claim[]; readonly untilMs: number }
  /** A proxy with an SVID of this mesh asked to be let in for a workload that it is not, or no longer. */
  | { readonly kind: "stranger"; readonly proxy: Known }
  /** Proxies that were known before this controller started. */
  | { readonly kind: "remember"; readonly proxies: readonly Known[] }
  /** Time has passed. */
  | { readonly kind: "tick" };

export type Effect =
  | {
      readonly kind: "send";
      readonly id: StreamId;
      readonly nonce: string;
      readonly snapshot: PackedSnapshot;
      /** What the proxy has: all else is sent along. Undefined: it takes the snapshot in one body. */
      readonly held: Held | undefined;
      /** Hashes of the modules that it does not hold, where it takes the snapshot in one body. */
      readonly modules: readonly string[];
    }
  | { readonly kind: "close"; readonly id: StreamId; readonly reason: CloseReason; readonly message: string }
  /** A release was held; `release` is what stands in its place, undefined where nothing was proven before. */
  | { readonly kind: "hold"; readonly hold: Hold; readonly release: Release | undefined }
  /** A proxy has a later revision of this epoch (a backup was restored): publish with at least this sequence. */
  | { readonly kind: "overtake"; readonly sequence: number };

export type CloseReason = "not-a-member" | "revoked" | "another-proxy" | "late" | "replaced" | "too-many";

export const EMPTY_DISTRIBUTION: Distribution = {
  publication: undefined,
  proven: undefined,
  hold: undefined,
  roster: EMPTY_ROSTER,
  revoked: { ...indexRevoked(NOTHING_REVOKED), list: NOTHING_REVOKED },
  sent: 0,
  overtaken: new Map(),
};

/**
 * Snapshots on their way at once: the next is made when one is answered, so that a first snapshot
 * for each of a thousand proxies takes the memory of these, and nobody's answer is late because of
 * what others are sent. One that does not answer gives its place up with its stream.
 */
export const ON_THEIR_WAY_MAX = 256;
/** Revisions that a restored backup may lack; a proxy that claims more is not believed. */
const OVERTAKE_MAX = 1_000_000;
/** Of one workload: each makes every proxy take its snapshot anew, and of a backup each replica does so once at most. */
const OVERTAKES_MAX = PROXIES_PER_WORKLOAD_MAX;
/** A connection that broke, or a controller that starts anew, has its proxies back by then. */
const PROOF_WAIT_MS = RESTART_LEASE_MS;

type Step = { readonly state: Distribution; readonly effects: readonly Effect[] };

export function step(state: Distribution, event: DistributionEvent, nowMs: number): Step {
  return stepAll(state, [event], nowMs);
}

/** What has happened together: every event counts, and what follows from all of them is decided once. */
export function stepAll(state: Distribution, events: readonly DistributionEvent[], nowMs: number): Step {
  const first = events.reduce<Step>((before, event) => {
    const { state: next, effects } = apply(before.state, event, nowMs);
    return { state: next, effects: effects.length === 0 ? before.effects : [...before.effects, ...effects] };
  }, still(state));
  return [advanceTime, closeStrangers, closeRevoked, holdWhatIsWrong, proveWhatHolds, sendWhatIsDue].reduce<Step>(
    (before, move) => {
      const { state: next, effects } = move(before.state, nowMs);
      return { state: next, effects: [...before.effects, ...effects] };
    },
    first,
  );
}

/** When time alone will change something; undefined where nothing is waited for. */
export function nextDueMs(state: Distribution, nowMs: number): number | undefined {
  const { roster } = state;
  const times = [
    ...awaitedUntilMs(state).filter((untilMs) => untilMs > nowMs),
    ...roster.leases.map(({ untilMs }) => untilMs),
    ...roster.orphans.map(({ heardMs }) => heardMs + ORPHAN_MS),
    ...[...roster.proxies.values()].flatMap(({ delivery }) => {
      if (delivery.kind === "awaiting") return [delivery.untilMs];
      return delivery.kind === "retrying" ? [delivery.atMs] : [];
    }),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

/** The snapshot that a workload's proxies shall have; undefined for one that is not of the mesh. */
export function wanted({ publication }: Distribution, workload: string): PackedSnapshot | undefined {
  return publication?.snapshots.get(workload);
}

/** Whether a proxy has in force what it shall have. */
export function isInForce(state: Distribution, proxy: ProxyStream): boolean {
  return proxy.holding.snapshotHash === hashFor(proxy, wanted(state, proxy.workload));
}

function apply(state: Distribution, event: DistributionEvent, nowMs: number): Step {
  switch (event.kind) {
    case "publish":
      return still(publish(state, withRevoked(event.publication, state.revoked.list), event.standing));
    case "revoke":
      return still(revoke(state, event.revoked));
    case "connect":
      return connect(state, event, nowMs);
    case "hello":
      return hello(state, event.id, event.hello, nowMs);
    case "ack":
      return still(changeProxy(state, event.id, (proxy) => applyAck(proxy, event.ack, nowMs)));
    case "nack":
      return still(changeProxy(state, event.id, (proxy) => applyNack(proxy, event.nack, nowMs)));
    case "disconnect":
      return still({ ...state, roster: leave(state.roster, event.id, event.isOrderly, nowMs) });
    case "lease":
      return still({ ...state, roster: lease(state.roster, event.claims, event.untilMs) });
    case "stranger":
      return still({ ...state, roster: noteOrphan(state.roster, event.proxy, nowMs) });
    case "remember": {
      const proxies = event.proxies.map((each) => ({ ...each, heardMs: each.heardMs === 0 ? nowMs : each.heardMs }));
      return still({ ...state, roster: remember(state.roster, proxies, (workload) => isMember(state, workload)) });
    }
    case "tick":
      return still(state);
  }
}

function publish(state: Distribution, publication: Publication, standing: Standing): Distribution {
  switch (standing) {
    case "proven":
      return { ...state, publication, proven: publication, hold: undefined };
    case "new":
      return { ...state, publication, proven: fallbackOf(state), hold: undefined };
    case "again": {
      const isProven = state.publication === state.proven && state.proven !== undefined;
      const { hold } = state;
      const { sequence } = publication.release.revision;
      const isStillHeld = hold !== undefined && isHeld(state);
      return {
        ...state,
        publication,
        proven: isProven ? publication : state.proven,
        hold: isStillHeld ? { ...hold, revision: { ...hold.revision, sequence } } : hold,
      };
    }
  }
}

/** Every snapshot says it, of the release that is in force and of the one that is gone back to. */
function revoke(state: Distribution, list: Revoked): Distribution {
  const { publication, proven } = state;
  const next = publication && withRevoked(publication, list);
  return {
    ...state,
    revoked: { ...indexRevoked(list), list },
    publication: next,
    proven: proven === publication ? next : proven && withRevoked(proven, list),
  };
}

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

function connect(state: Distribution, event: Extract<DistributionEvent, { kind: "connect" }>, nowMs: number): Step {
  const { id, workload } = event;
  const candidates = [state.publication, state.proven].map((each) => each?.snapshots.get(workload));
  const { roster, replaced } = join(state.roster, openProxy(id, event, candidates, nowMs));
  if (proxiesOf(roster, workload).length > PROXIES_PER_WORKLOAD_MAX) {
    const message = `${workload} has ${PROXIES_PER_WORKLOAD_MAX} proxies connected already`;
    return { state, effects: [{ kind: "close", id, reason: "too-many", message }] };
  }
  const effects = replaced.map(
    (old): Effect => ({ kind: "close", id: old, reason: "replaced", message: "the proxy has opened another stream" }),
  );
  const next = { ...state, roster };
  const ahead = aheadOf(state, event.hello);
  const before = state.overtaken.get(workload) ?? 0;
  if (ahead === undefined || before >= OVERTAKES_MAX) return { state: next, effects };
  const overtaken = new Map(state.overtaken).set(workload, before + 1);
  return { state: { ...next, overtaken }, effects: [...effects, { kind: "overtake", sequence: ahead + 1 }] };
}

function hello(state: Distribution, id: StreamId, message: Hello, nowMs: number): Step {
  const proxy = state.roster.proxies.get(id);
  if (proxy === undefined) return still(state);
  const next = applyHello(proxy, message, nowMs);
  if (next !== undefined) return still(changeProxy(state, id, () => next));
  const why = "a stream is one proxy's: a later hello named another";
  return {
    state: { ...state, roster: leave(state.roster, id, false, nowMs) },
    effects: [{ kind: "close", id, reason: "another-proxy", message: why }],
  };
}

/** The sequence that a proxy has of this epoch, where it is later than ours and may be believed. */
function aheadOf({ publication }: Distribution, { holding }: Hello): number | undefined {
  const [ours, theirs] = [publication?.release.revision, holding?.revision];
  if (ours === undefined || theirs === undefined || theirs.epoch !== ours.epoch) return undefined;
  const isAhead = theirs.sequence > ours.sequence && theirs.sequence - ours.sequence <= OVERTAKE_MAX;
  return isAhead ? theirs.sequence : undefined;
}

/** Leases end; a proxy that does not answer is away. */
function advanceTime(state: Distribution, nowMs: number): Step {
  const late = [...state.roster.proxies.values()].filter(
    ({ delivery }) => delivery.kind === "awaiting" && delivery.untilMs <= nowMs,
  );
  const left = late.reduce((roster, { id }) => leave(roster, id, false, nowMs), state.roster);
  return {
    state: { ...state, roster: expire(left, (workload) => isMember(state, workload), nowMs) },
    effects: late.map(({ id }) => ({
      kind: "close",
      id,
      reason: "late",
      message: "the snapshot was not answered in time",
    })),
  };
}

function isMember({ publication }: Distribution, workload: string): boolean {
  return publication?.snapshots.has(workload) ?? true;
}

/** Whoever is no longer the workload that it was, may not stay. */
function closeStrangers(state: Distribution, nowMs: number): Step {
  if (state.publication === undefined) return still(state);
  const strangers = [...state.roster.proxies.values()].filter(
    ({ workload, principal }) => wanted(state, workload)?.principal !== principal,
  );
  const roster = strangers.reduce(
    (before, proxy) => noteOrphan(leave(before, proxy.id, false, nowMs), proxy, nowMs),
    state.roster,
  );
  return {
    state: { ...state, roster },
    effects: strangers.map(({ id, principal, workload }) => ({
      kind: "close",
      id,
      reason: "not-a-member",
      message: `${principal} is no longer workload ${workload}`,
    })),
  };
}

/** Whose certificate was taken back, may not stay either. */
function closeRevoked(state: Distribution, nowMs: number): Step {
  const taken = [...state.roster.proxies.values()].flatMap(({ id, certificate }): Effect[] => {
    const what = findRevoked(state.revoked, certificate);
    return what === undefined ? [] : [{ kind: "close", id, reason: "revoked", message: `${what} was taken back` }];
  });
  const ids = taken.flatMap((effect) => (effect.kind === "close" ? [effect.id] : []));
  return {
    state: { ...state, roster: ids.reduce((before, id) => leave(before, id, false, nowMs), state.roster) },
    effects: taken,
  };
}

function holdWhatIsWrong(state: Distribution, nowMs: number): Step {
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
    state: { ...state, publication: back, proven: back, hold },
    effects: [{ kind: "hold", hold, release }],
  };
}

function proveWhatHolds(state: Distribution, nowMs: number): Step {
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
function awaitedUntilMs(state: Distribution): readonly number[] {
  const { publication, proven, roster } = state;
  if (publication === undefined || publication === proven || isHeld(state)) return [];
  return roster.gone.map(({ heardMs }) => heardMs + PROOF_WAIT_MS);
}

function sendWhatIsDue(state: Distribution, nowMs: number): Step {
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
    const snapshot = wanted(state, proxy.workload);
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

/** The release in place was held and there was none to go back to: nobody else is sent it. */
function isHeld({ hold, publication }: Distribution): boolean {
  return hold !== undefined && hold.revision.sequence === publication?.release.revision.sequence;
}

function changeProxy(state: Distribution, id: StreamId, change: (proxy: ProxyStream) => ProxyStream): Distribution {
  const proxy = state.roster.proxies.get(id);
  if (proxy === undefined) return state;
  const proxies = state.roster.proxies.set(id, change(proxy));
  return { ...state, roster: { ...state.roster, proxies } };
}

function still(state: Distribution): Step {
  return { state, effects: [] };
}
