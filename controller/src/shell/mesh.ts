/**
 * The controller's state while it runs: the release in force, what was refused, what the
 * proxies say. Everything that people and proxies are told is read from here.
 */
import type { Clock, Log } from "@regomesh/base";
import type { ProxyReport } from "@regomesh/protocol";
import type { DecisionBody, GraphBody, RefusedBody, StatusBody } from "../api/bodies.ts";
import { type Release, toWorkloadReleases } from "../distribution/release.ts";
import { DecisionLog } from "../status/decision-log.ts";
import { toGraph } from "../status/graph.ts";
import { Ledger } from "../status/ledger.ts";
import { type Places, toPlaces } from "../status/places.ts";
import { type Connection, toStates, toStatus } from "../status/status.ts";
import type { Excerpts } from "./git/blame.ts";
import type { Proxies } from "./grpc/proxies.ts";

/** Revisions whose snapshots are still known by name. */
const NAMES_MAX = 100_000;

export class MeshState {
  readonly decisions = new DecisionLog();
  readonly proxies: Proxies;
  readonly #ledger = new Ledger();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #names = new Map<string, string>();
  #places: Places | undefined;
  #refused: RefusedBody | undefined;

  constructor(options: { readonly proxies: Proxies; readonly clock: Clock; readonly log: Log }) {
    this.proxies = options.proxies;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Puts a release in force. */
  publish(release: Release): void {
    this.#places = toPlaces(release.plan);
    for (const { hash } of toWorkloadReleases(release).values()) this.#names.set(hash, release.revision.name);
    for (const hash of this.#names.keys()) {
      if (this.#names.size <= NAMES_MAX) break;
      this.#names.delete(hash);
    }
    this.proxies.publish(release);
    const { name, sequence } = release.revision;
    this.#log.log("info", "revision published", { revision: name, sequence });
  }

  /** Why the newest commit was refused; undefined where it was not. */
  refuse(refused: RefusedBody | undefined): void {
    this.#refused = refused;
  }

  hear(workload: string, report: ProxyReport): void {
    if (this.#places === undefined) return;
    this.#ledger.apply(workload, report, this.#places, this.#clock.nowMs());
    this.decisions.apply(workload, report, this.#places);
  }

  status(): StatusBody {
    const release = this.#release();
    return toStatus({
      release,
      refused: this.#refused,
      wanted: new Map(
        release.plan.workloads.flatMap(({ namespace, name }) => {
          const wanted = this.proxies.wanted(`${namespace}/${name}`);
          return wanted === undefined ? [] : [[wanted.workload, wanted] as const];
        }),
      ),
      connections: this.#connections(release),
      ledger: this.#ledger,
      names: this.#names,
      nowMs: this.#clock.nowMs(),
    });
  }

  graph(): GraphBody {
    const release = this.#release();
    const nowMs = this.#clock.nowMs();
    return toGraph({
      plan: release.plan,
      ledger: this.#ledger,
      states: toStates(release, this.#connections(release), this.#ledger, nowMs),
      endpoints: this.proxies.endpoints() ?? [],
      nowMs,
    });
  }

  /** A decision with the source of its rules, in the revision that decided. */
  async explain(id: string, excerpts: Excerpts): Promise<DecisionBody | undefined> {
    const decision = this.decisions.find(id);
    if (decision === undefined) return undefined;
    const rules = decision.rules.map(async (rule) => ({
      ...rule,
      ...(await excerpts.read(decision.revision, rule.file, rule.row)),
    }));
    return { ...decision, rules: await Promise.all(rules) };
  }

  #connections(release: Release): ReadonlyMap<string, Connection> {
    const sessions = new Map(this.proxies.sessions().map(({ workload, session }) => [workload, session]));
    return new Map(
      release.plan.workloads.map(({ namespace, name }) => {
        const key = `${namespace}/${name}`;
        const session = sessions.get(key);
        return [key, { isConnected: session !== undefined, session, lastWordMs: this.proxies.lastWordMs(key) }];
      }),
    );
  }

  #release(): Release {
    const { release } = this.proxies;
    if (release === undefined) throw new Error("there is no release yet");
    return release;
  }
}
