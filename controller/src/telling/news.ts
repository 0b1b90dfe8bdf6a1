/** What an author is told of a commit: what has become of it, each thing once. */
import type { Input, SourceRevision, SourceVerdict } from "../sources/source.ts";

/**
 * `accepted`: it is given to proxies · `in-force`: all that are connected have it, for as long as it is watched ·
 * `refused`: no proxy has it · `held`: it was taken back from those that had it · `rolled-back`: an operator has put
 * another one above it.
 */
export type What = "accepted" | "in-force" | "refused" | "held" | "rolled-back";

export type News = {
  readonly what: What;
  /** `root`, or the source's name. */
  readonly source: string;
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  /** One sentence; absent where it is as it should be. */
  readonly reason?: string;
  readonly atMs: number;
};

/** Of a source so many commits are remembered by what was told of them. */
const COMMITS_MAX = 64;

/** Tells what is new, once: the same of the same commit is told again only where something else was told between. */
export class Announcer {
  readonly #tell: (news: News) => void;
  #isBegun = false;
  /** By source, then by commit: what was told last. */
  readonly #told = new Map<string, Map<string, What>>();

  constructor(tell: (news: News) => void) {
    this.#tell = tell;
  }

  /** What comes from now on is news: before, it was told by whoever ran before. */
  begin(): void {
    this.#isBegun = true;
  }

  verdict(source: string, { revision, isAccepted, isTakenBack = false, reason }: SourceVerdict, nowMs: number): void {
    const what = isAccepted ? "accepted" : isTakenBack ? "held" : "refused";
    // What is in force already, and is taken again as it is, is no news.
    if (what === "accepted" && this.#told.get(source)?.get(revision.id) === "in-force") return;
    this.#announce(what, source, revision, nowMs, reason);
  }

  proven(inputs: readonly Input[], nowMs: number): void {
    for (const input of inputs) this.#announce("in-force", input.source, input, nowMs);
  }

  /** `before`: what was in force until an operator has put `pinned` above it. */
  rolledBack(before: readonly Input[], pinned: readonly Input[], nowMs: number): void {
    for (const input of before) {
      const other = pinned.find(({ source }) => source === input.source);
      if (other?.id === input.id) continue;
      const to = other === undefined ? "a revision without this source" : other.id.slice(0, 12);
      this.#announce("rolled-back", input.source, input, nowMs, `an operator has rolled back to ${to}`);
    }
  }

  #announce(
    what: What,
    source: string,
    revision: Omit<SourceRevision, "committedAtMs">,
    atMs: number,
    reason?: string,
  ) {
    const { id, subject, author } = revision;
    if (!this.#note(source, id, what) || !this.#isBegun) return;
    this.#tell({ what, source, commit: id, subject, author, atMs, ...(reason === undefined ? {} : { reason }) });
  }

  /** Whether it is new. */
  #note(source: string, id: string, what: What): boolean {
    const told = this.#told.get(source) ?? new Map<string, What>();
    this.#told.set(source, told);
    if (told.get(id) === what) return false;
    told.delete(id);
    told.set(id, what);
    for (const oldest of told.keys()) {
      if (told.size <= COMMITS_MAX) break;
      told.delete(oldest);
    }
    return true;
  }
}
