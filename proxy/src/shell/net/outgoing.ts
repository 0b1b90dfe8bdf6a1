/**
 * The writing side of a socket: bytes are gathered in slabs and written once per turn
 * of the event loop, head and body together. Knows how much the kernel has not taken
 * yet, so that whoever feeds it can stop and be told to go on.
 */
import type { Socket } from "node:net";
import { copyBytes } from "../../http1/copy-bytes.ts";
import { LARGE_SLAB_BYTES, type SlabPool } from "../../message/slab-pool.ts";
import type { Faulty } from "./faulty.ts";
import type { Turn } from "./turn.ts";

/** Above this much unsent, the source should stop; below the low mark it may go on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;
/** The same where the thread's memory is scarce: those who take nothing hold no more than this each. */
const SCARCE_WATER_BYTES = 16 * 1024;

export class Outgoing {
  readonly #socket: Socket;
  readonly #slabs: SlabPool;
  readonly #turn: Turn;
  readonly owner: Faulty;
  readonly #onWritten: () => void;
  /** Told once after `isFull` was true and enough has gone. */
  onDrain: (() => void) | undefined = undefined;
  #slab: Buffer | undefined = undefined;
  #used = 0;
  /** Full slabs of this turn, and slabs that the socket holds, oldest first. */
  readonly #full: Buffer[] = [];
  readonly #fullUsed: number[] = [];
  readonly #inFlight: Buffer[] = [];
  readonly #inFlightUsed: number[] = [];
  #pendingBytes = 0;
  #wasFull = false;
  #isDirty = false;
  #isEnding = false;
  #isClosed = false;
  /** All bytes ever appended. */
  total = 0;
  #hasMoved = false;

  constructor(socket: Socket, slabs: SlabPool, turn: Turn, owner: Faulty) {
    this.#socket = socket;
    this.#slabs = slabs;
    this.#turn = turn;
    this.owner = owner;
    this.#onWritten = () => {
      try {
        this.#written();
      } catch (error) {
        owner.onFault(error);
      }
    };
  }

  get isFull(): boolean {
    if (this.#pendingBytes < (this.#slabs.isScarce ? SCARCE_WATER_BYTES : HIGH_WATER_BYTES)) return false;
    this.#wasFull = true;
    return true;
  }

  /** Whether the kernel has taken bytes since this was asked last. */
  hasMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Room for `bytes` in one piece at `offset` of the slab given; `commit` says how many were written there. */
  reserve(bytes: number): Buffer {
    const slab = this.#slab;
    if (slab !== undefined) {
      if (this.#used + bytes <= slab.length) return slab;
      this.#full.push(slab);
      this.#fullUsed.push(this.#used);
    }
    this.#slab = this.#slabs.take(bytes);
    this.#used = 0;
    return this.#slab;
  }

  get offset(): number {
    return this.#used;
  }

  commit(bytes: number): void {
    this.#used += bytes;
    this.#pendingBytes += bytes;
    this.total += bytes;
    if (!this.#isDirty) {
      this.#isDirty = true;
      this.#turn.add(this);
    }
  }

  /** Appends a copy of source[start, end), over as many slabs as it takes. */
  append(source: Uint8Array, start: number, end: number): void {
    if (this.#isClosed || this.#isEnding) return;
    let from = start;
    while (from < end) {
      const slab = this.#withRoom(end - from);
      const bytes = Math.min(end - from, slab.length - this.#used);
      copyBytes(slab, this.#used, source, from, from + bytes);
      from += bytes;
      this.commit(bytes);
    }
  }

  #withRoom(bytes: number): Buffer {
    const slab = this.#slab;
    if (slab !== undefined && this.#used < slab.length) return slab;
    if (slab !== undefined) {
      this.#full.push(slab);
      this.#fullUsed.push(this.#used);
    }
    this.#slab = this.#slabs.take(Math.min(bytes, LARGE_SLAB_BYTES));
    this.#used = 0;
    return this.#slab;
  }

  /** Closes the writing side once everything is written. */
  end(): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    if (!this.#isDirty) {
      this.#isDirty = true;
      this.#turn.add(this);
    }
  }

  /** Writes what has been gathered; called by the turn. */
  flush(): void {
    this.#isDirty = false;
    if (this.#isClosed) return;
    const slab = this.#slab;
    if (this.#full.length > 0) this.#flushFull();
    if (slab !== undefined && this.#used > 0) {
      const used = this.#used;
      this.#slab = undefined;
      this.#used = 0;
      this.#write(slab, used);
    }
    if (this.#isEnding) this.#socket.end();
  }

  /** Gives every slab back that the socket does not hold; nothing is written any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#slab !== undefined) this.#slabs.giveBack(this.#slab);
    this.#slab = undefined;
    for (const slab of this.#full) this.#slabs.giveBack(slab);
    for (const slab of this.#inFlight) this.#slabs.letGo(slab);
    this.#full.length = 0;
    this.#fullUsed.length = 0;
    this.#pendingBytes = 0;
    this.onDrain = undefined;
  }

  #flushFull(): void {
    this.#socket.cork();
    for (let i = 0; i < this.#full.length; i++) this.#write(this.#full[i] as Buffer, this.#fullUsed[i] as number);
    this.#full.length = 0;
    this.#fullUsed.length = 0;
    this.#socket.uncork();
  }

  #write(slab: Buffer, used: number): void {
    this.#inFlight.push(slab);
    this.#inFlightUsed.push(used);
    this.#socket.write(used === slab.length ? slab : slab.subarray(0, used), this.#onWritten);
  }

  /** The oldest write is done (or failed: the socket's own error says so). */
  #written(): void {
    const slab = this.#inFlight.shift();
    const used = this.#inFlightUsed.shift();
    if (slab === undefined || used === undefined) return;
    // Of a destroyed socket the callbacks may come out of order: those slabs go to the collector.
    if (this.#isClosed) return;
    this.#slabs.giveBack(slab);
    this.#hasMoved = true;
    this.#pendingBytes -= used;
    const lowBytes = this.#slabs.isScarce ? 0 : LOW_WATER_BYTES;
    if (!this.#wasFull || this.#pendingBytes > lowBytes) return;
    this.#wasFull = false;
    this.onDrain?.();
  }
}
