/**
 * A copy of a request to another service, whose answer nobody waits for: it takes no part
 * in retries, breakers or the request's own record, and a full pool simply drops it.
 */
import type { Head } from "../../http1/head.ts";
import type { Method } from "../../http1/method.ts";
import { Counter } from "../../metrics/counters.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault } from "../net/faulty.ts";
import type { Thread } from "../plane/thread.ts";
import type { Pool, Waiter } from "./pool.ts";
import type { Upstream, UpstreamUser } from "./upstream.ts";

/**
 * Copies under way to one endpoint: a quarter of its connections, and no more than a few,
 * so that a target that hangs leaves the real requests theirs.
 */
const COPIES_MAX = 16;
const SHARE = 4;

/** After this the copy's connection is worth more than its answer. */
const MIRROR_TIMEOUT_MS = 5000;

export class MirrorCall implements Waiter, UpstreamUser {
  readonly #thread: Thread;
  readonly #bytes: Buffer;
  readonly #method: Method;
  readonly #pool: Pool;
  readonly #endpoint: Endpoint;
  readonly #deadline: Timer;
  #upstream: Upstream | undefined = undefined;
  #isOver = false;

  private constructor(thread: Thread, bytes: Buffer, method: Method, pool: Pool, endpoint: Endpoint) {
    this.#thread = thread;
    this.#bytes = bytes;
    this.#method = method;
    this.#pool = pool;
    this.#endpoint = endpoint;
    this.#deadline = new Timer(() => this.#end(), this);
  }

  /** Sends a whole request, head and content in one buffer of its own. */
  static send(thread: Thread, bytes: Buffer, method: Method, pool: Pool, endpoint: Endpoint): void {
    if (endpoint.mirrors >= Math.min(COPIES_MAX, Math.floor(pool.connectionsMax / SHARE))) {
      return void thread.counters.add(Counter.mirrorsDropped);
    }
    const call = new MirrorCall(thread, bytes, method, pool, endpoint);
    const upstream = pool.acquire(call, thread.monoMs());
    if (upstream === "full" || upstream === "closed") return void thread.counters.add(Counter.mirrorsDropped);
    endpoint.active++;
    endpoint.mirrors++;
    thread.counters.add(Counter.mirrors);
    thread.arm(call.#deadline, MIRROR_TIMEOUT_MS);
    if (upstream !== "waiting") call.onUpstream(upstream);
  }

  onUpstream(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.uses++;
    upstream.user = this;
    upstream.reader.expect(this.#method);
    upstream.out.onDrain = undefined;
    upstream.out.append(this.#bytes, 0, this.#bytes.length);
  }

  onNoUpstream(): void {
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

  onResponseHead(_upstream: Upstream, _head: Head): void {}

  onResponseContent(): void {}

  onResponseEnd(upstream: Upstream, isReusable: boolean): void {
    this.#upstream = undefined;
    if (isReusable) this.#pool.release(upstream);
    else upstream.destroy();
    this.#end();
  }

  onUpstreamFailed(): void {
    this.#upstream = undefined;
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#thread.disarm(this.#deadline);
    this.#endpoint.active--;
    this.#endpoint.mirrors--;
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) upstream.destroy();
    else this.#pool.cancel(this);
  }
}
