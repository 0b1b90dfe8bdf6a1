/**
 * The lists of a large release as they are kept: whole in a piece of their own, which is written once as modules are, and of
 * this release and those to come what differs from it. One line that changes ten workloads of a thousand is kept by these ten.
 */
import { moduleHash } from "@regomesh/protocol";
import type { MeshPlan } from "../../build/build.ts";
import type { BuiltModule } from "../../build/tools.ts";

const NAMES = ["workloads", "outbound", "services"] as const;
type Lists = Pick<MeshPlan, (typeof NAMES)[number]>;

/** Lists with fewer items are kept whole: a few milliseconds at most. */
const ITEMS_MIN = 256;
/** Of a list's items so many may be other than in its base, each of which is printed anew with every release. */
const OTHER_MAX = 1 / 8;

/** A list: what it has of its base, by its place there, and what it has not. */
type Changed<Item> = readonly (Item | number)[];
type ChangedLists = { readonly [Name in keyof Lists]: Changed<Lists[Name][number]> };

/** Lists by which others are kept. */
type Base = {
  /** It is kept as a module is that has data alone. */
  readonly piece: BuiltModule;
  /** By list, places of its items. */
  readonly places: ReadonlyMap<keyof Lists, ReadonlyMap<object, number>>;
};

/** A plan as a file names it. */
export type NamedPlan = Omit<MeshPlan, keyof Lists | "modules"> &
  (Lists | ChangedLists) & {
    readonly modules: readonly Pick<BuiltModule, "hash">[];
    /** The hash of the piece that has its base; absent where its lists are whole. */
    readonly base?: string;
  };

export class ListBases {
  readonly #bases = new WeakMap<MeshPlan, Base>();
  #last: Base | undefined;

  /** Pieces that are kept beside the modules of these plans. */
  piecesOf(plans: readonly MeshPlan[]): readonly BuiltModule[] {
    return [...new Set(plans.flatMap((plan) => this.#baseOf(plan)?.piece ?? []))];
  }

  /** The plan as the file has it. */
  name(plan: MeshPlan): NamedPlan {
    const modules = plan.modules.map(({ hash }) => ({ hash }));
    const base = this.#baseOf(plan);
    if (base === undefined) return { ...plan, modules };
    return { ...plan, ...changedFrom(base, plan), modules, base: base.piece.hash };
  }

  #baseOf(plan: MeshPlan): Base | undefined {
    if (countOf(plan) < ITEMS_MIN) return undefined;
    const known = this.#bases.get(plan);
    if (known !== undefined) return known;
    const base = this.#last !== undefined && isNear(this.#last, plan) ? this.#last : makeBase(plan);
    this.#bases.set(plan, base);
    this.#last = base;
    return base;
  }
}

/** Items of a plan's lists; none of one that an earlier version has kept in another shape. */
function countOf(plan: Partial<Lists>): number {
  return NAMES.reduce((sum, name) => sum + (plan[name]?.length ?? Number.NEGATIVE_INFINITY), 0);
}

/** Gives plans as they were, given the pieces and modules that their files name. Throws where one is not there, or not whole. */
export function makePlanReader(find: (hash: string) => BuiltModule): (named: NamedPlan) => MeshPlan {
  const bases = new Map<string, Lists>();
  const baseOf = (hash: string): Lists => {
    const lists = bases.get(hash) ?? (JSON.parse(find(hash).data) as Lists);
    bases.set(hash, lists);
    return lists;
  };
  return ({ base: hash, ...named }) => {
    const modules = named.modules.map((each) => find(each.hash));
    if (hash === undefined) return { ...(named as Omit<MeshPlan, "modules">), modules };
    const base = baseOf(hash);
    return {
      ...named,
      workloads: named.workloads.map((each) => itemOf(each, base.workloads)),
      outbound: named.outbound.map((each) => itemOf(each, base.outbound)),
      services: named.services.map((each) => itemOf(each, base.services)),
      modules,
    };
  };
}

function itemOf<Item extends object>(named: Item | number, base: readonly Item[]): Item {
  if (typeof named !== "number") return named;
  const item = base[named];
  if (item === undefined) throw new Error(`its base has no item ${named}`);
  return item;
}

function makeBase({ workloads, outbound, services }: Lists): Base {
  const data = JSON.stringify({ workloads, outbound, services });
  const wasm = new Uint8Array();
  const lists: Lists = { workloads, outbound, services };
  // More than a megabyte in a large mesh: it is held until it is written, and printed anew where that has to be done again.
  let printed: string | undefined = data;
  return {
    piece: {
      hash: moduleHash(wasm, data),
      wasm,
      get data() {
        const text = printed ?? JSON.stringify(lists);
        printed = undefined;
        return text;
      },
    },
    places: new Map(NAMES.map((name) => [name, new Map(lists[name].map((item, at) => [item, at]))])),
  };
}

function isNear({ places }: Base, plan: Lists): boolean {
  return NAMES.every((name) => {
    const known = places.get(name);
    const other = plan[name].filter((item) => known?.has(item) !== true).length;
    return other <= OTHER_MAX * plan[name].length;
  });
}

function changedFrom({ places }: Base, plan: Lists): ChangedLists {
  const change = <Item extends object>(name: keyof Lists, items: readonly Item[]): Changed<Item> =>
    items.map((item) => places.get(name)?.get(item) ?? item);
  return {
    workloads: change("workloads", plan.workloads),
    outbound: change("outbound", plan.outbound),
    services: change("services", plan.services),
  };
}
