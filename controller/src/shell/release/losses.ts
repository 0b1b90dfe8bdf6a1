/**
 * What compositions would take away, and an operator's word on it: a plan that loses what nobody has said to be meant is
 * refused, until that is said by the hash of what would go.
 */
import type { Log } from "@regomesh/base";
import { snapshotHash } from "@regomesh/protocol";
import type { Built, MeshPlan } from "../../build/build.ts";
import type { Release } from "../../distribution/release.ts";
import {
  type Inventory,
  inventoryOf,
  type Loss,
  lossOf,
  names,
  toLossRecords,
  wayToConfirm,
} from "../../index/loss.ts";
import { inputsOf } from "../../sources/inputs.ts";
import type { SourceContent } from "../../sources/source.ts";

/** What a plan is judged by. */
export type Judging = {
  /** Undefined where nothing is. */
  readonly inForce: Release | undefined;
  /** Hashes that were confirmed before this composition began. */
  readonly confirmed: ReadonlySet<string>;
  /** Whether a content is another than what is in force of its source. */
  readonly isNew: (content: SourceContent) => boolean;
};

export class Losses {
  readonly #log: Log;
  /** Of what was refused, what it would take away, while that waits for an operator's word. */
  #asked: readonly Loss[] = [];
  /** Hashes of losses that an operator has taken upon himself, each until a composition that began after it. */
  readonly #confirmed = new Set<string>();
  readonly #of = new WeakMap<Built, Loss>();
  #remembered: Inventory | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What was there before this start, though nothing is kept of what was in force. */
  remember(inventory: Inventory): void {
    this.#remembered = inventory;
  }

  /** Nothing is asked any more. */
  drop(): void {
    this.#asked = [];
    this.#confirmed.clear();
  }

  /** What is asked is what of these builds was refused as a loss. */
  ask(refused: readonly Built[]): void {
    this.#asked = refused.flatMap((built) => this.#of.get(built) ?? []);
  }

  /** False where nothing of that hash is asked. */
  confirm(hash: string): boolean {
    const asked = this.#asked.find((each) => names(hash, each));
    if (asked === undefined) return false;
    this.#confirmed.add(asked.hash);
    this.#log.log("warn", "what a commit takes away is confirmed", { hash: asked.hash });
    return true;
  }

  /** By their hashes, what is confirmed by now. */
  confirmed(): ReadonlySet<string> {
    return new Set(this.#confirmed);
  }

  /** These words have counted. */
  spend(confirmed: ReadonlySet<string>): void {
    for (const hash of confirmed) this.#confirmed.delete(hash);
  }

  /** The build; or, where it takes away what nobody has said to be meant, one that is refused. */
  async judge(
    built: Built & { readonly plan: MeshPlan },
    contents: readonly SourceContent[],
    { inForce, confirmed, isNew }: Judging,
  ): Promise<Built> {
    const { plan, ...rest } = built;
    const after = inventoryOf(plan);
    const before = inForce === undefined ? (this.#remembered ?? after) : inventoryOf(inForce.plan);
    const pathMissing = contents.find((each) => each.pathMissing !== undefined && isNew(each))?.pathMissing;
    const loss = lossOf(before, after, { pathMissing, digest: snapshotHash });
    if (loss === undefined || confirmed.has(loss.hash) || (await isMeant(contents, loss, inForce))) return built;
    const refused = {
      ...rest,
      diagnostics: toLossRecords(loss, this.#hintFor(loss, inForce)),
      // What is missed may be what these hold.
      ...(plan.sources === undefined ? {} : { wanted: plan.sources }),
    };
    this.#of.set(refused, loss);
    return refused;
  }

  /** How to say that it is meant: where nothing is in force no controller runs that could be told. */
  #hintFor(loss: Loss, inForce: Release | undefined): string | undefined {
    const isKnown = (this.#remembered?.workloads.length ?? 0) > 0;
    return inForce !== undefined || isKnown ? wayToConfirm(loss, inForce !== undefined) : undefined;
  }
}

/** Whether a commit since those in force says by the hash that the loss is meant; a merge need not say it again. */
async function isMeant(contents: readonly SourceContent[], loss: Loss, release: Release | undefined): Promise<boolean> {
  const inForce = release === undefined ? [] : inputsOf(release);
  for (const { source, revision, messagesSince, isMeant } of contents) {
    const since = inForce.find((each) => each.source === source)?.id;
    if (isMeant === true) return true;
    if (since === revision.id || messagesSince === undefined) continue;
    if (names(await messagesSince(since), loss)) return true;
  }
  return false;
}
