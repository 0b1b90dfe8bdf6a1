/** What operators do with sources: look at once, suspend, resume; and pin a revision above them all. */
import type { Clock } from "@regomesh/base";
import type { Given } from "../../sources/given.ts";
import { nameInputs } from "../../sources/inputs.ts";
import { type Input, ROOT_SOURCE } from "../../sources/source.ts";
import { StoreError } from "../../store/store.ts";
import { runGit } from "../git/git.ts";
import type { Composer } from "../release/composer.ts";
import type { Rollout } from "../release/rollout.ts";
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

/** `revision`: the name of what was pinned. */
export type Done =
  | { readonly ok: true; readonly revision?: string }
  | { readonly error: string; readonly status: 404 | 409 };

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

  /** Throws StoreError where that cannot be kept: then all is as it was. */
  async suspend(name: string, isSuspended: boolean): Promise<Done> {
    const { sources, rollout } = this.#options;
    if (!(await sources.suspend(name, isSuspended))) return noSource(name);
    // What was past its build as the word came takes force still: no later than this is answered.
    if (isSuspended) await rollout.settled();
    if (!isSuspended && sources.find(name)?.isSuspended === true)
      return { error: `the PolicySource of ${name} says suspend: true; commit another word`, status: 409 };
    return { ok: true };
  }

  /** Puts a revision that was, or a commit of the mesh's own source, in force above git. */
  async rollback(revision: string): Promise<Done> {
    const { rollout, composer, sources, clock, given } = this.#options;
    const names = [...given().keys()].filter((name) => name.startsWith(revision));
    // The same digits may begin the names of several: which is meant is the operator's to say.
    if (names.length > 1 && !names.includes(revision))
      return {
        error: `${names.length} revisions begin with ${revision}: ${names.slice(0, 5).join(", ")}`,
        status: 409,
      };
    const inputs = await this.#find(revision);
    if (inputs === undefined) return { error: this.#whyUnknown(revision), status: 404 };
    const contents = await Promise.all(
      inputs.map(async (input) => composer.content(input) ?? (await sources.read(input))),
    );
    const missing = inputs.find((_, at) => contents[at] === undefined);
    if (missing !== undefined)
      return { error: `commit ${missing.id.slice(0, 7)} of source ${missing.source} cannot be read`, status: 404 };
    const pin = { revision: nameInputs(inputs), inputs, atMs: clock.nowMs() };
    const fault = await rollout.pinning.set({ pin, contents: contents.flatMap((content) => content ?? []) });
    return fault === undefined
      ? { ok: true, revision: pin.revision }
      : { error: `it cannot be put in force: ${fault}`, status: 409 };
  }

  /** A commit of one source among several is no revision; the one that it was in force in is. */
  #whyUnknown(commit: string): string {
    const isIt = ({ id }: Input) => id.startsWith(commit);
    const [name, inputs] = [...this.#options.given()].reverse().find(([, all]) => all.some(isIt)) ?? [];
    const source = inputs?.find(isIt)?.source;
    return name === undefined || source === undefined
      ? `there is no revision or commit ${commit} here`
      : `${commit} is a commit of source ${source} alone; ${name.slice(0, 7)} is the last revision that it was in force in`;
  }

  /** Throws StoreError where that cannot be kept: then it is pinned still. */
  async lift(): Promise<Done> {
    const { composer, rollout, sources } = this.#options;
    if (composer.pin === undefined) return { error: "nothing is pinned", status: 409 };
    try {
      await rollout.pinning.set(undefined);
    } catch (error) {
      if (!(error instanceof StoreError) || composer.pin !== undefined) throw error;
      // What is newest waits for the disk, as any commit does.
      sources.again();
    }
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
    const read = await this.#options.sources.read({ ...root, id });
    if (read === undefined) return undefined;
    const { revision: facts } = read;
    return inForce().map((input) => (input === root ? { ...root, ...facts } : input));
  }
}

function noSource(name: string): Done {
  return { error: `there is no source ${name}`, status: 404 };
}
