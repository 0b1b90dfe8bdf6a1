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

const FOLDER = "snapshots";
const PACK = /^modules-[0-9a-f]{32}\.pack$/;

/** The first line of a pack: what follows, in its order, and how many bytes each has. */
type Listed = { readonly hash: string; readonly wasm: number; readonly data: number };

export class ModulePacks {
  readonly #lease: Lease;
  /** By key, the hashes of what is in it. */
  #packs = new Map<string, readonly string[]>();
  /** Grows with each `keep`: packs that were named since stay. */
  #asked = 0;
  #dropping: Promise<unknown> = Promise.resolve();

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Keeps modules; those that are kept already are not written again. Gives the keys of all their packs. Throws StoreError. */
  async keep(modules: readonly BuiltModule[]): Promise<readonly string[]> {
    this.#asked++;
    await this.#dropping;
    const kept = new Set([...this.#packs.values()].flat());
    const distinct = new Map(modules.map((module) => [module.hash, module]));
    const missing = [...distinct.values()].filter(({ hash }) => !kept.has(hash));
    if (missing.length > 0) {
      const { list, pack } = printPack(missing);
      // The list has the hash of each module, by which it says what the pack holds.
      const key = `${FOLDER}/modules-${createHash("sha256").update(list).digest("hex").slice(0, 32)}.pack`;
      // One that a controller has left behind which ended before it named it.
      const before = await this.#lease.get(key);
      await this.#lease.compareAndSet(key, before?.version, pack);
      this.#packs.set(
        key,
        missing.map(({ hash }) => hash),
      );
    }
    forgetWhole(modules);
    return [...this.#packs].filter(([, hashes]) => hashes.some((hash) => distinct.has(hash))).map(([key]) => key);
  }

  /**
   * Calls `write` with the keys of the packs of modules, then takes every other pack away, unless one was
   * asked for meanwhile: what cannot be taken away now is so the next time. Where a pack is not there that
   * was thought to be, since somebody has taken it away, it is written again, and so is what names it. Gives
   * whether they were named: where `write` gives false, what was kept before is so still. Throws StoreError.
   */
  async keepOnly(
    modules: readonly BuiltModule[],
    write: (packs: readonly string[]) => Promise<boolean>,
  ): Promise<boolean> {
    for (let isAgain = false; ; isAgain = true) {
      const packs = await this.keep(modules);
      const asked = this.#asked;
      if (!(await write(packs))) return false;
      if (this.#asked !== asked) return true;
      const dropping = this.#drop(packs);
      this.#dropping = dropping;
      const gone = await dropping;
      if (gone.length === 0 || isAgain) return true;
      for (const key of gone) this.#packs.delete(key);
    }
  }

  /** Gives the kept ones that are not there. */
  async #drop(kept: readonly string[]): Promise<readonly string[]> {
    for (const key of [...this.#packs.keys()]) if (!kept.includes(key)) this.#packs.delete(key);
    try {
      const there = (await this.#lease.list(FOLDER))
        .filter((name) => PACK.test(name))
        .map((name) => `${FOLDER}/${name}`);
      for (const key of there) if (!kept.includes(key)) await this.#lease.remove(key);
      return kept.filter((key) => !there.includes(key));
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
  const listed = JSON.parse(Buffer.from(pack.subarray(0, at)).toString("utf8")) as readonly Listed[];
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
