/**
 * Tells news of commits to where the operator wants them: of each place one at a time and in order, tried again for a
 * while, never in the way of what comes in force. What could not be told stays as trouble until something could.
 */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock, Log, Random } from "@regomesh/base";
import type { News } from "../../telling/news.ts";
import { afterAnswer, type TellAnswer } from "../../telling/retry.ts";
import { nameTarget, type Telling, type TellTarget, toTelling } from "../../telling/target.ts";

export type TellerOptions = {
  /** Each with the file of its secret: a token, or what signs. It is read each time, so that another may take its place. */
  readonly targets: readonly (TellTarget & { readonly secretFile: string })[];
  /** Of the mesh, once it has one. */
  readonly mesh: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What is wrong with a place; undefined where nothing is. */
  readonly trouble: (target: string, message: string | undefined) => void;
};

/** Of one place: of more the oldest are let go. */
const WAITING_MAX = 100;
const ANSWER_WITHIN_MS = 10_000;
/** What a field of a request may hold; anything else fetch would repeat in its error. */
const TOKEN = /^[\x21-\x7e]{8,4096}$/;

type Target = TellerOptions["targets"][number];
type Queue = { readonly target: Target; waiting: readonly Waiting[]; isBusy: boolean };
type Waiting = { readonly news: News; readonly telling: Telling };

export class Teller {
  readonly #options: TellerOptions;
  readonly #queues: readonly Queue[];
  readonly #ending = new AbortController();

  constructor(options: TellerOptions) {
    this.#options = options;
    this.#queues = options.targets.map((target) => ({ target, waiting: [], isBusy: false }));
  }

  tell(news: News): void {
    for (const queue of this.#queues) {
      const telling = toTelling(queue.target, news, this.#options.mesh());
      if (telling === undefined) continue;
      // Of a commit's status only the last word counts.
      const isOld = ({ news: before }: Waiting) =>
        queue.target.kind !== "webhook" && before.source === news.source && before.commit === news.commit;
      const kept = queue.waiting.filter((each) => !isOld(each));
      if (kept.length >= WAITING_MAX)
        this.#options.log.log("warn", "news were let go untold", { target: nameTarget(queue.target) });
      queue.waiting = [...kept, { news, telling }].slice(-WAITING_MAX);
      if (!queue.isBusy) void this.#work(queue);
    }
  }

  close(): void {
    this.#ending.abort();
  }

  async #work(queue: Queue): Promise<void> {
    queue.isBusy = true;
    while (queue.waiting.length > 0 && !this.#ending.signal.aborted) {
      const [first, ...rest] = queue.waiting;
      queue.waiting = rest;
      if (first !== undefined) await this.#carry(queue.target, first);
    }
    queue.isBusy = false;
  }

  async #carry(target: Target, { news, telling }: Waiting): Promise<void> {
    const { clock, random, log, trouble } = this.#options;
    const { signal } = this.#ending;
    const name = nameTarget(target);
    for (let attempt = 1; !signal.aborted; attempt++) {
      const { answer, why } = await this.#send(target, telling);
      if (signal.aborted) return;
      const next = afterAnswer(answer, attempt, random);
      const facts = { target: name, commit: news.commit, what: news.what };
      if (next.kind === "told") {
        log.log("info", "news of a commit were told", facts);
        return trouble(name, undefined);
      }
      trouble(name, `${name} is not told what becomes of commits: ${why}`);
      if (next.kind === "given-up")
        return log.log("warn", "news of a commit could not be told", { ...facts, reason: why });
      await clock.sleep(next.restMs, signal).catch(() => {});
    }
  }

  async #send(
    { secretFile }: Target,
    { url, headers, body, secret }: Telling,
  ): Promise<{ answer: TellAnswer; why: string }> {
    try {
      const key = (await readFile(secretFile, "utf8")).trim();
      if (!TOKEN.test(key)) return { answer: { status: undefined }, why: "the file of its secret holds no token" };
      const shown = secret.kind === "field" ? key : createHmac("sha256", key).update(body).digest("hex");
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, [secret.field]: `${secret.prefix}${shown}` },
        body,
        // Elsewhere the secret has no business.
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), this.#ending.signal]),
      });
      await response.body?.cancel();
      const retryAfter = response.headers.get("retry-after") ?? undefined;
      return { answer: { status: response.status, retryAfter }, why: `it answers ${response.status}` };
    } catch (error) {
      return { answer: { status: undefined }, why: reasonOf(error) };
    }
  }
}

/** Of fetch the cause says more than "fetch failed"; neither holds a header. */
function reasonOf(error: unknown): string {
  const { message, name, cause } = error as Error & { readonly cause?: { readonly message?: string } };
  if (name === "TimeoutError") return `no answer within ${ANSWER_WITHIN_MS / 1000} s`;
  return cause?.message ?? message;
}
