/**
 * The last good release as it is kept, so that a controller that starts anew serves what was in
 * force before it has read anything. Its digest is checked: a torn or changed file is none.
 */
import { createHash } from "node:crypto";
import type { Clock } from "@regomesh/base";
import type { RefusedBody } from "../../api/bodies.ts";
import type { Release } from "../../distribution/release.ts";
import type { Input } from "../../sources/source.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, type Reading, readText } from "../../store/store.ts";

/** A file of another format is not read: the release is built again. */
const FORMAT = 3;
const KEY = "snapshots/last-good.json";

export type Kept = {
  readonly release: Release;
  /** Version of the compiler that built it. */
  readonly compiler: string;
  /** What was built: commit and path. */
  readonly built: string;
  /** What is gone back to if the release is held; absent once it is proven. */
  readonly fallback?: Pick<Kept, "release" | "built" | "compiler">;
  /** What was built later and taken back, so that it is not tried again at each start. */
  readonly held?: {
    readonly compiler: string;
    readonly built: string;
    readonly refused: RefusedBody;
    /** What of it is not in force; absent where an earlier version has kept it. */
    readonly inputs?: readonly Input[];
  };
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
    return await readLastGood(this.#lease);
  }
}

/** As `LastGood.read`, for whoever does not hold the lease. */
export async function readLastGood(reading: Reading): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
  const text = await readText(reading, KEY);
  if (text === undefined) return {};
  try {
    const { format, digest, content } = JSON.parse(text) as File;
    if (format !== FORMAT) return { fault: `${KEY} has format ${format}` };
    if (digestOf(JSON.stringify(content)) !== digest) return { fault: `${KEY} has another digest than it says` };
    const kept = content as Kept;
    const read = (wasm: unknown) => new Uint8Array(Buffer.from(String(wasm), "base64"));
    return { kept: mapModules(kept, read) };
  } catch (error) {
    return { fault: `${KEY} cannot be read: ${(error as Error).message}` };
  }
}

function printKept(kept: Kept): string {
  const content = mapModules(kept, (wasm) => Buffer.from(wasm).toString("base64"));
  // Many megabytes in a large mesh, and written before a commit is in force: made into text once.
  const text = JSON.stringify(content);
  return `{"format":${FORMAT},"digest":"${digestOf(text)}","content":${text}}\n`;
}

/** With every module in another form: bytes are text in the file. */
function mapModules(kept: Kept, to: (wasm: Uint8Array) => unknown): Kept {
  const map = (release: Release): Release => {
    const modules = release.plan.modules.map((module) => ({ ...module, wasm: to(module.wasm) as Uint8Array }));
    return { ...release, plan: { ...release.plan, modules } };
  };
  const { fallback } = kept;
  return {
    ...kept,
    release: map(kept.release),
    ...(fallback === undefined ? {} : { fallback: { ...fallback, release: map(fallback.release) } }),
  };
}

/** Of the content's text: read and printed again it is the same, for JSON keeps the order of fields. */
function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
