/**
 * From commits to releases: builds each new commit, keeps the last good one in memory and
 * on disk, and remembers why a commit was refused. A commit that does not build changes
 * nothing but that.
 */
import { randomUUID } from "node:crypto";
import type { Clock, DiagnosticRecord, Log } from "@regomesh/base";
import { printRecord } from "@regomesh/base";
import { snapshotHash } from "@regomesh/protocol";
import type { RefusedBody } from "../api/bodies.ts";
import type { Built } from "../build/build.ts";
import type { Standing } from "../distribution/distribution.ts";
import type { Hold } from "../distribution/hold.ts";
import { checkRelease, type Release, SNAPSHOT_TTL_MS, whyNotServed } from "../distribution/release.ts";
import {
  type Inventory,
  inventoryOf,
  type Loss,
  lossOf,
  names,
  remembered,
  toLossRecords,
  wayToConfirm,
} from "../index/loss.ts";
import { printRight, type SourceRights } from "../index/rights.ts";
import { inputsOf, nameInputs, newestOf, toInput } from "../sources/inputs.ts";
import { ROOT_SOURCE, type SourceContent } from "../sources/source.ts";
import type { ControllerCounts } from "../status/metrics.ts";
import { printProblem } from "../status/status.ts";
import { type Builder, BuildFailed } from "./build/builder.ts";
import type { Kept, LastGood } from "./store/last-good.ts";

export type RolloutOptions = {
  readonly builder: Builder;
  readonly lastGood: LastGood;
  readonly path: string;
  readonly rights: SourceRights;
  /** The authority's; undefined while there is none. */
  readonly trustDomain: () => string | undefined;
  /** `git main`, for people. */
  readonly source: string;
  readonly explainDenials: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (release: Release, standing: Standing) => void;
  /** Workloads, `namespace/name`, whose proxies were known before this start: what is compared with where no release was kept. */
  readonly remembered: () => Promise<readonly string[]>;
  /** What would be gone back to if a new release were held. */
  readonly fallback: () => Release | undefined;
  readonly refuse: (refused: RefusedBody | undefined) => void;
};

/** What makes a build the same. */
type BuildIdentity = { readonly compiler: string; readonly built: string };
/** A build that nothing speaks against. */
type Accepted = { readonly plan: Release["plan"]; readonly warnings: readonly DiagnosticRecord[] };

export class Rollout {
  readonly #options: RolloutOptions;
  #kept: Kept | undefined;
  #refused: RefusedBody | undefined;
  #last: Promise<void> = Promise.resolve();
  /** Built, and not kept yet: a full disk costs no second build. */
  #untaken: (BuildIdentity & Accepted) | undefined;
  /** The greatest that was given to proxies. */
  #sequence = 0;
  /** Of the release that was taken back last: until that is kept, what is kept is not what is in force. */
  #takenBack: number | undefined;
  /** Of the release that proxies refuse and that nothing stands in the place of. */
  #heldHere: number | undefined;
  /** What was there before, where no release says it. */
  #remembered: Inventory | undefined;
  /** What the newest commit would take away, while it waits for an operator's word. */
  #asked: Loss | undefined;
  /** Hash of a loss that an operator has taken upon himself. */
  #confirmed: string | undefined;
  #counts: ControllerCounts = { builds: 0, refused: 0, lastBuildSeconds: 0 };

  constructor(options: RolloutOptions) {
    this.#options = options;
  }

  get release(): Release | undefined {
    return this.#kept?.release;
  }

  get refused(): RefusedBody | undefined {
    return this.#refused;
  }

  get counts(): ControllerCounts {
    return this.#counts;
  }

  /** Puts what was in force at the last end in force again. */
  async restore(): Promise<void> {
    const { lastGood, log, explainDenials, publish } = this.#options;
    const { kept, fault } = await lastGood.read();
    if (fault !== undefined) log.log("warn", "the last good revision is not used", { reason: fault });
    const release = kept && { ...kept.release, explainDenials };
    const reason = release && this.#whyNot(release);
    if (reason !== undefined) log.log("warn", "the last good revision is not used", { reason });
    if (kept === undefined || release === undefined || reason !== undefined) {
      this.#remembered = remembered(await this.#options.remembered());
      return;
    }
    this.#kept = { ...kept, release };
    this.#sequence = release.revision.sequence;
    // It ended before the release was proven: that can be held still.
    const { fallback } = kept;
    const isOpen = fallback !== undefined && this.#whyNot(fallback.release) === undefined;
    if (isOpen) publish({ ...fallback.release, explainDenials }, "proven");
    publish(release, isOpen ? "new" : "proven");
    await this.renew();
  }

  #whyNot(release: Release): string | undefined {
    return whyNotServed(release, this.#options.trustDomain());
  }

  /** The release of that sequence is proven: what it would have gone back to need not be kept. */
  async prove(sequence: number): Promise<void> {
    await this.#inTurn(async () => {
      const kept = this.#kept;
      if (kept?.fallback === undefined || kept.release.revision.sequence !== sequence) return;
      const { fallback: _, ...rest } = kept;
      this.#kept = rest;
      this.#options.lastGood.writeSoon(rest);
    });
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
    const { log, lastGood } = this.#options;
    const held = this.#kept;
    if (release !== undefined) this.#sequence = Math.max(this.#sequence, release.revision.sequence);
    if (held === undefined || held.release.revision.sequence !== hold.revision.sequence) return;
    const refused = toRefused(held.release, hold);
    this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 };
    const by = refused.refusals.map(({ namespace, workload }) => `${namespace}/${workload}`).join(", ");
    log.log("warn", "release taken back", { commit: refused.commit, by, reason: refused.diagnostics[0]?.message });
    this.#settle(refused);
    if (release === undefined) {
      this.#heldHere = hold.revision.sequence;
      return;
    }
    const { compiler, built } = held;
    this.#takenBack = hold.revision.sequence;
    const kept = { release, compiler, built: this.#builtOfRelease(release), held: { compiler, built, refused } };
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
      if (kept === undefined || this.#sequence >= sequence) return;
      isLate = kept.release.revision.sequence === this.#takenBack;
      if (isLate) return;
      this.#sequence = sequence;
      const revision = { ...kept.release.revision, sequence };
      this.#kept = { ...kept, release: { ...kept.release, revision } };
      log.log("warn", "a proxy has a later revision than this controller: numbers go on from there", { sequence });
      publish(this.#kept.release, "again");
      lastGood.writeSoon(this.#kept);
    });
    // What stands in place of the release that was taken back is kept in the next turn.
    if (isLate) await this.overtake(sequence);
  }

  /**
   * An operator's word for what the newest commit would take away; false where it waits for none
   * of that hash. It counts once, when the commit is taken again.
   */
  confirm(hash: string): boolean {
    const asked = this.#asked;
    if (asked === undefined || !names(hash, asked)) return false;
    this.#confirmed = asked.hash;
    this.#options.log.log("warn", "what a commit takes away is confirmed", { hash: asked.hash });
    return true;
  }

  /** Takes a commit of the source. */
  async take(tree: SourceContent): Promise<void> {
    const { builder } = this.#options;
    const compiler = await builder.version();
    const built = this.#builtOf(tree.revision.id);
    const { held } = this.#kept ?? {};
    const isKnown = [held, this.#kept].some((each) => each?.built === built && each.compiler === compiler);
    // What another commit would have taken away is no longer asked.
    if (isKnown) [this.#asked, this.#confirmed] = [undefined, undefined];
    if (held?.built === built && held.compiler === compiler) return this.#settle(held.refused);
    if (this.#kept?.built === built && this.#kept.compiler === compiler) return this.#settle(undefined);
    const identity = { compiler, built };
    const ready = this.#untakenOf(identity) ?? (await this.#buildOrRefuse(tree));
    if (ready === undefined) return;
    this.#untaken = { ...identity, ...ready };
    await this.#inTurn(() => this.#accept(tree, ready, identity));
    this.#untaken = undefined;
  }

  /** What was built, and allowed, and could not be kept. */
  #untakenOf({ compiler, built }: BuildIdentity): Accepted | undefined {
    return this.#untaken?.built === built && this.#untaken.compiler === compiler ? this.#untaken : undefined;
  }

  async #buildOrRefuse(tree: SourceContent): Promise<Accepted | undefined> {
    const startMs = performance.now();
    const result = await this.#build(tree);
    this.#counts = { ...this.#counts, lastBuildSeconds: (performance.now() - startMs) / 1000 };
    const { plan, diagnostics: warnings } = result;
    const loss = plan === undefined ? undefined : this.#lossOf(tree, plan);
    const isConfirmed = loss !== undefined && (loss.hash === this.#confirmed || (await this.#isMeant(tree, loss)));
    this.#asked = isConfirmed || this.#kept === undefined ? undefined : loss;
    this.#confirmed = undefined;
    if (plan === undefined) this.#refuse(tree, result);
    else if (loss !== undefined && !isConfirmed) {
      this.#refuse(tree, { ...REFUSED, diagnostics: toLossRecords(loss, this.#hintFor(loss)) });
    } else return { plan, warnings };
    return undefined;
  }

  /** How to say that it is meant: where nothing is in force no controller runs that could be told. */
  #hintFor(loss: Loss): string | undefined {
    const isKnown = (this.#remembered?.workloads.length ?? 0) > 0;
    const isAsked = this.#asked !== undefined;
    return isAsked || isKnown ? wayToConfirm(loss, isAsked) : undefined;
  }

  /** Whether a commit since the one in force says by the hash that the loss is meant; a merge need not say it again. */
  async #isMeant(tree: SourceContent, loss: Loss): Promise<boolean> {
    const since = this.release && inputsOf(this.release).find(({ source }) => source === tree.source)?.id;
    return names((await tree.messagesSince?.(since)) ?? "", loss);
  }

  /** What the commit takes away from what is in force, where that needs a word. */
  #lossOf(tree: SourceContent, plan: Release["plan"]): Loss | undefined {
    const after = inventoryOf(plan);
    const before = this.release === undefined ? (this.#remembered ?? after) : inventoryOf(this.release.plan);
    return lossOf(before, after, { pathMissing: tree.pathMissing, digest: snapshotHash });
  }

  /** Waits until what has changed is kept, or could not be. */
  async close(): Promise<void> {
    await this.#last;
    await this.#options.lastGood.flush();
  }

  /** What a build was of: the same commit under other rights is another. */
  #builtOf(commit: string): string {
    const { path, rights } = this.#options;
    return [commit, path, ...rights.map(printRight)].join(" ");
  }

  #builtOfRelease(release: Release): string {
    return this.#builtOf(inputsOf(release).find(({ source }) => source === ROOT_SOURCE)?.id ?? "");
  }

  /** One change of what is kept after the other. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    await turn;
  }

  async #build(tree: SourceContent): Promise<Built> {
    const { builder, path } = this.#options;
    try {
      const rules = {
        rights: this.#options.rights,
        trustDomain: this.#options.trustDomain() ?? this.release?.plan.mesh.trustDomain,
        hosts: this.release?.plan.inventory?.hosts,
      };
      return await builder.build({ path, files: tree.files, unread: tree.unread ?? [] }, rules);
    } catch (error) {
      if (!(error instanceof BuildFailed)) throw error;
      const diagnostic: DiagnosticRecord = {
        code: error.code,
        severity: "error",
        message: error.message,
        file: path === "" ? "." : path,
        row: 1,
        column: 1,
      };
      return { diagnostics: [diagnostic], failedTests: [], passedTests: 0 };
    }
  }

  /** Keeps it, then gives it to the proxies: what cannot be kept changes nothing. Throws StoreError. */
  async #accept(tree: SourceContent, { plan, warnings }: Accepted, identity: BuildIdentity): Promise<void> {
    const { clock, lastGood, log, source, explainDenials, publish } = this.#options;
    if (this.#isInForce(plan)) return this.#adopt(tree, { plan, warnings }, identity);
    const inputs = [toInput(tree)];
    const { id: hash, ...commit } = tree.revision;
    const nowMs = clock.nowMs();
    const epoch = this.release?.revision.epoch ?? randomUUID();
    const fallback = this.#options.fallback();
    // While it is being written another release may be taken back, which takes a number.
    let kept: Kept;
    do {
      const revision = { epoch, sequence: this.#sequence + 1, name: nameInputs(inputs), commit: { hash, ...commit } };
      const release: Release = {
        revision,
        plan,
        source,
        inputs,
        builtAtMs: nowMs,
        issuedAtMs: nowMs,
        explainDenials,
        warnings,
      };
      const faults = checkRelease(release);
      if (faults.length > 0) return this.#refuse(tree, { ...REFUSED, diagnostics: faults.map(toDiagnostic) });
      kept = { release, ...identity, ...(fallback === undefined ? {} : { fallback: this.#keptOf(fallback) }) };
      await lastGood.write(kept);
    } while (this.#sequence >= kept.release.revision.sequence);
    this.#sequence = kept.release.revision.sequence;
    this.#kept = kept;
    this.#counts = { ...this.#counts, builds: this.#counts.builds + 1 };
    this.#settle(undefined);
    for (const warning of warnings.slice(0, WARNINGS_LOGGED)) {
      log.log("warn", "commit accepted with a warning", { commit: hash, warning: printRecord(warning) });
    }
    publish(kept.release, "new");
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
  #adopt(tree: SourceContent, { plan, warnings }: Accepted, identity: BuildIdentity): void {
    const { lastGood, log, publish } = this.#options;
    const before = this.#kept;
    if (before === undefined) return;
    const { workloads, modules } = before.release.plan;
    const release = {
      ...before.release,
      plan: { ...plan, workloads, modules },
      inputs: [toInput(tree)],
      warnings,
    };
    const { held: _, ...rest } = before;
    this.#kept = { ...rest, ...identity, release };
    this.#counts = { ...this.#counts, builds: this.#counts.builds + 1 };
    this.#settle(undefined);
    log.log("info", "commit changes nothing of what proxies have", { commit: tree.revision.id });
    publish(release, "again");
    lastGood.writeSoon(this.#kept);
  }

  #keptOf(release: Release): NonNullable<Kept["fallback"]> {
    return { release, built: this.#builtOfRelease(release), compiler: this.#kept?.compiler ?? "" };
  }

  #refuse({ revision }: SourceContent, { diagnostics, failedTests }: Built): void {
    const { clock, log } = this.#options;
    this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 };
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    const [first] = errors;
    const [test] = failedTests;
    const reason = first !== undefined ? printRecord(first) : test && `${test.file}:${test.row}: ${test.name} fails`;
    log.log("warn", "commit refused", { commit: revision.id, reason });
    this.#settle({
      commit: revision.id,
      subject: revision.subject,
      atMs: clock.nowMs(),
      diagnostics,
      failedTests,
      refusals: [],
    });
  }

  #settle(refused: RefusedBody | undefined): void {
    this.#refused = refused;
    this.#options.refuse(refused);
  }
}

/** Of one commit; status has them all. */
const WARNINGS_LOGGED = 20;

const REFUSED: Built = { diagnostics: [], failedTests: [], passedTests: 0 };

/** A fault that the check of snapshots finds and no check of resources found before: it has no place in a file. */
function toDiagnostic({ workload, problem }: ReturnType<typeof checkRelease>[number]): DiagnosticRecord {
  return {
    code: problem.code,
    severity: "error",
    message: `the snapshot of workload ${workload} is one that proxies refuse: ${problem.message}`,
    file: ".",
    row: 1,
    column: 1,
  };
}

/** What status tells of a release that proxies have refused. */
function toRefused(release: Release, { refusals, atMs }: Hold): RefusedBody {
  const { revision } = release;
  const newest = newestOf(inputsOf(release));
  const diagnostics = refusals.flatMap(({ workload, problems }) =>
    problems.map(
      ({ code, message }): DiagnosticRecord => ({
        code,
        severity: "error",
        message: `proxy ${workload} refuses it: ${message}`,
        file: ".",
        row: 1,
        column: 1,
      }),
    ),
  );
  return {
    commit: newest?.id ?? revision.name,
    subject: newest?.subject ?? "",
    atMs,
    diagnostics,
    failedTests: [],
    refusals: refusals.map(({ workload, instance, reason, problems }) => {
      const [namespace = "", name = ""] = workload.split("/");
      return { workload: name, namespace, instance, reason, problems: problems.map(printProblem) };
    }),
  };
}
