/**
 * One kind, listed and then watched for as long as it lives. A list is read in pages; a watch goes on from where
 * it ended, by bookmarks too; where the API server no longer knows that place (410) all is listed anew, and told
 * as what differs. Nothing that fails ends it: it is tried again, ever more seldom, and said as a trouble. Of an
 * optional kind that the API server does not know (404) there is none, and it is looked for again.
 */
import type { Clock, Random } from "@regomesh/base";
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import {
  applyEvent,
  applyList,
  type Change,
  type HeldObjects,
  type WatchEvent,
} from "../../kubernetes/held-objects.ts";
import { collectionPath, type Watched } from "../../kubernetes/watched.ts";
import { type Answer, type ApiConnection, refusalOf } from "./api-connection.ts";

/** As client-go has it. */
const PAGE_SIZE = 500;
const WATCH_LEAST_SECONDS = 240;
const WATCH_MOST_SECONDS = 480;
const BACKOFF_LEAST_MS = 200;
/** Of the 15 s that a recovery may take, no more than a part is waited. */
const BACKOFF_MOST_MS = 4000;
const GONE = 410;
const NOT_FOUND = 404;
/** Who installs the Gateway API later waits so long. */
const ABSENT_EVERY_MS = 10_000;

export type ReflectorOptions = {
  readonly watched: Watched;
  readonly connection: ApiConnection;
  readonly clock: Clock;
  readonly random: Random;
  /** What changed; the first time all that there is, if it be nothing. */
  readonly onChange: (changed: readonly Change[]) => void;
  /** Whether the API server knows the kind, each time that it is another word. */
  readonly onPresence?: (isThere: boolean) => void;
  /** Undefined when it is well again. */
  readonly onTrouble: (trouble: string | undefined) => void;
};

type Page = {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly ClusterObject[];
};

/** What the server answered with, where that is no success. */
class Refused extends Error {
  readonly status: number;
  constructor(answer: Answer) {
    super(refusalOf(answer));
    this.status = answer.status;
  }
}

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #ending = new AbortController();
  readonly #held: HeldObjects = new Map();
  /** Where the watch goes on; undefined where all is to be listed. */
  #version: string | undefined;
  #isSynced = false;
  #isThere: boolean | undefined;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  get held(): ReadonlyMap<string, ClusterObject> {
    return this.#held;
  }

  /** All was listed once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, onTrouble } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status === GONE) {
          this.#version = undefined;
          continue;
        }
        if (error instanceof Refused && error.status === NOT_FOUND && this.#options.watched.isOptional) {
          this.#takeNone();
          await clock.sleep(ABSENT_EVERY_MS, signal).catch(() => {});
          continue;
        }
        this.#failures++;
        onTrouble((error as Error).message);
        await clock.sleep(this.#backoffMs(), signal).catch(() => {});
      }
    }
  }

  async #list(): Promise<void> {
    const { watched, connection } = this.#options;
    const items: ClusterObject[] = [];
    let from = "";
    let version = "";
    do {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(from === "" ? {} : { continue: from }) });
      const path = `${collectionPath(watched)}?${query}`;
      const answer = await connection.request({ path, signal: this.#ending.signal });
      if (answer.status !== 200) throw new Refused(answer);
      const page = answer.body as Page;
      // Items of a list do not say what they are.
      const { kind, apiVersion } = watched;
      for (const item of page.items ?? []) items.push({ ...item, kind, apiVersion });
      from = page.metadata.continue ?? "";
      version = page.metadata.resourceVersion;
    } while (from !== "");
    this.#version = version;
    this.#setPresence(true);
    this.#takeList(items);
  }

  /** With a CRD its objects are gone. */
  #takeNone(): void {
    this.#version = undefined;
    this.#failures = 0;
    this.#setPresence(false);
    this.#takeList([]);
  }

  #takeList(items: readonly ClusterObject[]): void {
    const { onChange, onTrouble } = this.#options;
    const isFirst = !this.#isSynced;
    this.#isSynced = true;
    onTrouble(undefined);
    const changed = applyList(this.#held, items);
    if (changed.length > 0 || isFirst) onChange(changed);
  }

  #setPresence(isThere: boolean): void {
    if (this.#isThere === isThere) return;
    this.#isThere = isThere;
    this.#options.onPresence?.(isThere);
  }

  async #watch(): Promise<void> {
    const { watched, connection, random, onChange, onTrouble } = this.#options;
    const seconds = WATCH_LEAST_SECONDS + Math.floor(random() * (WATCH_MOST_SECONDS - WATCH_LEAST_SECONDS));
    const query = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: this.#version ?? "",
      timeoutSeconds: String(seconds),
    });
    let fault: Refused | undefined;
    const stop = new AbortController();
    const take = (event: WatchEvent) => {
      if (event.type === "ERROR") {
        fault = new Refused({ status: event.object.code ?? 500, body: event.object });
        stop.abort();
        return;
      }
      this.#failures = 0;
      onTrouble(undefined);
      const changed = applyEvent(this.#held, event);
      this.#version = event.object.metadata?.resourceVersion ?? this.#version;
      if (changed !== undefined) onChange([changed]);
    };
    const path = `${collectionPath(watched)}?${query}`;
    const signal = AbortSignal.any([stop.signal, this.#ending.signal]);
    const answer = await connection.watch(path, (line) => take(line as WatchEvent), signal);
    if (fault !== undefined) throw fault;
    if (answer.status !== 200) throw new Refused(answer);
  }

  /** Twice as long each time, and drawn, so that many do not come at once. */
  #backoffMs(): number {
    const most = Math.min(BACKOFF_MOST_MS, BACKOFF_LEAST_MS * 2 ** Math.min(this.#failures, 10));
    return most / 2 + this.#options.random() * (most / 2);
  }
}
