/**
 * The last good release as it is kept, so that a controller that starts anew serves what was in
 * force before it has read anything. Its digest is checked: a torn or changed file is none.
 */
import { hash } from "node:crypto";
import type { Clock } from "@regomesh/base";
import type { RefusedBody } from "../../api/releases.ts";
import type { MeshPlan } from "../../build/build.ts";
import { cutModules } from "../../build/cut-module.ts";
import type { BuiltModule } from "../../build/tools.ts";
import type { Release } from "../../distribution/release.ts";
import type { Input } from "../../sources/source.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, type Reading, readText, StoreError } from "../../store/store.ts";
import { GivenNumbers } from "./given-numbers.ts";
import { ListBases, makePlanReader, type NamedPlan } from "./list-bases.ts";
import { ModulePacks, type NamedPacks, readModules } from "./module-packs.ts";

/** A file of another format is not read: the release is built again. */
const FORMAT = 4;
/** Of a large release, whose lists are kept by a base. */
const FORMAT_OF_BASES = 5;
/** Of an earlier version, which kept modules within. */
const FORMAT_OF_ONE_FILE = 3;
const KEY = "snapshots/last-good.json";

export type Kept = {
  readonly release: Release;
  /** Version of the compiler that built it. */
  readonly compiler: string;
  /** What was built: commit and path. */
  readonly built: string;
  /** What is gone back to if the release is held; absent once it is proven. */
  readonly fallback?: Pick<Kept, "release" | "built" | "compiler">;
  /** It was not proven yet, and there is nothing to go back to: nobody was told that it is in force. */
  readonly isUnproven?: true;
  /** What was built later and taken back, so that it is not tried again at each start. */
  readonly held?: {
    readonly compiler: string;
    readonly built: string;
    readonly refused: RefusedBody;
    /** What of it is not in force; absent where an earlier version has kept it. */
    readonly inputs?: readonly Input[];
  };
};

type File = {
  readonly format: number;
  readonly digest: string;
  /** Keys of what holds the modules. */
  readonly packs: readonly string[];
  readonly content: unknown;
};

export class LastGood {
  readonly numbers: GivenNumbers;
  readonly #packs: ModulePacks;
  readonly #bases = new ListBases();
  readonly #lease: Lease;
  readonly #keeper: Keeper;
  /** Of the releases that were printed last. */
  #texts = new WeakMap<Release, string>();
  /** What was written last, while it is not synced. */
  #unsynced: { readonly kept: Kept; readonly packs: NamedPacks; readonly version: string } | undefined;
  #syncing: Promise<void> = Promise.resolve();

  constructor(lease: Lease, clock: Clock) {
    this.numbers = new GivenNumbers(lease, clock);
    this.#packs = new ModulePacks(lease);
    this.#lease = lease;
    this.#keeper = new Keeper(lease, KEY, clock);
  }

  /**
   * Keeps it as far as the end of this process goes, until `sync` has been called; `meanwhile` is what is to be done
   * while its modules are written, and may say that it is not to be kept: then this gives false, and what was kept
   * before is kept still, as where it throws StoreError.
   */
  async write(kept: Kept, meanwhile: () => Promise<boolean> = async () => true): Promise<boolean> {
    const content = this.#printAfter(meanwhile(), kept);
    const ended = content.catch(() => {});
    try {
      const packs = await this.#keepPacks(kept);
      const printed = await content;
      if (printed === undefined) return false;
      const version = await this.#keeper.keep(printFile(printed, packs), { isSyncedLater: true });
      this.#unsynced = { kept, packs, version };
      return true;
    } finally {
      // Where modules cannot be written, nothing of it goes on beside the next release.
      await ended;
    }
  }

  async #keepPacks(kept: Kept): Promise<NamedPacks> {
    const plans = plansOf(kept);
    const modules = plans.flatMap((plan) => plan.modules);
    return await this.#packs.keep(modules, this.#bases.piecesOf(plans));
  }

  /** An earlier process has not seen it synced: nobody knows what of it the disk has. */
  async #secure(kept: Kept): Promise<void> {
    this.#packs.forget();
    try {
      const { version = "" } = (await this.#lease.get(KEY)) ?? {};
      this.#unsynced = { kept, packs: await this.#keepPacks(kept), version };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return this.writeSoon(kept);
    }
    void this.sync();
  }

  /**
   * Has what was written last outlive the end of the machine, and takes away what that does not name. Where the disk
   * does not take it, it is written again as soon as may be.
   */
  async sync(): Promise<void> {
    const turn = this.#syncing.then(() => this.#syncNow());
    this.#syncing = turn;
    await turn;
  }

  async #syncNow(): Promise<void> {
    const written = this.#unsynced;
    if (written === undefined) return;
    const { kept, packs, version } = written;
    try {
      await this.#packs.sync(packs);
      // Of what was written meanwhile, the next one tells.
      if (!(await this.#lease.sync(KEY, version)) || this.#unsynced !== written) return;
      this.#unsynced = undefined;
      if (!(await this.#packs.dropOthers(packs))) this.writeSoon(kept);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // it is said by whoever observes the lease
      if (this.#unsynced === written) this.writeSoon(kept);
    }
  }

  async #printAfter(meanwhile: Promise<boolean>, kept: Kept): Promise<Printed | undefined> {
    return (await meanwhile) ? this.#print(kept) : undefined;
  }

  /** For what is in force already: it is kept as soon as may be. */
  writeSoon(kept: Kept): void {
    this.#keeper.keepSoon(async () => {
      const packs = await this.#keepPacks(kept);
      await this.#packs.sync(packs);
      return printFile(this.#print(kept), packs);
    });
  }

  /** Made before a commit is in force: a release that is gone back to was printed when it came. */
  #print({ release, fallback, ...kept }: Kept): Printed {
    const texts = new WeakMap<Release, string>();
    const textOf = (each: Release) => {
      const text = this.#texts.get(each) ?? JSON.stringify({ ...each, plan: this.#bases.name(each.plan) });
      texts.set(each, text);
      return text;
    };
    const fields = [
      `"release":${textOf(release)}`,
      ...Object.entries(kept).flatMap(([name, value]) =>
        value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`],
      ),
    ];
    if (fallback !== undefined) {
      const { release: before, ...rest } = fallback;
      fields.push(`"fallback":{"release":${textOf(before)},${JSON.stringify(rest).slice(1)}`);
    }
    const text = `{${fields.join(",")}}`;
    this.#texts = texts;
    const plans = [release, ...(fallback === undefined ? [] : [fallback.release])].map(({ plan }) => plan);
    const format = this.#bases.piecesOf(plans).length === 0 ? FORMAT : FORMAT_OF_BASES;
    return { format, text, digest: digestOf(text) };
  }

  async flush(): Promise<void> {
    await this.sync();
    await Promise.all([this.#keeper.flush(), this.numbers.flush()]);
  }

  /**
   * Undefined where there is none, or none that can be trusted; `fault` then says why. Where the machine ended before
   * the last one was synced, it may be the one before.
   */
  async read(): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
    const read = await readKept(this.#lease, (keys) => this.#packs.read(keys));
    const { kept, fault } = read;
    if (kept === undefined || (await this.#lease.before(KEY)) === undefined) return read;
    if (fault !== undefined) this.writeSoon(kept);
    else await this.#secure(kept);
    return read;
  }
}

/** As `LastGood.read`, for whoever does not hold the lease. */
export async function readLastGood(reading: Reading): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
  return await readKept(reading, (keys) => readModules(reading, keys));
}

type ReadPacks = (keys: readonly string[]) => Promise<ReadonlyMap<string, BuiltModule>>;

/** What stands there, or what was synced last where that is torn. */
async function readKept(
  reading: Reading,
  readPacks: ReadPacks,
): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
  const text = await readText(reading, KEY);
  if (text === undefined) return {};
  const last = await parseKept(text, readPacks);
  const before = last.kept === undefined ? await reading.before(KEY) : undefined;
  if (before === undefined) return last;
  const { kept } = await parseKept(new TextDecoder().decode(before.value), readPacks);
  return kept === undefined ? last : { kept, fault: `${last.fault}; what was kept before it is used` };
}

async function parseKept(
  text: string,
  readPacks: ReadPacks,
): Promise<{ readonly kept?: Kept; readonly fault?: string }> {
  try {
    const { format, digest, packs, content } = (JSON.parse(text) ?? {}) as File;
    if (![FORMAT, FORMAT_OF_BASES, FORMAT_OF_ONE_FILE].includes(format))
      return { fault: `${KEY} has format ${format}` };
    if (digestOf(JSON.stringify(content)) !== digest) return { fault: `${KEY} has another digest than it says` };
    if (format === FORMAT_OF_ONE_FILE) {
      const kept = content as Kept;
      return { kept: mapPlans(kept, (plan) => ({ ...plan, modules: cutModules(plan.modules.map(readInline), []) })) };
    }
    const modules = await readPacks(packs);
    const read = makePlanReader((hash) => {
      const module = modules.get(hash);
      if (module === undefined) throw new Error(`module ${hash} is in no pack`);
      return module;
    });
    return { kept: mapPlans(content as KeptOf<NamedPlan>, read) };
  } catch (error) {
    return { fault: `${KEY} cannot be read: ${(error as Error).message}` };
  }
}

function readInline(module: BuiltModule): BuiltModule {
  return { ...module, wasm: new Uint8Array(Buffer.from(String(module.wasm), "base64")) };
}

function plansOf({ release, fallback }: Kept): readonly MeshPlan[] {
  return [release.plan, ...(fallback === undefined ? [] : [fallback.release.plan])];
}

type Printed = { readonly format: number; readonly text: string; readonly digest: string };

function printFile({ format, text, digest }: Printed, { keys }: NamedPacks): string {
  return `{"format":${format},"digest":"${digest}","packs":${JSON.stringify(keys)},"content":${text}}\n`;
}

type ReleaseOf<Plan> = Omit<Release, "plan"> & { readonly plan: Plan };
/** What is kept, its plans in another form. */
type KeptOf<Plan> = Omit<Kept, "release" | "fallback"> & {
  readonly release: ReleaseOf<Plan>;
  readonly fallback?: Omit<NonNullable<Kept["fallback"]>, "release"> & { readonly release: ReleaseOf<Plan> };
};

function mapPlans<Plan>({ fallback, ...kept }: KeptOf<Plan>, to: (plan: Plan) => MeshPlan): Kept {
  const map = (release: ReleaseOf<Plan>): Release => ({ ...release, plan: to(release.plan) });
  return {
    ...kept,
    release: map(kept.release),
    ...(fallback === undefined ? {} : { fallback: { ...fallback, release: map(fallback.release) } }),
  };
}

/** Of the content's text: read and printed again it is the same, for JSON keeps the order of fields. */
function digestOf(text: string): string {
  return hash("sha256", text);
}
