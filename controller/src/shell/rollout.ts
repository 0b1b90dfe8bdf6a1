/**
 * From commits to releases: builds each new commit, keeps the last good one in memory and
 * on disk, and remembers why a commit was refused. A commit that does not build changes
 * nothing but that.
 */
import { randomUUID } from "node:crypto";
import type { Clock, DiagnosticRecord, Log } from "@regomesh/base";
import { printRecord } from "@regomesh/base";
import type { RefusedBody } from "../api/bodies.ts";
import type { Built } from "../build/build.ts";
import { type Release, SNAPSHOT_TTL_MS } from "../distribution/release.ts";
import { ROOT_SOURCE } from "../index/mesh-index.ts";
import type { ControllerCounts } from "../status/metrics.ts";
import { type Builder, BuildFailed } from "./build/builder.ts";
import type { CommitTree } from "./git/read-tree.ts";
import type { Kept, LastGood } from "./store/last-good.ts";

export type RolloutOptions = {
  readonly builder: Builder;
  readonly lastGood: LastGood;
  readonly path: string;
  /** `git main`, for people. */
  readonly source: string;
  readonly explainDenials: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (release: Release) => void;
  readonly refuse: (refused: RefusedBody | undefined) => void;
};

export class Rollout {
  readonly #options: RolloutOptions;
  #kept: Kept | undefined;
  #refused: RefusedBody | undefined;
  #last: Promise<void> = Promise.resolve();
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
    if (kept === undefined) return;
    this.#kept = { ...kept, release: { ...kept.release, explainDenials } };
    publish(this.#kept.release);
    await this.renew();
  }

  /** Issues the release anew when half of its snapshots' time is over, whether that can be kept or not. */
  async renew(): Promise<void> {
    await this.#inTurn(async () => {
      const { clock, lastGood, log, publish } = this.#options;
      const nowMs = clock.nowMs();
      if (this.#kept === undefined || nowMs - this.#kept.release.issuedAtMs < SNAPSHOT_TTL_MS / 2) return;
      this.#kept = { ...this.#kept, release: { ...this.#kept.release, issuedAtMs: nowMs } };
      publish(this.#kept.release);
      await lastGood.write(this.#kept).catch((error: Error) => {
        log.log("warn", "the renewed release is not kept", { reason: error.message });
      });
    });
  }

  /** Takes a commit of the source. */
  async take(tree: CommitTree): Promise<void> {
    const { builder, path } = this.#options;
    const compiler = await builder.version();
    const built = `${tree.commit.hash} ${path}`;
    if (this.#kept?.built === built && this.#kept.compiler === compiler) return this.#settle(undefined);
    const startMs = performance.now();
    const result = await this.#build(tree);
    const lastBuildSeconds = (performance.now() - startMs) / 1000;
    this.#counts = { ...this.#counts, lastBuildSeconds };
    if (result.plan === undefined) this.#refuse(tree, result);
    else {
      const { plan } = result;
      await this.#inTurn(() => this.#accept(tree, plan, { compiler, built }));
    }
  }

  /** One change of what is kept after the other. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    await turn;
  }

  async #build(tree: CommitTree): Promise<Built> {
    const { builder, path } = this.#options;
    if (tree.diagnostics.length > 0) return { diagnostics: tree.diagnostics, failedTests: [], passedTests: 0 };
    try {
      const rules = { rights: ROOT_SOURCE, trustDomain: this.release?.plan.mesh.trustDomain };
      return await builder.build({ path, files: tree.files }, rules);
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

  /** Keeps it, then puts it in force: what cannot be kept changes nothing. Throws StoreError. */
  async #accept(
    { commit }: CommitTree,
    plan: Release["plan"],
    identity: { readonly compiler: string; readonly built: string },
  ): Promise<void> {
    const { clock, lastGood, source, explainDenials, publish } = this.#options;
    const nowMs = clock.nowMs();
    const before = this.release?.revision;
    const release: Release = {
      revision: {
        epoch: before?.epoch ?? randomUUID(),
        sequence: (before?.sequence ?? 0) + 1,
        name: commit.hash,
        commit,
      },
      plan,
      source,
      builtAtMs: nowMs,
      issuedAtMs: nowMs,
      explainDenials,
    };
    const kept = { release, ...identity };
    await lastGood.write(kept);
    this.#kept = kept;
    this.#counts = { ...this.#counts, builds: this.#counts.builds + 1 };
    this.#settle(undefined);
    publish(release);
  }

  #refuse({ commit }: CommitTree, { diagnostics, failedTests }: Built): void {
    const { clock, log } = this.#options;
    this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 };
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    const [first] = errors;
    const [test] = failedTests;
    const reason = first !== undefined ? printRecord(first) : test && `${test.file}:${test.row}: ${test.name} fails`;
    log.log("warn", "commit refused", { commit: commit.hash, reason });
    this.#settle({
      commit: commit.hash,
      subject: commit.subject,
      atMs: clock.nowMs(),
      diagnostics,
      failedTests,
    });
  }

  #settle(refused: RefusedBody | undefined): void {
    this.#refused = refused;
    this.#options.refuse(refused);
  }
}
