/**
 * The connections to one endpoint: opens, lends, shares out and ends what its machines decide.
 * Connections that carry one request at a time are lent (stream/pool.ts), those that carry
 * many are shared out (stream/sharing.ts). Which of the two an endpoint's are is known for sure
 * once one is ready: of a peer it is taken to be what the last one was, at first the better.
 */
import type { Reason } from "../../filter/reason.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import { Lending } from "../../stream/pool.ts";
import { Sharing, type SharingLimits } from "../../stream/sharing.ts";
import type { StreamPool, StreamWaiter, UpstreamStream } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, type Faulty, guarded } from "../net/faulty.ts";
import type { PeerDial } from "../net/tls.ts";
import type { Thread } from "../plane/thread.ts";
import { type DialOptions, UpstreamConnection, type UpstreamOwner, type UpstreamProtocol } from "./connection.ts";

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
  /** What is spoken in plaintext. */
  readonly protocol: UpstreamProtocol;
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
  /** Of those open: connections that are nobody's to give any more, as the endpoint's now speak something else. */
  readonly #strays = new Set<UpstreamConnection>();
  #lending = new Lending<UpstreamConnection, StreamWaiter>();
  #sharing = new Sharing<UpstreamConnection, StreamWaiter>();
  /** The endpoint's connections carry many requests at a time. */
  #isShared: boolean;
  #isClosed = false;
  readonly #sweep: Timer;
  readonly #pressure: Timer;

  constructor(thread: Thread, endpoint: Endpoint, settings: PoolSettings) {
    this.#thread = thread;
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#isShared = settings.peer() !== undefined || settings.protocol === "http2";
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

  /** A request more or less is the same whether it has a connection of its own: as many run at a time. */
  #limits(): SharingLimits {
    const { connectionsMax: streamsMax, pendingMax } = this.#settings;
    return { streamsMax, pendingMax };
  }

  open(waiter: StreamWaiter, nowMs: number): UpstreamStream | "waiting" | "full" | "closed" {
    const found = this.#isShared
      ? this.#sharing.acquire(waiter, this.#limits())
      : this.#lending.acquire(waiter, this.#settings, nowMs, endExpired);
    if (typeof found !== "string") return found.begin(waiter);
    if (found === "waiting") {
      this.#openMore();
      if (this.#isPressed() && !this.#pressure.isArmed) this.#thread.arm(this.#pressure, PRESSURE_MS);
    }
    return found;
  }

  /** Requests wait for others to end. */
  #isPressed(): boolean {
    const { connectionsMax } = this.#settings;
    if (this.#isShared) return this.#sharing.waiting > 0 && this.#sharing.streams >= connectionsMax;
    return this.#lending.waiting > 0 && this.#lending.open >= connectionsMax;
  }

  #makeRoom(): void {
    let wanted = this.#isShared ? this.#sharing.waiting : this.#lending.waiting;
    for (const { speaker } of [...this.#open]) {
      if (wanted <= 0 || !this.#isPressed()) break;
      wanted -= speaker?.yieldIfQuiet(PRESSURE_MS) ?? 0;
    }
    if (this.#isPressed()) this.#thread.arm(this.#pressure, PRESSURE_MS);
  }

  cancel(waiter: StreamWaiter): void {
    this.#lending.cancel(waiter);
    this.#sharing.cancel(waiter);
  }

  onReleased(connection: UpstreamConnection): void {
    if (connection.isClosed) return;
    if (this.#isStray(connection)) {
      if (connection.streams === 0) connection.destroy();
    } else if (connection.isShared) this.#onStreamEnded(connection);
    else this.#takeBack(connection);
  }

  /** Takes a connection back on which nothing is left. */
  #takeBack(connection: UpstreamConnection): void {
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

  #onStreamEnded(connection: UpstreamConnection): void {
    this.#sharing.ended(1);
    if (connection.streams === 0) {
      if (connection.isRetired || this.#isClosed) return void connection.destroy();
      connection.idleSinceMs = this.#thread.monoMs();
      if (!this.#sweep.isArmed) this.#thread.arm(this.#sweep, this.#idleMsOf(connection));
    }
    if (this.#sharing.waiting > 0) this.#serve();
  }

  onRoom(): void {
    this.#serve();
  }

  /** Gives those who wait their streams, where there is room; opens a connection where there is none. */
  #serve(): void {
    for (let next = this.#sharing.next(this.#limits()); next !== undefined; next = this.#sharing.next(this.#limits())) {
      this.#lend(next.connection, next.to);
    }
    this.#openMore();
  }

  /** The waiter's fault is not that of the connection whose end brings it its own. */
  #lend(connection: UpstreamConnection, waiter: StreamWaiter): void {
    guarded(waiter, () => waiter.onStream(connection.begin(waiter)))();
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
    this.#isClosed = true;
    this.#thread.disarm(this.#sweep);
    this.#thread.disarm(this.#pressure);
    const waiting = [...this.#lending.close(), ...this.#sharing.close()];
    for (const connection of this.#lending.takeIdle()) connection.destroy();
    for (const connection of [...this.#open]) {
      if (connection.isShared && connection.streams === 0) connection.destroy();
    }
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
    if (this.#isClosed || this.#isStray(connection)) return void connection.destroy();
    if (connection.isShared !== this.#isShared) this.#change(connection);
    if (!this.#isShared) {
      this.#lending.opened();
      this.onReleased(connection);
      // Its place among those that open is another's now: who still waits may wait for what is held for long.
      return void this.#openMore();
    }
    this.#sharing.opened(connection);
    if (connection.isRetired) return void this.onRetired(connection);
    connection.idleSinceMs = this.#thread.monoMs();
    if (!this.#sweep.isArmed) this.#thread.arm(this.#sweep, this.#idleMsOf(connection));
    this.#serve();
  }

  /** The endpoint speaks otherwise than it did, or was taken to: `connection` is the first of a new kind. */
  #change(connection: UpstreamConnection): void {
    const waiting = [...this.#lending.close(), ...this.#sharing.close()];
    for (const idle of this.#lending.takeIdle()) idle.destroy();
    for (const other of [...this.#open]) {
      if (other === connection) continue;
      this.#strays.add(other);
      if (other.isShared && other.streams === 0) other.destroy();
    }
    this.#lending = new Lending();
    this.#sharing = new Sharing();
    this.#isShared = connection.isShared;
    if (this.#isShared) this.#sharing.adopt();
    else this.#lending.adopt();
    const nowMs = this.#thread.monoMs();
    for (const waiter of waiting) {
      const found = this.#isShared
        ? this.#sharing.acquire(waiter, this.#limits())
        : this.#lending.acquire(waiter, this.#settings, nowMs, endExpired);
      if (found === "full") guarded(waiter, () => waiter.onNoStream("pool_exhausted", ""))();
    }
    this.#openMore();
  }

  #isStray(connection: UpstreamConnection): boolean {
    return this.#strays.size > 0 && this.#strays.has(connection);
  }

  onRetired(connection: UpstreamConnection): void {
    if (connection.isShared) {
      this.#sharing.retire(connection);
      // Who waits for this one's room waits for another's: its end opens it, or this does.
      if (connection.streams === 0) connection.destroy();
      else this.#openMore();
    } else if (this.#lending.isIdle(connection)) connection.destroy();
  }

  onClosed(connection: UpstreamConnection, reason: Reason): void {
    this.#open.delete(connection);
    if (this.#strays.delete(connection)) return;
    for (const waiter of this.#leftBy(connection)) {
      guarded(waiter, () => waiter.onNoStream(reason, connection.failureDetail))();
    }
    this.#openMore();
  }

  /** Forgets a connection; whose wait for it is in vain. */
  #leftBy(connection: UpstreamConnection): readonly StreamWaiter[] {
    if (!this.#isShared) return this.#lending.gone(connection, !connection.isReady);
    if (!connection.isReady) return this.#sharing.failed();
    this.#sharing.retire(connection);
    this.#sharing.ended(connection.streams);
    return [];
  }

  #openMore(): void {
    if (this.#isShared) {
      if (this.#sharing.opens(this.#limits())) this.#dial();
      return;
    }
    for (let left = this.#lending.toOpen(this.#settings); left > 0; left--) this.#dial();
  }

  #dial(): void {
    const { peer, ...settings } = this.#settings;
    this.#open.add(new UpstreamConnection(this.#thread, this, this.#endpoint, { ...settings, peer: peer() }));
  }

  #sweepIdle(): void {
    const nowMs = this.#thread.monoMs();
    const { expired, nextMs } = this.#lending.sweep(nowMs);
    for (const connection of expired) connection.destroy();
    let wakeMs = nextMs;
    for (const connection of [...this.#open]) {
      if (!connection.isShared || connection.streams > 0) continue;
      const leftMs = connection.idleSinceMs + this.#idleMsOf(connection) - nowMs;
      if (leftMs <= 0) connection.retire();
      else wakeMs = Math.min(wakeMs ?? leftMs, leftMs);
    }
    if (wakeMs !== undefined) this.#thread.arm(this.#sweep, wakeMs);
  }
}

function endExpired(connection: UpstreamConnection): void {
  connection.destroy();
}
