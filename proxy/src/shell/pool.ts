/**
 * The connections to one endpoint: idle ones are lent last in, first out; a request that
 * finds none waits for one that opens or comes back. Bounded in both.
 */
import type { Reason } from "../filter/reason.ts";
import type { Endpoint } from "../route/endpoint.ts";
import { Timer } from "../time/timer-wheel.ts";
import type { Thread } from "./thread.ts";
import type { PeerDial } from "./tls.ts";
import { type DialOptions, Upstream, type UpstreamOwner } from "./upstream.ts";

/** A request that waits for a connection. */
export interface Waiter {
  onUpstream(upstream: Upstream): void;
  onNoUpstream(reason: Reason): void;
}

export type PoolSettings = {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  readonly pendingMax: number;
  readonly principals: readonly string[];
  readonly graceMs: number;
  /** How to reach a peer; asked for each connection, so that a new identity holds from the next one. */
  readonly peer: () => PeerDial | undefined;
};

export class Pool implements UpstreamOwner {
  readonly #thread: Thread;
  readonly #endpoint: Endpoint;
  #settings: PoolSettings;
  readonly #open = new Set<Upstream>();
  readonly #idle: Upstream[] = [];
  readonly #waiting: Waiter[] = [];
  #connecting = 0;
  #isClosing = false;
  readonly #sweep: Timer;

  constructor(thread: Thread, endpoint: Endpoint, settings: PoolSettings) {
    this.#thread = thread;
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#sweep = new Timer(() => this.#sweepIdle());
  }

  /** What a newer snapshot says; holds from the next connection on. */
  set settings(settings: PoolSettings) {
    this.#settings = settings;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** A connection at once; "waiting": the waiter is called; "full": it is not. */
  acquire(waiter: Waiter): Upstream | "waiting" | "full" {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (
      this.#waiting.length >= this.#settings.pendingMax + this.#connecting &&
      this.#open.size >= this.#settings.connectionsMax
    ) {
      return "full";
    }
    this.#waiting.push(waiter);
    this.#openMore();
    return "waiting";
  }

  cancel(waiter: Waiter): void {
    const index = this.#waiting.indexOf(waiter);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** Takes a connection back on which nothing is left. */
  release(upstream: Upstream): void {
    if (upstream.isClosed) return;
    if (this.#isClosing || upstream.isRetired) return void upstream.destroy();
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return void waiter.onUpstream(upstream);
    upstream.idleSinceMs = this.#thread.monoMs();
    this.#idle.push(upstream);
    if (!this.#sweep.isArmed) this.#thread.arm(this.#sweep, this.#settings.idleTimeoutMs);
  }

  /** Closes what is idle now, and the rest as it comes back. */
  close(): void {
    this.#isClosing = true;
    this.#thread.disarm(this.#sweep);
    for (const upstream of this.#idle.splice(0)) upstream.destroy();
    for (const waiter of this.#waiting.splice(0)) waiter.onNoUpstream("no_endpoint");
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
    this.#connecting--;
    this.release(upstream);
  }

  onRetired(upstream: Upstream): void {
    if (this.#idle.includes(upstream)) upstream.destroy();
  }

  onClosed(upstream: Upstream, reason: Reason): void {
    this.#open.delete(upstream);
    const index = this.#idle.indexOf(upstream);
    if (index >= 0) this.#idle.splice(index, 1);
    if (!upstream.isReady) {
      this.#connecting--;
      this.#waiting.shift()?.onNoUpstream(reason);
    }
    if (!this.#isClosing) this.#openMore();
  }

  #openMore(): void {
    while (this.#connecting < this.#waiting.length && this.#open.size < this.#settings.connectionsMax) {
      const { connectTimeoutMs, principals, peer, graceMs } = this.#settings;
      const options: DialOptions = { connectTimeoutMs, principals, peer: peer(), graceMs };
      this.#connecting++;
      this.#open.add(new Upstream(this.#thread, this, this.#endpoint, options));
    }
  }

  /** The longest idle are at the front. */
  #sweepIdle(): void {
    const { idleTimeoutMs } = this.#settings;
    const nowMs = this.#thread.monoMs();
    let first = this.#idle[0];
    while (first !== undefined && nowMs - first.idleSinceMs >= idleTimeoutMs) {
      this.#idle.shift();
      first.destroy();
      first = this.#idle[0];
    }
    if (first !== undefined) this.#thread.arm(this.#sweep, idleTimeoutMs - (nowMs - first.idleSinceMs));
  }
}
