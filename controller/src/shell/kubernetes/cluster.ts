/** Everything of the cluster that the mesh is made of, kept up to date. */
import type { Clock, Log, Random } from "@regomesh/base";
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import { WATCHED, type Watched } from "../../kubernetes/watched.ts";
import type { ApiConnection } from "./api-connection.ts";
import { Reflector } from "./reflector.ts";

export type ClusterOptions = {
  readonly connection: ApiConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Something has changed, and all has been listed once. */
  readonly onChange: (changed: readonly string[]) => void;
  readonly onTrouble: () => void;
};

export class Cluster {
  readonly #reflectors: readonly Reflector[];
  readonly #troubles = new Map<string, { readonly message: string; readonly sinceMs: number }>();
  #synced: Promise<void>;

  constructor({ connection, clock, random, log, onChange, onTrouble }: ClusterOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#synced = promise;
    this.#reflectors = WATCHED.map(
      (watched) =>
        new Reflector({
          watched,
          connection,
          clock,
          random,
          onChange: (changed) => {
            if (!this.isSynced) return;
            resolve();
            onChange(changed);
          },
          onTrouble: (message) => {
            if (!this.#setTrouble(watched, message, clock.nowMs())) return;
            if (message !== undefined)
              log.log("warn", "a kind cannot be watched", { kind: watched.kind, reason: message });
            onTrouble();
          },
        }),
    );
  }

  get isSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.isSynced);
  }

  /** Resolves when all was listed once. */
  get synced(): Promise<void> {
    return this.#synced;
  }

  get troubles(): readonly { readonly message: string; readonly sinceMs: number }[] {
    return [...this.#troubles.values()];
  }

  /** Newest of each, by `objectKey`. */
  objects(): ReadonlyMap<string, ClusterObject> {
    return new Map(this.#reflectors.flatMap(({ held }) => [...held]));
  }

  find(key: string): ClusterObject | undefined {
    for (const { held } of this.#reflectors) {
      const object = held.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.close()));
  }

  /** Whether that is news. */
  #setTrouble({ kind, plural }: Watched, message: string | undefined, nowMs: number): boolean {
    const known = this.#troubles.get(kind);
    if (message === undefined) return this.#troubles.delete(kind);
    const said = `${plural} are not up to date: ${message}`;
    if (known?.message === said) return false;
    this.#troubles.set(kind, { message: said, sinceMs: known?.sinceMs ?? nowMs });
    return true;
  }
}
