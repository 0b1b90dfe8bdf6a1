/**
 * Writes the status of objects so that what others have said stays: by server-side apply under a name of its own,
 * and where a list is everybody's, only onto the version that was read.
 * How often one object's is written, its pace says.
 */
import type { Clock, Log } from "@regomesh/base";
import { type ClusterObject, objectKey } from "../../kubernetes/cluster-object.ts";
import { inFairOrder } from "../../kubernetes/fair-order.ts";
import { dueAtMs, isRested, NEVER_WRITTEN, type Pace, wrote } from "../../kubernetes/status-pace.ts";
import type { WantedStatus } from "../../kubernetes/wanted-status.ts";
import { objectPath, WATCHED } from "../../kubernetes/watched.ts";
import { type ApiConnection, type ApiRequest, refusalOf } from "./api-connection.ts";

/** What is accepted is most often programmed so soon after that one write says both. */
const GATHER_MS = 150;
const RETRY_MS = 2000;
/** Writes under way at a time: the API server gives a client a share, and others want theirs. */
const WRITES_MAX = 8;
/** After so long it is looked again what is to be written: who changes one object meanwhile does not wait for ten thousand. */
const TURN_MS = 2000;
const FIELD_MANAGER = "regomesh-status";

export type StatusWriterOptions = {
  readonly connection: ApiConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** Objects whose status is to be another one. */
  readonly wanted: (nowIso: string) => Iterable<WantedStatus>;
};

type Due = WantedStatus & { readonly pace: Pace; readonly atMs: number };

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #ending = new AbortController();
  /** Of the objects that were written not long ago. */
  readonly #paces = new Map<string, Pace>();
  /** Of those, the version that was written upon, until the watch brings what was made of it. */
  readonly #writtenUpon = new Map<string, string>();
  #isDirty = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #writes = 0;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Writes that were made since the start. */
  get writes(): number {
    return this.#writes;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something may have another state now. */
  poke(): void {
    this.#isDirty = true;
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    let nextMs: number | undefined;
    while (!signal.aborted) {
      if (!this.#isDirty) await this.#rest(nextMs);
      if (signal.aborted) return;
      await clock.sleep(GATHER_MS, signal).catch(() => {});
      this.#isDirty = false;
      nextMs = await this.#writeAll();
    }
  }

  /** Until there is something new, or something that was put off is due. */
  async #rest(untilMs: number | undefined): Promise<void> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, this.#ending.signal]);
    const due =
      untilMs === undefined ? promise : clock.sleep(Math.max(0, untilMs - clock.nowMs()), signal).catch(() => {});
    await Promise.race([promise, due]);
    waiting.abort();
  }

  /** Gives when the next one that was put off is due. */
  async #writeAll(): Promise<number | undefined> {
    const { clock } = this.#options;
    const due = this.#dueOf(clock.nowMs());
    const now = due.filter(({ atMs }) => atMs <= clock.nowMs());
    const later = due.filter(({ atMs }) => atMs > clock.nowMs()).map(({ atMs }) => atMs);
    const queue = inFairOrder(now);
    const untilMs = clock.nowMs() + TURN_MS;
    let next = 0;
    const failed: number[] = [];
    const work = async () => {
      while (next < queue.length && clock.nowMs() < untilMs) {
        const due = queue[next++];
        if (due !== undefined && !(await this.#write(due))) failed.push(clock.nowMs() + RETRY_MS);
      }
    };
    await Promise.all(Array.from({ length: WRITES_MAX }, work));
    const left = next < queue.length ? [clock.nowMs()] : [];
    const all = [...later, ...failed, ...left];
    return all.length === 0 ? undefined : Math.min(...all);
  }

  #dueOf(nowMs: number): readonly Due[] {
    for (const [key, pace] of this.#paces) {
      if (!isRested(pace, nowMs)) continue;
      this.#paces.delete(key);
      this.#writtenUpon.delete(key);
    }
    const nowIso = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
    return [...this.#options.wanted(nowIso)].flatMap((wanted) => {
      const key = objectKey(wanted.object);
      // The watch is late: it would be the same once more.
      if (this.#writtenUpon.get(key) === wanted.object.metadata.resourceVersion) return [];
      this.#writtenUpon.delete(key);
      const pace = this.#paces.get(key) ?? NEVER_WRITTEN;
      return [{ ...wanted, pace, atMs: dueAtMs(pace, wanted.isUrgent) }];
    });
  }

  /** True where it was written, or need not be any more. */
  async #write({ object, status, isShared, pace }: Due): Promise<boolean> {
    const { connection, clock, log } = this.#options;
    const { apiVersion, kind, metadata } = object;
    const watched = WATCHED.find((each) => each.kind === kind && each.apiVersion === apiVersion);
    if (watched === undefined) return true;
    const { name, namespace } = metadata;
    const place = { name, ...(namespace === undefined ? {} : { namespace }) };
    try {
      const answer = await connection.request({
        method: "PATCH",
        ...(isShared
          ? ontoVersion(objectPath(watched, place), object, status)
          : applied(objectPath(watched, place), { apiVersion, kind, metadata: place, status })),
        signal: this.#ending.signal,
      });
      const key = objectKey(object);
      this.#paces.set(key, wrote(pace, clock.nowMs()));
      this.#writes++;
      const made = (answer.body as Partial<ClusterObject> | undefined)?.metadata?.resourceVersion;
      const { resourceVersion } = metadata;
      if (answer.status < 300 && made !== resourceVersion) this.#writtenUpon.set(key, resourceVersion);
      // Who wrote meanwhile is heard of, and this comes up again.
      if (answer.status < 300 || answer.status === 404 || answer.status === 409) return true;
      log.log("warn", "a status is not taken", { object: objectKey(object), reason: refusalOf(answer) });
    } catch (error) {
      log.log("debug", "a status is not written yet", { object: objectKey(object), reason: (error as Error).message });
    }
    return false;
  }
}

function applied(path: string, body: object): Pick<ApiRequest, "path" | "type" | "body"> {
  return {
    path: `${path}/status?fieldManager=${FIELD_MANAGER}&force=true`,
    type: "application/apply-patch+yaml",
    body,
  };
}

function ontoVersion(
  path: string,
  { metadata }: ClusterObject,
  status: object,
): Pick<ApiRequest, "path" | "type" | "body"> {
  const { resourceVersion } = metadata;
  return {
    path: `${path}/status?fieldManager=${FIELD_MANAGER}`,
    type: "application/merge-patch+json",
    body: { metadata: { resourceVersion }, status },
  };
}
