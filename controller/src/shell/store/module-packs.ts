/**
 * Modules as they are kept: packs of those that came with one revision, each written once, so that
 * a commit writes what it brings and no more. A module's name is the hash of what it holds: one
 * that was changed or cut is none.
 */
import { createHash } from "node:crypto";
import { moduleHash } from "@regomesh/protocol";
import { cutModules, forgetWhole } from "../../build/cut-module.ts";
import type { BuiltModule } from "../../build/tools.ts";
import { type Lease, type Reading, StoreError } from "../../store/store.ts";
import { parseKept } from "./read-kept.ts";

const FOLDER = "snapshots";
const PACK = /^modules-[0-9a-f]{32}\.pack$/;

/** The first line of a pack: what follows, in its order, and how many bytes each has. */
type Listed = { readonly hash: string; readonly wasm: number; readonly data: number };

/** Where modules are kept. */
export type NamedPacks = {
  readonly keys: readonly string[];
  /** Of the order in which packs were asked for. */
  readonly number: number;
};

export class ModulePacks {
  readonly #lease: Lease;
  /** By key, the hashes of what is in it. */
  #packs = new Map<string, readonly string[]>();
  /** By key, the version of what is still to be synced. */
  readonly #unsynced = new Map<string, string>();
  #lastNumber = 0;
  /** By number, what was asked for since packs were taken away; undefined while it is written. */
  readonly #named = new Map<number, readonly string[] | undefined>();
  #dropping: Promise<unknown> = Promise.resolve();

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /**
   * Keeps modules; those that are kept already are not written again. What is of one group is in no pack with another's,
   * and so goes by itself. Gives the keys of all their packs, which are still to be synced. Throws StoreError.
   */
  async keep(...groups: readonly (readonly BuiltModule[])[]): Promise<NamedPacks> {
    const number = ++this.#lastNumber;
    this.#named.set(number, undefined);
    try {
      await this.#dropping;
      const keys: string[] = [];
      for (const group of groups) keys.push(...(await this.#keepNow(group)));
      const named = { keys: [...new Set(keys)], number };
      this.#named.set(number, named.keys);
      return named;
    } catch (error) {
      this.#named.delete(number);
      throw error;
    }
  }

  async #keepNow(modules: readonly BuiltModule[]): Promise<readonly string[]> {
    const kept = new Set([...this.#packs.values()].flat());
    const distinct = new Map(modules.map((module) => [module.hash, module]));
    const missing = [...distinct.values()].filter(({ hash }) => !kept.has(hash));
    if (missing.length > 0) {
      const { list, pack } = printPack(missing);
      // The list has the hash of each module, by which it says what the pack holds.
      const key = `${FOLDER}/modules-${createHash("sha256").update(list).digest("hex").slice(0, 32)}.pack`;
      // One that a controller has left behind which ended before it named it.
      const before = await this.#lease.get(key);
      this.#unsynced.set(key, await this.#lease.compareAndSet(key, before?.version, pack, { isSyncedLater: true }));
      this.#packs.set(
        key,
        missing.map(({ hash }) => hash),
      );
    }
    forgetWhole(modules);
    return [...this.#packs].filter(([, hashes]) => hashes.some((hash) => distinct.has(hash))).map(([key]) => key);
  }

  /** Where one cannot be synced, its modules count as not kept. Throws StoreError. */
  async sync({ keys }: NamedPacks): Promise<void> {
    for (const key of keys) {
      const version = this.#unsynced.get(key);
      if (version === undefined) continue;
      try {
        await this.#lease.sync(key, version);
        if (this.#unsynced.get(key) === version) this.#unsynced.delete(key);
      } catch (error) {
        this.#packs.delete(key);
        throw error;
      }
    }
  }

  /** Nothing counts as kept: all of it is written again. */
  forget(): void {
    this.#packs.clear();
  }

  /**
   * Takes away every pack that neither these are nor any that were asked for since; while one is being written, or
   * where one cannot be taken away now, that is done the next time. Gives whether all of these are there: one may not
   * be that was thought to be, since somebody has taken it away.
   */
  async dropOthers({ keys, number }: NamedPacks): Promise<boolean> {
    for (const each of this.#named.keys()) if (each < number) this.#named.delete(each);
    const named = [...this.#named.values()];
    if (named.includes(undefined)) return true;
    const dropping = this.#drop(new Set(named.flatMap((each) => each ?? [])));
    this.#dropping = dropping;
    const gone = await dropping;
    for (const key of gone) this.#packs.delete(key);
    return !keys.some((key) => gone.includes(key));
  }

  /** Gives the kept ones that are not there. */
  async #drop(kept: ReadonlySet<string>): Promise<readonly string[]> {
    for (const key of [...this.#packs.keys(), ...this.#unsynced.keys()]) {
      if (kept.has(key)) continue;
      this.#packs.delete(key);
      this.#unsynced.delete(key);
    }
    try {
      const names = await this.#lease.list(FOLDER);
      const there = names.filter((name) => PACK.test(name)).map((name) => `${FOLDER}/${name}`);
      for (const key of there) if (!kept.has(key)) await this.#lease.remove(key);
      return [...kept].filter((key) => !there.includes(key));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // what there is too much of does no harm
      return [];
    }
  }

  /** What is in packs, which from then on count as kept. Throws where one of them is not whole. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, BuiltModule>> {
    const found = await readPacks(this.#lease, keys);
    this.#packs = new Map(found.map(([key, modules]) => [key, modules.map(({ hash }) => hash)]));
    return byHash(found);
  }
}

/** As `ModulePacks.read`, for whoever does not hold the lease. */
export async function readModules(
  reading: Reading,
  keys: readonly string[],
): Promise<ReadonlyMap<string, BuiltModule>> {
  return byHash(await readPacks(reading, keys));
}

type Found = readonly (readonly [key: string, modules: readonly BuiltModule[]])[];

function byHash(found: Found): ReadonlyMap<string, BuiltModule> {
  return new Map(found.flatMap(([, modules]) => modules.map((module) => [module.hash, module])));
}

async function readPacks(reading: Reading, keys: readonly string[]): Promise<Found> {
  const found: (readonly [string, readonly BuiltModule[]])[] = [];
  let known: readonly BuiltModule[] = [];
  for (const key of keys) {
    if (!key.startsWith(`${FOLDER}/`) || !PACK.test(key.slice(FOLDER.length + 1))) throw new Error(`${key} is no pack`);
    const pack = await reading.get(key);
    if (pack === undefined) throw new Error(`${key} is not there`);
    const modules = cutModules(parsePack(key, pack.value), known);
    known = [...known, ...modules];
    found.push([key, modules]);
  }
  return found;
}

function printPack(modules: readonly BuiltModule[]): { readonly list: string; readonly pack: Uint8Array } {
  const bodies = modules.map(({ wasm, data }) => [wasm, new TextEncoder().encode(data)] as const);
  const listed = modules.map(
    ({ hash }, at): Listed => ({ hash, wasm: bodies[at]?.[0].length ?? 0, data: bodies[at]?.[1].length ?? 0 }),
  );
  const list = `${JSON.stringify(listed)}\n`;
  return { list, pack: Buffer.concat([Buffer.from(list), ...bodies.flat()]) };
}

function parsePack(key: string, pack: Uint8Array): readonly BuiltModule[] {
  let at = pack.indexOf(0x0a) + 1;
  const listed = parseKept(new TextDecoder().decode(pack.subarray(0, at)), isList);
  if (listed === undefined) throw new Error(`${key} does not say what it holds`);
  const take = (length: number) => {
    at += length;
    return pack.subarray(at - length, at);
  };
  return listed.map(({ hash, ...lengths }) => {
    const [wasm, data] = [take(lengths.wasm), take(lengths.data)];
    if (moduleHash(wasm, data) !== hash) throw new Error(`a module of ${key} is not what its name says`);
    return { hash, wasm, data: new TextDecoder().decode(data) };
  });
}

function isList(value: unknown): value is readonly Listed[] {
  return Array.isArray(value) && value.every(isListed);
}

function isListed(value: unknown): value is Listed {
  const { hash, wasm, data } = (value ?? {}) as Partial<Listed>;
  return (
    typeof hash === "string" && [wasm, data].every((length) => Number.isSafeInteger(length) && Number(length) >= 0)
  );
}
