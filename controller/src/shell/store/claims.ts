/** Where proxies listened, kept: a controller that starts anew tells endpoints before their proxies are back. */
import type { Clock } from "@regomesh/base";
import type { Claim } from "../../distribution/endpoints.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, readText } from "../../store/store.ts";

const KEY = "snapshots/endpoints.json";

export class KeptClaims {
  readonly #lease: Lease;
  readonly #keeper: Keeper;
  #wanted = "";

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#keeper = new Keeper(lease, KEY, clock);
  }

  /** The newest claims are what is kept, as soon as may be. */
  keepSoon(claims: readonly Claim[]): void {
    const text = `${JSON.stringify(claims)}\n`;
    if (text === this.#wanted) return;
    this.#wanted = text;
    this.#keeper.keepSoon(() => text);
  }

  async flush(): Promise<void> {
    await this.#keeper.flush();
  }

  async read(): Promise<readonly Claim[]> {
    try {
      const value: unknown = JSON.parse((await readText(this.#lease, KEY)) ?? "[]");
      return Array.isArray(value) ? value.filter(isClaim) : [];
    } catch {
      return []; // proxies will tell; nothing is better than something wrong
    }
  }
}

function isClaim(value: unknown): value is Claim {
  const { workload, listen } = (value ?? {}) as Partial<Claim>;
  return typeof workload === "string" && Array.isArray(listen) && listen.every((each) => typeof each === "object");
}
