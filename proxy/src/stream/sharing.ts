/**
 * Who gets a stream of which connection to one endpoint, where a connection carries many at
 * a time: the first that has room, so that what is sent at once goes in one piece; a second one
 * is opened once the first is full. A request that finds no room waits in its turn. Bounded in
 * both, as lending is (pool.ts): so many requests at a time, and so many that wait. It opens and
 * ends nothing itself.
 */
export type SharingLimits = {
  /** Requests at a time, on all connections together. */
  readonly streamsMax: number;
  /** Requests that wait beyond those. */
  readonly pendingMax: number;
};

/** A connection, as whoever shares it out sees it. */
export interface Carrier {
  /** It takes another stream now. */
  readonly mayBegin: boolean;
}

/** Connections that take requests, of one endpoint. */
const CARRIERS_MAX = 2;

export class Sharing<Connection extends Carrier, Waiter> {
  /** Those that take requests; others may still carry streams. */
  readonly #carriers: Connection[] = [];
  #waiting: Waiter[] = [];
  #streams = 0;
  #opening = 0;
  #isClosed = false;

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Streams under way. */
  get streams(): number {
    return this.#streams;
  }

  /** The connection on which the waiter is to begin its stream, which counts from here on; or it is queued, or it is not. */
  acquire(waiter: Waiter, { streamsMax, pendingMax }: SharingLimits): Connection | "waiting" | "full" | "closed" {
    if (this.#isClosed) return "closed";
    const room = streamsMax - this.#streams;
    if (room > 0 && this.#waiting.length === 0) {
      const carrier = this.#free();
      if (carrier !== undefined) {
        this.#streams++;
        return carrier;
      }
    }
    // Whoever waits for a handshake alone is one of those that may run at a time.
    if (this.#waiting.length >= pendingMax + Math.max(0, room)) return "full";
    this.#waiting.push(waiter);
    return "waiting";
  }

  /** Whether a connection is to be opened for those who wait; it counts as opening from here on. */
  opens({ streamsMax }: SharingLimits): boolean {
    if (this.#isClosed || this.#opening > 0 || this.#waiting.length === 0) return false;
    if (this.#streams >= streamsMax || this.#carriers.length >= CARRIERS_MAX) return false;
    if (this.#free() !== undefined) return false;
    this.#opening++;
    return true;
  }

  /** A connection that is opening counts, which nobody asked for. */
  adopt(): void {
    this.#opening++;
  }

  /** A connection that was opening takes requests now. */
  opened(connection: Connection): void {
    this.#opening--;
    this.#carriers.push(connection);
  }

  /** One that was opening never did: whoever waited for it, unless there is another to wait for. */
  failed(): readonly Waiter[] {
    this.#opening--;
    if (this.#carriers.length > 0) return [];
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** The next waiter's turn, where there is room: its stream counts from here on. */
  next({ streamsMax }: SharingLimits): { readonly to: Waiter; readonly connection: Connection } | undefined {
    if (this.#waiting.length === 0 || this.#streams >= streamsMax) return undefined;
    const connection = this.#free();
    if (connection === undefined) return undefined;
    this.#streams++;
    return { to: this.#waiting.shift() as Waiter, connection };
  }

  /** So many streams are no more. */
  ended(streams: number): void {
    this.#streams -= streams;
  }

  /** The connection takes no further request. */
  retire(connection: Connection): void {
    const index = this.#carriers.indexOf(connection);
    if (index >= 0) this.#carriers.splice(index, 1);
  }

  cancel(waiter: Waiter): void {
    const index = this.#waiting.indexOf(waiter);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** Shares nothing out any more. Who waits is handed over, to look elsewhere. */
  close(): readonly Waiter[] {
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #free(): Connection | undefined {
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Connection;
      if (carrier.mayBegin) return carrier;
    }
    return undefined;
  }
}
