/** What a proxy must be sent so that it has every content of a snapshot: what it lacks, and lists as what differs. */
import { digestOf } from "@regomesh/protocol";
import type { Chunk, ModulePart } from "../build/cut-module.ts";
import type { ListPart, Part, SnapshotParts } from "./parts.ts";

/** What a proxy holds, as far as it is known here. */
export type Held = {
  /** The parts of what it has in force; undefined where that is not known by its hash. */
  readonly parts: SnapshotParts | undefined;
  /** Digests of what it has said that it holds. */
  readonly digests: ReadonlySet<string>;
};

export const HOLDS_NOTHING: Held = { parts: undefined, digests: new Set() };

export type Missing = {
  readonly contents: readonly (Part | Chunk)[];
  readonly lists: readonly ListDifference[];
  readonly modules: readonly ModulePart[];
};

export type ListDifference = {
  readonly base: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
};

/** Gives what is missing; keeps what it finds between two lists or modules, which many proxies share. */
export function makeMissing(): (wanted: SnapshotParts, held: Held) => Missing {
  const stepOf = ofPairs(toListStep);
  const newChunks = ofPairs<ModulePart, readonly Chunk[]>(chunksOnlyIn);
  return (wanted, { parts, digests }) => {
    const isHeld = ({ hash }: { readonly hash: string }) =>
      isNamed(parts, hash) || (digests.size > 0 && digests.has(digestOf(hash)));
    const contents: (Part | Chunk)[] = wanted.singles.filter((part) => !isHeld(part));
    const changed: ListDifference[] = [];
    for (const [at, list] of wanted.lists.entries()) {
      const base = parts?.lists[at];
      if (base === list) continue;
      const step = base === undefined ? undefined : stepOf(base, list);
      const named = step?.named ?? [...list.named];
      contents.push(...named.filter((part) => !isHeld(part)));
      if (isHeld(list)) continue;
      if (step?.difference === undefined) contents.push(list);
      else changed.push(step.difference);
    }
    const modules = wanted.modules.filter(({ hash }) => parts?.modules.some((held) => held.hash === hash) !== true);
    const [base, ...others] = parts?.modules ?? [];
    // Mostly one module takes the place of one.
    const chunks =
      base !== undefined && others.length === 0
        ? modules.flatMap((module) => newChunks(base, module))
        : modules.flatMap((module) => chunksOnlyIn(parts?.modules ?? [], module));
    contents.push(...(digests.size === 0 ? chunks : chunks.filter(({ hash }) => !digests.has(digestOf(hash)))));
    return { contents: [...new Set(contents)], lists: changed, modules };
  };
}

/** Of five parts: to compare them takes less than to make a set of them for each proxy. */
function isNamed(parts: SnapshotParts | undefined, hash: string): boolean {
  const is = (part: Part) => part.hash === hash;
  return parts !== undefined && (parts.singles.some(is) || parts.lists.some(is));
}

type ListStep = {
  /** Undefined where the list itself is shorter. */
  readonly difference: ListDifference | undefined;
  /** What it names and the other does not. */
  readonly named: readonly Part[];
};

function toListStep(base: ListPart, wanted: ListPart): ListStep {
  const removed = [...base.items].filter((item) => !wanted.items.has(item));
  const added = [...wanted.items].filter((item) => !base.items.has(item));
  const named = [...wanted.named].filter((part) => !base.named.has(part));
  const isShorter = removed.length + added.length < wanted.items.size;
  return { difference: isShorter ? { base: base.hash, removed, added } : undefined, named };
}

/** Remembers what lies between two things, for as long as both are there. */
function ofPairs<Thing extends object, Found>(find: (base: Thing, wanted: Thing) => Found): typeof find {
  const found = new WeakMap<Thing, WeakMap<Thing, Found>>();
  return (base, wanted) => {
    const from = found.get(base) ?? new WeakMap<Thing, Found>();
    found.set(base, from);
    const between = from.get(wanted) ?? find(base, wanted);
    from.set(wanted, between);
    return between;
  };
}

/** Chunks of a module that another one, or several, do not have. */
function chunksOnlyIn(held: ModulePart | readonly ModulePart[], { wasm, data }: ModulePart): readonly Chunk[] {
  const there = new Set([held].flat().flatMap((module) => [...module.wasm, ...module.data]));
  return [...wasm, ...data].filter((chunk) => !there.has(chunk));
}
