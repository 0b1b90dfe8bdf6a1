/**
 * What a change costs in a mesh of a given size: one real controller, simulated proxies that speak
 * the real protocol, commits, and the time from the end of each build to the change's arrival.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { issueIdentities, type TestIdentity } from "@regomesh/controller/test";
import { ControllerProcess } from "./controller-process.ts";
import { cpuSeconds, cpuSecondsIfAny, residentMegabytes } from "./memory.ts";
import {
  type MeshSize,
  makeMeshFiles,
  meshConfig,
  realServices,
  ruleFile,
  serviceName,
  spiffeIdOf,
  TRUST_DOMAIN,
  unitOf,
  unitsOf,
} from "./mesh-files.ts";
import { RealProxies } from "./real-proxies.ts";
import { untilResting } from "./rest.ts";
import { Swarm } from "./swarm.ts";
import type { StartOrder } from "./swarm-messages.ts";

export type ScaleOptions = MeshSize & {
  readonly proxies: number;
  readonly endpoints: number;
  readonly rounds: number;
};

/** Of one kind of change: times of arrival in milliseconds, over all rounds and proxies. */
type Arrival = {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the end of `git commit`, as the last proxy had it; undefined where nothing was committed. */
  readonly fromCommitMs: number | undefined;
  /** Of the real proxies, until the first response by the new revision; undefined where none was asked. */
  readonly effect: { readonly p50Ms: number; readonly p99Ms: number } | undefined;
  /** From the build process being asked to its answer read, tests included: half of the rounds took no longer. */
  readonly buildMs: number | undefined;
  /** Of the same rounds what the build process took of a processor, which is counted by ten milliseconds; undefined with it. */
  readonly buildCpuMs: number | undefined;
  /** Of one round: how many proxies were told something, and how much in all. */
  readonly told: number;
  readonly kilobytes: number;
  /** Seconds of the controller's CPU a round. */
  readonly cpu: number;
};

export type Scale = {
  readonly options: ScaleOptions;
  readonly firstMs: number;
  readonly firstKilobytesEach: number;
  readonly arrivals: readonly Arrival[];
  readonly controllerMegabytes: number;
  /** Undefined where none ran just then. */
  readonly builderMegabytes: number | undefined;
};

const FIRST_MS = 300_000;
const CHANGE_MS = 120_000;
/** Nothing is told of a change that changes nothing: so long it is listened for. */
const QUIET_MS = 3000;

export async function measureScale(options: ScaleOptions, say: (line: string) => void): Promise<Scale> {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-scale-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const repository = join(folder, "repo");
  makeRepository(repository, makeMeshFiles(options));
  say(`repository made: ${options.services} services, ${options.rules} rules in ${unitsOf(options)} units`);
  const startMs = performance.now();
  const controller = await ControllerProcess.open(repository, join(folder, "state"));
  stack.defer(() => controller.close());
  say(`controller ready after ${Math.round(performance.now() - startMs)} ms`);
  const real = realServices(options);
  const simulated = Array.from({ length: options.proxies }, (_, i) => i).filter((i) => !real.includes(i));
  const names = simulated.map((i) => serviceName(i % options.services));
  const identities = await issueIdentities(
    join(folder, "state"),
    TRUST_DOMAIN,
    names.map((name) => ({ workload: `default/${name}`, spiffeId: spiffeIdOf(name) })),
  );
  const swarm = new Swarm();
  stack.defer(() => swarm.close());
  const reals = await RealProxies.open(controller, join(folder, "state"), folder, real.map(serviceName));
  stack.defer(() => reals.close());
  say(`${reals.count} real proxies are ready`);
  const mesh = new MeasuredMesh(options, repository, controller, swarm, simulated, reals, say);
  const first = await mesh.connect(names.map((workload, i) => ({ workload, identity: identities[i] as TestIdentity })));
  say(`all have the first snapshot and their endpoints after ${Math.round(first.ms)} ms`);
  const arrivals: Arrival[] = [];
  for (const change of [mesh.everything, mesh.oneLine, mesh.nothing, mesh.oneEndpoint]) {
    const arrival = await change.call(mesh);
    say(printArrival(arrival));
    arrivals.push(arrival);
  }
  const builder = controller.builderPid;
  return {
    options,
    firstMs: first.ms,
    firstKilobytesEach: first.bytes / 1024 / simulated.length,
    arrivals,
    controllerMegabytes: residentMegabytes(controller.pid),
    builderMegabytes: builder === undefined ? undefined : residentMegabytes(builder),
  };
}

export function printArrival(arrival: Arrival): string {
  const { name, p50Ms, p99Ms, effect, fromCommitMs, buildMs, buildCpuMs, told, kilobytes, cpu } = arrival;
  const ofCpu = buildCpuMs === undefined ? "" : ` (${buildCpuMs.toFixed(0)} ms of CPU)`;
  const built = buildMs === undefined ? "" : `, built in ${buildMs.toFixed(0)} ms${ofCpu}`;
  const commit = fromCommitMs === undefined ? "" : `, ${fromCommitMs.toFixed(0)} ms from the commit to the last`;
  const changed =
    effect === undefined
      ? ""
      : `, first changed response of a real one p50 ${effect.p50Ms.toFixed(0)} ms, p99 ${effect.p99Ms.toFixed(0)} ms`;
  const times = told === 0 ? "" : `p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms${changed}${commit}${built}; `;
  return `${name}: ${times}${told.toFixed(0)} proxies told ${kilobytes.toFixed(1)} kB, ${cpu.toFixed(2)} s of CPU`;
}

class MeasuredMesh {
  readonly #options: ScaleOptions;
  readonly #repository: string;
  readonly #controller: ControllerProcess;
  readonly #swarm: Swarm;
  /** Of each simulated proxy, its place among all: that of its workload. */
  readonly #simulated: readonly number[];
  readonly #real: RealProxies;
  readonly #say: (line: string) => void;
  #round = 0;

  constructor(
    options: ScaleOptions,
    repository: string,
    controller: ControllerProcess,
    swarm: Swarm,
    simulated: readonly number[],
    real: RealProxies,
    say: (line: string) => void,
  ) {
    this.#say = say;
    this.#options = options;
    this.#simulated = simulated;
    this.#real = real;
    this.#repository = repository;
    this.#controller = controller;
    this.#swarm = swarm;
  }

  async connect(proxies: StartOrder["proxies"]): Promise<{ readonly ms: number; readonly bytes: number }> {
    const { endpoints, calls, services } = this.#options;
    const startMs = performance.now();
    const count = proxies.length;
    const endpointsEach = Math.max(1, Math.round(endpoints / count));
    const withinMs = count * 4;
    this.#swarm.order({ kind: "start", address: this.#controller.address, proxies, endpointsEach, withinMs });
    const called = Math.min(calls === 0 ? services : calls, services);
    const known = proxies.map(() => new Set<string>());
    const complete = new Set<number>();
    let seen = 0;
    const isThere = () => {
      for (; seen < this.#swarm.endpoints.length; seen++) {
        const [proxy, names] = this.#swarm.endpoints[seen] ?? [0, []];
        for (const name of names) known[proxy]?.add(name);
        if ((known[proxy]?.size ?? 0) >= called) complete.add(proxy);
      }
      return complete.size === count && new Set(this.#swarm.snapshots.map(([proxy]) => proxy)).size === count;
    };
    const found = () =>
      `${this.#swarm.connected} connected, ${complete.size} with endpoints, ${this.#swarm.snapshots.length} snapshots`;
    await this.#swarm.until("every proxy is told everything", FIRST_MS, isThere, found);
    const ms = performance.now() - startMs;
    await settled(this.#swarm);
    const all = [...this.#swarm.snapshots, ...this.#swarm.endpoints];
    return { ms, bytes: all.reduce((sum, [, , , bytes]) => sum + bytes, 0) };
  }

  /** Every rule file and a setting of the mesh: each proxy gets another module and another workload. */
  async everything(): Promise<Arrival> {
    return await this.#rounds("everything changes", this.#simulated.length, (round) => {
      const files = Array.from({ length: unitsOf(this.#options) }, (_, unit): [string, string] => [
        `policies/u${unit}/rules.rego`,
        ruleFile(this.#options, unit, `round ${round}`),
      ]);
      return new Map([["mesh.yaml", meshConfig(round % 2 === 0 ? "Base" : "MergeSlashes")], ...files]);
    });
  }

  /** A line of one unit. */
  async oneLine(): Promise<Arrival> {
    const bound = this.#simulated.filter((i) => unitOf(this.#options, i % this.#options.services) === 0);
    return await this.#rounds("one line changes", bound.length, (round) => {
      return new Map([["policies/u0/rules.rego", ruleFile(this.#options, 0, `round ${round}`)]]);
    });
  }

  /** A README: nobody's configuration. */
  async nothing(): Promise<Arrival> {
    const before = { snapshots: this.#swarm.snapshots.length, cpu: cpuSeconds(this.#controller.pid) };
    commit(this.#repository, new Map([["README.md", `A mesh to be measured, ${this.#round++}.\n`]]));
    await new Promise((done) => setTimeout(done, QUIET_MS));
    const told = this.#swarm.snapshots.slice(before.snapshots);
    return {
      name: "the README changes",
      p50Ms: 0,
      p99Ms: 0,
      effect: undefined,
      fromCommitMs: undefined,
      buildMs: undefined,
      buildCpuMs: undefined,
      told: told.length,
      kilobytes: told.reduce((sum, [, , , bytes]) => sum + bytes, 0) / 1024,
      cpu: cpuSeconds(this.#controller.pid) - before.cpu,
    };
  }

  /** What a change has left is none of the next one's. */
  async #rest(): Promise<void> {
    const { pid } = this.#controller;
    const pids = () => [pid, this.#controller.builderPid ?? [], this.#swarm.pid, ...this.#real.pids].flat();
    if (!(await untilResting(pids))) this.#say("the mesh does not rest: what is measured is beside other work");
  }

  async #rounds(name: string, told: number, edit: (round: number) => ReadonlyMap<string, string>): Promise<Arrival> {
    const took: number[] = [];
    const last: number[] = [];
    const builds: number[] = [];
    const buildsCpu: number[] = [];
    const effects: number[] = [];
    let bytes = 0;
    const cpuBefore = cpuSeconds(this.#controller.pid);
    for (let i = 0; i < this.#options.rounds; i++) {
      await this.#rest();
      const builder = this.#controller.builderPid;
      const builderCpu = cpuSecondsIfAny(builder);
      const seen = this.#swarm.snapshots.length;
      const hash = commit(this.#repository, edit(++this.#round));
      const committedMs = performance.timeOrigin + performance.now();
      const arrived = () => this.#swarm.snapshots.slice(seen).filter(([, revision]) => revision === hash);
      const isThere = () => arrived().length >= told;
      const found = () =>
        `${arrived().length} of ${told}${this.#controller.refused.map((line) => `; ${line}`).join("")}`;
      const published = this.#controller.publishedNow(hash);
      const changed = published.then(() => this.#real.effects(`round ${this.#round}`, CHANGE_MS));
      await this.#swarm.until(name, CHANGE_MS, isThere, found);
      const changedMs = await changed;
      if (changedMs === undefined) throw new Error(`no changed response of each real proxy within ${CHANGE_MS} ms`);
      const built = this.#controller.published.find(({ revision }) => revision === hash)?.builtAtMs ?? Number.NaN;
      took.push(...arrived().map(([, , atMs]) => atMs - built));
      effects.push(...changedMs.map((atMs) => atMs - built));
      last.push(Math.max(...arrived().map(([, , atMs]) => atMs)) - committedMs);
      builds.push(await this.#controller.lastBuildMs());
      // Another process may have built it.
      const builtCpu = this.#controller.builderPid === builder ? cpuSecondsIfAny(builder) : undefined;
      if (builderCpu !== undefined && builtCpu !== undefined) buildsCpu.push((builtCpu - builderCpu) * 1000);
      await settled(this.#swarm);
      bytes += this.#swarm.snapshots.slice(seen).reduce((sum, [, , , size]) => sum + size, 0);
    }
    const { rounds } = this.#options;
    return {
      name,
      p50Ms: percentile(took, 0.5),
      p99Ms: percentile(took, 0.99),
      effect: effects.length === 0 ? undefined : { p50Ms: percentile(effects, 0.5), p99Ms: percentile(effects, 0.99) },
      fromCommitMs: percentile(last, 0.5),
      buildMs: percentile(builds, 0.5),
      buildCpuMs: buildsCpu.length === 0 ? undefined : percentile(buildsCpu, 0.5),
      told: took.length / rounds,
      kilobytes: bytes / 1024 / rounds,
      cpu: (cpuSeconds(this.#controller.pid) - cpuBefore) / rounds,
    };
  }

  /** How many of the simulated ones are told of a service: those that may call it, and its own. */
  #toldOf(service: number): number {
    const { calls, services } = this.#options;
    // A workload calls those that follow it.
    const isTold = (own: number) => (service - own + services) % services <= Math.min(calls, services);
    return calls === 0 ? this.#simulated.length : this.#simulated.filter((i) => isTold(i % services)).length;
  }

  /** One endpoint of one service moves to another port. */
  async oneEndpoint(): Promise<Arrival> {
    const { rounds } = this.#options;
    const took: number[] = [];
    let bytes = 0;
    const cpuBefore = cpuSeconds(this.#controller.pid);
    for (let i = 0; i < rounds; i++) {
      const seen = this.#swarm.endpoints.length;
      const startMs = performance.timeOrigin + performance.now();
      this.#swarm.order({ kind: "move", proxy: i, port: 60_000 + (this.#round++ % 5000) });
      const moved = (this.#simulated[i] ?? 0) % this.#options.services;
      const service = `${serviceName(moved)}.default`;
      const told = this.#toldOf(moved);
      const arrived = () => this.#swarm.endpoints.slice(seen).filter(([, names]) => names.includes(service));
      const isThere = () => arrived().length >= told;
      await this.#swarm.until("an endpoint moves", CHANGE_MS, isThere, () => `${arrived().length} of ${told}`);
      took.push(...arrived().map(([, , atMs]) => atMs - startMs));
      await settled(this.#swarm);
      bytes += this.#swarm.endpoints.slice(seen).reduce((sum, [, , , size]) => sum + size, 0);
    }
    return {
      name: "an endpoint moves",
      p50Ms: percentile(took, 0.5),
      p99Ms: percentile(took, 0.99),
      effect: undefined,
      fromCommitMs: undefined,
      buildMs: undefined,
      buildCpuMs: undefined,
      told: took.length / rounds,
      kilobytes: bytes / 1024 / rounds,
      cpu: (cpuSeconds(this.#controller.pid) - cpuBefore) / rounds,
    };
  }
}

/** Waits until the proxies have heard nothing for a while: ACKs of the last round are no part of the next. */
async function settled(swarm: Swarm): Promise<void> {
  let before = -1;
  while (before !== swarm.snapshots.length + swarm.endpoints.length) {
    before = swarm.snapshots.length + swarm.endpoints.length;
    await new Promise((done) => setTimeout(done, 500));
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function makeRepository(directory: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "-q", "-b", "main");
  git(directory, "config", "user.name", "measure");
  git(directory, "config", "user.email", "measure@localhost");
  git(directory, "config", "gc.auto", "0");
  commit(directory, files);
}

function commit(directory: string, files: ReadonlyMap<string, string>): string {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  git(directory, "add", "-A");
  git(directory, "commit", "-q", "--allow-empty", "-m", "A change");
  return git(directory, "rev-parse", "HEAD").trim();
}

function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", directory, ...args], { encoding: "utf8" });
}
