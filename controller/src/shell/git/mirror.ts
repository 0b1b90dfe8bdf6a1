/**
 * A remote repository's branches, kept in a bare repository of the state folder: fetched with the
 * user's git, again and again. The source reads one ref of it, which goes where what is followed
 * goes, once that is verified: a remote that is away, a branch that is deleted or a commit that
 * nobody has signed changes nothing but what is said.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, diskReason, type Log } from "@regomesh/base";
import { type Followed, patternsOf, printFollowed, refOf, refspecsOf, type Verify } from "../../git/followed.ts";
import { explainFetch, type MirrorTrouble } from "./fetch-trouble.ts";
import { GitError, type GitOptions, runGit } from "./git.ts";
import { accessTo, type RemoteAccess } from "./remote-access.ts";
import { whyUnverified } from "./verify.ts";

/** Often enough for people who watch; a webhook or `regomesh` hook is told at once. */
export const FETCH_EVERY_MS = 10_000;
const FETCH_TIMEOUT_MS = 60_000;
/** What a mirror may hold; a repository of policies is far smaller. */
const BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** A fetch makes one; of more, one is made. */
const PACKS_MAX = 20;
const PACK_TIMEOUT_MS = 120_000;
const MIB = 1024 * 1024;
/** The bound of a file is one of blocks, and git may stop before it. */
const SLACK_BYTES = 64 * 1024;
/** After failures the pause doubles: a server that is away is not asked by everybody at once when it returns. */
const PAUSE_MAX_MS = 120_000;
/** What a fetch says; more is no message. */
const OUTPUT_BYTES_MAX = 1024 * 1024;

export type MirrorOptions = RemoteAccess & {
  readonly follow: Followed;
  /** Signatures are not looked at where it is absent. */
  readonly verify?: Verify;
  /** Two sources of one address have a mirror each; of the mesh's own, flags are named as those of the command line. */
  readonly name?: string;
  /** Below which the mirror is kept. */
  readonly state: string;
  readonly everyMs: number;
  /** What the mirror may hold; 2 GiB where it is not said. */
  readonly bytesMax?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Something was fetched that was not there. */
  readonly onFetched: () => void;
  /** What keeps it from being fetched or followed, in one sentence; undefined once it is again. */
  readonly onTrouble: (trouble: MirrorTrouble | undefined) => void;
  /** What is followed was rewritten: what was in force is no longer in its history. Undefined once it moved on. */
  readonly onRewritten: (sentence: string | undefined) => void;
};

/** Of the state folder: nothing but mirrors is in it. */
const FOLDER = "git";
const PACKS = "objects/pack";
/** Branches that a sentence lists. */
const NAMES_SHOWN = 5;

type Network = NonNullable<GitOptions["network"]>;

/** Every mirror that is kept in a state folder. */
export async function listMirrors(state: string): Promise<readonly string[]> {
  const names = await readdir(join(state, FOLDER)).catch(() => []);
  return names.filter((name) => name.endsWith(".git")).map((name) => join(state, FOLDER, name));
}

/** Removes a mirror; why it could not, where that is so. */
export async function removeMirror(gitDir: string): Promise<string | undefined> {
  return await rm(gitDir, { recursive: true, force: true }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

export class Mirror {
  /** The bare repository. */
  readonly gitDir: string;
  /** Where what is followed is, of all that was verified. */
  readonly ref: string;
  readonly #options: MirrorOptions;
  readonly #ending = new AbortController();
  #isMade = false;
  #failures = 0;
  /** What the remote showed when it was fetched last. */
  #shown: string | undefined;
  /** Why what is followed is not where the ref is. */
  #astray: MirrorTrouble | undefined;
  #wake: (() => void) | undefined;
  #isWoken = false;
  #isStarted = false;
  #running: Promise<void> = Promise.resolve();
  /** One fetch after the other: two at once would sweep away and lock what the other needs. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(gitDir: string, options: MirrorOptions) {
    this.gitDir = gitDir;
    this.#options = options;
    const { follow, verify } = options;
    // Under other keys nothing is verified that was before.
    this.ref = `refs/regomesh/${digestOf(JSON.stringify([follow, verify ?? null]))}`;
  }

  /**
   * The mirror of an address: another address has another one, so that no commit of the first stands for the second's.
   * Where it cannot be made (a full disk) that is told, and tried again by each fetch.
   */
  static async open(options: MirrorOptions): Promise<Mirror> {
    const { remote, name } = options;
    const gitDir = join(
      options.state,
      FOLDER,
      `${digestOf(name === undefined ? remote.url : `${name} ${remote.url}`)}.git`,
    );
    const mirror = new Mirror(gitDir, options);
    await mirror.#make().catch((error: Error) => mirror.#tell(error));
    return mirror;
  }

  async #make(): Promise<void> {
    if (this.#isMade) return;
    await mkdir(this.gitDir, { recursive: true, mode: 0o700 }).catch((error: Error) => {
      throw new GitError("git_failed", `${this.gitDir} cannot be made: ${diskReason(error)}`);
    });
    // One that is there already is made whole, should it have been broken off.
    const args = ["init", "--quiet", "--bare", "--initial-branch=main"];
    await runGit({ gitDir: this.gitDir, args, bytesMax: 4096 });
    this.#isMade = true;
  }

  /** Fetches once, when another fetch under way has ended; false where that failed, which is told. */
  async fetch(): Promise<boolean> {
    const turn = this.#last.then(() => this.#fetch());
    this.#last = turn;
    return await turn;
  }

  async #fetch(): Promise<boolean> {
    if (this.#ending.signal.aborted) return false;
    const { follow, onFetched, onRewritten } = this.#options;
    try {
      await this.#make();
      const network = {
        ...(await accessTo(this.#options)),
        timeoutMs: FETCH_TIMEOUT_MS,
        fileBytesMax: await this.#room(),
        signal: this.#ending.signal,
      };
      const shown = await this.#ask(network);
      const before = await this.#commitOf(this.ref);
      // Asking is one request; more is only done where something is another.
      if (shown === this.#shown) return this.#well();
      // First: a branch may be there by now below the name of one that is gone.
      await this.#prune(shown);
      await this.#run(shown, network);
      await this.#pack();
      const after = await this.#move(shown);
      this.#shown = shown;
      if (before === after) return this.#well();
      const isRewritten = before !== undefined && after !== undefined && !(await this.#isAncestor(before, after));
      onRewritten(
        isRewritten
          ? `${printFollowed(follow).replace(/^branch /, "")} was rewritten: ${before.slice(0, 7)} is not in the history of ${after.slice(0, 7)}`
          : undefined,
      );
      onFetched();
      return this.#well();
    } catch (error) {
      if (this.#ending.signal.aborted) return false;
      this.#failures++;
      this.#tell(error as Error);
      return false;
    }
  }

  #tell(error: Error): void {
    const { remote, onTrouble } = this.#options;
    const { reason, message } = explainFetch(error, this.#options);
    onTrouble({ reason, message: `${remote.url} cannot be fetched: ${message}` });
  }

  /** Fetches again and again until it is closed; that it does already changes nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#running = (async () => {
      while (!this.#ending.signal.aborted) {
        await this.#pause();
        await this.fetch();
      }
    })();
  }

  /** Fetches at once: somebody has said that there is something new. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.wake();
    await this.#running;
    await this.#last;
  }

  #well(): true {
    this.#failures = 0;
    this.#options.onTrouble(this.#astray);
    return true;
  }

  /** The remote's branches, a line each. A server that shows none is taken for one that is not itself (a portal, a proxy). */
  async #ask(network: Network): Promise<string> {
    const { remote, follow } = this.#options;
    const args = ["ls-remote", "--", remote.url, ...patternsOf(follow)];
    const output = await runGit({ gitDir: this.gitDir, args, bytesMax: OUTPUT_BYTES_MAX, network });
    const shown = output.toString();
    if (!/^([0-9a-f]{40,64}\trefs\/(heads|tags)\/\S+\n)+$/.test(shown))
      throw new GitError("git_failed", "it shows no branch");
    return shown;
  }

  async #run(shown: string, network: Network): Promise<void> {
    const { remote, follow } = this.#options;
    // A ref that the remote does not have makes git refuse all of them.
    const specs = refspecsOf(follow).filter((spec) => spec.includes("*") || shown.includes(`\t${refOf(follow)}\n`));
    const quiet = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
    try {
      await runGit({
        gitDir: this.gitDir,
        args: [...quiet, "--", remote.url, ...specs],
        bytesMax: OUTPUT_BYTES_MAX,
        network,
      });
    } catch (error) {
      // It was ended where it reached the bound, and git does not say so.
      if ((await this.#sweep()) < network.fileBytesMax - SLACK_BYTES) throw error;
      throw new GitError("git_limit", `it is larger than ${(this.#options.bytesMax ?? BYTES_MAX) / MIB} MiB`);
    }
  }

  /** Octets that a fetch may add, without what one that was broken off has left. Throws GitError where there is no room. */
  async #room(): Promise<number> {
    const { bytesMax = BYTES_MAX } = this.#options;
    await this.#sweep();
    let bytes = 0;
    for (const name of await this.#packs()) bytes += (await stat(join(this.gitDir, PACKS, name))).size;
    if (bytes < bytesMax) return bytesMax - bytes;
    throw new GitError("git_limit", `what is kept of it in ${this.gitDir} is larger than ${bytesMax / MIB} MiB`);
  }

  async #packs(): Promise<readonly string[]> {
    return await readdir(join(this.gitDir, PACKS)).catch(() => []);
  }

  /** Takes away what a fetch that was broken off has left, and gives the octets of its largest file. Nobody else writes here. */
  async #sweep(): Promise<number> {
    let largest = 0;
    for (const folder of ["objects", PACKS].map((each) => join(this.gitDir, each))) {
      for (const name of (await readdir(folder).catch(() => [])).filter((each) => each.startsWith("tmp_"))) {
        largest = Math.max(largest, (await stat(join(folder, name))).size);
        await rm(join(folder, name), { force: true, recursive: true });
      }
    }
    return largest;
  }

  /** Makes one pack of many, without what no branch has held for two weeks. That it fails changes nothing. */
  async #pack(): Promise<void> {
    const count = (await this.#packs()).filter((name) => name.endsWith(".pack")).length;
    if (count < PACKS_MAX) return;
    const args = ["gc", "--quiet", "--prune=2.weeks.ago"];
    await runGit({ gitDir: this.gitDir, args, bytesMax: OUTPUT_BYTES_MAX, timeoutMs: PACK_TIMEOUT_MS }).catch(
      (error: Error) => this.#options.log.log("warn", "the mirror is not packed", { reason: error.message }),
    );
  }

  /** Moves the ref to what is followed, if that is verified; gives where the ref is then. */
  async #move(shown: string): Promise<string | undefined> {
    const { follow, verify } = this.#options;
    const [before, target] = [await this.#commitOf(this.ref), await this.#commitOf(refOf(follow))];
    const isThere = follow.kind === "commit" || shown.includes(`\t${refOf(follow)}\n`);
    this.#astray = undefined;
    if (target === undefined || !isThere) {
      const names = shown.split("\n").flatMap((line) => /\trefs\/heads\/(\S+)$/.exec(line)?.[1] ?? []);
      const more = names.length > NAMES_SHOWN ? " and more" : "";
      const has = `it has ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
      this.#astray = {
        reason: "no-branch",
        message: `${this.#options.remote.url} has no ${printFollowed(follow)}; ${has}`,
      };
      return before;
    }
    if (target === before) return before;
    const tag = follow.kind === "tag" ? follow.name : undefined;
    const why = verify && (await whyUnverified(this.gitDir, { hash: target, tag }, verify));
    if (why !== undefined) {
      this.#astray = { reason: "unverified", message: `${this.#options.remote.url}: ${why}` };
      return before;
    }
    await runGit({ gitDir: this.gitDir, args: ["update-ref", this.ref, target], bytesMax: 4096 });
    return target;
  }

  /** Branches and tags that the remote does not show go. */
  async #prune(shown: string): Promise<void> {
    const there = new Set(shown.split("\n").map((line) => line.split("\t")[1]));
    const args = ["for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags"];
    const output = await runGit({ gitDir: this.gitDir, args, bytesMax: OUTPUT_BYTES_MAX });
    const gone = output
      .toString()
      .split("\n")
      .filter((ref) => ref !== "" && !there.has(ref));
    if (gone.length === 0) return;
    const input = gone.map((ref) => `delete ${ref}\n`).join("");
    await runGit({ gitDir: this.gitDir, args: ["update-ref", "--stdin"], input, bytesMax: 4096 });
  }

  async #commitOf(ref: string): Promise<string | undefined> {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
    const output = await runGit({ gitDir: this.gitDir, args, bytesMax: 1024 }).catch(() => undefined);
    return output?.toString().trim();
  }

  async #isAncestor(older: string, newer: string): Promise<boolean> {
    return await runGit({
      gitDir: this.gitDir,
      args: ["merge-base", "--is-ancestor", older, newer],
      bytesMax: 1024,
    }).then(
      () => true,
      () => false,
    );
  }

  async #pause(): Promise<void> {
    if (!this.#isWoken && !this.#ending.signal.aborted) {
      const rest = new AbortController();
      this.#wake = () => rest.abort();
      const everyMs = this.#options.everyMs * 2 ** Math.min(this.#failures, 16);
      await this.#options.clock
        .sleep(Math.max(this.#options.everyMs, Math.min(everyMs, PAUSE_MAX_MS)), rest.signal)
        .catch(() => {});
      this.#wake = undefined;
    }
    this.#isWoken = false;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
