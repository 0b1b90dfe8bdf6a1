/**
 * `npm run soak -- --pushes N`: a controller that is killed in the midst of so many pushes, its state on a disk that is
 * full in every third of them. It comes back each time, and what was committed comes in force; no proxy is sent
 * half a snapshot, nor two under one number; of a full disk it says so, and what to do.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeRandom, type Random } from "@regomesh/base";
import { freePort } from "@regomesh/cli";
import type { StatusBody } from "@regomesh/controller";
import { issueIdentities, SimulatedProxy, type TestIdentity } from "@regomesh/controller/test";
import { until, within } from "../mesh/deadline.ts";
import { SmallDisk, whyNoSmallDisk } from "../mesh/small-disk.ts";
import { ControllerProcess } from "../scale/controller-process.ts";
import {
  type MeshSize,
  makeMeshFiles,
  meshConfig,
  ruleFile,
  serviceName,
  spiffeIdOf,
  TRUST_DOMAIN,
  unitsOf,
} from "../scale/mesh-files.ts";
import { Sent } from "./sent.ts";

const SIZE: MeshSize = { services: 24, rules: 300, calls: 5, real: 0 };
/** Twice what is kept of that. */
const DISK_MEGABYTES = 6;
/** On a machine that does much else. */
const WITHIN_MS = 120_000;
/** Before anybody is sent anything. */
const KILL_AFTER_MS_MAX = 1500;
const SAY_EVERY = 5;
const NO_SPACE = /no space is left on its disk/;

/** Gives the exit code: 1 where something did not hold. */
export async function endurePushes(count: number, seed: number): Promise<number> {
  const why = whyNoSmallDisk();
  if (why !== undefined) console.log(`left out: full disks (${why})`);
  await using stand = await Stand.open(why === undefined);
  const random = makeRandom(seed);
  const beganMs = performance.now();
  let [played, full] = [0, 0];
  try {
    for (; played < count; played++) {
      const isFull = stand.disk !== undefined && played % 3 === 2;
      await stand.play(played, isFull, random);
      if (isFull) full++;
      if ((played + 1) % SAY_EVERY === 0)
        console.log(`  ${played + 1} of ${count} pushes; ${stand.sent.snapshots} snapshots were sent`);
    }
  } catch (error) {
    stand.sent.fault((error as Error).message);
  }
  const { snapshots, faults } = stand.sent;
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(0);
  console.log(
    `${played} pushes, each with the controller's end, ${full} of them on a full disk, in ${seconds} s (seed ${seed}): ${snapshots} snapshots were sent, under ${stand.sent.numbers} numbers; ${faults.length} faults`,
  );
  for (const fault of faults) console.error(`soak: ${fault}`);
  return faults.length > 0 || snapshots === 0 ? 1 : 0;
}

class Stand {
  readonly disk: SmallDisk | undefined;
  readonly sent = new Sent();
  readonly #folder: string;
  readonly #state: string;
  readonly #port: number;
  readonly #proxies: SimulatedProxy[] = [];
  #controller: ControllerProcess | undefined;

  private constructor(folder: string, state: string, port: number, disk: SmallDisk | undefined) {
    this.#folder = folder;
    this.#state = state;
    this.#port = port;
    this.disk = disk;
  }

  static async open(hasDisk: boolean): Promise<Stand> {
    const folder = mkdtempSync(join(tmpdir(), "regomesh-pushes-"));
    const state = join(folder, "state");
    mkdirSync(state, { mode: 0o700 });
    const disk = hasDisk ? await SmallDisk.open(state, DISK_MEGABYTES) : undefined;
    const stand = new Stand(folder, state, await freePort(), disk);
    mkdirSync(stand.#repository);
    stand.#git("init", "-q", "-b", "main");
    stand.#git("config", "user.name", "soak");
    stand.#git("config", "user.email", "soak@localhost");
    stand.#commit(makeMeshFiles(SIZE));
    await stand.#start();
    const names = Array.from({ length: SIZE.services }, (_, i) => serviceName(i));
    const members = names.map((name) => ({ workload: `default/${name}`, spiffeId: spiffeIdOf(name) }));
    const identities = await issueIdentities(disk?.path(".") ?? state, TRUST_DOMAIN, members);
    for (const [at, name] of names.entries()) stand.#connect(name, identities[at] as TestIdentity);
    await stand.#inForce(stand.#head);
    return stand;
  }

  get #repository(): string {
    return join(this.#folder, "repo");
  }

  get #head(): string {
    return this.#git("rev-parse", "HEAD").trim();
  }

  #connect(workload: string, identity: TestIdentity): void {
    const proxy = new SimulatedProxy(
      `127.0.0.1:${this.#port}`,
      { workload, instance: workload },
      identity,
      [],
      this.sent.hear(workload),
    );
    this.#proxies.push(proxy);
    proxy.open();
  }

  /** Everything changes, and at some moment of that the controller is killed; then it is started again, and all take what was committed. */
  async play(at: number, isFull: boolean, random: Random): Promise<void> {
    if (isFull) await this.disk?.fill();
    const rules = Array.from({ length: unitsOf(SIZE) }, (_, unit): [string, string] => [
      `policies/u${unit}/rules.rego`,
      ruleFile(SIZE, unit, `round ${at}`),
    ]);
    const commit = this.#commit(new Map([["mesh.yaml", meshConfig(at % 2 === 0 ? "MergeSlashes" : "Base")], ...rules]));
    // What cannot be kept is sent to nobody.
    const sent = isFull ? 0 : Math.floor(random() * (SIZE.services + 1));
    if (sent === 0) await sleep(KILL_AFTER_MS_MAX * random());
    else await within(`${sent} of ${SIZE.services} are sent it`, WITHIN_MS, this.sent.reached(commit, sent));
    await this.#controller?.close();
    await this.#start();
    if (isFull) {
      await this.#said("the full disk", ({ troubles = [] }) => troubles.some(({ message }) => NO_SPACE.test(message)));
      await this.disk?.free();
    }
    await this.#inForce(commit);
    if (isFull) await this.#said("no trouble", ({ troubles }) => troubles === undefined);
  }

  async #start(): Promise<void> {
    const flags = ["--grpc", `127.0.0.1:${this.#port}`];
    this.#controller = await ControllerProcess.open(this.#repository, this.#state, flags, this.disk?.before);
  }

  async #inForce(commit: string): Promise<void> {
    const isOn = ({ revision }: StatusBody) => revision?.name === commit && revision.enforced === SIZE.services;
    await this.#said(`commit ${commit.slice(0, 7)} in force on ${SIZE.services}`, isOn);
    for (const name of this.sent.behind(commit))
      this.sent.fault(`${name} is said to have ${commit.slice(0, 7)}, and was not sent it`);
  }

  async #said(what: string, wanted: (status: StatusBody) => boolean): Promise<void> {
    let last: StatusBody | undefined;
    const look = async () => {
      last = await fetch(`${this.#controller?.http}/api/status`).then(
        async (answer) => (answer.ok ? ((await answer.json()) as StatusBody) : undefined),
        () => undefined,
      );
      return (last !== undefined && wanted(last)) || undefined;
    };
    await until(what, WITHIN_MS, look).catch((error: Error) => {
      const { revision, troubles } = last ?? {};
      throw new Error(`${error.message}: ${JSON.stringify([revision?.name, revision?.enforced, troubles])}`);
    });
  }

  #commit(files: ReadonlyMap<string, string>): string {
    for (const [name, text] of files) {
      const path = join(this.#repository, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    this.#git("add", "-A");
    this.#git("commit", "-q", "-m", "A change");
    return this.#head;
  }

  #git(...args: readonly string[]): string {
    return execFileSync("git", ["-C", this.#repository, ...args], { encoding: "utf8" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies) proxy.close();
    await this.#controller?.close();
    await this.disk?.[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
