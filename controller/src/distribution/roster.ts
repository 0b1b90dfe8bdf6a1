/**
 * Who is there, and who was: open streams, the proxies that went, the endpoints that still
 * count for a while without a stream, and the orphans, which run on though their workload is
 * no longer of the mesh. A lost connection is not yet a lost proxy.
 */
import type { Claim } from "./endpoints.ts";
import { IdMap } from "./id-map.ts";
import type { ProxyStream, StreamId } from "./proxy.ts";

/** How long the endpoints of a stream that broke off still count. */
export const LEASE_MS = 1000;
/** A proxy that ends in order says so: its endpoints go almost at once. */
export const ORDERLY_LEASE_MS = 250;
/**
 * How long the endpoints of a stream that broke off are kept beyond its lease, for services of which nobody else is
 * known: as long as Kubernetes waits for a machine that says nothing (`tolerationSeconds` of `node.kubernetes.io/unreachable`).
 */
export const LOST_MS = 300_000;
/** For as long as a proxy needs to come back after a start of the controller: learning.ts says how long all of them do. */
export const RESTART_LEASE_MS = 15_000;
/** Proxies of one workload that are connected at once: its replicas. */
export const PROXIES_PER_WORKLOAD_MAX = 64;
/** Proxies of one workload that are remembered as gone. */
const GONE_PER_WORKLOAD_MAX = 16;
/** An orphan asks every two seconds to be let in; one that has not for so long is taken for ended. */
export const ORPHAN_MS = 3_600_000;
/** Each has an SVID of this mesh; the newest stay. */
const ORPHANS_MAX = 256;

export type Roster = {
  readonly proxies: IdMap<ProxyStream>;
  /** By a number made of a workload's name its streams, and those of any other workload with that number. */
  readonly streams: IdMap<readonly StreamId[]>;
  /** How often a proxy that stays has said that it listens elsewhere. */
  readonly moves: number;
  /** The one that went last is last. */
  readonly gone: readonly GoneProxy[];
  readonly leases: readonly Lease[];
  /** Of those whose lease is over though they did not say that they go; the newest last. */
  readonly lost: readonly Lost[];
  /** Of those that were connected before this controller started and are not back yet, for as long as it learns. */
  readonly kept: readonly Claim[];
  readonly orphans: readonly Known[];
};

export type GoneProxy = Pick<ProxyStream, "workload" | "instance" | "principal" | "heardMs" | "holding" | "refusal"> & {
  /** It said that it goes. */
  readonly isOrderly: boolean;
};

/** A proxy by its name alone: what is remembered of one beyond its streams. */
export type Known = Pick<ProxyStream, "workload" | "instance" | "principal" | "heardMs">;

export type Lease = Lost & {
  /** Its stream broke off, and nobody sent it away: it may serve on. */
  readonly isBroken: boolean;
};

export type Lost = { readonly claim: Claim; readonly untilMs: number };

/** How a stream ended: by the proxy's own word, without one, or because it may not stay. */
export type Ending = "orderly" | "broken" | "expelled";

export const EMPTY_ROSTER: Roster = {
  proxies: IdMap.empty(),
  streams: IdMap.empty(),
  moves: 0,
  gone: [],
  leases: [],
  lost: [],
  kept: [],
  orphans: [],
};

/** Workloads are some thousand: mostly each has a number of its own. */
const NUMBERS = 32 ** 3;

function numberOf(workload: string): number {
  let number = 0;
  for (let at = 0; at < workload.length; at++) number = (number * 31 + workload.charCodeAt(at)) % NUMBERS;
  return number;
}

function changeStreams(
  { streams }: Roster,
  workload: string,
  change: (ids: readonly StreamId[]) => readonly StreamId[],
): Roster["streams"] {
  const number = numberOf(workload);
  const ids = change(streams.get(number) ?? []);
  return ids.length === 0 ? streams.delete(number) : streams.set(number, ids);
}

/** However many others are connected, it takes the time of these. */
export function proxiesOf({ proxies, streams }: Roster, workload: string): readonly ProxyStream[] {
  const found = (streams.get(numberOf(workload)) ?? []).flatMap((id) => proxies.get(id) ?? []);
  return found.filter((proxy) => proxy.workload === workload);
}

/**
 * Takes a proxy's new stream in. A second stream of one instance takes the first one's place
 * (identities are renewed so); a new instance stands in for the one of its workload that has
 * been gone longest, which is how a proxy that was started anew looks from here.
 */
export function join(
  roster: Roster,
  proxy: ProxyStream,
): { readonly roster: Roster; readonly replaced: readonly StreamId[] } {
  const isSame = ({ workload, instance }: Pick<ProxyStream, "workload" | "instance">) =>
    workload === proxy.workload && instance === proxy.instance;
  const replaced = proxiesOf(roster, proxy.workload)
    .filter(isSame)
    .map(({ id }) => id);
  const others = replaced.reduce((left, id) => left.delete(id), roster.proxies);
  const proxies = others.set(proxy.id, proxy);
  const known =
    replaced.length > 0
      ? undefined
      : (roster.gone.find(isSame) ?? roster.gone.find(({ workload }) => workload === proxy.workload));
  const isOf = ({ workload, instance }: Claim) =>
    workload === proxy.workload && (instance === undefined || [proxy.instance, known?.instance].includes(instance));
  return {
    replaced,
    roster: {
      proxies,
      streams: changeStreams(roster, proxy.workload, (ids) => [
        ...ids.filter((id) => !replaced.includes(id)),
        proxy.id,
      ]),
      moves: roster.moves,
      gone: known === undefined ? roster.gone : roster.gone.filter((each) => each !== known),
      orphans: roster.orphans.filter((each) => !isSame(each)),
      leases: roster.leases.filter(({ claim }) => !isOf(claim)),
      lost: roster.lost.some(({ claim }) => isOf(claim))
        ? roster.lost.filter(({ claim }) => !isOf(claim))
        : roster.lost,
      kept: roster.kept.some(isOf) ? roster.kept.filter((claim) => !isOf(claim)) : roster.kept,
    },
  };
}

/** A stream ended. */
export function leave(roster: Roster, id: StreamId, ending: Ending, nowMs: number): Roster {
  const proxy = roster.proxies.get(id);
  if (proxy === undefined) return roster;
  const proxies = roster.proxies.delete(id);
  const { workload, instance, principal, holding, refusal, listen } = proxy;
  const others = proxiesOf(roster, workload).some((each) => each.id !== id);
  const before = roster.gone.filter((each) => each.workload === workload);
  const dropped = before.slice(0, Math.max(0, before.length + 1 - GONE_PER_WORKLOAD_MAX));
  const isOrderly = ending === "orderly";
  const untilMs = nowMs + (isOrderly ? ORDERLY_LEASE_MS : LEASE_MS);
  return {
    ...roster,
    proxies,
    streams: changeStreams(roster, workload, (ids) => ids.filter((each) => each !== id)),
    gone:
      isOrderly && others
        ? roster.gone
        : [
            ...roster.gone.filter((each) => !dropped.includes(each)),
            { workload, instance, principal, holding, refusal, heardMs: nowMs, isOrderly },
          ],
    leases: [...roster.leases, { claim: { workload, instance, listen }, untilMs, isBroken: ending === "broken" }],
  };
}

/** Lets claims that were kept count without a stream. */
export function keepClaims(roster: Roster, claims: readonly Claim[]): Roster {
  const isThere = (claim: Claim) => proxiesOf(roster, claim.workload).length > 0;
  return { ...roster, kept: claims.filter((claim) => !isThere(claim)) };
}

/** A proxy of a workload that is not of the mesh: it has asked to be let in, or had to go. */
export function noteOrphan(roster: Roster, { workload, instance, principal }: Known, nowMs: number): Roster {
  const others = roster.orphans.filter((each) => each.principal !== principal || each.workload !== workload);
  const orphans = [...others, { workload, instance, principal, heardMs: nowMs }].slice(-ORPHANS_MAX);
  return { ...roster, orphans };
}

/** Proxies that were known before this controller started, and are not back yet: gone until they are. */
export function remember(roster: Roster, known: readonly Known[], isMember: (workload: string) => boolean): Roster {
  const there = new Set(
    [...roster.proxies.values(), ...roster.gone].map(({ workload, instance }) => `${workload} ${instance}`),
  );
  const missing = known.filter(({ workload, instance }) => !there.has(`${workload} ${instance}`));
  const gone = missing.filter(({ workload }) => isMember(workload));
  return {
    ...roster,
    gone: [
      ...roster.gone,
      ...gone.map((each): GoneProxy => ({ ...each, holding: NOTHING, refusal: undefined, isOrderly: false })),
    ],
    orphans: [...roster.orphans, ...missing.filter(({ workload }) => !isMember(workload))].slice(-ORPHANS_MAX),
  };
}

const NOTHING: ProxyStream["holding"] = { snapshotHash: "", revision: undefined, contentHashes: [] };

/** Every proxy that status should see, to be remembered; times of the connected ones are left out, for they always pass. */
export function knownOf({ proxies, gone, orphans }: Roster): readonly Known[] {
  const connected = [...proxies.values()].map(({ workload, instance, principal }) => ({
    workload,
    instance,
    principal,
    heardMs: 0,
  }));
  const others = [...gone, ...orphans.map((each) => ({ ...each, heardMs: 0 }))];
  return [
    ...connected,
    ...others.map(({ workload, instance, principal, heardMs }) => ({ workload, instance, principal, heardMs })),
  ];
}

/** What is over by now goes; what no longer belongs to the mesh is forgotten. */
export function expire(roster: Roster, isMember: (workload: string) => boolean, nowMs: number): Roster {
  const leases = roster.leases.filter(({ untilMs }) => untilMs > nowMs).map((each) => boundLease(each, nowMs));
  const ended = roster.leases.filter(({ untilMs, isBroken }) => isBroken && untilMs <= nowMs);
  const lost = settleLost(roster.lost, ended, isMember, nowMs);
  const gone = roster.gone.filter(({ workload }) => isMember(workload));
  const orphans = roster.orphans.filter(({ workload, heardMs }) => !isMember(workload) && heardMs + ORPHAN_MS > nowMs);
  const isSame =
    leases.length === roster.leases.length &&
    leases.every((each, at) => each === roster.leases[at]) &&
    lost === roster.lost &&
    gone.length === roster.gone.length &&
    orphans.length === roster.orphans.length;
  return isSame ? roster : { ...roster, leases, lost, gone, orphans };
}

/** Who was to come back after a start of the controller, and is not back when all that were to are. */
export function giveUpKept(roster: Roster, nowMs: number): Roster {
  if (roster.kept.length === 0) return roster;
  const lost = roster.kept.map((claim) => ({ claim, untilMs: nowMs + LOST_MS }));
  return { ...roster, kept: [], lost: boundLost([...roster.lost, ...lost]) };
}

/** The list itself where nothing changes. */
function settleLost(
  before: Roster["lost"],
  ended: readonly Lease[],
  isMember: (workload: string) => boolean,
  nowMs: number,
): Roster["lost"] {
  const isKept = ({ claim, untilMs }: Lost) =>
    untilMs > nowMs && untilMs <= nowMs + LOST_MS && isMember(claim.workload);
  if (ended.length === 0 && before.every(isKept)) return before;
  const all = [
    // Where the clock was put back, the end is no further away than it ever was.
    ...before.map(({ claim, untilMs }) => ({ claim, untilMs: Math.min(untilMs, nowMs + LOST_MS) })),
    ...ended.map(({ claim }) => ({ claim, untilMs: nowMs + LOST_MS })),
  ];
  return boundLost(all.filter(isKept));
}

/** Of each workload as many as it can have connected, the newest. */
function boundLost(lost: Roster["lost"]): Roster["lost"] {
  const counts = new Map<string, number>();
  return lost
    .toReversed()
    .filter(({ claim: { workload } }) => {
      const count = (counts.get(workload) ?? 0) + 1;
      counts.set(workload, count);
      return count <= PROXIES_PER_WORKLOAD_MAX;
    })
    .toReversed();
}

function boundLease(each: Lease, nowMs: number): Lease {
  const untilMs = boundedMs(each.untilMs, nowMs);
  return untilMs === each.untilMs ? each : { ...each, untilMs };
}

/** The end of a lease: where the clock was put back, it is no further away than it ever was. */
function boundedMs(untilMs: number, nowMs: number): number {
  return Math.min(untilMs, nowMs + RESTART_LEASE_MS);
}

/** Where proxies listen: connected ones, those whose lease runs, and those that are to come back. */
export function claimsOf({ proxies, leases, kept }: Roster): readonly Claim[] {
  const live = [...proxies.values()].map(({ workload, instance, listen }) => ({ workload, instance, listen }));
  return [...live, ...leases.map(({ claim }) => claim), ...kept];
}

/** What `claimsOf` is made of: as long as each of these is the same, so is that, and nobody goes through a thousand proxies to see it. */
export function sourcesOfClaims({ streams, moves, leases, kept }: Roster): readonly unknown[] {
  return [streams, moves, leases, kept];
}

/** The same of `knownOf`. */
export function sourcesOfKnown({ streams, gone, orphans }: Roster): readonly unknown[] {
  return [streams, gone, orphans];
}

/** Where those listened that are lost: for services of which nobody else is known. */
export function lostClaimsOf({ lost }: Roster): readonly Claim[] {
  return lost.map(({ claim }) => claim);
}
