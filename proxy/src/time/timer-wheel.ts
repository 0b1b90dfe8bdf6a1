/**
 * Deadlines of connections and requests: a hashed wheel of intrusive lists, so that
 * arming and disarming allocate nothing and cost a few stores. A timer fires in the
 * first tick after its deadline, at most SLOT_MS late. Time is a parameter; who drives
 * the wheel asks `nextDueMs` when to come again.
 */
export const SLOT_MS = 4;
/** A turn of the wheel is 8 s; later deadlines are looked at once a turn. */
const SLOTS = 2048;
const MASK = SLOTS - 1;

/** What a fault of our own in a callback ends. */
export interface Faulty {
  /** Never throws. */
  onFault(error: unknown): void;
}

/** One deadline with its owner's action; owned by one thing, armed again and again. */
export class Timer {
  /** Slot's tick, or -1 where not armed. */
  dueTick = -1;
  next: Timer | undefined = undefined;
  previous: Timer | undefined = undefined;
  readonly fire: () => void;
  /** Told where the action throws; every other timer fires all the same. */
  readonly owner: Faulty;

  constructor(fire: () => void, owner: Faulty) {
    this.fire = fire;
    this.owner = owner;
  }

  get isArmed(): boolean {
    return this.dueTick >= 0;
  }
}

export class TimerWheel {
  readonly #slots: (Timer | undefined)[] = new Array(SLOTS).fill(undefined);
  /** Ticks up to and with this one have been fired. */
  #doneTick: number;
  #armed = 0;
  /** Called when a timer is armed that is due before everything that was promised. */
  readonly #onSooner: (atMs: number) => void;
  #promisedTick = Number.POSITIVE_INFINITY;

  constructor(nowMs: number, onSooner: (atMs: number) => void) {
    this.#doneTick = Math.floor(nowMs / SLOT_MS);
    this.#onSooner = onSooner;
  }

  get armed(): number {
    return this.#armed;
  }

  /** Fires once `nowMs + afterMs` is past; a timer that is armed already moves. */
  arm(timer: Timer, nowMs: number, afterMs: number): void {
    if (timer.dueTick >= 0) this.#unlink(timer);
    const tick = Math.max(Math.ceil((nowMs + afterMs) / SLOT_MS), this.#doneTick + 1);
    timer.dueTick = tick;
    const slot = tick & MASK;
    const first = this.#slots[slot];
    timer.next = first;
    timer.previous = undefined;
    if (first !== undefined) first.previous = timer;
    this.#slots[slot] = timer;
    this.#armed++;
    if (tick < this.#promisedTick) {
      this.#promisedTick = tick;
      this.#onSooner(tick * SLOT_MS);
    }
  }

  disarm(timer: Timer): void {
    if (timer.dueTick >= 0) this.#unlink(timer);
  }

  /** Fires what is due; what an action arms waits for a later tick. Gives when to come again, if ever. */
  advance(nowMs: number): number | undefined {
    const upTo = Math.floor(nowMs / SLOT_MS);
    const from = Math.max(this.#doneTick + 1, upTo - SLOTS + 1);
    this.#doneTick = Math.max(upTo, this.#doneTick);
    this.#promisedTick = 0; // nothing is promised anew while actions run
    for (let tick = from; tick <= upTo; tick++) this.#fireSlot(tick & MASK, upTo);
    const next = this.#nextTick();
    this.#promisedTick = next ?? Number.POSITIVE_INFINITY;
    return next === undefined ? undefined : next * SLOT_MS;
  }

  #fireSlot(slot: number, upTo: number): void {
    let timer = this.#slots[slot];
    while (timer !== undefined) {
      const { next } = timer;
      if (timer.dueTick <= upTo) {
        this.#unlink(timer);
        try {
          timer.fire();
        } catch (error) {
          timer.owner.onFault(error);
        }
        // The action may have unlinked what came next: begin anew, the slot only shrinks.
        timer = this.#slots[slot];
      } else timer = next;
    }
  }

  /** The first tick with a timer in its slot, or a whole turn later where all are further away. */
  #nextTick(): number | undefined {
    if (this.#armed === 0) return undefined;
    for (let step = 1; step <= SLOTS; step++) {
      const tick = this.#doneTick + step;
      for (let timer = this.#slots[tick & MASK]; timer !== undefined; timer = timer.next) {
        if (timer.dueTick <= tick) return tick;
      }
    }
    return this.#doneTick + SLOTS;
  }

  #unlink(timer: Timer): void {
    const { next, previous } = timer;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else this.#slots[timer.dueTick & MASK] = next;
    timer.next = undefined;
    timer.previous = undefined;
    timer.dueTick = -1;
    this.#armed--;
  }
}
