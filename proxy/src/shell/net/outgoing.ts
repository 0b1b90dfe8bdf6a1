/**
 * The writing side of a socket: bytes are gathered in slabs and written once per turn
 * of the event loop, head and body together. Knows how much the kernel has not taken
 * yet, so that whoever feeds it can stop and be told to go on.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { copyBytes } from "../../http1/copy-bytes.ts";
import { LARGE_SLAB_BYTES, type SlabPool } from "../../message/slab-pool.ts";
import { type Faulty, guarded } from "./faulty.ts";
import type { NativeWrites } from "./native-write.ts";
import { readOn } from "./read-on.ts";
import type { Turn } from "./turn.ts";
import {
  descriptorOf,
  hasHandle,
  isGone,
  RESET,
  settleWrite,
  WRITTEN,
  type WriteHandle,
  writeError,
  writeHandleOf,
} from "./write-through.ts";

/** Above this much unsent, the source should stop; below the low mark it may go on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;
/** The same where the thread's memory is scarce: those who take nothing hold no more than this each. */
const SCARCE_WATER_BYTES = 16 * 1024;

export type OutgoingOptions = {
  /** Past the stream, where this Node lets us. */
  readonly writesThrough: boolean;
  /** With it also past the handle, where the socket is a plain one. */
  readonly nativeWrites: NativeWrites | undefined;
  /** A write that meets a reset never returns, and ends nothing by itself (read-on.ts). */
  readonly readsOn: boolean;
};

export class Outgoing {
  readonly #socket: Socket;
  readonly #slabs: SlabPool;
  readonly #turn: Turn;
  readonly #writesThrough: boolean;
  readonly #nativeWrites: NativeWrites | undefined;
  readonly #readsOn: boolean;
  readonly owner: Faulty;
  readonly #onWritten: () => void;
  readonly #onDone: (status: number) => void;
  /** What is written to in the socket's place; looked for at the first write. */
  #handle: WriteHandle | undefined = undefined;
  #hasHandle = false;
  /** Of a handle that is written to natively; -1: by itself. */
  #fd = -1;
  /** A handle of TLS takes one write at a time, or the process is at its end; all others keep what they are given in its order. */
  readonly #isOneByOne: boolean;
  /** Told once after `isFull` was true and enough has gone. */
  onDrain: (() => void) | undefined = undefined;
  /** Called before a turn's bytes are written: whoever gathers elsewhere appends what is to go. */
  onFlush: (() => void) | undefined = undefined;
  #slab: Buffer | undefined = undefined;
  #used = 0;
  /** Full slabs of this turn, and slabs that the socket holds, oldest first. */
  readonly #full: Buffer[] = [];
  readonly #fullUsed: number[] = [];
  readonly #inFlight: Buffer[] = [];
  readonly #inFlightUsed: number[] = [];
  /** How many of those each write holds that is under way. */
  readonly #underWay: number[] = [];
  /** As many as there are of either: the arrays, empty mostly, are in no cache where many connections take turns. */
  #fullCount = 0;
  #inFlightCount = 0;
  #pendingBytes = 0;
  #wasFull = false;
  #isDirty = false;
  #isEnding = false;
  #isClosed = false;
  /** The other end takes nothing any more: what is written is never told of. */
  #isGone = false;
  /** A write was told of the other end's reset, which a read takes for an orderly end from then on. */
  wasReset = false;
  /** All bytes ever appended. */
  total = 0;
  #hasMoved = false;

  constructor(socket: Socket, slabs: SlabPool, turn: Turn, owner: Faulty, options: OutgoingOptions) {
    this.#socket = socket;
    this.#slabs = slabs;
    this.#turn = turn;
    this.#writesThrough = options.writesThrough;
    this.#nativeWrites = options.nativeWrites;
    this.#readsOn = options.readsOn;
    this.owner = owner;
    this.#isOneByOne = options.writesThrough && socket instanceof TLSSocket;
    if (options.readsOn)
      readOn(socket, () => {
        this.wasReset = true;
      });
    this.#onWritten = guarded(owner, () => this.#written());
    this.#onDone = guarded(owner, (status) => (status === WRITTEN ? this.#written() : this.#failed(status)));
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
      this.#fill(slab, this.#used);
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

  /** Takes slab[0, used) as it is: one of the pool's, and ours from here on. */
  give(slab: Buffer, used: number): void {
    if (this.#isClosed || this.#isEnding || used === 0) return void this.#slabs.giveBack(slab);
    const before = this.#slab;
    if (before !== undefined && this.#used === 0) this.#slabs.giveBack(before);
    else if (before !== undefined) this.#fill(before, this.#used);
    this.#slab = slab;
    this.#used = 0;
    this.commit(used);
  }

  #withRoom(bytes: number): Buffer {
    const slab = this.#slab;
    if (slab !== undefined && this.#used < slab.length) return slab;
    if (slab !== undefined) this.#fill(slab, this.#used);
    this.#slab = this.#slabs.take(Math.min(bytes, LARGE_SLAB_BYTES));
    this.#used = 0;
    return this.#slab;
  }

  /** At this turn's end `onFlush` is to be called. */
  wake(): void {
    if (this.#isDirty || this.#isClosed) return;
    this.#isDirty = true;
    this.#turn.add(this);
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
    if (this.#isClosed) return;
    this.onFlush?.();
    this.#isDirty = false;
    if (this.#isOneByOne) this.#turn.gather();
    if (!this.#isOneByOne || this.#inFlightCount === 0) this.#writeGathered();
  }

  #writeGathered(): void {
    const slab = this.#slab;
    const used = this.#used;
    if (slab !== undefined && used > 0) {
      this.#slab = undefined;
      this.#used = 0;
      if (this.#fullCount === 0) this.#write(slab, used);
      else this.#fill(slab, used);
    }
    if (this.#fullCount > 0) this.#writeFull();
    if (this.#isEnding) this.#endSocket();
  }

  #fill(slab: Buffer, used: number): void {
    this.#full.push(slab);
    this.#fullUsed.push(used);
    this.#fullCount++;
  }

  /** What waits or is under way goes first: a handle would not wait for it. */
  #endSocket(): void {
    if (this.#isClosed || this.#isDirty) return;
    if (this.#handle === undefined || this.#inFlightCount === 0) this.#socket.end();
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
    this.#fullCount = 0;
    this.#pendingBytes = 0;
    this.onDrain = undefined;
    this.onFlush = undefined;
  }

  #write(slab: Buffer, used: number): void {
    const handle = this.#hasHandle ? this.#handle : this.#findHandle();
    const taken = this.#fd < 0 || handle === undefined ? 0 : this.#writeNatively(handle, slab, used);
    if (taken === used) {
      this.#letGo(slab, used);
      return void this.#settle();
    }
    const bytes = taken === 0 && used === slab.length ? slab : slab.subarray(taken, used);
    if (handle === undefined) {
      this.#hold(slab, used);
      this.#underWay.push(1);
      return void this.#socket.write(bytes, this.#onWritten);
    }
    const result = this.#isGone ? undefined : handle.writeBuffer(null, bytes);
    if (result === WRITTEN) {
      this.#letGo(slab, used);
      return void this.#settle();
    }
    this.#hold(slab, used);
    this.#underWay.push(1);
    if (!this.#isGone) settleWrite(result, bytes, this.#onDone);
  }

  /** How many bytes were written: of what is not, the handle takes care, and of every error. */
  #writeNatively(handle: WriteHandle, slab: Buffer, used: number): number {
    const isMyTurn = this.#inFlightCount === 0 && !this.#isGone && hasHandle(this.#socket, handle);
    const taken = isMyTurn ? (this.#nativeWrites?.write(this.#fd, slab, used) ?? 0) : 0;
    if (taken === RESET) this.wasReset = true;
    return Math.max(0, taken);
  }

  /** Several slabs in one write. */
  #writeFull(): void {
    const handle = this.#hasHandle ? this.#handle : this.#findHandle();
    const slabs = this.#full.splice(0);
    const used = this.#fullUsed.splice(0);
    this.#fullCount = 0;
    if (slabs.length === 1) return void this.#write(slabs[0] as Buffer, used[0] as number);
    const pieces = slabs.map((slab, index) => slab.subarray(0, used[index]));
    for (const [index, slab] of slabs.entries()) this.#hold(slab, used[index] as number);
    if (handle === undefined) {
      this.#socket.cork();
      for (const piece of pieces) {
        this.#underWay.push(1);
        this.#socket.write(piece, this.#onWritten);
      }
      return void this.#socket.uncork();
    }
    this.#underWay.push(slabs.length);
    if (!this.#isGone) settleWrite(handle.writev(null, pieces, true), pieces, this.#onDone);
  }

  #findHandle(): WriteHandle | undefined {
    this.#hasHandle = true;
    this.#handle = this.#writesThrough ? writeHandleOf(this.#socket) : undefined;
    const isNative = this.#handle !== undefined && this.#nativeWrites !== undefined;
    if (isNative) this.#fd = descriptorOf(this.#socket, this.#handle as WriteHandle);
    return this.#handle;
  }

  #hold(slab: Buffer, used: number): void {
    this.#turn.holdBack();
    this.#inFlight.push(slab);
    this.#inFlightUsed.push(used);
    this.#inFlightCount++;
  }

  /** The oldest write is done (or failed, and the socket's own error says so). */
  #written(): void {
    // Of a destroyed socket the callbacks may come out of order: those slabs go to the collector.
    if (this.#isClosed) return;
    for (let left = this.#underWay.shift() ?? 0; left > 0; left--) {
      this.#inFlightCount--;
      this.#letGo(this.#inFlight.shift() as Buffer, this.#inFlightUsed.shift() as number);
    }
    if (this.#isOneByOne && !this.#isDirty) this.#writeGathered();
    else if (this.#isEnding && this.#handle !== undefined) this.#endSocket();
    this.#settle();
  }

  #letGo(slab: Buffer, used: number): void {
    this.#slabs.giveBack(slab);
    this.#pendingBytes -= used;
    this.#hasMoved = true;
  }

  #settle(): void {
    if (!this.#wasFull || this.#pendingBytes > (this.#slabs.isScarce ? 0 : LOW_WATER_BYTES)) return;
    this.#wasFull = false;
    this.onDrain?.();
  }

  #failed(status: number): void {
    if (this.#isClosed) return;
    if (status === RESET) this.wasReset = true;
    if (this.#readsOn && isGone(status)) this.#isGone = true;
    else this.#socket.destroy(writeError(status));
  }
}
