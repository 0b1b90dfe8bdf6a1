/** What an exchange knows of a call of gRPC: how it ended, and how long its client waits. One an exchange, used again. */
import type { Reason } from "../filter/reason.ts";
import { rescue } from "../filter/rescue.ts";
import { replaceTimeout, statusIn, TIMEOUT_BYTES_MAX } from "../grpc/call.ts";
import { asHttpStatus, GrpcStatus } from "../grpc/status.ts";
import type { Head } from "../http1/head.ts";
import type { ExchangeEvent } from "./exchange-event.ts";
import type { World } from "./world.ts";

const NEVER = Number.POSITIVE_INFINITY;

export class Call {
  readonly #world: World;
  /** The request is one. */
  isCall = false;
  /** How it ended, as its endpoint says; -1: it has not said. */
  status = -1;
  #timeoutMs = NEVER;
  #endsMs = NEVER;

  constructor(world: World) {
    this.#world = world;
  }

  /** `timeoutMs`: what its client gives it, from now on. */
  begin(isCall: boolean, timeoutMs = NEVER): void {
    this.isCall = isCall;
    this.status = -1;
    this.#timeoutMs = timeoutMs;
    this.#endsMs = timeoutMs === NEVER ? NEVER : this.#world.monoMs() + timeoutMs;
  }

  /** A head that says what is left of that time, in a slab of its own; undefined where the one that is there does. */
  shortened(head: Buffer, headEnd: number): { readonly head: Buffer; readonly headEnd: number } | undefined {
    if (this.#timeoutMs === NEVER) return undefined;
    const leftMs = this.#endsMs - this.#world.monoMs();
    if (leftMs > this.#timeoutMs - 1) return undefined;
    const slab = this.#world.slabs.take(headEnd + TIMEOUT_BYTES_MAX);
    const end = replaceTimeout(slab, head, headEnd, leftMs);
    if (end >= 0) return { head: slab, headEnd: end };
    this.#world.slabs.giveBack(slab);
    return undefined;
  }

  /** A status in a response's head is the whole reply: what it says of the try, where that is a failure. */
  failure(head: Head, madeBy: Reason | undefined): ExchangeEvent | undefined {
    this.status = statusIn(head);
    const own = madeBy === undefined ? asHttpStatus(this.status) : rescue(madeBy).status;
    const status = head.status === 200 ? own : head.status;
    if (status < 500) return undefined;
    return { kind: "call-failed", status, isUnavailable: this.status === GrpcStatus.unavailable, madeBy };
  }

  end(trailers: Head): void {
    if (this.isCall) this.status = Math.max(this.status, statusIn(trailers));
  }
}
