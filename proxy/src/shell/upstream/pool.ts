/**
 * The connections to one endpoint: opens, lends and ends what its machine (stream/pool.ts)
 * decides.
 */
import type { Reason } from "../../filter/reason.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import { Lending } from "../../stream/pool.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, type Faulty, guarded } from "../net/faulty.ts";
import type { PeerDial } from "../net/tls.ts";
import type { Thread } from "../plane/thread.ts";
import { type DialOptions, Upstream, type UpstreamOwner } from "./upstream.ts";

/** A request that waits for a connection. */
export interface Waiter extends Faulty {
  onUpstream(upstream: Upstream): void;
  /** `detail` is for logs. */
  onNoUpstream(reason: Reason, detail: string): void;
  /** The endpoint is withdrawn: there may be another. */
  onWithdrawn(): void;
}

export type PoolSettings = {
  /** 0: the system's own. */
  readonly connectTimeoutMs: number;
  /** 0: as long as the other end keeps it. */
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  readonly pendingMax: number;
  readonly principals: readonly string[];
  readonly refusalOf: DialOptions["refusalOf"];
  readonly graceMs: number;
  readonly isApplication: boolean;
  /** How to reach a peer; asked for each connection, so that a new identity holds from the next one. */
  readonly peer: () => PeerDial | undefined;
};

/** The other end closes idle connections too, and says when: ours go this much earlier, so that no request meets the close. */
const IDLE_MARGIN_MS = 1000;
/**
 * Once requests have waited this long because every connection is taken, those whose client
 * has sent nothing for as long give theirs up: a few clients that send a byte a minute must
 * not hold all there are.
 */
const PRESSURE_MS = 1000;
/** Of settings that name no bound; a wheel holds no endless deadline. */
const IDLE_MS_MAX = 86_400_000;

export class Pool implements UpstreamOwner, Faulty {
  readonly #thread: Thread;
  readonly #endpoint: Endpoint;
  #settings: PoolSettings;
  readonly #open = new Set<Upstream>();
  readonly #lending = new Lending<Upstream, Waiter>();
  readonly #sweep: Timer;
  readonly #pressure: Timer;

  constructor(thread: Thread, endpoint: Endpoint, settings: PoolSettings) {
    this.#thread = thread;
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#sweep = new Timer(() => this.#sweepIdle(), this);
    this.#pressure = new Timer(() => this.#makeRoom(), this);
  }

  /** What a newer snapshot says; holds from the next connection on. */
  set settings(settings: PoolSettings) {
    this.#settings = settings;
  }

  get connectionsMax(): number {
    return this.#settings.connectionsMax;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** A connection at once; "waiting": the waiter is called; "full" and "closed": it is not. */
  acquire(waiter: Waiter, nowMs: number): Upstream | "waiting" | "full" | "closed" {
    const found = this.#lending.acquire(waiter, this.#settings, nowMs, endExpired);
    if (found === "waiting") {
      this.#openMore();
      if (this.#isPressed && !this.#pressure.isArmed) this.#thread.arm(this.#pressure, PRESSURE_MS);
    }
    return found;
  }

  /** Requests wait for a connection that is in use. */
  get #isPressed(): boolean {
    return this.#lending.waiting > 0 && this.#lending.open >= this.#settings.connectionsMax;
  }

  #makeRoom(): void {
    let wanted = this.#lending.waiting;
    for (const { user } of [...this.#open]) {
      if (wanted === 0 || !this.#isPressed) break;
      if (user?.yieldIfQuiet(PRESSURE_MS) === true) wanted--;
    }
    if (this.#isPressed) this.#thread.arm(this.#pressure, PRESSURE_MS);
  }

  cancel(waiter: Waiter): void {
    this.#lending.cancel(waiter);
  }

  /** Takes a connection back on which nothing is left. */
  release(upstream: Upstream): void {
    if (upstream.isClosed) return;
    if (upstream.isRetired) return void upstream.destroy();
    const idleMs = this.#idleMsOf(upstream);
    const returned = this.#lending.giveBack(upstream, idleMs, this.#thread.monoMs());
    switch (returned.kind) {
      case "lend":
        return void this.#lend(upstream, returned.to);
      case "end":
        return void upstream.destroy();
      case "idle":
        if (!this.#sweep.isArmed) this.#thread.arm(this.#sweep, idleMs);
    }
  }

  /** The waiter's fault is not that of the connection whose end brings it its own. */
  #lend(upstream: Upstream, waiter: Waiter): void {
    guarded(waiter, () => waiter.onUpstream(upstream))();
  }

  onFault(error: unknown): void {
    countFault(this.#thread, error);
  }

  #idleMsOf(upstream: Upstream): number {
    const { idleTimeoutMs } = this.#settings;
    const ownMs = idleTimeoutMs === 0 ? IDLE_MS_MAX : idleTimeoutMs;
    const { peerIdleMs } = upstream;
    return peerIdleMs === undefined ? ownMs : Math.min(ownMs, peerIdleMs - IDLE_MARGIN_MS);
  }

  /** Closes what is idle now, and the rest as it comes back; who waits may go elsewhere. */
  close(): void {
    this.#thread.disarm(this.#sweep);
    this.#thread.disarm(this.#pressure);
    const waiting = this.#lending.close();
    for (const upstream of this.#lending.takeIdle()) upstream.destroy();
    for (const waiter of waiting) guarded(waiter, () => waiter.onWithdrawn())();
  }

  /** No open connection takes a further request, so that the next one is made anew (with another identity of ours). */
  renew(): void {
    for (const upstream of [...this.#open]) upstream.retire();
  }

  /** Ends every connection at once, idle or busy, whose peer may not answer any more. */
  revoke(mayStay: (upstream: Upstream) => boolean): void {
    for (const upstream of [...this.#open]) {
      // Of one that is being opened nobody knows yet whose it is: it is opened anew.
      if (!upstream.isReady) upstream.retire();
      else if (!mayStay(upstream)) upstream.revoke();
    }
  }

  /** Ends everything at once. */
  destroy(): void {
    this.close();
    for (const upstream of [...this.#open]) upstream.destroy();
  }

  onReady(upstream: Upstream): void {
    this.#lending.opened();
    this.release(upstream);
  }

  onRetired(upstream: Upstream): void {
    if (this.#lending.isIdle(upstream)) upstream.destroy();
  }

  onClosed(upstream: Upstream, reason: Reason): void {
    this.#open.delete(upstream);
    const waiter = this.#lending.gone(upstream, !upstream.isReady);
    if (waiter !== undefined) guarded(waiter, () => waiter.onNoUpstream(reason, upstream.failureDetail))();
    this.#openMore();
  }

  #openMore(): void {
    const { peer, ...settings } = this.#settings;
    for (let left = this.#lending.toOpen(this.#settings); left > 0; left--) {
      this.#open.add(new Upstream(this.#thread, this, this.#endpoint, { ...settings, peer: peer() }));
    }
  }

  #sweepIdle(): void {
    const { expired, nextMs } = this.#lending.sweep(this.#thread.monoMs());
    for (const upstream of expired) upstream.destroy();
    if (nextMs !== undefined) this.#thread.arm(this.#sweep, nextMs);
  }
}

function endExpired(upstream: Upstream): void {
  upstream.destroy();
}
