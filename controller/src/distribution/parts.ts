/**
 * What snapshots are made of: contents by their hashes, each made once and shared by every
 * snapshot, and every revision, that has it. What differs between two snapshots is found by
 * comparing these, never by reading them.
 */
import { canonicalJson, type EnvelopeContents, listText, snapshotHash } from "@regomesh/protocol";
import { type ModulePart, makeChunks, partOf } from "../build/cut-module.ts";
import type { BuiltModule } from "../build/tools.ts";

/** A content that is text. */
export type Part = { readonly hash: string; readonly body: Uint8Array };

/** A content that is a list: what differs between two of them is told instead. */
export type ListPart = Part & {
  /** Canonical texts of its items. */
  readonly items: ReadonlySet<string>;
  /** The contents that its items name; none where items are no names. */
  readonly named: ReadonlySet<Part>;
};

/** Everything that one snapshot names. */
export type SnapshotParts = {
  readonly names: EnvelopeContents;
  readonly singles: readonly Part[];
  /** Always in this order: members, then what each workload may call. */
  readonly lists: readonly ListPart[];
  readonly modules: readonly ModulePart[];
};

type AnyPart = Part | ListPart | ModulePart;

/** Parts by hash: what the next publication takes over. */
export type PartIndex = ReadonlyMap<string, AnyPart>;

export type Parts = {
  /** A value as a content of its own. */
  readonly single: (value: unknown) => Part;
  /** The same of what is made of a thing that is never changed and of nothing else but `by`: while both are the same, so is the content. */
  readonly singleOf: (thing: object, by: string, make: () => unknown) => Part;
  readonly list: (items: readonly string[], named?: readonly Part[]) => ListPart;
  /** The list of those of another one that have these names, as long as that is the same. */
  readonly listOf: (names: readonly string[], all: ListPart, make: () => ListPart) => ListPart;
  readonly module: (module: BuiltModule) => ModulePart;
  /** Takes a part over as it is. */
  readonly keep: (part: AnyPart) => void;
  /** All that were made or taken over. */
  readonly made: PartIndex;
};

/** What was made of things that go from one plan to the next as they are. */
const madeOf = new WeakMap<object, { readonly by: string; readonly part: Part }>();
/** Of more names are forgotten: workloads may change what they call. */
const LISTS_MAX = 10_000;
/** Of a list, by their names, lists of a part of it: many workloads may call the same. */
const listsOf = new WeakMap<ListPart, Map<string, WeakRef<ListPart>>>();

/** What a thing was made into, and by what else; undefined where it was not, or not here. */
export function madeFrom(thing: object): { readonly by: string; readonly part: Part } | undefined {
  return madeOf.get(thing);
}

/** What a thing is made into was made elsewhere. */
export function learnMade(thing: object, by: string, hash: string, text: string): void {
  madeOf.set(thing, { by, part: { hash, body: new TextEncoder().encode(text) } });
}

/** Makes parts; one that is known already is that object, so that nothing is cut, folded or told twice. */
export function makeParts(known: PartIndex = new Map()): Parts {
  const encoder = new TextEncoder();
  const made = new Map<string, AnyPart>();
  const part = <P extends AnyPart>(hash: string, make: () => P): P => {
    // A hash is of one content, and a content is asked for in one way.
    const found = (made.get(hash) ?? known.get(hash) ?? make()) as P;
    made.set(hash, found);
    return found;
  };
  // Modules come cut, mostly: then nobody asks for a chunk.
  let chunks: ReturnType<typeof makeChunks> | undefined;
  const findChunk = (bytes: Uint8Array) => {
    chunks ??= makeChunks([...known.values()].filter((each) => "wasm" in each));
    return chunks(bytes);
  };
  const single = (value: unknown): Part => {
    const text = canonicalJson(value);
    const hash = snapshotHash(text);
    return part(hash, () => ({ hash, body: encoder.encode(text) }));
  };
  return {
    made,
    single,
    singleOf(thing, by, make) {
      const known = madeOf.get(thing);
      if (known?.by === by) return part(known.part.hash, () => known.part);
      const made = single(make());
      madeOf.set(thing, { by, part: made });
      return made;
    },
    listOf(names, all, make) {
      const lists = listsOf.get(all) ?? new Map<string, WeakRef<ListPart>>();
      listsOf.set(all, lists);
      const key = names.join(" ");
      const known = lists.get(key)?.deref();
      if (known !== undefined) return part(known.hash, () => known);
      const list = make();
      if (lists.size >= LISTS_MAX) lists.clear();
      lists.set(key, new WeakRef(list));
      return list;
    },
    list(items, named = []) {
      const text = listText(items);
      const hash = snapshotHash(text);
      return part(hash, () => ({
        hash,
        body: encoder.encode(text),
        items: new Set(items),
        named: new Set(named),
      }));
    },
    module: (module) => part(module.hash, () => partOf(module, findChunk)),
    keep: (kept) => void made.set(kept.hash, kept),
  };
}
