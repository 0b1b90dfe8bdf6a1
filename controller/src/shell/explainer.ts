/**
 * Answers why: puts a request, or one that was decided, to the policies of a revision, in a build
 * process of its own, so that nothing asked here keeps a commit waiting or fails it. Then says of
 * each rule, and of the data that it read, which commit changed it last.
 */
import type { Log } from "@regomesh/base";
import type { DecisionBody } from "../api/decisions.ts";
import type { ExplainBody, ExplainedBody, ExplainRequest, LinesBody, StageBody } from "../api/explain.ts";
import type { BuildRules } from "../build/build.ts";
import type { ExplainQuestion, Explanation } from "../rehearse/explanation.ts";
import type { DecisionInput } from "../status/decision-log.ts";
import { Builder } from "./build/builder.ts";
import { type Changed, newestChange, type PlaceOf } from "./git/blame.ts";
import type { RevisionTrees } from "./git/revision-trees.ts";

/** Whoever has asked once asks again; then the process is worth its memory no longer. */
const IDLE_MS = 60_000;
/** Questions that wait for the one before. */
const WAITING_MAX = 8;
/** A git process each. */
const BLAMED_MAX = 60;

export type ExplainerOptions = {
  readonly trees: RevisionTrees;
  readonly place: PlaceOf;
  readonly rules: () => BuildRules;
  readonly log: Log;
};

/** What it says instead of an answer: one sentence, and the status of HTTP that fits. */
export type Unanswered = { readonly error: string; readonly status: 400 | 404 | 503 };

export class Explainer {
  readonly #options: ExplainerOptions;
  #builder: Promise<Builder> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** The whole way of a request that nobody sends, by the policies of `revision`. */
  async way(revision: string, { from, method, url, headers }: ExplainRequest): Promise<ExplainBody | Unanswered> {
    const found = await this.#ask(revision, { kind: "way", from, method, url, fields: headers });
    if ("error" in found) return found;
    if (found.kind !== "way")
      return { error: found.kind === "refused" ? found.reason : "another question was answered", status: 400 };
    const blame = this.#blamer(revision);
    const { outbound, targets, ...way } = found.way;
    return {
      revision,
      ...way,
      ...(outbound === undefined ? {} : { outbound: await blame(outbound) }),
      targets: await inTurn(targets, async (target) => ({ ...target, stages: await inTurn(target.stages, blame) })),
    };
  }

  /** A decision, and what its policies say when they are asked the same again. */
  async decision(decision: DecisionBody, input: DecisionInput): Promise<ExplainedBody> {
    const { fields } = input;
    const question = questionOf(decision, input);
    if (typeof question === "string") return { decision, fields, unasked: question };
    const found = await this.#ask(decision.revision, question);
    if ("error" in found) return { decision, fields, unasked: found.error };
    if (found.kind !== "stage") return { decision, fields, unasked: found.kind === "refused" ? found.reason : "" };
    return { decision, fields, stage: await this.#blamer(decision.revision)(found.stage), unasked: "" };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    (await this.#builder?.catch(() => undefined))?.close();
  }

  /** One after the other. */
  async #ask(revision: string, question: ExplainQuestion): Promise<Explanation | Unanswered> {
    if (this.#waiting >= WAITING_MAX) return { error: "too many questions are asked at a time", status: 503 };
    this.#waiting++;
    const answer = this.#last.then(() => this.#answer(revision, question)).finally(() => this.#waiting--);
    this.#last = answer;
    return await answer;
  }

  async #answer(revision: string, question: ExplainQuestion): Promise<Explanation | Unanswered> {
    clearTimeout(this.#idle);
    try {
      const trees = await this.#options.trees.read(revision);
      if (trees === undefined) return { error: "the revision is no commit that can be read here", status: 404 };
      this.#builder ??= Builder.open(this.#options.log);
      const builder = await this.#builder;
      return await builder.explain(trees, this.#options.rules(), question);
    } catch (error) {
      return { error: `it cannot be asked: ${(error as Error).message}`, status: 503 };
    } finally {
      if (!this.#isClosed) this.#idle = setTimeout(() => void this.#rest(), IDLE_MS).unref();
    }
  }

  async #rest(): Promise<void> {
    const builder = this.#builder;
    this.#builder = undefined;
    (await builder?.catch(() => undefined))?.close();
  }

  /** Says of a stage's lines who changed them; each place is asked of git once, up to a bound. */
  #blamer(revision: string): (stage: StageBody) => Promise<StageBody> {
    const known = new Map<string, Changed | undefined>();
    const blame = async <Lines extends LinesBody>(lines: Lines): Promise<Lines> => {
      const at = this.#options.place(revision, lines.file);
      const key = `${lines.row} ${lines.endRow} ${lines.file}`;
      if (!known.has(key) && at !== undefined && known.size < BLAMED_MAX) {
        known.set(key, await newestChange(at.gitDir, at.commit, { ...lines, file: at.file }));
      }
      const commit = known.get(key);
      return commit === undefined ? lines : { ...lines, commit };
    };
    return async (stage) => ({
      ...stage,
      asked: await inTurn(stage.asked, async (asked) => ({
        ...asked,
        rules: await inTurn(asked.rules, async (rule) => ({
          ...rule,
          lines: await blame(rule.lines),
          data: await inTurn(rule.data, blame),
        })),
      })),
    });
  }
}

/** The stage in which a decision was made, or why nobody can be asked. */
function questionOf(decision: DecisionBody, { principal, fields }: DecisionInput): ExplainQuestion | string {
  const { direction, reporter, method, path, revision } = decision;
  if (revision === "") return "there was no revision in force when it was made";
  if (fields.length === 0) return "its request's fields are not kept: the request was answered before a policy saw it";
  const authority = fields.find(([name]) => name === "host")?.[1] ?? "";
  const request = {
    method,
    target: path,
    authority,
    fields: fields.filter(([name]) => name !== "host" && !OWN.has(name)),
  };
  return { kind: "stage", direction, workload: reporter, principal, request };
}

/** Fields that a rehearsal takes from nobody. */
const OWN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "transfer-encoding",
  "x-forwarded-client-cert",
]);

async function inTurn<From, To>(items: readonly From[], action: (item: From) => Promise<To>): Promise<readonly To[]> {
  const done: To[] = [];
  for (const item of items) done.push(await action(item));
  return done;
}
