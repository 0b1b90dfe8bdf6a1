/**
 * What the controller and its build process both hold is not sent between them again: the files
 * of the last order, and the lists of the last plan. A file or an item that has not changed stays
 * the same object on the side that holds it, by which what was found out about it is found again.
 */
import type { Source } from "@regomesh/base";
import type { MeshPlan } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import { learnMade, madeFrom } from "../../distribution/parts.ts";

/** A list: what it has of the one before, by its place there, and what is new. */
type Changed<Item> = readonly (Item | number)[];

export type SentTree = Omit<SourceTree, "files"> & { readonly files: Changed<Source> };

type Lists = Pick<MeshPlan, "workloads" | "outbound" | "services">;

export type SentLists = {
  readonly workloads: Changed<Lists["workloads"][number]>;
  readonly outbound: Changed<Lists["outbound"][number]>;
  readonly services: Changed<Lists["services"][number]>;
};

/** The files that the other side has, on the side that sends them. */
export class SentFiles {
  #places = new Map<string, { readonly at: number; readonly text: string }>();

  /** The trees as they are sent; from then on their files are those that the other side has. */
  send(trees: readonly SourceTree[]): readonly SentTree[] {
    const before = this.#places;
    const places: typeof before = new Map();
    let at = 0;
    const sent = trees.map((tree): SentTree => {
      const files = tree.files.map((file) => {
        const key = `${tree.source ?? ""} ${file.name}`;
        const known = before.get(key);
        places.set(key, { at: at++, text: file.text });
        return known?.text === file.text ? known.at : file;
      });
      return { ...tree, files };
    });
    this.#places = places;
    return sent;
  }
}

/** The files of the last order, on the side that takes them. */
export class TakenFiles {
  #files: readonly Source[] = [];

  take(sent: readonly SentTree[]): readonly SourceTree[] {
    const trees = sent.map((tree) => ({ ...tree, files: tree.files.map((each) => itemOf(each, this.#files)) }));
    this.#files = trees.flatMap(({ files }) => files);
    return trees;
  }
}

const NAMES = ["workloads", "outbound", "services"] as const;

/** The lists of the last plan, on the side that sends them. */
export class SentPlan {
  /** By list, its items by their texts. */
  #items = new Map<string, ReadonlyMap<string, object>>();
  /** By list, the places of its items as they were sent last. */
  #places = new Map<string, ReadonlyMap<object, number>>();
  /** The answer that they were sent with. */
  #id: number | undefined;

  /** The plan, with the items of the last one that say the same: what was found out about them is found again. */
  hold<Plan extends Lists>(plan: Plan): Plan {
    const before = this.#items;
    this.#items = new Map();
    const hold = <Item extends object>(name: (typeof NAMES)[number], items: readonly Item[]): readonly Item[] => {
      const known = before.get(name);
      const held = new Map<string, Item>();
      const all = items.map((item) => {
        const text = textOf(item);
        const same = held.get(text) ?? (known?.get(text) as Item | undefined) ?? item;
        held.set(text, same);
        return same;
      });
      this.#items.set(name, held);
      return all;
    };
    return {
      ...plan,
      workloads: hold("workloads", plan.workloads),
      outbound: hold("outbound", plan.outbound),
      services: hold("services", plan.services),
    };
  }

  /** Of a plan that is held what differs from that of an answer, where that was the last. */
  send(id: number, plan: Lists, since: number | undefined): SentLists {
    const before = since === this.#id ? this.#places : undefined;
    this.#id = id;
    this.#places = new Map();
    const send = <Item extends object>(name: (typeof NAMES)[number], items: readonly Item[]): Changed<Item> => {
      this.#places.set(name, new Map(items.map((item, at) => [item, at])));
      return items.map((item) => before?.get(name)?.get(item) ?? item);
    };
    return {
      workloads: send("workloads", plan.workloads),
      outbound: send("outbound", plan.outbound),
      services: send("services", plan.services),
    };
  }
}

/** Of items that go from one plan to the next as they are. */
const texts = new WeakMap<object, string>();

function textOf(item: object): string {
  const text = texts.get(item) ?? JSON.stringify(item);
  texts.set(item, text);
  return text;
}

/** What an item was made into (`madeFrom`). */
type SentContent = { readonly by: string; readonly hash: string; readonly text: string };

/** By place in the lists, what was made of items that cross. */
export type SentContents = {
  readonly workloads: readonly (SentContent | undefined)[];
  readonly outbound: readonly (SentContent | undefined)[];
};

/** What was made here of the items that cross. */
export function contentsOf({ workloads, outbound }: SentLists): SentContents {
  const decoder = new TextDecoder();
  const toSent = (each: object | number): SentContent | undefined => {
    const made = typeof each === "number" ? undefined : madeFrom(each);
    return made && { by: made.by, hash: made.part.hash, text: decoder.decode(made.part.body) };
  };
  return { workloads: workloads.map(toSent), outbound: outbound.map(toSent) };
}

/** So that it is not made again of the items that have arrived. */
export function learnContents({ workloads, outbound }: Lists, contents: SentContents): void {
  const learn = (items: readonly object[], made: SentContents[keyof SentContents]) => {
    for (const [at, item] of items.entries()) {
      const { by, hash, text } = made[at] ?? {};
      if (by !== undefined && hash !== undefined && text !== undefined) learnMade(item, by, hash, text);
    }
  };
  learn(workloads, contents.workloads);
  learn(outbound, contents.outbound);
}

/** The lists of a plan, given those of the answer that it was compared with. */
export function takeLists({ workloads, outbound, services }: SentLists, before: Lists | undefined): Lists {
  return {
    workloads: workloads.map((each) => itemOf(each, before?.workloads)),
    outbound: outbound.map((each) => itemOf(each, before?.outbound)),
    services: services.map((each) => itemOf(each, before?.services)),
  };
}

function itemOf<Item extends object>(sent: Item | number, held: readonly Item[] = []): Item {
  if (typeof sent !== "number") return sent;
  const item = held[sent];
  if (item === undefined) throw new Error(`item ${sent} is held by one side alone`);
  return item;
}
