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
import { findRevoked, type Hello, indexRevoked, type Revoked } from "@regomesh/protocol";
import { intervene } from "./intervene.ts";
import { resumeStage } from "./kept-stage.ts";
import { beginLearning, noteBack, settleLearning } from "./learning.ts";
import { fallbackOf, holdWhatIsWrong, proveWhatHolds } from "./proof.ts";
import { applyAck, applyHello, applyNack, openProxy, type ProxyStream, type StreamId } from "./proxy.ts";
import { type Publication, withRevoked } from "./release.ts";
import {
  expire,
  giveUpKept,
  join,
  keepClaims,
  leave,
  noteOrphan,
  ORPHAN_MS,
  PROXIES_PER_WORKLOAD_MAX,
  proxiesOf,
  remember,
} from "./roster.ts";
import { sendWhatIsDue } from "./sending.ts";
import { advanceStage, awaitedUntilMs, chooseCanaries, openStage, stageDueMs } from "./stages.ts";
import {
  type Distribution,
  type DistributionEvent,
  type Effect,
  isHeld,
  type Standing,
  type Step,
  still,
  wanted,
  wantedBy,
} from "./state.ts";
import { addTraffic, dropWatched, settleTraffic } from "./traffic.ts";

/** Revisions that a restored backup may lack; a proxy that claims more is not believed. */
const OVERTAKE_MAX = 1_000_000;
/** Of one workload: each makes every proxy take its snapshot anew, and of a backup each replica does so once at most. */
const OVERTAKES_MAX = PROXIES_PER_WORKLOAD_MAX;

export function step(state: Distribution, event: DistributionEvent, nowMs: number): Step {
  return stepAll(state, [event], nowMs);
}

/** What has happened together: every event counts, and what follows from all of them is decided once. */
export function stepAll(state: Distribution, events: readonly DistributionEvent[], nowMs: number): Step {
  let now = state;
  const all: Effect[] = [];
  const take = ({ state: next, effects }: Step) => {
    now = next;
    all.push(...effects);
  };
  for (const event of events) take(apply(now, event, nowMs));
  const since: Since = { before: state, hasJoined: events.some(({ kind }) => kind === "connect") };
  for (const move of MOVES) take(move(now, nowMs, since));
  return { state: now, effects: all };
}

/** What was before the events that are dealt with together, and whether a proxy has come with them. */
type Since = { readonly before: Distribution; readonly hasJoined: boolean };

/** What follows from whatever has happened, in this order. */
const MOVES: readonly ((state: Distribution, nowMs: number, since: Since) => Step)[] = [
  advanceTime,
  closeRevoked,
  chooseCanaries,
  holdWhatIsWrong,
  advanceStage,
  closeStrangers,
  proveWhatHolds,
  sendWhatIsDue,
];

/** When time alone will change something; undefined where nothing is waited for. */
export function nextDueMs(state: Distribution, nowMs: number): number | undefined {
  const { roster } = state;
  let next = Number.POSITIVE_INFINITY;
  // What is past and undone waits for something else, such as a retry of what is no longer wanted.
  const take = (atMs: number) => {
    if (atMs > nowMs && atMs < next) next = atMs;
  };
  awaitedUntilMs(state).forEach(take);
  stageDueMs(state).forEach(take);
  if (state.learning !== undefined) take(state.learning.untilMs);
  for (const { untilMs } of [...roster.leases, ...roster.lost]) take(untilMs);
  for (const { heardMs } of roster.orphans) take(heardMs + ORPHAN_MS);
  for (const { delivery } of roster.proxies.values()) {
    if (delivery.kind === "awaiting") take(delivery.untilMs);
    else if (delivery.kind === "retrying") take(delivery.atMs);
  }
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

function apply(state: Distribution, event: DistributionEvent, nowMs: number): Step {
  switch (event.kind) {
    case "publish":
      return still(publish(state, withRevoked(event.publication, state.revoked.list), event.standing, nowMs));
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
      return still({ ...state, roster: leave(state.roster, event.id, event.isOrderly ? "orderly" : "broken", nowMs) });
    case "lease":
      return still({ ...state, roster: keepClaims(state.roster, event.claims), learning: beginLearning(nowMs) });
    case "stranger":
      return still({ ...state, roster: noteOrphan(state.roster, event.proxy, nowMs) });
    case "remember": {
      const proxies = event.proxies.map((each) => ({ ...each, heardMs: each.heardMs === 0 ? nowMs : each.heardMs }));
      return still({ ...state, roster: remember(state.roster, proxies, (workload) => isMember(state, workload)) });
    }
    case "word":
      return still(intervene(state, event.word, nowMs));
    case "resume":
      return still(resumeStage(state, event.kept, nowMs));
    case "traffic":
      return still({ ...state, traffic: addTraffic(state.traffic, event.counted, watchedOf(state)) });
    case "given":
      return still({ ...state, given: Math.max(state.given, event.sequence) });
    case "tick":
      return still(state);
  }
}

function publish(before: Distribution, publication: Publication, standing: Standing, nowMs: number): Distribution {
  const state = { ...before, given: Math.max(before.given, publication.release.revision.sequence) };
  switch (standing) {
    case "proven":
      return { ...state, publication, proven: publication, stage: undefined, hold: undefined };
    case "new": {
      const proven = fallbackOf(state);
      const traffic = proven === state.publication ? settleTraffic(state.traffic) : dropWatched(state.traffic);
      return { ...state, publication, proven, stage: openStage(publication, proven, nowMs), traffic, hold: undefined };
    }
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
  const isBack = roster.kept.length < state.roster.kept.length;
  const next = { ...state, roster, learning: isBack ? noteBack(state.learning, nowMs) : state.learning };
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
  if (next !== undefined) {
    const after = changeProxy(state, id, () => next);
    if (next.listen === proxy.listen) return still(after);
    return still({ ...after, roster: { ...after.roster, moves: after.roster.moves + 1 } });
  }
  const why = "a stream is one proxy's: a later hello named another";
  return {
    state: { ...state, roster: leave(state.roster, id, "expelled", nowMs) },
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
  const left = late.reduce((roster, { id }) => leave(roster, id, "broken", nowMs), state.roster);
  const learning = settleLearning(state.learning, left.kept.length === 0, nowMs);
  const roster = expire(left, (workload) => isMember(state, workload), nowMs);
  return {
    state: {
      ...state,
      roster: learning === undefined ? giveUpKept(roster, nowMs) : roster,
      learning,
    },
    effects: late.map(({ id }) => ({
      kind: "close",
      id,
      reason: "late",
      message: "the snapshot was not answered in time",
    })),
  };
}

function isMember(state: Distribution, workload: string): boolean {
  return state.publication === undefined || wanted(state, workload) !== undefined;
}

function watchedOf({ publication, proven, stage, hold }: Distribution): Parameters<typeof addTraffic>[2] {
  const { epoch = "" } = publication?.release.revision ?? {};
  return { epoch, from: stage?.fromSequence, proven: proven?.release.revision.sequence, held: hold?.revision.sequence };
}

/** Whoever is no longer the workload that it was, may not stay: by what they answer proxies become nobody else. */
function closeStrangers(state: Distribution, nowMs: number, { before, hasJoined }: Since): Step {
  if (state.publication === undefined || (!hasJoined && isSameMesh(before, state))) return still(state);
  const strangers = [...state.roster.proxies.values()].filter(
    (proxy) => wantedBy(state, proxy)?.principal !== proxy.principal,
  );
  const roster = strangers.reduce(
    (before, proxy) => noteOrphan(leave(before, proxy.id, "expelled", nowMs), proxy, nowMs),
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

/** Whether the same proxies are members, each with the same release. */
function isSameMesh(one: Distribution, other: Distribution): boolean {
  return (
    one.publication === other.publication &&
    one.proven === other.proven &&
    one.stage?.kind === other.stage?.kind &&
    one.stage?.canaries === other.stage?.canaries
  );
}

/** Whose certificate was taken back, may not stay either. */
function closeRevoked(state: Distribution, nowMs: number): Step {
  if (state.revoked.serials.size + state.revoked.workloads.size === 0) return still(state);
  const taken = [...state.roster.proxies.values()].flatMap(({ id, certificate }): Effect[] => {
    const what = findRevoked(state.revoked, certificate);
    return what === undefined ? [] : [{ kind: "close", id, reason: "revoked", message: `${what} was taken back` }];
  });
  const ids = taken.flatMap((effect) => (effect.kind === "close" ? [effect.id] : []));
  return {
    state: { ...state, roster: ids.reduce((before, id) => leave(before, id, "expelled", nowMs), state.roster) },
    effects: taken,
  };
}

function changeProxy(state: Distribution, id: StreamId, change: (proxy: ProxyStream) => ProxyStream): Distribution {
  const proxy = state.roster.proxies.get(id);
  if (proxy === undefined) return state;
  const proxies = state.roster.proxies.set(id, change(proxy));
  return { ...state, roster: { ...state.roster, proxies } };
}
