/**
 * The last good release as it is kept, so that a controller that starts anew serves what was in
 * force before it has read anything. Its digest is checked: a torn or changed file is none.
 */
import { createHash } from "node:crypto";
import type { Clock } from "@regomesh/base";
import { canonicalJson } from "@regomesh/protocol";
import type { RefusedBody } from "../../api/bodies.ts";
import type { Release } from "../../distribution/release.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, readText } from "../../store/store.ts";

/** A file of another format is not read: the release is built again. */
const FORMAT = 1;
const KEY = "snapshots/last-good.json";

export type Kept = {
  readonly release: Release;
  /** Version of the compiler that built it. */
  readonly compiler: string;
  /** What was built: commit and path. */
  readonly built: string;
  /** What was built later and taken back, so that it is not tried again at each start. */
  readonly held?: { readonly compiler: string; readonly built: string; readonly refused: RefusedBody };
};

type File = { readonly format: number; readonly digest: string; readonly content: unknown };

export class LastGood {
  readonly #lease: Lease;
  readonly #keeper: Keeper;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#keeper = new Keeper(lease, KEY, clock);
  }

  /** Throws StoreError; what was kept before is then kept still. */
  async write(kept: Kept): Promise<void> {
    await this.#keeper.keep(printKept(kept));
  }

  /** For what is in force already: it is kept as soon as may be. */
  writeSoon(kept: Kept): void {
    this.#keeper.keepSoon(() => printKept(kept));
  }

  async flush(): Promise<void> {
    await this.#keeper.flush();
  }

  /** Undefined where there is none, or none that can be trusted; `fault` then says why. */
  async read(): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
    const text = await readText(this.#lease, KEY);
    if (text === undefined) return {};
    try {
      const { format, digest, content } = JSON.parse(text) as File;
      if (format !== FORMAT) return { fault: `${KEY} has format ${format}` };
      if (digestOf(content) !== digest) return { fault: `${KEY} has another digest than it says` };
      const kept = content as Kept;
      const modules = kept.release.plan.modules.map((module) => ({
        ...module,
        wasm: new Uint8Array(Buffer.from(module.wasm as unknown as string, "base64")),
      }));
      return { kept: { ...kept, release: { ...kept.release, plan: { ...kept.release.plan, modules } } } };
    } catch (error) {
      return { fault: `${KEY} cannot be read: ${(error as Error).message}` };
    }
  }
}

function printKept(kept: Kept): string {
  const { plan } = kept.release;
  const modules = plan.modules.map(({ wasm, ...rest }) => ({ ...rest, wasm: Buffer.from(wasm).toString("base64") }));
  const content = { ...kept, release: { ...kept.release, plan: { ...plan, modules } } };
  const file: File = { format: FORMAT, digest: digestOf(content), content };
  return `${JSON.stringify(file)}\n`;
}

function digestOf(content: unknown): string {
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
}
