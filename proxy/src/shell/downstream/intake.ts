/**
 * What a client's connection has read before its turn, and whether it reads on: not while
 * nobody takes the content, while the client takes nothing itself, or beyond a bound of
 * bytes that wait. Below that bound it does read on, and so notices a reset at once.
 */
import type { Socket } from "node:net";
import type { SlabPool } from "../../message/slab-pool.ts";
import { Waiting } from "./waiting.ts";

/** Pipelined bytes that wait. */
const WAITING_BYTES_MAX = 64 * 1024;

export class Intake {
  readonly #socket: Socket;
  readonly #waiting: Waiting;
  /** Nobody takes the content that comes. */
  #isUnwanted = false;
  /** The client has not taken what it got. */
  #isBlocked = false;
  #isPaused = false;

  constructor(socket: Socket, slabs: SlabPool) {
    this.#socket = socket;
    this.#waiting = new Waiting(slabs);
  }

  get isWaiting(): boolean {
    return this.#waiting.bytes > 0;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Keeps a copy of bytes[start, end) until its turn. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    this.#waiting.append(bytes, start, end);
    this.settle();
  }

  /** Hands everything over that waits; `settle` once it is dealt with. */
  take(use: (bytes: Buffer, length: number) => void): void {
    this.#waiting.take(use);
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    this.#waiting.drop();
  }

  want(isWanted: boolean): void {
    this.#isUnwanted = !isWanted;
    this.settle();
  }

  block(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    this.settle();
  }

  /** Nothing waits any more, and nobody minds what comes. */
  open(): void {
    this.#waiting.drop();
    this.#isUnwanted = false;
    this.#isBlocked = false;
    this.settle();
  }

  settle(): void {
    const isPaused = this.#isUnwanted || this.#isBlocked || this.#waiting.bytes > WAITING_BYTES_MAX;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }
}
