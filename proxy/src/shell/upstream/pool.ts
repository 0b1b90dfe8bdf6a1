/**
 * The connections to one endpoint: opens, lends and ends what its machine (stream/pool.ts)
 * decides.
 */
import type { Reason } from "../../filter/reason.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import { Lending } from "../../stream/pool.ts";
import type { StreamPool, StreamWaiter, UpstreamStream } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, type Faulty, guarded } from "../net/faulty.ts";
import type { PeerDial } from "../net/tls.ts";
import type { Thread } from "../plane/thread.ts";
import { type DialOptions, UpstreamConnection, type UpstreamOwner } from "./connection.ts";

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
 * has sent nothing, or taken nothing, for as long give theirs up: a few clients that send or
 * take a byte a minute must not hold all there are.
 */
const PRESSURE_MS = 1000;
/** Of settings that name no bound; a wheel holds no endless deadline. */
const IDLE_MS_MAX = 86_400_000;

export class Pool implements StreamPool, UpstreamOwner, Faulty {
  readonly #thread: Thread;
  readonly #endpoint: Endpoint;
  #settings: PoolSettings;
  readonly #open = new Set<UpstreamConnection>();
  readonly #lending = new Lending<UpstreamConnection, StreamWaiter>();
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

  open(waiter: StreamWaiter, nowMs: number): UpstreamStream | "waiting" | "full" | "closed" {
    const found = this.#lending.acquire(waiter, this.#settings, nowMs, endExpired);
    if (typeof found !== "string") return found.stream.begin(waiter);
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
    for (const { stream } of [...this.#open]) {
      if (wanted === 0 || !this.#isPressed) break;
      if (stream.listener?.yieldIfQuiet(PRESSURE_MS) === true) wanted--;
    }
    if (this.#isPressed) this.#thread.arm(this.#pressure, PRESSURE_MS);
  }

  cancel(waiter: StreamWaiter): void {
    this.#lending.cancel(waiter);
  }

  /** Takes a connection back on which nothing is left. */
  onReleased(connection: UpstreamConnection): void {
    if (connection.isClosed) return;
    if (connection.isRetired) return void connection.destroy();
    const idleMs = this.#idleMsOf(connection);
    const returned = this.#lending.giveBack(connection, idleMs, this.#thread.monoMs());
    switch (returned.kind) {
      case "lend":
        return void this.#lend(connection, returned.to);
      case "end":
        return void connection.destroy();
      case "idle":
        if (!this.#sweep.isArmed) this.#thread.arm(this.#sweep, idleMs);
    }
  }

  /** The waiter's fault is not that of the connection whose end brings it its own. */
  #lend(connection: UpstreamConnection, waiter: StreamWaiter): void {
    guarded(waiter, () => waiter.onStream(connection.stream.begin(waiter)))();
  }

  onFault(error: unknown): void {
    countFault(this.#thread, error);
  }

  #idleMsOf(connection: UpstreamConnection): number {
    const { idleTimeoutMs } = this.#settings;
    const ownMs = idleTimeoutMs === 0 ? IDLE_MS_MAX : idleTimeoutMs;
    const { peerIdleMs } = connection;
    return peerIdleMs === undefined ? ownMs : Math.min(ownMs, peerIdleMs - IDLE_MARGIN_MS);
  }

  /** Closes what is idle now, and the rest as it comes back; who waits may go elsewhere. */
  close(): void {
    this.#thread.disarm(this.#sweep);
    this.#thread.disarm(this.#pressure);
    const waiting = this.#lending.close();
    for (const connection of this.#lending.takeIdle()) connection.destroy();
    for (const waiter of waiting) guarded(waiter, () => waiter.onWithdrawn())();
  }

  /** No open connection takes a further request, so that the next one is made anew (with another identity of ours). */
  renew(): void {
    for (const connection of [...this.#open]) connection.retire();
  }

  /** Ends every connection at once, idle or busy, whose peer may not answer any more. */
  revoke(mayStay: (connection: UpstreamConnection) => boolean): void {
    for (const connection of [...this.#open]) {
      // Of one that is being opened nobody knows yet whose it is: it is opened anew.
      if (!connection.isReady) connection.retire();
      else if (!mayStay(connection)) connection.revoke();
    }
  }

  /** Ends everything at once. */
  destroy(): void {
    this.close();
    for (const connection of [...this.#open]) connection.destroy();
  }

  onReady(connection: UpstreamConnection): void {
    this.#lending.opened();
    this.onReleased(connection);
  }

  onRetired(connection: UpstreamConnection): void {
    if (this.#lending.isIdle(connection)) connection.destroy();
  }

  onClosed(connection: UpstreamConnection, reason: Reason): void {
    this.#open.delete(connection);
    const waiter = this.#lending.gone(connection, !connection.isReady);
    if (waiter !== undefined) guarded(waiter, () => waiter.onNoStream(reason, connection.failureDetail))();
    this.#openMore();
  }

  #openMore(): void {
    const { peer, ...settings } = this.#settings;
    for (let left = this.#lending.toOpen(this.#settings); left > 0; left--) {
      this.#open.add(new UpstreamConnection(this.#thread, this, this.#endpoint, { ...settings, peer: peer() }));
    }
  }

  #sweepIdle(): void {
    const { expired, nextMs } = this.#lending.sweep(this.#thread.monoMs());
    for (const connection of expired) connection.destroy();
    if (nextMs !== undefined) this.#thread.arm(this.#sweep, nextMs);
  }
}

function endExpired(connection: UpstreamConnection): void {
  connection.destroy();
}
