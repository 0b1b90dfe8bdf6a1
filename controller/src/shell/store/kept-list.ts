/** A list that is kept, so that a controller that starts anew knows what the one before it knew of proxies. */
import { type Clock, type Log, SILENT } from "@regomesh/base";
import type { Claim } from "../../distribution/endpoints.ts";
import type { KeptStage } from "../../distribution/kept-stage.ts";
import type { Known } from "../../distribution/roster.ts";
import { Keeper } from "../../store/keeper.ts";
import type { Lease, Reading } from "../../store/store.ts";
import { readOrTell, tellLost } from "./read-kept.ts";

type Kind<T> = {
  readonly key: string;
  readonly isMember: (value: unknown) => value is T;
  /** What is lost with the list, and what comes of it. */
  readonly lost: string;
  /** Where it is not GATHER_MS. */
  readonly gatherMs?: number;
};

const CLAIMS: Kind<Claim> = {
  key: "snapshots/endpoints.json",
  isMember: isClaim,
  lost: "where proxies listened: each tells it as it comes back, and for 15 s no proxy loses an endpoint",
};

const PROXIES: Kind<Known> = {
  key: "snapshots/proxies.json",
  isMember: isKnown,
  lost: "which proxies there were: status misses none that does not come back",
};

/** What changes within is kept at once: what a controller has not kept is lost where it is killed. */
const GATHER_MS = 200;
/** Each time it is all made into text, ten thousand endpoints in a large mesh: so many times as long nothing is. */
const REST = 50;
/** What is counted of a release that is watched changes twice a second. */
const STAGE_GATHER_MS = 2000;

const STAGES: Kind<KeptStage> = {
  key: "snapshots/stage.json",
  isMember: isKeptStage,
  lost: "how far the release under way had come: it begins anew",
  gatherMs: STAGE_GATHER_MS,
};

export class KeptList<T> {
  readonly #kind: Kind<T>;
  readonly #lease: Lease;
  readonly #keeper: Keeper;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ending = new AbortController();
  #wanted = "";
  /** What it took to make it into text. */
  #tookMs = 0;
  /** What it is to be made of, where it has changed since it was last handed on. */
  #list: (() => readonly T[]) | undefined;
  #isWaiting = false;
  /** What the newest list is made of. */
  #of: readonly unknown[] | undefined;

  constructor(kind: Kind<T>, lease: Lease, clock: Clock, log: Log) {
    this.#kind = kind;
    this.#lease = lease;
    this.#clock = clock;
    this.#log = log;
    this.#keeper = new Keeper(lease, kind.key, clock);
  }

  /**
   * The newest list is what is kept, soon: proxies come and go by the hundred. Nothing is after a flush, nor where all
   * that it is made of, `of`, is what it was.
   */
  keepSoon(list: () => readonly T[], of: readonly unknown[]): void {
    if (this.#ending.signal.aborted) return;
    const before = this.#of;
    if (before !== undefined && of.every((each, at) => each === before[at])) return;
    this.#of = of;
    this.#list = list;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#clock.sleep(Math.max(this.#kind.gatherMs ?? GATHER_MS, REST * this.#tookMs), this.#ending.signal).then(
      () => {
        this.#isWaiting = false;
        this.#hand();
      },
      () => {},
    );
  }

  #hand(): void {
    const list = this.#list;
    if (list === undefined) return;
    this.#list = undefined;
    const startMs = performance.now();
    const text = `${JSON.stringify(list())}\n`;
    this.#tookMs = performance.now() - startMs;
    if (text === this.#wanted) return;
    this.#wanted = text;
    this.#keeper.keepSoon(() => text);
  }

  /** Hands on what has changed by now, and waits for it; nothing is gathered after it. */
  async flush(): Promise<void> {
    this.#ending.abort();
    this.#hand();
    await this.#keeper.flush();
  }

  /** What was kept last; nothing where that cannot be read, which is told: proxies will tell, and nothing is better than something wrong. */
  async read(): Promise<readonly T[]> {
    return await readList(this.#lease, this.#kind, this.#log);
  }
}

async function readList<T>(reading: Reading, { key, isMember, lost }: Kind<T>, log: Log): Promise<readonly T[]> {
  const all = (await readOrTell(reading, key, isList, { lost, log })) ?? [];
  const members = all.filter(isMember);
  if (members.length < all.length)
    tellLost(log, key, lost, `${all.length - members.length} of its ${all.length} are damaged`);
  return members;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** Where proxies listened: endpoints are told before their proxies are back. */
export function keptClaims(lease: Lease, clock: Clock, log: Log): KeptList<Claim> {
  return new KeptList(CLAIMS, lease, clock, log);
}

/** Which proxies there were: status goes on to look for them. */
export function keptProxies(lease: Lease, clock: Clock, log: Log): KeptList<Known> {
  return new KeptList(PROXIES, lease, clock, log);
}

/** How far the release under way has come; empty where none is that a restart could forget. */
export function keptStages(lease: Lease, clock: Clock, log: Log): KeptList<KeptStage> {
  return new KeptList(STAGES, lease, clock, log);
}

/** As `keptProxies(…).read`, for whoever does not hold the lease; nobody is told there. */
export async function readKnownProxies(reading: Reading): Promise<readonly Known[]> {
  return await readList(reading, PROXIES, SILENT);
}

function isClaim(value: unknown): value is Claim {
  const { workload, listen } = (value ?? {}) as Partial<Claim>;
  return typeof workload === "string" && Array.isArray(listen) && listen.every((each) => typeof each === "object");
}

function isKnown(value: unknown): value is Known {
  const { workload, instance, principal, heardMs } = (value ?? {}) as Partial<Known>;
  return [workload, instance, principal].every((each) => typeof each === "string") && typeof heardMs === "number";
}

function isKeptStage(value: unknown): value is KeptStage {
  const { epoch, builtAtMs, kind, rules, fromSequence, sinceMs, canaries, before, now, atMs } = (value ??
    {}) as Partial<KeptStage>;
  return (
    typeof epoch === "string" &&
    (kind === "canary" || kind === "everyone") &&
    typeof rules === "object" &&
    [builtAtMs, fromSequence, sinceMs, atMs].every((each) => typeof each === "number") &&
    [canaries, before, now].every((each) => Array.isArray(each))
  );
}
