/**
 * A copy of a request to another service, whose answer nobody waits for: it takes no part
 * in retries, breakers or the request's own record, and a full pool simply drops it.
 */
import { Counter } from "../../metrics/counters.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import type { RequestCopy, StreamPool, StreamWaiter, UpstreamStream } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault } from "../net/faulty.ts";
import type { Thread } from "../plane/thread.ts";

/**
 * Copies under way to one endpoint: a quarter of its connections, and no more than a few,
 * so that a target that hangs leaves the real requests theirs.
 */
const COPIES_MAX = 16;
const SHARE = 4;

/** After this the copy's connection is worth more than its answer. */
const MIRROR_TIMEOUT_MS = 5000;

export class MirrorCall implements StreamWaiter {
  readonly #thread: Thread;
  readonly #request: RequestCopy;
  readonly #pool: StreamPool;
  readonly #endpoint: Endpoint;
  readonly #deadline: Timer;
  #stream: UpstreamStream | undefined = undefined;
  #isOver = false;

  private constructor(thread: Thread, request: RequestCopy, pool: StreamPool, endpoint: Endpoint) {
    this.#thread = thread;
    this.#request = request;
    this.#pool = pool;
    this.#endpoint = endpoint;
    this.#deadline = new Timer(() => this.#end(), this);
  }

  static send(thread: Thread, request: RequestCopy, pool: StreamPool, endpoint: Endpoint): void {
    if (endpoint.mirrors >= Math.min(COPIES_MAX, Math.floor(pool.connectionsMax / SHARE))) {
      return void thread.counters.add(Counter.mirrorsDropped);
    }
    const call = new MirrorCall(thread, request, pool, endpoint);
    const stream = pool.open(call, thread.monoMs());
    if (stream === "full" || stream === "closed") return void thread.counters.add(Counter.mirrorsDropped);
    endpoint.active++;
    endpoint.mirrors++;
    thread.counters.add(Counter.mirrors);
    thread.arm(call.#deadline, MIRROR_TIMEOUT_MS);
    if (stream !== "waiting") call.onStream(stream);
  }

  onStream(stream: UpstreamStream): void {
    this.#stream = stream;
    const { head, method, framing, content, trailers } = this.#request;
    stream.sendHead(head, head.length, method, framing);
    if (content.length > 0) stream.sendContent(content, 0, content.length);
    stream.sendEnd(trailers);
  }

  onNoStream(): void {
    this.#end();
  }

  onWithdrawn(): void {
    this.#end();
  }

  yieldIfQuiet(): boolean {
    return false;
  }

  onFault(error: unknown): void {
    countFault(this.#thread, error);
    this.#end();
  }

  onInterim(): void {}

  onHead(): void {}

  onContent(): void {}

  onEnd(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.release();
    this.#end();
  }

  onReset(): void {
    this.#stream = undefined;
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#thread.disarm(this.#deadline);
    this.#endpoint.active--;
    this.#endpoint.mirrors--;
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) stream.reset();
    else this.#pool.cancel(this);
  }
}
