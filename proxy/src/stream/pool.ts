/**
 * Who gets which connection to one endpoint: idle ones are lent last in, first out; a
 * request that finds none waits for one that opens or comes back, in its turn. Bounded in
 * both. Mutable, for it stands on the path of every request, but a machine all the same:
 * it opens, lends and ends nothing itself, and says what is to be done.
 */
export type LendingLimits = {
  readonly connectionsMax: number;
  readonly pendingMax: number;
};

/**
 * Connections that are opening at a time. A crowd that comes at once is served by what comes back meanwhile, where
 * that is quick; to open one for each of it overflows the queue of whoever listens (511 of nginx), which costs those
 * beyond it a second, and leaves both ends with more connections than their caches hold.
 */
const OPENING_MAX = 64;

/** What becomes of a connection on which nothing is left. */
export type Returned<Waiter> =
  | { readonly kind: "lend"; readonly to: Waiter }
  | { readonly kind: "idle" }
  | { readonly kind: "end" };

const IDLE = { kind: "idle" } as const;
const END = { kind: "end" } as const;

type Lent<Connection> = { readonly connection: Connection; readonly idleSinceMs: number; readonly idleMs: number };

export class Lending<Connection, Waiter> {
  /** The longest idle are at the front. */
  readonly #idle: Lent<Connection>[] = [];
  #waiting: Waiter[] = [];
  /** Connections that exist, opening ones among them. */
  #open = 0;
  #opening = 0;
  #isClosed = false;

  get open(): number {
    return this.#open;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * An idle connection; or the waiter is queued, and `toOpen` says how many to open for the
   * queue; or it is not. Connections whose idle time is over are for nobody: `expired` ends them.
   */
  acquire(
    waiter: Waiter,
    { connectionsMax, pendingMax }: LendingLimits,
    nowMs: number,
    expired: (connection: Connection) => void,
  ): Connection | "waiting" | "full" | "closed" {
    if (this.#isClosed) return "closed";
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (nowMs - idle.idleSinceMs < idle.idleMs) return idle.connection;
      expired(idle.connection);
    }
    const open = this.#open - this.#opening;
    if (this.#waiting.length >= pendingMax + connectionsMax - open) return "full";
    this.#waiting.push(waiter);
    return "waiting";
  }

  /** How many connections are to be opened for those who wait; they count as opening from here on. */
  toOpen({ connectionsMax }: LendingLimits): number {
    if (this.#isClosed) return 0;
    const wanted = Math.min(this.#waiting.length, OPENING_MAX) - this.#opening;
    const count = Math.max(0, Math.min(wanted, connectionsMax - this.#open));
    this.#opening += count;
    this.#open += count;
    return count;
  }

  /** A connection that is opening counts, which nobody asked for. */
  adopt(): void {
    this.#opening++;
    this.#open++;
  }

  cancel(waiter: Waiter): void {
    const index = this.#waiting.indexOf(waiter);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** A connection that was opening carries requests now. */
  opened(): void {
    this.#opening--;
  }

  /** Takes back a connection on which nothing is left; `idleMs` is how long it may stay without a request. */
  giveBack(connection: Connection, idleMs: number, nowMs: number): Returned<Waiter> {
    if (this.#isClosed) return END;
    const to = this.#waiting.length === 0 ? undefined : this.#waiting.shift();
    if (to !== undefined) return { kind: "lend", to };
    if (idleMs <= 0) return END;
    this.#idle.push({ connection, idleSinceMs: nowMs, idleMs });
    return IDLE;
  }

  isIdle(connection: Connection): boolean {
    return this.#idle.some((idle) => idle.connection === connection);
  }

  /**
   * A connection is gone; of one that never opened, those whose wait is in vain: its share of all who wait. What is
   * lent may come back to serve the others: one that fails beside a hundred that work is no word on all.
   */
  gone(connection: Connection, wasOpening: boolean): readonly Waiter[] {
    const share = Math.floor(this.#waiting.length / this.#open);
    this.#open--;
    if (!wasOpening) {
      const index = this.#idle.findIndex((idle) => idle.connection === connection);
      if (index >= 0) this.#idle.splice(index, 1);
      return [];
    }
    this.#opening--;
    return this.#waiting.splice(0, Math.max(1, share));
  }

  /** Idle connections whose time is over, and how long until the next one's is. */
  sweep(nowMs: number): { readonly expired: readonly Connection[]; readonly nextMs: number | undefined } {
    const expired: Connection[] = [];
    let nextMs: number | undefined;
    for (const idle of this.#idle.splice(0)) {
      const leftMs = idle.idleSinceMs + idle.idleMs - nowMs;
      if (leftMs <= 0) expired.push(idle.connection);
      else {
        this.#idle.push(idle);
        nextMs = Math.min(nextMs ?? leftMs, leftMs);
      }
    }
    return { expired, nextMs };
  }

  /** Idle connections, to be ended: the next ones are to be made anew. */
  takeIdle(): readonly Connection[] {
    return this.#idle.splice(0).map(({ connection }) => connection);
  }

  /** Lends nothing any more. Who waits is handed over, to look elsewhere. */
  close(): readonly Waiter[] {
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
