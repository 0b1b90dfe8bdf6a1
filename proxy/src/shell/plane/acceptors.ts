/**
 * The acceptors of a thread's listeners of one kind: those that serve, and those that have retired, until
 * their last connection has ended.
 */
import type { Acceptor } from "../downstream/acceptor.ts";
import type { Listener } from "../net/listener.ts";
import type { Activity } from "./data-plane.ts";

export class Acceptors<Kind extends Acceptor> {
  readonly #kind: abstract new (
    ...args: never[]
  ) => Kind;
  readonly #graceMs: () => number;
  #listeners: readonly Listener[] = [];
  readonly #retired = new Set<Kind>();

  /** `graceMs`: how long what is under way on a retired one may still take. */
  constructor(kind: abstract new (...args: never[]) => Kind, graceMs: () => number) {
    this.#kind = kind;
    this.#graceMs = graceMs;
  }

  /** From now on these are all; others that there were are closed, and take no further request. */
  listenAt(listeners: readonly Listener[]): void {
    const before = this.#listeners;
    this.#listeners = listeners;
    for (const listener of before) {
      if (listeners.includes(listener)) continue;
      listener.close();
      this.#retire(listener);
    }
  }

  /** Whoever serves the listener; undefined before anyone of this kind does. */
  of({ acceptor }: Listener): Kind | undefined {
    return acceptor instanceof this.#kind ? acceptor : undefined;
  }

  /** Gives the listener to `acceptor`; what it has taken so far takes no further request. */
  serve(listener: Listener, acceptor: Kind): void {
    this.#retire(listener);
    listener.serve(acceptor);
  }

  /** Takes no new connection, and ends those on which nothing is under way. */
  closeIdle(): void {
    for (const listener of this.#listeners) listener.close();
    for (const acceptor of this) acceptor.endIdle();
  }

  activity(): Activity {
    let [connections, accepted] = [0, 0];
    for (const acceptor of this) {
      connections += acceptor.connections;
      accepted += acceptor.accepted;
    }
    return { connections, accepted };
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    for (const acceptor of this) acceptor.destroy();
  }

  *[Symbol.iterator](): Iterator<Kind> {
    for (const listener of this.#listeners) {
      const acceptor = this.of(listener);
      if (acceptor !== undefined) yield acceptor;
    }
    yield* this.#retired;
  }

  #retire(listener: Listener): void {
    for (const acceptor of this.#retired) if (acceptor.connections === 0) this.#retired.delete(acceptor);
    const acceptor = this.of(listener);
    if (acceptor === undefined) return;
    acceptor.retire(this.#graceMs());
    this.#retired.add(acceptor);
  }
}
