/** Where proxies listened, on disk: a controller that starts anew tells endpoints before their proxies are back. */
import { join } from "node:path";
import type { Claim } from "../../distribution/endpoints.ts";
import { readIfThere, SECRET, writeWhole } from "../files.ts";

export class KeptClaims {
  readonly #file: string;
  #written = "";

  constructor(stateFolder: string) {
    this.#file = join(stateFolder, "snapshots", "endpoints.json");
  }

  write(claims: readonly Claim[]): void {
    const text = JSON.stringify(claims);
    if (text === this.#written) return;
    this.#written = text;
    writeWhole(this.#file, `${text}\n`, SECRET);
  }

  read(): readonly Claim[] {
    try {
      const value: unknown = JSON.parse(readIfThere(this.#file) ?? "[]");
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
