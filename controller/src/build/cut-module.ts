/**
 * A module as the controller holds it: its chunks, folded as they are sent. A chunk that several
 * modules have, all of one revision or of two, is held once; a module's bytes are put together
 * anew each time they are asked for, which is when they are kept, or sent in one body.
 */
import { type Content, contentHash, cutChunks, decodeContent, encodeContent } from "@regomesh/protocol";
import type { BuiltModule } from "./tools.ts";

/** A piece of a module. */
export type Chunk = { readonly hash: string; readonly folded: Content };

/** What a module is made of, in its order. */
export type ModulePart = { readonly hash: string; readonly wasm: readonly Chunk[]; readonly data: readonly Chunk[] };

/** Gives the chunk of these bytes: one that is known, or another. */
export type FindChunk = (bytes: Uint8Array) => Chunk;

class CutModule implements BuiltModule {
  readonly hash: string;
  readonly part: ModulePart;
  /** As it was built, until it is kept: to put it together for that would take longer than to write it. */
  #whole: BuiltModule | undefined;

  constructor(part: ModulePart, whole: BuiltModule | undefined) {
    this.hash = part.hash;
    this.part = part;
    this.#whole = whole;
  }

  get wasm(): Uint8Array {
    return this.#whole?.wasm ?? join(this.part.wasm);
  }

  get data(): string {
    return this.#whole?.data ?? new TextDecoder().decode(join(this.part.data));
  }

  forgetWhole(): void {
    this.#whole = undefined;
  }
}

/** Modules that are kept: from now on they are their chunks alone. */
export function forgetWhole(modules: readonly BuiltModule[]): void {
  for (const module of modules) if (module instanceof CutModule) module.forgetWhole();
}

/** The modules, cut; chunks of `known` are taken over. `isNew`: they are still to be kept. */
export function cutModules(
  modules: readonly BuiltModule[],
  known: readonly BuiltModule[],
  isNew = false,
): readonly BuiltModule[] {
  if (modules.every((module) => module instanceof CutModule)) return modules;
  const find = makeChunks(known.flatMap((module) => (module instanceof CutModule ? [module.part] : [])));
  return modules.map((module) =>
    module instanceof CutModule ? module : new CutModule(toPart(module, find), isNew ? module : undefined),
  );
}

/** What a module is made of, whether it has been cut or not. */
export function partOf(module: BuiltModule, find: FindChunk): ModulePart {
  return module instanceof CutModule ? module.part : toPart(module, find);
}

/** Makes chunks; each is made once, and not where `known` has it. */
export function makeChunks(known: readonly ModulePart[]): FindChunk {
  const found = new Map(known.flatMap(({ wasm, data }) => [...wasm, ...data]).map((chunk) => [chunk.hash, chunk]));
  return (bytes) => {
    const hash = contentHash(bytes);
    // A view would keep the whole module.
    const chunk = found.get(hash) ?? { hash, folded: encodeContent(bytes.slice()) };
    found.set(hash, chunk);
    return chunk;
  };
}

function toPart({ hash, wasm, data }: BuiltModule, find: FindChunk): ModulePart {
  return { hash, wasm: cutChunks(wasm).map(find), data: cutChunks(new TextEncoder().encode(data)).map(find) };
}

function join(chunks: readonly Chunk[]): Uint8Array {
  const bodies = chunks.map(({ hash, folded }) => {
    const body = decodeContent(folded);
    if (body === undefined) throw new Error(`chunk ${hash} does not unfold`);
    return body;
  });
  return Buffer.concat(bodies);
}
