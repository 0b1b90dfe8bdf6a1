/**
 * From what was composed to releases: keeps the last good one in memory and on disk, gives it to
 * the proxies, and takes back what they refuse. What does not build changes nothing here.
 */
import { randomUUID } from "node:crypto";
import { type Clock, type DiagnosticRecord, type Log, printRecord } from "@regomesh/base";
import type { RefusedBody } from "../../api/releases.ts";
import type { Built } from "../../build/build.ts";
import type { Hold } from "../../distribution/hold.ts";
import { checkInParts, type Release, SNAPSHOT_TTL_MS, type Unfit, whyNotServed } from "../../distribution/release.ts";
import type { Standing } from "../../distribution/state.ts";
import { remembered } from "../../index/loss.ts";
import { inputsOf, nameInputs, newestOf } from "../../sources/inputs.ts";
import { type Input, ROOT_SOURCE, type SourceContent, type SourceVerdict } from "../../sources/source.ts";
import { printProblem } from "../../status/status.ts";
import type { Builder } from "../build/builder.ts";
import { inParts } from "../in-parts.ts";
import type { Kept, LastGood } from "../store/last-good.ts";
import type { Composed, Composer } from "./composer.ts";
import { Pinning, type PinningOptions } from "./pinning.ts";
import { toRecord } from "./refused.ts";

export type RolloutOptions = Pick<PinningOptions, "keptPin" | "onPin"> & {
  readonly builder: Pick<Builder, "version">;
  readonly composer: Composer;
  readonly lastGood: LastGood;
  /** The authority's; undefined while there is none. */
  readonly trustDomain: () => string | undefined;
  readonly explainDenials: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes ready what a new release is published by; it is not in force by that. */
  readonly prepare: (release: Release) => Promise<void>;
  readonly publish: (release: Release, standing: Standing) => void;
  /** Workloads, `namespace/name`, whose proxies were known before this start: what is compared with where no release was kept. */
  readonly remembered: () => Promise<readonly string[]>;
  /** The release that was under way is given again: it goes on where it was. */
  readonly onResume?: () => Promise<void>;
  /** What is newest was composed, and is in force where it may be. */
  readonly onComposed?: () => void;
  /** Releases may have been given numbers up to that before this start. */
  readonly onGiven?: (sequence: number) => void;
  /** What would be gone back to if a new release were held. */
  readonly fallback: () => Release | undefined;
};

export class Rollout {
  readonly pinning: Pinning;
  readonly #options: RolloutOptions;
  #kept: Kept | undefined;
  #last: Promise<void> = Promise.resolve();
  /** One composition after the other. */
  #composing: Promise<void> = Promise.resolve();
  /** Sources are handed over one by one at the start, and composed once. */
  #isGathering = true;
  /** The greatest that may have been given to proxies, by this controller or before it started. */
  #sequence = 0;
  /** Of the release that was taken back last: until that is kept, what is kept is not what is in force. */
  #takenBack: number | undefined;
  /** Of the release that proxies refuse and that nothing stands in the place of. */
  #heldHere: number | undefined;

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.pinning = new Pinning({ ...options, inForce: () => this.release, compose: () => this.compose() });
  }

  get release(): Release | undefined {
    return this.#kept?.release;
  }

  /** Puts what was in force at the last end in force again. */
  async restore(): Promise<void> {
    const { lastGood, log, explainDenials, publish, composer } = this.#options;
    const { kept, fault } = await lastGood.read();
    this.#sequence = await lastGood.numbers.read();
    this.#options.onGiven?.(this.#sequence);
    // A disk that takes nothing now is asked again for the first release that comes.
    await this.#reserve().catch(() => {});
    const what =
      kept === undefined ? "the last good revision is not used" : "the last revision was lost with the machine";
    if (fault !== undefined) log.log("warn", what, { reason: fault });
    const release = kept && { ...kept.release, explainDenials };
    const reason = release && this.#whyNot(release);
    if (reason !== undefined) log.log("warn", "the last good revision is not used", { reason });
    await this.pinning.readKept();
    if (kept === undefined || release === undefined || reason !== undefined) {
      await composer.restore(undefined, remembered(await this.#options.remembered()));
      return;
    }
    await composer.restore(kept, remembered([]));
    this.#kept = { ...kept, release };
    this.#sequence = Math.max(this.#sequence, release.revision.sequence);
    // It ended before the release was proven: that can be held still.
    const { fallback, isUnproven = fallback !== undefined } = kept;
    const isOpen = fallback !== undefined && this.#whyNot(fallback.release) === undefined;
    if (isOpen) publish({ ...fallback.release, explainDenials }, "proven");
    publish(release, isUnproven ? "new" : "proven");
    if (isOpen) await this.#options.onResume?.();
    await this.renew();
  }

  /** Throws StoreError. */
  async #reserve(): Promise<void> {
    await this.#options.lastGood.numbers.reserve(this.#sequence + 1);
  }

  #whyNot(release: Release): string | undefined {
    return whyNotServed(release, this.#options.trustDomain());
  }

  /** Of a source's newest content what was said as it was taken back, were it before this start; undefined where it was not. */
  heldVerdict(source: string, id: string): SourceVerdict | undefined {
    const { held } = this.#kept ?? {};
    const content = this.#options.composer.newest(source);
    if (held?.refused.source !== source || content?.revision.id !== id) return undefined;
    return this.#options.composer.heldVerdict(held.refused, content);
  }

  /** The release of that sequence is proven: what it would have gone back to need not be kept. */
  async prove(sequence: number): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#kept?.release.revision.sequence === sequence) this.#settleKept(this.#kept);
    });
  }

  /** It stays what it is, come what may: neither is it gone back from, nor is anything of it to be told. */
  #settleKept({ fallback, isUnproven, ...kept }: Kept): void {
    if (fallback === undefined && isUnproven === undefined) return;
    this.#kept = kept;
    this.#options.lastGood.writeSoon(kept);
  }

  /** Issues the release anew when half of its snapshots' time is over, whether that can be kept or not. */
  async renew(): Promise<void> {
    await this.#inTurn(async () => {
      const { clock, lastGood, publish } = this.#options;
      const nowMs = clock.nowMs();
      if (this.#kept === undefined || nowMs - this.#kept.release.issuedAtMs < SNAPSHOT_TTL_MS / 2) return;
      if (this.#kept.release.revision.sequence === this.#takenBack) return;
      this.#kept = { ...this.#kept, release: { ...this.#kept.release, issuedAtMs: nowMs } };
      publish(this.#kept.release, "again");
      lastGood.writeSoon(this.#kept);
    });
  }

  /**
   * The release was taken back: `release` is in force in its place, or none where there was
   * nothing to go back to. The commit counts as refused, also after a restart.
   */
  async hold(hold: Hold, release: Release | undefined): Promise<void> {
    const { log, lastGood, composer } = this.#options;
    const held = this.#kept;
    if (release !== undefined) this.#sequence = Math.max(this.#sequence, release.revision.sequence);
    if (held === undefined || held.release.revision.sequence !== hold.revision.sequence) return;
    const inputs = changedInputs(held.release, release);
    const refused = toRefused(held.release, inputs, hold);
    const by = refused.refusals.map(({ namespace, workload }) => `${namespace}/${workload}`).join(", ");
    log.log("warn", "release taken back", { commit: refused.commit, by, reason: refused.diagnostics[0]?.message });
    composer.takenBack(refused, held.built, release);
    if (release === undefined) {
      this.#heldHere = hold.revision.sequence;
      await this.#inTurn(async () => {
        if (this.#kept === held) this.#settleKept(held);
      });
      return;
    }
    const { compiler, built } = held;
    this.#takenBack = hold.revision.sequence;
    const kept = {
      release,
      compiler,
      built: composer.builtOf(inputsOf(release)),
      held: { compiler, built, refused, inputs },
    };
    await this.#inTurn(async () => {
      if (this.#kept !== held) return;
      this.#kept = kept;
      lastGood.writeSoon(kept);
    });
  }

  /** Gives the release again under a number that proxies take who have seen later ones than this controller. */
  async overtake(sequence: number): Promise<void> {
    let isLate = false;
    await this.#inTurn(async () => {
      const { lastGood, log, publish } = this.#options;
      const kept = this.#kept;
      if (kept === undefined || kept.release.revision.sequence >= sequence) return;
      isLate = kept.release.revision.sequence === this.#takenBack;
      if (isLate) return;
      this.#sequence = Math.max(sequence - 1, this.#sequence);
      // Who has a later one shall not have it for longer because a disk takes nothing.
      await this.#reserve().catch(() => {});
      this.#sequence++;
      const revision = { ...kept.release.revision, sequence: this.#sequence };
      this.#kept = { ...kept, release: { ...kept.release, revision } };
      log.log("warn", "a proxy has a later revision than this controller: numbers go on from there", {
        sequence: this.#sequence,
      });
      publish(this.#kept.release, "again");
      lastGood.writeSoon(this.#kept);
    });
    // What stands in place of the release that was taken back is kept in the next turn.
    if (isLate) await this.overtake(sequence);
  }

  /** Takes what is new of a source. Throws StoreError where that cannot be kept. */
  async take(content: SourceContent): Promise<void> {
    this.#options.composer.offer(content);
    if (!this.#isGathering) await this.compose();
  }

  /** What sources hand over while `work` goes on is not composed: whoever composes is waiting for it. */
  async gather(work: () => Promise<void>): Promise<void> {
    this.#isGathering = true;
    try {
      await work();
    } finally {
      this.#isGathering = false;
    }
  }

  /** Sources are no longer gathered: each that hands something over has it composed at once. */
  async open(): Promise<void> {
    this.#isGathering = false;
    await this.compose();
  }

  /** What a build would say of a text of the mesh's own source. */
  async rehearse(root: SourceContent): Promise<Built> {
    return await this.#options.composer.rehearse(root, this.#kept);
  }

  /** Puts in force what may be of the newest. */
  async compose(): Promise<void> {
    const turn = this.#composing.then(async () => {
      const compiler = await this.#options.builder.version();
      const composed = await this.#options.composer.compose(compiler, this.#kept);
      if (composed !== undefined) await this.#inTurn(() => this.#accept(composed));
      this.#options.onComposed?.();
    });
    this.#composing = turn.catch(() => {});
    await turn;
  }

  /** Waits until what is about to be in force is so, or could not be kept. */
  async settled(): Promise<void> {
    await this.#inTurn(async () => {});
  }

  /** Waits until what has changed is kept, or could not be. */
  async close(): Promise<void> {
    await this.#composing;
    await this.#last;
    await Promise.all([this.#options.lastGood.flush(), this.#options.composer.flush()]);
  }

  /** One change of what is kept after the other. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    await turn;
  }

  /**
   * Keeps it, then gives it to the proxies: what cannot be kept changes nothing. No disk is waited for: what the end of
   * the machine takes with it is built anew, under another number. Throws StoreError.
   */
  async #accept(composed: Composed): Promise<void> {
    const { clock, composer, lastGood, log, explainDenials, prepare, publish } = this.#options;
    const { plan, warnings, inputs, contents, compiler, built } = composed;
    if (this.#isInForce(plan)) return this.#adopt(composed);
    const newest = newestOf(inputs);
    if (newest === undefined) return;
    const { source: _, label, path: __, id, ...facts } = newest;
    const nowMs = clock.nowMs();
    const epoch = this.release?.revision.epoch ?? randomUUID();
    const fallback = this.#options.fallback();
    // While it is being written another release may be taken back, which takes a number.
    let kept: Kept;
    do {
      await this.#reserve();
      const commit = { hash: id, ...facts };
      const revision = { epoch, sequence: this.#sequence + 1, name: nameInputs(inputs), commit };
      const release: Release = {
        revision,
        plan,
        source: label,
        inputs,
        builtAtMs: nowMs,
        issuedAtMs: nowMs,
        explainDenials,
        warnings,
        ...(composer.pin === undefined ? {} : { isPinned: true }),
      };
      kept = {
        release,
        compiler,
        built,
        ...(fallback === undefined ? { isUnproven: true } : { fallback: this.#keptOf(fallback) }),
      };
      let faults: readonly Unfit[] = [];
      const isKept = await lastGood.write(kept, async () => {
        faults = await inParts(checkInParts(release));
        if (faults.length > 0) return false;
        await prepare(release);
        return true;
      });
      if (!isKept) return composer.refuse(contents, faults.map(toDiagnostic), this.#kept);
    } while (this.#sequence >= kept.release.revision.sequence);
    this.#sequence = kept.release.revision.sequence;
    this.#kept = kept;
    composer.accepted(composed);
    for (const warning of warnings.slice(0, WARNINGS_LOGGED)) {
      log.log("warn", "commit accepted with a warning", { commit: id, warning: printRecord(warning) });
    }
    publish(kept.release, "new");
    void lastGood.sync();
  }

  /** Whether proxies have all that the plan says, and none has refused it. */
  #isInForce({ meaning }: Release["plan"]): boolean {
    const release = this.release;
    if (release === undefined || meaning === undefined || release.plan.meaning !== meaning) return false;
    return ![this.#takenBack, this.#heldHere].includes(release.revision.sequence);
  }

  /**
   * Takes a commit that changes nothing of what any proxy has: it is in force as it is, and nothing
   * is sent. What proxies have was built from an earlier text: the rows that they name are of that.
   */
  #adopt(composed: Composed): void {
    const { composer, lastGood, log, publish } = this.#options;
    const { plan, warnings, inputs, compiler, built } = composed;
    const before = this.#kept;
    if (before === undefined) return;
    const { workloads, outbound, modules } = before.release.plan;
    const builtFrom = before.release.builtFrom ?? inputsOf(before.release);
    const release = { ...before.release, plan: { ...plan, workloads, outbound, modules }, inputs, builtFrom, warnings };
    const { held: _, ...rest } = before;
    this.#kept = { ...rest, compiler, built, release };
    composer.accepted(composed);
    log.log("info", "commit changes nothing of what proxies have", { commit: newestOf(inputs)?.id });
    publish(release, "again");
    lastGood.writeSoon(this.#kept);
  }

  #keptOf(release: Release): NonNullable<Kept["fallback"]> {
    const built = this.#options.composer.builtOf(inputsOf(release));
    return { release, built, compiler: this.#kept?.compiler ?? "" };
  }
}

/** Of one commit; status has them all. */
const WARNINGS_LOGGED = 20;

/** Of what was taken back, what stands no longer; all of it where nothing stands in its place. */
function changedInputs(held: Release, release: Release | undefined): readonly Input[] {
  const stays = release === undefined ? [] : inputsOf(release);
  return inputsOf(held).filter(({ source, id }) => !stays.some((each) => each.source === source && each.id === id));
}

/** A fault that the check of snapshots finds and no check of resources found before: it has no place in a file. */
function toDiagnostic({ workload, problem }: Unfit): DiagnosticRecord {
  return toRecord(problem.code, `the snapshot of workload ${workload} is one that proxies refuse: ${problem.message}`);
}

/** What status tells of a release that proxies have refused. */
function toRefused(release: Release, inputs: readonly Input[], { refusals, fault, atMs }: Hold): RefusedBody {
  const { revision } = release;
  const newest = newestOf(inputs.length === 0 ? inputsOf(release) : inputs);
  const diagnostics = refusals.flatMap(({ workload, problems }) =>
    problems.map(({ code, message }) => toRecord(code, `proxy ${workload} refuses it: ${message}`)),
  );
  return {
    source: newest?.source ?? ROOT_SOURCE,
    verdicts: [],
    resources: 0,
    commit: newest?.id ?? revision.name,
    subject: newest?.subject ?? "",
    atMs,
    diagnostics: fault === undefined ? diagnostics : [...diagnostics, toRecord(fault.code, fault.message)],
    failedTests: [],
    isTakenBack: true,
    refusals: refusals.map(({ workload, instance, reason, problems }) => {
      const [namespace = "", name = ""] = workload.split("/");
      return { workload: name, namespace, instance, reason, problems: problems.map(printProblem) };
    }),
  };
}
