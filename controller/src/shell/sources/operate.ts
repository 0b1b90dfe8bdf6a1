/** What operators do with sources: look at once, suspend, resume; and pin a revision above them all. */
import type { Clock } from "@regomesh/base";
import type { Given } from "../../sources/given.ts";
import { nameInputs } from "../../sources/inputs.ts";
import { type Input, ROOT_SOURCE, type SourceContent } from "../../sources/source.ts";
import type { Composer } from "../composer.ts";
import { runGit } from "../git/git.ts";
import { readCommitTree, toContent } from "../git/read-tree.ts";
import type { Rollout } from "../rollout.ts";
import type { Sources } from "./sources.ts";

export type OperatorOptions = {
  readonly sources: Sources;
  readonly composer: Composer;
  readonly rollout: Rollout;
  readonly given: () => Given;
  /** What the release in force is made of. */
  readonly inForce: () => readonly Input[];
  readonly clock: Clock;
};

export type Done = { readonly ok: true } | { readonly error: string; readonly status: 404 | 409 };

const NAME_BYTES_MAX = 4096;

export class SourceOperator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  reconcile(name: string): Done {
    const source = this.#options.sources.find(name);
    if (source === undefined) return noSource(name);
    if (source.isSuspended) return { error: `source ${name} is suspended`, status: 409 };
    source.wake();
    source.again();
    return { ok: true };
  }

  suspend(name: string, isSuspended: boolean): Done {
    const { sources } = this.#options;
    if (!sources.suspend(name, isSuspended)) return noSource(name);
    if (!isSuspended && sources.find(name)?.isSuspended === true)
      return { error: `the PolicySource of ${name} says suspend: true; commit another word`, status: 409 };
    return { ok: true };
  }

  /** Puts a revision that was, or a commit of the mesh's own source, in force above git. */
  async rollback(revision: string): Promise<Done> {
    const { rollout, clock, given } = this.#options;
    const names = [...given().keys()].filter((name) => name.startsWith(revision));
    // The same digits may begin the names of several: which is meant is the operator's to say.
    if (names.length > 1 && !names.includes(revision))
      return {
        error: `${names.length} revisions begin with ${revision}: ${names.slice(0, 5).join(", ")}`,
        status: 409,
      };
    const inputs = await this.#find(revision);
    if (inputs === undefined) return { error: `there is no revision or commit ${revision} here`, status: 404 };
    const contents = await Promise.all(inputs.map((input) => this.#read(input)));
    const missing = inputs.find((_, at) => contents[at] === undefined);
    if (missing !== undefined)
      return { error: `commit ${missing.id.slice(0, 7)} of source ${missing.source} cannot be read`, status: 404 };
    const pin = { revision: nameInputs(inputs), inputs, atMs: clock.nowMs() };
    const fault = await rollout.pin({ pin, contents: contents.flatMap((content) => content ?? []) });
    return fault === undefined ? { ok: true } : { error: `it cannot be put in force: ${fault}`, status: 409 };
  }

  async lift(): Promise<Done> {
    const { composer, rollout } = this.#options;
    if (composer.pin === undefined) return { error: "nothing is pinned", status: 409 };
    await rollout.pin(undefined);
    return { ok: true };
  }

  /** By its name, since the controller's start; otherwise a commit of the mesh's own source, beside what is in force of the others. */
  async #find(revision: string): Promise<readonly Input[] | undefined> {
    const { given, inForce } = this.#options;
    const known = [...given()].reverse().find(([name]) => name.startsWith(revision));
    if (known !== undefined) return known[1];
    const root = inForce().find(({ source }) => source === ROOT_SOURCE);
    const gitDir = this.#options.sources.root.repository?.gitDir;
    if (root === undefined || gitDir === undefined) return undefined;
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
    const output = await runGit({ gitDir, args, bytesMax: NAME_BYTES_MAX }).catch(() => undefined);
    const id = output?.toString().trim();
    if (id === undefined || id === "") return undefined;
    const read = await this.#read({ ...root, id });
    if (read === undefined) return undefined;
    const { revision: facts } = read;
    return inForce().map((input) => (input === root ? { ...root, ...facts } : input));
  }

  async #read(input: Input): Promise<SourceContent | undefined> {
    const held = this.#options.composer.content(input);
    if (held !== undefined) return held;
    for (const gitDir of this.#options.sources.gitDirsOf(input.source)) {
      const tree = await readCommitTree(gitDir, input.id, input.path).catch(() => undefined);
      if (tree !== undefined) return toContent(tree, input.source, input.label);
    }
    return undefined;
  }
}

function noSource(name: string): Done {
  return { error: `there is no source ${name}`, status: 404 };
}
