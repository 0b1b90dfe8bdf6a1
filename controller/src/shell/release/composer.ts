/**
 * From what sources hold to a plan: keeps each source's newest and its last good, settles which of
 * them go in force together, and remembers why a commit was refused. It changes nothing itself.
 */
import type { Clock, DiagnosticRecord, Log } from "@regomesh/base";
import type { RefusedBody } from "../../api/releases.ts";
import type { Built } from "../../build/build.ts";
import type { Release } from "../../distribution/release.ts";
import type { Inventory } from "../../index/loss.ts";
import { printRight } from "../../index/rights.ts";
import { freshIn } from "../../index/seniority.ts";
import { inputsOf, pickContents, sortInputs, toInput } from "../../sources/inputs.ts";
import { readAs } from "../../sources/read-as.ts";
import { renamedIn } from "../../sources/renamed.ts";
import { type Attempt, type Candidate, candidateKey, contentKey, type Settled, settle } from "../../sources/settle.ts";
import { type Input, ROOT_SOURCE, type SourceContent, type SourceVerdict } from "../../sources/source.ts";
import type { SourcePlan } from "../../sources/source-plan.ts";
import type { ControllerCounts } from "../../status/metrics.ts";
import type { Pin } from "../store/kept-pin.ts";
import type { Kept } from "../store/last-good.ts";
import type { SourceContents } from "../store/source-contents.ts";
import { type BuildingOptions, buildContents, isInForce, judge, toAttempt } from "./attempt.ts";
import { Losses } from "./losses.ts";
import { isWaiting, REFUSED, reasonOf, toRefused } from "./refused.ts";
import { wantedBy, withoutWanted } from "./wanted-sources.ts";

export type ComposerOptions = BuildingOptions & {
  /** Where last goods are kept. */
  readonly contents: SourceContents;
  readonly clock: Clock;
  readonly log: Log;
  /** What of the newest is refused, the mesh's own source first. */
  readonly refuse: (refused: readonly RefusedBody[]) => void;
  /** Has what PolicySources name read, though nothing is in force that names them. */
  readonly fetchWanted?: (sources: readonly SourcePlan[]) => Promise<void>;
  /** Nothing new of a source is taken: what is in force of it stays. */
  readonly isSuspended?: (source: string) => boolean;
  /** What became of a source's newest. */
  readonly tell?: (source: string, verdict: SourceVerdict) => void;
};

/** What is to be put in force. */
export type Composed = {
  readonly contents: readonly SourceContent[];
  readonly inputs: readonly Input[];
  readonly plan: Release["plan"];
  readonly warnings: readonly DiagnosticRecord[];
  readonly resources: Built["resources"];
  readonly compiler: string;
  /** What makes the build the same. */
  readonly built: string;
};

/** Of the newest contents, under what is in force: what became of them. */
type Last = { readonly key: string; readonly settled: Settled<Built> };

/** A revision that outranks git. */
export type Pinned = { readonly pin: Pin; readonly contents: readonly SourceContent[] };

export class Composer {
  readonly #options: ComposerOptions;
  readonly #newest = new Map<string, SourceContent>();
  #good = new Map<string, SourceContent>();
  /** Those of the release that is gone back to. */
  #before = new Map<string, SourceContent>();
  #last: Last | undefined;
  readonly #losses: Losses;
  #refused: readonly RefusedBody[] = [];
  #wanted: readonly SourcePlan[] = [];
  /** What stays in force, whatever is newest, and what it is made of. */
  #pinned: Pinned | undefined;
  #pinFault: string | undefined;
  /** Proxies are given what is pinned, though they have taken it back before. */
  #isPinNew = false;
  /** Of what is in force and is refused by proxies, with nothing to stand in its place. */
  #standing: { readonly built: string; readonly refused: RefusedBody } | undefined;
  #resources: Built["resources"] | undefined = undefined;
  #counts: ControllerCounts = { builds: 0, refused: 0, lastBuildSeconds: 0 };

  constructor(options: ComposerOptions) {
    this.#options = options;
    this.#losses = new Losses(options.log);
  }

  get refused(): readonly RefusedBody[] {
    return this.#refused;
  }

  get counts(): ControllerCounts {
    return this.#counts;
  }

  /** Sources that the mesh's own newest names, which is refused, and what is in force does not: it may be for want of them. */
  get wanted(): readonly SourcePlan[] {
    return this.#wanted;
  }

  /** Resources in force, by source; undefined before anything was built here. */
  get resources(): Built["resources"] | undefined {
    return this.#resources;
  }

  get pin(): Pin | undefined {
    return this.#pinned?.pin;
  }

  /** Why what is pinned cannot be put in force; undefined where it can. */
  get pinFault(): string | undefined {
    return this.#pinFault;
  }

  get pinned(): Pinned | undefined {
    return this.#pinned;
  }

  /**
   * From the next composition on that stays in force; undefined lifts it. What proxies have taken back is given to them
   * once more by an operator's new word alone.
   */
  setPin(pinned: Pinned | undefined, word: "new" | "tried" = "new"): void {
    this.#pinned = pinned;
    this.#isPinNew = pinned !== undefined && word === "new";
    this.#pinFault = undefined;
    this.#last = undefined;
  }

  /** What is in force of a source, or is read as an input says; undefined where it is not at hand. */
  content(input: Pick<Input, "source" | "id" | "path">): SourceContent | undefined {
    const isIt = (content: SourceContent | undefined) =>
      content?.revision.id === input.id && content.path === input.path ? content : undefined;
    const { source } = input;
    return isIt(this.#good.get(source)) ?? isIt(this.#before.get(source)) ?? isIt(this.#newest.get(source));
  }

  /** What is kept of sources, as far as it can be trusted. */
  async kept(sources: readonly string[]): Promise<readonly SourceContent[]> {
    return await this.#options.contents.read(sources);
  }

  /** What is in force of a source, or is kept as that. */
  inForce(source: string): SourceContent | undefined {
    return this.#good.get(source);
  }

  newest(source: string): SourceContent | undefined {
    return this.#newest.get(source);
  }

  /** A source has something new. */
  offer(content: SourceContent): void {
    this.#newest.set(content.source, content);
  }

  /** A source is no longer one. */
  forget(source: string): void {
    this.#newest.delete(source);
  }

  /** Takes up what is in force since before this start. */
  async restore(kept: Kept | undefined, remembered: Inventory): Promise<void> {
    if (kept === undefined) {
      this.#losses.remember(remembered);
      // What was in force together is lost; of each source its last good is not.
      this.#good = new Map((await this.#options.contents.readLastGoods()).map((content) => [content.source, content]));
      return;
    }
    const held = [kept.release, ...(kept.fallback === undefined ? [] : [kept.fallback.release])];
    const contents = await this.kept(held.flatMap(inputsOf).map(({ source }) => source));
    const [good, before] = held.map((release) => pickContents(contents, inputsOf(release)));
    this.#good = good ?? this.#good;
    this.#before = before ?? this.#before;
  }

  /**
   * What of the newest is to be put in force; undefined where that is so already, or nothing of it
   * may. Throws BuildUnavailable where the machine is to blame.
   */
  async compose(compiler: string, kept: Kept | undefined): Promise<Composed | undefined> {
    const all = this.#candidates(kept).flatMap(({ newest, lastGood }) => newest ?? lastGood ?? []);
    const pinned = this.#pinned;
    // What proxies have taken back is not given to them anew for each commit that comes meanwhile.
    const isPinNew = this.#isPinNew;
    this.#isPinNew = false;
    if (pinned !== undefined && !isPinNew && kept?.held?.built === this.builtOf(pinned.contents.map(toInput)))
      return undefined;
    const held = { root: this.#good.get(ROOT_SOURCE), named: Object.keys(this.#options.sources) };
    const isSame = (contents: readonly SourceContent[]) =>
      kept?.compiler === compiler && kept.built === this.builtOf(withoutWanted(contents, kept, held).map(toInput));
    this.#wanted = [];
    if (isSame(all)) {
      this.#losses.drop();
      this.#adoptGood(all);
      this.#settle(pinned === undefined ? this.#standingOf(kept) : this.#stillRefused());
      return undefined;
    }
    // A word that comes while this settles is the next one's: it may have been asked already.
    const confirmed = this.#losses.confirmed();
    const trySettling = async (): Promise<Last> => {
      const candidates = this.#candidates(kept);
      const sequence = kept?.release.revision.sequence ?? 0;
      const key = [compiler, sequence, ...candidates.map(candidateKey)].join(" ");
      if (this.#last?.key === key && confirmed.size === 0) return this.#last;
      const settled = await settle(candidates, (contents) => this.#attempt(contents, kept, confirmed), isSame);
      return { key, settled };
    };
    let { key, settled } = await trySettling();
    if (kept === undefined && pinned === undefined && (await this.#fetchWanted(settled)))
      ({ key, settled } = await trySettling());
    if (pinned === undefined && this.#rename(settled)) ({ key, settled } = await trySettling());
    // An operator's word that came meanwhile counts.
    if (pinned === undefined && settled.chosen?.contents.some((each) => this.#isLeft(each)))
      return await this.compose(compiler, kept);
    this.#losses.spend(confirmed);
    if (pinned === undefined) this.#wanted = wantedBy(settled, kept);
    if (pinned === undefined) this.#tellRefused(settled.refused, kept, this.#last?.key === key);
    else {
      const [fault] = settled.refused.values();
      this.#pinFault = fault && (reasonOf(fault) ?? "it does not build");
      this.#settle(this.#stillRefused());
      if (fault !== undefined) return undefined;
    }
    this.#last = [...settled.refused.values()].some(isWaiting) ? undefined : { key, settled };
    const { chosen } = settled;
    if (chosen?.built.plan === undefined || isSame(chosen.contents)) return undefined;
    const { plan, diagnostics, resources } = chosen.built;
    const contents = sortInputs(chosen.contents.filter((each) => isDeclared(each, chosen.built)));
    const inputs = contents.map(toInput);
    return { contents, inputs, plan, warnings: diagnostics, resources, compiler, built: this.builtOf(inputs) };
  }

  /** What was composed is in force, and kept. */
  accepted({ contents, inputs, resources }: Composed): void {
    this.#before = this.#good;
    this.#good = new Map(contents.map((content) => [content.source, content]));
    this.#resources = resources;
    this.#counts = { ...this.#counts, builds: this.#counts.builds + 1 };
    this.#standing = undefined;
    for (const { source } of inputs) this.#keep(source);
    for (const content of contents) {
      const { source, revision } = content;
      if (this.#newest.get(source) === content)
        this.#options.tell?.(source, { revision, isAccepted: true, refused: [] });
    }
  }

  /** The release was taken back: another one is in force, or none where `release` is undefined. */
  takenBack(refused: RefusedBody, built: string, release: Release | undefined): void {
    this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 };
    const held = this.#good.get(refused.source);
    if (release === undefined) this.#standing = { built, refused };
    else {
      const contents = new Map([...this.#good, ...this.#before].map(([, content]) => [contentKey(content), content]));
      for (const content of this.#good.values()) contents.set(contentKey(content), content);
      [this.#good, this.#before] = [pickContents([...contents.values()], inputsOf(release)), this.#good];
    }
    this.#settle([refused]);
    const verdict = held && this.heldVerdict(refused, held);
    if (verdict !== undefined) this.#options.tell?.(refused.source, verdict);
  }

  /** What a source is told of a content that was taken back; undefined where another one was. */
  heldVerdict({ source, commit, diagnostics, refusals }: RefusedBody, held: SourceContent): SourceVerdict | undefined {
    if (held.revision.id !== commit) return undefined;
    const instead = this.#good.get(source);
    return {
      revision: held.revision,
      isAccepted: false,
      isTakenBack: true,
      reason: diagnostics[0]?.message ?? "proxies have refused it",
      refused: [],
      changed: freshIn(held.files, instead === held ? [] : (instead?.files ?? [])) ?? [],
      refusedIn: [...new Set(refusals.map(({ namespace }) => namespace))],
    };
  }

  /** What is refused for a reason that no build shows: it is what was composed last. */
  refuse(contents: readonly SourceContent[], diagnostics: readonly DiagnosticRecord[], kept: Kept | undefined): void {
    const inForce = new Map(kept === undefined ? [] : inputsOf(kept.release).map((each) => [each.source, each.id]));
    const changed = contents.filter(({ source, revision }) => inForce.get(source) !== revision.id);
    const built = { ...REFUSED, diagnostics };
    this.#tellRefused(new Map(changed.map(({ source }) => [source, built])), kept, false);
  }

  /**
   * An operator's word for what a newest commit would take away; false where it waits for none
   * of that hash. It counts once, when the commit is taken again.
   */
  confirm(hash: string): boolean {
    return this.#losses.confirm(hash);
  }

  /** What a build was of: the same commits under other rights are another. */
  builtOf(inputs: readonly Input[]): string {
    const { rights, sources } = this.#options;
    const others = Object.entries(sources).flatMap(([name, own]) => own.map((right) => `${name}:${printRight(right)}`));
    const made = sortInputs(inputs).map(({ source, id, path }) => `${source}@${id}:${path}`);
    return [...made, ...rights.map(printRight), ...others].join(" ");
  }

  /** What a build would say of a text of the mesh's own source, beside what is in force of the others; nothing changes. */
  async rehearse(root: SourceContent, kept: Kept | undefined): Promise<Built> {
    const others = [...this.#good.values()].filter(({ source }) => source !== ROOT_SOURCE);
    return await buildContents([root, ...others], { kept, good: this.#good }, this.#options);
  }

  async flush(): Promise<void> {
    await this.#options.contents.flush();
  }

  #candidates(kept: Kept | undefined): readonly Candidate[] {
    const pinned = this.#pinned?.contents;
    if (pinned !== undefined)
      return sortInputs(
        pinned.map((newest) => ({ source: newest.source, newest, lastGood: this.#good.get(newest.source) })),
      );
    const held = kept?.held?.inputs ?? [];
    const sources = new Set([...this.#newest.keys(), ...this.#good.keys()]);
    const candidates = [...sources].map((source): Candidate => {
      const newest = this.#newest.get(source);
      const isHeld = held.some((each) => each.source === source && each.id === newest?.revision.id);
      const isLeft = isHeld || (newest !== undefined && this.#isLeft(newest));
      return { source, newest: isLeft ? undefined : newest, lastGood: this.#good.get(source) };
    });
    return sortInputs(candidates);
  }

  /** Whether it is new of a source that is suspended. */
  #isLeft(content: SourceContent): boolean {
    return this.#options.isSuspended?.(content.source) === true && !isInForce(content, this.#good);
  }

  /** The first revision may be refused for want of what its PolicySources hold; false where that is known, or is none. */
  async #fetchWanted({ chosen, refused }: Settled<Built>): Promise<boolean> {
    const wanted = refused.get(ROOT_SOURCE)?.wanted ?? [];
    const isKnown = (plan: SourcePlan) => this.#newest.get(plan.name)?.readAs === readAs(plan);
    if (chosen !== undefined || wanted.every(isKnown)) return false;
    await this.#options.fetchWanted?.(wanted);
    return true;
  }

  /** While a source is read anew under another name its workloads would not be of the mesh; false where none has another. */
  #rename({ chosen }: Settled<Built>): boolean {
    const renamed = renamedIn(chosen?.built.plan?.sources ?? [], [...this.#good.values()]);
    const unread = renamed.filter(({ source }) => !this.#newest.has(source));
    for (const content of unread) this.offer(content);
    return unread.length > 0;
  }

  async #attempt(
    contents: readonly SourceContent[],
    kept: Kept | undefined,
    confirmed: ReadonlySet<string>,
  ): Promise<Attempt<Built>> {
    const startMs = performance.now();
    const beside = { kept, good: this.#good };
    const built = await buildContents(contents, beside, this.#options);
    this.#counts = { ...this.#counts, lastBuildSeconds: (performance.now() - startMs) / 1000 };
    // What an operator has pinned is meant.
    if (this.#pinned !== undefined) return toAttempt(built, contents);
    return await judge(built, contents, beside, { losses: this.#losses, confirmed });
  }

  #tellRefused(refused: ReadonlyMap<string, Built>, kept: Kept | undefined, isKnown: boolean): void {
    const { log, clock, tell } = this.#options;
    this.#losses.ask(kept === undefined ? [] : [...refused.values()]);
    const told = sortInputs([...refused].map(([source, built]) => ({ source, built }))).flatMap(({ source, built }) => {
      const content = this.#newest.get(source);
      if (content === undefined) return [];
      const { revision } = content;
      const before = this.#refused.find((each) => each.source === source && each.commit === revision.id);
      const body = toRefused(content, built, before?.atMs ?? clock.nowMs());
      // It is built again with each commit of another source: that it is refused as before is said once.
      if (!isKnown && (before === undefined || reasonOf(before) !== reasonOf(built))) {
        this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 };
        log.log("warn", "commit refused", { source, commit: revision.id, reason: reasonOf(built) });
        const verdicts = built.verdicts.filter((each) => each.source === source);
        const reason = reasonOf(built) ?? "it does not build";
        tell?.(source, { revision, isAccepted: false, reason, refused: verdicts });
      }
      return [body];
    });
    const ofHeld = this.#standingOf(kept).filter(({ source }) => !refused.has(source));
    this.#settle([...ofHeld, ...told]);
  }

  /** What was taken back and is the newest of its source still. */
  #standingOf(kept: Kept | undefined): readonly RefusedBody[] {
    const { held } = kept ?? {};
    const isNewest = (inputs: readonly Input[]) =>
      inputs.some(({ source, id }) => this.#newest.get(source)?.revision.id === id);
    if (held !== undefined && isNewest(held.inputs ?? [])) return [held.refused];
    const standing = this.#standing;
    return standing !== undefined && standing.built === kept?.built ? [standing.refused] : [];
  }

  /** What is in force was read again: it is at hand from now on, whether it was kept or not. */
  #adoptGood(contents: readonly SourceContent[]): void {
    for (const content of contents) {
      if (this.#good.has(content.source)) continue;
      this.#good.set(content.source, content);
      this.#keep(content.source);
    }
  }

  #keep(source: string): void {
    const own = [this.#good.get(source), this.#before.get(source)].filter((each) => each !== undefined);
    const different = own.filter((each, at) => own.findIndex((one) => contentKey(one) === contentKey(each)) === at);
    this.#options.contents.writeSoon(source, different);
  }

  /** What was refused before a pin came is so still: it waits behind the pin, and would be refused after it. */
  #stillRefused(): readonly RefusedBody[] {
    const isPinned = (commit: string) => this.#pinned?.pin.inputs.some(({ id }) => id === commit) === true;
    return this.#refused.filter(
      ({ source, commit }) => this.#newest.get(source)?.revision.id === commit && !isPinned(commit),
    );
  }

  #settle(refused: readonly RefusedBody[]): void {
    this.#refused = refused;
    this.#options.refuse(refused);
  }
}

function isDeclared({ source }: SourceContent, { sources }: Built): boolean {
  return source === ROOT_SOURCE || sources.includes(source);
}
