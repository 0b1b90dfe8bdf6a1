/**
 * What is in force of each source, as it is kept: so that a source that is away, or whose newest
 * commit is refused, stays what it was beside the others' commits, also after a restart. Of each
 * two are kept, for a release may be taken back. The digest is checked: a torn file is none.
 */
import { hash } from "node:crypto";
import type { Clock, Log } from "@regomesh/base";
import { canonicalJson } from "@regomesh/protocol";
import type { SourceContent } from "../../sources/source.ts";
import { Keeper } from "../../store/keeper.ts";
import { type Lease, readText } from "../../store/store.ts";
import { WORD_KEYS } from "./operator-word.ts";

const FORMAT = 2;
/** Of an earlier version, whose digest is of the canonical text. */
const FORMAT_OF_CANONICAL = 1;

/** A content without what asks its repository. */
type KeptContent = Omit<SourceContent, "messagesSince">;
type File = { readonly format: number; readonly digest: string; readonly contents: readonly KeptContent[] };

export class SourceContents {
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #calm: () => Promise<void>;
  readonly #keepers = new Map<string, Keeper>();

  /** `calm` resolves when there is nothing more urgent. */
  constructor(lease: Lease, clock: Clock, log: Log, calm: () => Promise<void> = async () => {}) {
    this.#lease = lease;
    this.#clock = clock;
    this.#log = log;
    this.#calm = calm;
  }

  /** What is kept of sources, all that can be trusted of it. */
  async read(sources: readonly string[]): Promise<readonly SourceContent[]> {
    const found = await Promise.all([...new Set(sources)].map((source) => this.#readOne(source)));
    return found.flat();
  }

  /** Of every source what is kept as in force, as far as it can be trusted: for whoever has lost what was in force together. */
  async readLastGoods(): Promise<readonly SourceContent[]> {
    const files = await this.#lease.list(FOLDER);
    const found = await Promise.all(files.map(sourceOf).map(async (source) => source && (await this.#readOne(source))));
    return found.flatMap((contents) => (contents ? contents.slice(0, 1) : []));
  }

  /** Keeps them as soon as may be. */
  writeSoon(source: string, contents: readonly SourceContent[]): void {
    const keeper = this.#keepers.get(source) ?? new Keeper(this.#lease, keyOf(source), this.#clock);
    this.#keepers.set(source, keeper);
    keeper.keepSoon(async () => {
      await this.#calm();
      return print(contents);
    });
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.flush()));
  }

  async #readOne(source: string): Promise<readonly SourceContent[]> {
    const key = keyOf(source);
    try {
      const text = await readText(this.#lease, key);
      if (text === undefined) return [];
      const { format, digest, contents } = (JSON.parse(text) ?? {}) as File;
      if (format !== FORMAT && format !== FORMAT_OF_CANONICAL) throw new Error(`it has format ${format}`);
      const print = format === FORMAT ? JSON.stringify : canonicalJson;
      if (digestOf(print(contents)) !== digest) throw new Error("it has another digest than it says");
      return contents;
    } catch (error) {
      this.#log.log("warn", "what is kept of a source is not used", { key, reason: (error as Error).message });
      return [];
    }
  }
}

const FOLDER = "sources";
const WORDS = Object.keys(WORD_KEYS);

/** Names of sources are DNS labels, of which none ends so. */
function keyOf(source: string): string {
  return `${FOLDER}/${source}${WORDS.includes(source) ? "-" : ""}.json`;
}

/** The source that a file of the folder is of; undefined where it is of none. */
function sourceOf(file: string): string | undefined {
  const [, name, mark] = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(-?)\.json$/.exec(file) ?? [];
  return name === undefined || WORDS.includes(name) !== (mark === "-") ? undefined : name;
}

function print(all: readonly SourceContent[]): string {
  const contents = all.map(({ messagesSince: _, ...content }) => content);
  // A whole source: made into text once.
  const text = JSON.stringify(contents);
  return `{"format":${FORMAT},"digest":"${digestOf(text)}","contents":${text}}\n`;
}

/** Of the contents' text: read and printed again it is the same, for JSON keeps the order of fields. */
function digestOf(text: string): string {
  return hash("sha256", text);
}
