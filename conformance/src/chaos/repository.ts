/** The repository of a chaotic mesh: commits of grants, some that are broken, reverts; and what each commit says. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { printGrants } from "./expected.ts";
import type { Grants } from "./schedule.ts";

const run = promisify(execFile);
const DATA = "examples/authz/data.yaml";
const POLICY = "examples/authz/orders.rego";

/** A commit as it stands: what it grants, and whether it can be built. */
type Content = { readonly grants: Grants; readonly isBroken: boolean };

export class ChaosRepository {
  readonly #folder: string;
  readonly #policy: string;
  readonly #history: Content[] = [];
  /** By the commit's hash, of those that can be built. */
  readonly grants = new Map<string, Grants>();
  readonly broken = new Set<string>();
  #head = "";

  constructor(folder: string, policy: string) {
    this.#folder = folder;
    this.#policy = policy;
  }

  get head(): string {
    return this.#head;
  }

  async commit(grants: Grants): Promise<void> {
    await this.#write({ grants, isBroken: false }, "Other grants");
  }

  async commitBroken(): Promise<void> {
    const grants = this.#history.at(-1)?.grants;
    if (grants !== undefined) await this.#write({ grants, isBroken: true }, "Broken");
  }

  /** Commits what stands in the folder, which no build may take; gives its hash. */
  async commitAsIs(subject: string): Promise<string> {
    await this.#git("commit", "--quiet", "--all", "-m", subject);
    const commit = await this.#git("rev-parse", "HEAD");
    this.broken.add(commit);
    return commit;
  }

  /** What was before the last commit, again. */
  async revert(): Promise<void> {
    const before = this.#history.at(-2);
    if (before !== undefined) await this.#write(before, "Revert");
  }

  async #write(content: Content, subject: string): Promise<void> {
    await writeFile(join(this.#folder, DATA), printGrants(content.grants));
    const end = content.isBroken ? "\nallow if {\n" : "";
    await writeFile(join(this.#folder, POLICY), `${this.#policy}${end}`);
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "--allow-empty", "-m", subject);
    this.#head = await this.#git("rev-parse", "HEAD");
    this.#history.push(content);
    if (content.isBroken) this.broken.add(this.#head);
    else this.grants.set(this.#head, content.grants);
  }

  async #git(...args: readonly string[]): Promise<string> {
    return (await run("git", ["-C", this.#folder, ...args])).stdout.trim();
  }
}
