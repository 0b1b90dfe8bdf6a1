/** Where proxies listened, kept: a controller that starts anew tells endpoints before their proxies are back. */
import type { Claim } from "../../distribution/endpoints.ts";
import { type Lease, readText, writeText } from "../../store/store.ts";

const KEY = "snapshots/endpoints.json";

export class KeptClaims {
  readonly #lease: Lease;
  #wanted = "";
  #written = "";
  #writing: Promise<void> | undefined;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Writes the newest claims; those between are left out. Throws StoreError; the next call tries again. */
  async write(claims: readonly Claim[]): Promise<void> {
    this.#wanted = `${JSON.stringify(claims)}\n`;
    this.#writing ??= this.#writeWanted().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async read(): Promise<readonly Claim[]> {
    try {
      const value: unknown = JSON.parse((await readText(this.#lease, KEY)) ?? "[]");
      return Array.isArray(value) ? value.filter(isClaim) : [];
    } catch {
      return []; // proxies will tell; nothing is better than something wrong
    }
  }

  async #writeWanted(): Promise<void> {
    while (this.#written !== this.#wanted) {
      const text = this.#wanted;
      await writeText(this.#lease, KEY, text);
      this.#written = text;
    }
  }
}

function isClaim(value: unknown): value is Claim {
  const { workload, listen } = (value ?? {}) as Partial<Claim>;
  return typeof workload === "string" && Array.isArray(listen) && listen.every((each) => typeof each === "object");
}
