/**
 * A policy whose memory comes back: a WebAssembly memory never shrinks, so an instance that an
 * evaluation made grow is replaced by a fresh one of the same module, outside of any request.
 * The decision that is being read stays the old instance's.
 */

import type { ConnectionContext } from "./connection.ts";
import type { HeadTable } from "./layout/head-table.ts";
import type { RequestId } from "./layout/request-id.ts";
import type { ModuleMeta } from "./module-meta.ts";
import type { Policy, PolicyDecision } from "./policy.ts";

export type RenewingOptions = {
  /** Opens an instance, each with another seed; passes `onGrown` on to it. */
  readonly open: (onGrown: () => void) => Promise<Policy>;
  /** Runs the work once no request is being decided; how long it waits bounds how often instances are replaced. */
  readonly later: (work: () => Promise<void>) => void;
};

/** Rejects as the first opening does. */
export async function openRenewingPolicy(options: RenewingOptions): Promise<Policy> {
  let renewing: RenewingPolicy | undefined;
  const first = await options.open(() => renewing?.renewLater());
  renewing = new RenewingPolicy(options, first);
  return renewing;
}

/** Instances of one policy that have been replaced and hold their memory: the collector sees little of it, and may be long. */
const REPLACED_MAX = 2;

class RenewingPolicy implements Policy {
  readonly meta: ModuleMeta;
  readonly #options: RenewingOptions;
  #replaced = 0;
  /** It is told before the memory is given back, by a thread of the engine's that may have to wait: that counts a while longer. */
  readonly #collected = new FinalizationRegistry(() => this.#options.later(async () => void this.#replaced--));
  #current: Policy;
  #context: ConnectionContext | undefined;

  constructor(options: RenewingOptions, first: Policy) {
    this.#options = options;
    this.#current = first;
    this.meta = first.meta;
  }

  renewLater(): void {
    this.#options.later(() => this.#renew());
  }

  async #renew(): Promise<void> {
    // What has grown goes on meanwhile: it is right, only large.
    if (this.#replaced >= REPLACED_MAX) return this.renewLater();
    let next: Policy;
    try {
      next = await this.#options.open(() => this.renewLater());
    } catch {
      // There is no memory for another one: this one goes on, and asks again.
      return this.renewLater();
    }
    if (this.#context !== undefined) next.setConnection(this.#context);
    this.#replaced++;
    this.#collected.register(this.#current, undefined);
    this.#current = next;
  }

  get jsonParses(): number {
    return this.#current.jsonParses;
  }

  get memoryBytes(): number {
    return this.#current.memoryBytes;
  }

  setConnection(context: ConnectionContext): void {
    this.#context = context;
    this.#current.setConnection(context);
  }

  decide(
    head: Uint8Array,
    length: number,
    table: HeadTable,
    mask: number,
    requestId: RequestId,
    nowMs: number,
  ): PolicyDecision {
    return this.#current.decide(head, length, table, mask, requestId, nowMs);
  }
}
