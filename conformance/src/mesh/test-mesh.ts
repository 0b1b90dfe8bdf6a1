/**
 * The demo's mesh as tests use it: real processes, a folder of its own, commits, requests
 * to the edge, and afterwards the question whether anything was left behind.
 */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Mesh, openMesh, openRepository, WORKLOADS } from "@regomesh/cli";
import type { DecisionBody, StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { SmallDisk } from "./small-disk.ts";
import { socketsOf } from "./sockets.ts";

export const ROOT = resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

/** A request to the edge may take no longer: nothing in these tests is allowed to hang. */
const ANSWER_MS = 5000;
/** From a commit to every ACK, on a machine that runs all tests at once. */
export const IN_FORCE_MS = 30_000;
/** A process starts in a second or two, on a machine that runs much else in many. */
const READY_MS = 90_000;
/** A connection of the demo's own services stays for up to four seconds after its last request. */
const SETTLE_MS = 8000;

export type Answer = {
  readonly status: number;
  readonly reason: string | undefined;
  readonly decision: string | undefined;
  readonly body: unknown;
};

/** A sidecar has pools with its application, both ways, with its callers and with those that it calls. */
const SIDES = 4;

/** Of each sidecar. */
type Connections = Readonly<Record<string, { readonly open: number; readonly halfClosed: number }>>;

export type MeshFlags = {
  readonly allow?: readonly string[];
  /** All state is on a disk of that size. */
  readonly diskMegabytes?: number;
  /** What dies is started again. */
  readonly restarts?: boolean;
  /** How long identities last. */
  readonly svidTtl?: string;
  /** Told who ended unasked, and who was started again. */
  readonly onNote?: (line: string) => void;
};

export class TestMesh {
  readonly #folder: string;
  readonly repository: string;
  readonly mesh: Mesh;
  /** Under all state, where a test asked for one. */
  readonly disk: SmallDisk | undefined;
  /** When the last `git commit` ended. */
  committedMs = 0;
  #baseline: Connections = {};

  private constructor(folder: string, repository: string, mesh: Mesh, disk: SmallDisk | undefined) {
    this.#folder = folder;
    this.disk = disk;
    this.repository = repository;
    this.mesh = mesh;
  }

  /** `edit` changes the repository before the first start. */
  static async open(
    edit: Readonly<Record<string, (text: string) => string>> = {},
    flags: MeshFlags = {},
  ): Promise<TestMesh> {
    const folder = await mkdtemp(join(tmpdir(), "regomesh-mesh-"));
    const { dir } = await openRepository(join(folder, "repo"), ROOT);
    await editFiles(dir, edit);
    if (Object.keys(edit).length > 0) await commitAll(dir, "What this test needs");
    const state = join(folder, "state");
    let disk: SmallDisk | undefined;
    try {
      await mkdir(state, { mode: 0o700 });
      if (flags.diskMegabytes !== undefined) disk = await openDisk(state, flags.diskMegabytes);
      const mesh = await openMesh({
        root: ROOT,
        state,
        before: disk?.before ?? [],
        repository: dir,
        pagePort: 0,
        edgePort: 0,
        workers: 1,
        readyMs: READY_MS,
        ...flags,
        onStep: () => {},
        restarts: flags.restarts ?? false,
        onExit: (name, how, _, lastWords) => flags.onNote?.(`${name} ended (${how}): ${lastWords.at(-1) ?? "no word"}`),
        onRestarted: (name) => flags.onNote?.(`${name} runs again`),
      });
      const made = new TestMesh(folder, dir, mesh, disk);
      await made.inForce(await headOf(dir));
      await made.#warm();
      made.#baseline = await made.#connections();
      return made;
    } catch (error) {
      await disk?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Changes files, commits, and gives the commit's hash. */
  async commit(subject: string, edit: Readonly<Record<string, (text: string) => string>>): Promise<string> {
    await editFiles(this.repository, edit);
    await commitAll(this.repository, subject);
    this.committedMs = performance.now();
    return await headOf(this.repository);
  }

  /** Takes the last commit back by another one, and waits until that is in force. */
  async revert(): Promise<void> {
    await run("git", ["-C", this.repository, "revert", "--no-edit", "HEAD"]);
    await this.inForce(await headOf(this.repository));
  }

  /** A file of the mesh's state, as this process reaches it. */
  statePath(name: string): string {
    return this.disk?.path(name) ?? join(this.#folder, "state", name);
  }

  async status(): Promise<StatusBody> {
    return (await (await fetch(`${this.mesh.page}/api/status`)).json()) as StatusBody;
  }

  /** Waits until every proxy has acknowledged a commit. */
  async inForce(commit: string): Promise<StatusBody> {
    return await nextEvent<StatusBody>(this.mesh.page, "status", {
      what: `commit ${commit.slice(0, 7)} in force on all`,
      withinMs: IN_FORCE_MS,
      wanted: (status) => isInForce(status, commit),
    });
  }

  /** Waits until the controller has refused a commit. */
  async refused(commit: string): Promise<StatusBody> {
    return await nextEvent<StatusBody>(this.mesh.page, "status", {
      what: `commit ${commit.slice(0, 7)} refused`,
      withinMs: IN_FORCE_MS,
      wanted: (status) => refusedOf(status)?.commit === commit,
    });
  }

  /** The decision as the controller keeps it, once the proxy has reported it. */
  async decision(id: string): Promise<DecisionBody> {
    return await until(`decision ${id} reported`, ANSWER_MS, async () => {
      const response = await fetch(`${this.mesh.page}/api/decisions/${id}`);
      return response.ok ? ((await response.json()) as DecisionBody) : undefined;
    });
  }

  /** One request on a connection of its own. */
  async ask(path: string, fields: Readonly<Record<string, string>> = { "x-user": "alice" }): Promise<Answer> {
    return await askEdge(this.mesh.edge, path, fields);
  }

  sidecarPid(workload: string): number {
    return this.mesh.process(`sidecar of ${workload}`).pid ?? 0;
  }

  /**
   * Fails unless every sidecar comes back to as many connections as it had when the mesh was
   * new, none of them half closed. Pools may keep what as many requests at once have needed.
   */
  async leavesNothing({ inFlight = 1 } = {}): Promise<void> {
    const more = (inFlight - 1) * SIDES;
    await this.#warm();
    let now: Connections = {};
    const isClean = async (): Promise<true | undefined> => {
      now = await this.#connections();
      const isMore = WORKLOADS.some(({ name }) => (now[name]?.open ?? 0) > (this.#baseline[name]?.open ?? 0) + more);
      return isMore || WORKLOADS.some(({ name }) => now[name]?.halfClosed !== 0) ? undefined : true;
    };
    await until("no more connections than before", SETTLE_MS, isClean).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(this.#baseline)} became ${JSON.stringify(now)}`);
    });
  }

  /** Gives every pool its connection: both versions of orders are asked, and each asks payments. */
  async #warm(): Promise<void> {
    for (const version of ["v1", "v2"]) await this.ask("/orders", { "x-user": "alice", "x-version": version });
  }

  async #connections(): Promise<Connections> {
    const counted = WORKLOADS.map(async ({ name }) => {
      const sockets = await socketsOf(this.sidecarPid(name));
      const open = sockets.filter(({ state }) => state === "established" || state === "opening").length;
      return [name, { open, halfClosed: sockets.filter(({ state }) => state === "half-closed").length }] as const;
    });
    return Object.fromEntries(await Promise.all(counted));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh.close();
    await this.disk?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export function isInForce({ revision }: StatusBody, commit: string): boolean {
  return revision?.name === commit && revision.enforced === WORKLOADS.length;
}

export async function headOf(repository: string): Promise<string> {
  return (await run("git", ["-C", repository, "rev-parse", "HEAD"])).stdout.trim();
}

/** With the folders that processes of the mesh find on a disk of their own. */
async function openDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  const disk = await SmallDisk.open(folder, megabytes);
  for (const { name } of WORKLOADS) await mkdir(disk.path(`proxies/${name}`), { recursive: true, mode: 0o700 });
  return disk;
}

async function editFiles(folder: string, edit: Readonly<Record<string, (text: string) => string>>): Promise<void> {
  for (const [file, change] of Object.entries(edit)) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8").catch(() => "");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, change(text));
  }
}

async function commitAll(repository: string, subject: string): Promise<void> {
  await run("git", ["-C", repository, "add", "--all"]);
  await run("git", ["-C", repository, "commit", "--quiet", "-m", subject]);
}

/** One request to an edge on a connection of its own; fails if it is not answered in time. */
export function askEdge(edge: string, path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${edge}${path}`, { agent: false, headers: { ...fields } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        clearTimeout(timer);
        const body = parseBody(text);
        const { reason } = (typeof body === "object" && body !== null ? body : {}) as { readonly reason?: string };
        const decision = response.headers["x-regomesh-decision"];
        resolve({
          status: response.statusCode ?? 0,
          reason,
          decision: typeof decision === "string" ? decision : undefined,
          body,
        });
      });
    });
    const timer = setTimeout(() => outgoing.destroy(new Error(`${path} has no answer in ${ANSWER_MS} ms`)), ANSWER_MS);
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end();
  });
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
