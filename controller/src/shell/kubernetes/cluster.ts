/** Everything of the cluster that the mesh is made of, kept up to date. */
import type { Clock, Log, Random } from "@regomesh/base";
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import type { Change } from "../../kubernetes/held-objects.ts";
import { WATCHED, type Watched } from "../../kubernetes/watched.ts";
import type { ApiConnection } from "./api-connection.ts";
import { Reflector } from "./reflector.ts";

export type ClusterOptions = {
  readonly connection: ApiConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What of that use has changed, or undefined for all that there is: when all has been listed once. */
  readonly onChange: (use: Watched["use"], changed: readonly Change[] | undefined) => void;
  readonly onTrouble: () => void;
};

export class Cluster {
  readonly #reflectors: readonly { readonly watched: Watched; readonly reflector: Reflector }[];
  readonly #troubles = new Map<string, { readonly message: string; readonly sinceMs: number }>();
  #synced: Promise<void>;

  constructor({ connection, clock, random, log, onChange, onTrouble }: ClusterOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#synced = promise;
    let isTold = false;
    this.#reflectors = WATCHED.map((watched) => ({
      watched,
      reflector: new Reflector({
        watched,
        connection,
        clock,
        random,
        onChange: (changed) => {
          if (!this.isSynced) return;
          resolve();
          if (isTold) return onChange(watched.use, changed);
          // Whatever is listed last, all that there is is new.
          isTold = true;
          for (const use of new Set(WATCHED.map((each) => each.use))) onChange(use, undefined);
        },
        onPresence: (isThere) => {
          if (watched.isOptional)
            log.log("info", isThere ? "a kind is watched" : "a kind is not installed, and looked for again", {
              kind: watched.kind,
              apiVersion: watched.apiVersion,
            });
        },
        onTrouble: (message) => {
          if (!this.#setTrouble(watched, message, clock.nowMs())) return;
          if (message !== undefined)
            log.log("warn", "a kind cannot be watched", { kind: watched.kind, reason: message });
          onTrouble();
        },
      }),
    }));
  }

  get isSynced(): boolean {
    return this.#reflectors.every(({ reflector }) => reflector.isSynced);
  }

  /** Resolves when all was listed once. */
  get synced(): Promise<void> {
    return this.#synced;
  }

  get troubles(): readonly { readonly message: string; readonly sinceMs: number }[] {
    return [...this.#troubles.values()];
  }

  /** Newest of each that the mesh is made of, by `objectKey`. */
  objects(): ReadonlyMap<string, ClusterObject> {
    const made = this.#reflectors.filter(({ watched }) => watched.use === "mesh");
    return new Map(made.flatMap(({ reflector }) => [...reflector.held]));
  }

  /** Newest of one kind. */
  ofKind(kind: string): readonly ClusterObject[] {
    const found = this.#reflectors.find(({ watched }) => watched.kind === kind);
    return [...(found?.reflector.held.values() ?? [])];
  }

  find(key: string): ClusterObject | undefined {
    for (const { reflector } of this.#reflectors) {
      const object = reflector.held.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  start(): void {
    for (const { reflector } of this.#reflectors) reflector.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ reflector }) => reflector.close()));
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
