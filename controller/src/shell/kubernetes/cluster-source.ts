/**
 * A cluster as the mesh's own source: what its API server holds is put in force object by object, and each object
 * is told what became of it. Level-based: whatever comes while one content settles is one content more.
 */
import { createHash } from "node:crypto";
import type { Clock, Log, Random, Source as Text } from "@regomesh/base";
import { canonicalJson } from "@regomesh/protocol";
import { TEST_WAITING } from "../../build/unit-tests.ts";
import { type ClusterObject, objectKey } from "../../kubernetes/cluster-object.ts";
import { isOurs, type Objects, type Written } from "../../kubernetes/cluster-tree.ts";
import type { ObjectVerdict } from "../../kubernetes/conditions.ts";
import type { Change } from "../../kubernetes/held-objects.ts";
import { keptObjects, takenBackIn } from "../../kubernetes/kept-objects.ts";
import { applySlices, type Readiness, type Slices } from "../../kubernetes/readiness.ts";
import { filesOf, type Settled, settleObjects, type TakenBack } from "../../kubernetes/settle-objects.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { Watched } from "../../kubernetes/watched.ts";
import { ROOT_SOURCE, type SourceContent, type SourceTrouble, type SourceVerdict } from "../../sources/source.ts";
import type { OperatedSource } from "../sources/operated-source.ts";
import type { ApiConnection } from "./api-connection.ts";
import { Cluster } from "./cluster.ts";

/** What comes in so short a time is one content: one `kubectl apply` of a folder. */
const GATHER_MS = 50;
/** What could not be kept is handed over again. */
const RETRY_MS = 2000;
/** Of a small cluster a list takes some milliseconds; of ten thousand objects, seconds. */
const SYNC_WITHIN_MS = 10_000;
/** As git's: a name of a revision looks like any other. */
const NAME_LENGTH = 40;

export type ClusterSourceOptions = {
  readonly connection: ApiConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Puts what it is handed in force, where that may be. Throws where it cannot be kept. */
  readonly onContent: (content: SourceContent) => Promise<void>;
  /** The texts that are in force, from before a start, too; undefined where none are. */
  readonly keptFiles: () => readonly Text[] | undefined;
  /** What became of a content that was handed over; undefined where nothing was said of it. */
  readonly verdictOf: (id: string) => SourceVerdict | undefined;
  readonly onTrouble: () => void;
  /** Other Pods answer for Services than before. */
  readonly onReadiness: (readiness: Readiness) => void;
  /** What is told its status alone has changed. */
  readonly onStatus: () => void;
  /** Each object has a verdict. */
  readonly onSettled: () => void;
};

export class ClusterSource implements OperatedSource {
  readonly name = ROOT_SOURCE;
  readonly label = "kubernetes";
  readonly place;
  readonly repository = undefined;
  readonly cluster: Cluster;
  readonly #options: ClusterSourceOptions;
  readonly #ending = new AbortController();
  #inForce: Objects = new Map();
  #settled: readonly ClusterObject[] = [];
  #inForceId: string | undefined;
  /** What is in force is not what was accepted last. */
  #isOtherInForce = true;
  #refusedByProxies: TakenBack | undefined;
  readonly #slices: Slices = new Map();
  #readiness: Readiness = new Map();
  readonly #written: Written = new Map();
  #verdicts: ReadonlyMap<string, ObjectVerdict> = new Map();
  #trouble: { readonly message: string; readonly sinceMs: number } | undefined;
  /** The content of which nothing was said yet: sources are gathered still, or a revision is pinned above it. */
  #unanswered: string | undefined;
  #isSuspended = false;
  #isDirty = true;
  #isWatching = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
    this.place = {
      name: ROOT_SOURCE,
      cluster: options.connection.origin,
      follow: { kind: "branch" as const, name: "kubernetes" },
      path: "",
      isSuspended: false,
    };
    this.cluster = new Cluster({ ...options, onChange: (use, changed) => this.#onChange(use, changed) });
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Nothing of it was read yet. */
  get isEmpty(): boolean {
    return !this.cluster.isSynced;
  }

  get readTrouble(): string | undefined {
    return this.troubles[0]?.message;
  }

  get troubles(): readonly SourceTrouble[] {
    const own = this.#trouble === undefined ? [] : [this.#trouble];
    return [...this.cluster.troubles, ...own].map((each) => ({ reason: "unreachable" as const, ...each }));
  }

  /** Objects of our kinds, and routes, on whose texts there are verdicts. */
  get settled(): readonly ClusterObject[] {
    return this.#settled;
  }

  /** Verdicts on the newest texts, by object. */
  get verdicts(): ReadonlyMap<string, ObjectVerdict> {
    return this.#verdicts;
  }

  /** The revision of this source that holds what was accepted last. */
  get inForceId(): string | undefined {
    return this.#inForceId;
  }

  /** What is in force, with an object that is not there yet. */
  contentWith(object: ClusterObject): SourceContent {
    const files = filesOf(new Map([...this.#inForce, [objectKey(object), object]]), this.#written);
    return this.#contentOf("rehearsed", files);
  }

  /** Waits a while until all was listed once, and hands it over; what is kept is served where it takes longer. */
  async fetch(): Promise<void> {
    if (!this.#isWatching) this.cluster.start();
    this.#isWatching = true;
    const { clock } = this.#options;
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, this.#ending.signal]);
    await Promise.race([this.cluster.synced, clock.sleep(SYNC_WITHIN_MS, signal).catch(() => {})]);
    waiting.abort();
    await this.look();
  }

  async look(): Promise<boolean> {
    this.#isDirty = false;
    if (this.#isSuspended || !this.cluster.isSynced) return true;
    const { onSettled } = this.#options;
    const newest = this.cluster.objects();
    if (this.#isOtherInForce) this.#inForce = keptObjects(this.#options.keptFiles() ?? [], newest, this.#written);
    this.#isOtherInForce = false;
    this.#refusedByProxies ??= takenBackIn(newest);
    try {
      const settled = await settleObjects(newest, this.#inForce, (files) => this.#attempt(files), {
        written: this.#written,
        takenBack: this.#refusedByProxies,
      });
      this.#inForce = settled.inForce;
      // It is heard of when there is an answer; until then what was said before holds.
      if (!settled.isAnswered) return true;
      this.#settled = [...newest.values()].filter(isOurs);
      this.#sayRefused(settled);
      this.#verdicts = settled.verdicts;
      if (settled.isAccepted) this.#trouble = undefined;
      else this.#setTrouble("what has changed in the cluster cannot be put in force together");
      onSettled();
      // What waits for its turn has one after all others.
      if (isAnyWaiting(settled)) this.wake();
      return true;
    } catch (error) {
      this.#setTrouble((error as Error).message);
      this.#isDirty = true;
      return false;
    }
  }

  /** What was handed over is answered later than it was asked, or otherwise than it was. */
  hear({ revision: { id }, isTakenBack = false }: SourceVerdict): void {
    if (isTakenBack && id === this.#inForceId) {
      this.#isOtherInForce = true;
      this.#inForceId = undefined;
    }
    if (id === this.#unanswered || this.#isOtherInForce) this.wake();
  }

  start(): void {
    this.#running = this.#run();
  }

  wake(): void {
    this.#isDirty = true;
    this.#wake?.();
  }

  again(): void {
    this.wake();
  }

  suspend(isSuspended: boolean): void {
    this.#isSuspended = isSuspended;
    this.#options.onTrouble();
    if (!isSuspended) this.wake();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake?.();
    await this.#running;
    await this.cluster.close();
  }

  #onChange(use: Watched["use"], changed: readonly Change[] | undefined): void {
    if (use === "endpoints") this.#takeSlices(changed);
    // A status that was written makes no other text; it may be another than it shall be.
    else if (use === "status" || changed?.every(isSameText) === true) this.#options.onStatus();
    else this.wake();
  }

  #takeSlices(changed: readonly Change[] | undefined): void {
    const all = () =>
      this.cluster.ofKind("EndpointSlice").map((after) => ({ key: objectKey(after), before: undefined, after }));
    const readiness = applySlices(this.#readiness, this.#slices, changed ?? all());
    if (readiness === this.#readiness) return;
    this.#readiness = readiness;
    this.#options.onReadiness(readiness);
  }

  #setTrouble(message: string): void {
    const { clock, log, onTrouble } = this.#options;
    if (this.#trouble?.message !== message) log.log("warn", "what the cluster holds is not taken", { reason: message });
    this.#trouble = { message, sinceMs: this.#trouble?.sinceMs ?? clock.nowMs() };
    onTrouble();
  }

  /** Of Services and Pods there is no status of ours to say it in. */
  #sayRefused({ verdicts }: Settled): void {
    for (const [key, verdict] of verdicts) {
      const known = this.#verdicts.get(key);
      if (!/^(Service|Pod)\//.test(key) || verdict.kind !== "refused" || known?.kind === "refused") continue;
      this.#options.log.log("warn", "it is not of the mesh as it stands", { object: key, reason: verdict.message });
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      if (!this.#isDirty) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        continue;
      }
      await clock.sleep(GATHER_MS, signal).catch(() => {});
      if (!signal.aborted && !(await this.look())) await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  async #attempt(files: readonly Text[]): Promise<SourceVerdict | undefined> {
    const { clock, onContent, verdictOf } = this.#options;
    const id = createHash("sha256").update(canonicalJson(files)).digest("hex").slice(0, NAME_LENGTH);
    if (id === this.#inForceId) return { revision: revisionOf(id, clock.nowMs()), isAccepted: true, refused: [] };
    this.#unanswered = undefined;
    // After a start what is in force was written by an earlier version, perhaps, and then nothing of it is known: none waits.
    await onContent({ ...this.#contentOf(id, files), mayWait: this.#inForceId !== undefined });
    const verdict = verdictOf(id);
    if (verdict === undefined) this.#unanswered = id;
    if (verdict?.isAccepted === true) this.#inForceId = id;
    return verdict;
  }

  /** What an API server no longer has was taken away object by object, by whoever may: it is meant. */
  #contentOf(id: string, files: readonly Text[]): SourceContent {
    const revision = revisionOf(id, this.#options.clock.nowMs());
    return { source: ROOT_SOURCE, label: this.label, revision, path: "", files, isMeant: true, inPieces: true };
  }
}

function isAnyWaiting({ verdicts }: Settled): boolean {
  return [...verdicts.values()].some((verdict) => verdict.kind === "refused" && verdict.code === TEST_WAITING);
}

function isSameText({ before, after }: Change): boolean {
  return before !== undefined && after !== undefined && versionOf(before) === versionOf(after);
}

function revisionOf(id: string, nowMs: number): SourceContent["revision"] {
  return { id, subject: "", author: "", committedAtMs: nowMs };
}
