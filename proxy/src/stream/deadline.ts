/**
 * A deadline that is set for one request after the other and nearly never comes: to set
 * and clear it is to write a number. Its timer stays in the wheel, and looks when it fires
 * whether there is anything left to wait for.
 */
import { type Faulty, Timer } from "../time/timer-wheel.ts";
import type { World } from "./world.ts";

const NEVER = Number.POSITIVE_INFINITY;

export class Deadline {
  readonly #world: Pick<World, "monoMs" | "arm" | "disarm">;
  readonly #timer: Timer;
  readonly #onDue: () => void;
  #dueMs = NEVER;
  /** When the timer fires; `NEVER` while it is not armed. */
  #firesMs = NEVER;

  constructor(world: Pick<World, "monoMs" | "arm" | "disarm">, owner: Faulty, onDue: () => void) {
    this.#world = world;
    this.#onDue = onDue;
    this.#timer = new Timer(() => this.#onTimer(), owner);
  }

  set(afterMs: number): void {
    this.#dueMs = this.#world.monoMs() + afterMs;
    if (this.#dueMs < this.#firesMs) this.#arm(afterMs);
  }

  clear(): void {
    this.#dueMs = NEVER;
  }

  /** It is set no more: the wheel holds nothing of it. */
  close(): void {
    this.#dueMs = NEVER;
    this.#firesMs = NEVER;
    this.#world.disarm(this.#timer);
  }

  #arm(afterMs: number): void {
    this.#firesMs = this.#dueMs;
    this.#world.arm(this.#timer, afterMs);
  }

  #onTimer(): void {
    this.#firesMs = NEVER;
    if (this.#dueMs === NEVER) return;
    const leftMs = this.#dueMs - this.#world.monoMs();
    if (leftMs > 0) return void this.#arm(leftMs);
    this.#dueMs = NEVER;
    this.#onDue();
  }
}
