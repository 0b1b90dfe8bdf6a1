/**
 * The controller's state while it runs: the release in force, what was refused, what the
 * proxies say. Everything that people and proxies are told is read from here.
 */
import type { Clock, Log } from "@regomesh/base";
import type { ProxyReport } from "@regomesh/protocol";
import type { DecisionBody } from "../api/decisions.ts";
import type { ExplainBody, ExplainedBody, ExplainRequest } from "../api/explain.ts";
import type { GraphBody, HistoryBody } from "../api/graph.ts";
import type { PinBody } from "../api/releases.ts";
import type { ResourcesBody } from "../api/resources.ts";
import type { SourceBody, SourceStateBody } from "../api/sources.ts";
import type { StatusBody, TroubleBody } from "../api/status.ts";
import type { MeshPlan } from "../build/build.ts";
import { type Publication, publicationInParts, type Release, toPublication } from "../distribution/release.ts";
import type { Standing } from "../distribution/state.ts";
import { toServiceEndpoints } from "../distribution/tell-endpoints.ts";
import { type Given, giveRelease } from "../sources/given.ts";
import { inputsOf, nameInputs } from "../sources/inputs.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { DecisionLog, LISTED_MAX } from "../status/decision-log.ts";
import { toGraph, toHistory } from "../status/graph.ts";
import { keptTrouble } from "../status/kept-endpoints.ts";
import { Ledger } from "../status/ledger.ts";
import { type Places, toPlaces } from "../status/places.ts";
import { policyFaults } from "../status/policy-faults.ts";
import { listResources, type ResourceQuery } from "../status/resources.ts";
import { toStates, toStatus } from "../status/status.ts";
import type { Troubles } from "../status/troubles.ts";
import type { Explainer, Unanswered } from "./explainer.ts";
import type { Excerpts } from "./git/blame.ts";
import type { RevisionTrees } from "./git/revision-trees.ts";
import type { Distributor } from "./grpc/distributor.ts";
import { inParts } from "./in-parts.ts";

export class MeshState {
  readonly decisions = new DecisionLog();
  readonly distributor: Distributor;
  /** Where the source of rules is read. */
  readonly excerpts: Excerpts;
  trees: RevisionTrees | undefined;
  explainer: Explainer | undefined;
  readonly #ledger = new Ledger();
  readonly #troubles: Troubles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source: () => SourceBody;
  readonly #sources: () => readonly SourceStateBody[];
  readonly #pin: () => PinBody | undefined;
  /** Who is who, and of which plan that is. */
  #places: { readonly of: MeshPlan; readonly places: Places } | undefined;
  #given: Given = new Map();
  /** What a release is made into that is still to be published, and what was in force when it was. */
  #prepared: { readonly before: Publication | undefined; readonly publication: Publication } | undefined;

  constructor(options: {
    readonly distributor: Distributor;
    readonly troubles: Troubles;
    readonly clock: Clock;
    readonly log: Log;
    readonly source: () => SourceBody;
    readonly sources: () => readonly SourceStateBody[];
    readonly pin: () => PinBody | undefined;
    readonly excerpts: Excerpts;
  }) {
    this.distributor = options.distributor;
    this.#troubles = options.troubles;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#source = options.source;
    this.#sources = options.sources;
    this.#pin = options.pin;
    this.excerpts = options.excerpts;
  }

  /** Revisions that proxies were given. */
  get given(): Given {
    return this.#given;
  }

  /** Makes what `publish` gives to proxies of a new release, while that is being kept. */
  async prepare(release: Release): Promise<void> {
    const { publication: before, revoked } = this.distributor.state;
    this.#prepared = { before, publication: await inParts(publicationInParts(release, revoked.list, before)) };
  }

  /** Gives a release to every proxy. */
  publish(release: Release, standing: Standing): void {
    this.#given = giveRelease(this.#given, release);
    const { name, sequence } = release.revision;
    this.excerpts.give(name);
    // The same under another number or time is given anew, whatever it holds.
    const now = this.distributor.state.publication;
    const isAnew =
      standing === "again" &&
      (now?.release.revision.sequence !== sequence || now.release.issuedAtMs !== release.issuedAtMs);
    const before = isAnew ? undefined : now;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const isReady = prepared?.publication.release === release && prepared.before === before;
    const { list } = this.distributor.state.revoked;
    // Certificates that were taken back since are added where it is published.
    this.distributor.publish(isReady ? prepared.publication : toPublication(release, list, before), standing);
    this.#log.log("info", "revision published", { revision: name, sequence, builtAtMs: release.builtAtMs });
  }

  /** Takes in what a proxy of a workload, `namespace/name`, reports. */
  report(workload: string, report: ProxyReport): void {
    const places = this.#placesNow();
    if (places === undefined) return;
    const counted = this.#ledger.apply(workload, report, places, this.#clock.nowMs());
    this.distributor.count({ workload, instance: report.instance }, counted);
    for (const { revision, rules } of this.decisions.apply(workload, report, places)) {
      for (const { file, row } of rules) this.excerpts.prepare(revision, file, row);
    }
  }

  status(): StatusBody {
    const facts = this.#facts();
    const [source, sources] = [this.#source(), this.#sources()];
    const ofSources = sources.flatMap((each) => troublesOf(each, source));
    const kept = keptTrouble(this.distributor.endpoints(), facts.distribution.roster);
    const troubles = [...this.#troubles.list(), ...ofSources, ...(kept === undefined ? [] : [kept])];
    const status = toStatus({ ...facts, source, sources, pin: this.#pin(), troubles });
    const { decisions } = this.decisions.list({ verdict: "broken", limit: LISTED_MAX });
    const faults = policyFaults(decisions, facts.release.revision.name);
    return faults.length === 0 ? status : { ...status, faults };
  }

  graph(): GraphBody {
    const facts = this.#facts();
    const { rows } = this.distributor.endpoints();
    return toGraph({
      plan: facts.plan,
      ledger: this.#ledger,
      states: toStates(facts),
      endpoints: [...rows.values()].map(toServiceEndpoints),
      nowMs: facts.nowMs,
    });
  }

  /** The last ten minutes of an edge; undefined where there is none of that id. */
  history(edge: string): HistoryBody | undefined {
    return toHistory(this.#ledger, edge, this.#clock.nowMs());
  }

  /** What the revision in force is made of; undefined where its commit is not to be had. Throws GitError. */
  async resources(query: ResourceQuery): Promise<ResourcesBody | undefined> {
    const revision = this.#revision();
    const trees = await this.trees?.read(revision);
    return trees && { revision, resources: listResources(trees, query) };
  }

  /** The whole way of a request that nobody sends, by the revision in force. */
  async rehearse(request: ExplainRequest): Promise<ExplainBody | Unanswered> {
    const revision = this.#revision();
    return (await this.explainer?.way(revision, request)) ?? { error: "nobody answers yet", status: 503 };
  }

  /** A decision, and its policies asked again: the receiver's own, where the id is of its sender's record. */
  async explainAgain(asked: string): Promise<ExplainedBody | Unanswered> {
    const id = this.decisions.deciding(asked)?.id ?? asked;
    const [decision, input] = [await this.explain(id), this.decisions.inputOf(id)];
    if (decision === undefined || input === undefined)
      return {
        error: `no decision ${id.slice(0, 100)}: only the last ones are kept; regomesh decisions lists them`,
        status: 404,
      };
    if (!this.excerpts.isGiven(decision.revision))
      return {
        decision,
        fields: input.fields,
        unasked: "its revision is none that proxies were given since the start",
      };
    return (await this.explainer?.decision(decision, input)) ?? { error: "nobody answers yet", status: 503 };
  }

  /** A decision with the source of its rules, in the revision that decided. */
  async explain(id: string): Promise<DecisionBody | undefined> {
    const decision = this.decisions.find(id);
    if (decision === undefined) return undefined;
    const rules = decision.rules.map(async (rule) => ({
      ...rule,
      ...(await this.excerpts.read(decision.revision, rule.file, rule.row)),
    }));
    return { ...decision, rules: await Promise.all(rules) };
  }

  /** What is in force, by what it is made of now. */
  #revision(): string {
    const { release } = this.distributor;
    return release === undefined ? "" : nameInputs(inputsOf(release));
  }

  #facts() {
    const { release, plan, state } = this.distributor;
    const places = this.#placesNow();
    if (release === undefined || plan === undefined || places === undefined) throw new Error("there is no release yet");
    return { release, plan, distribution: state, ledger: this.#ledger, places, nowMs: this.#clock.nowMs() };
  }

  #placesNow(): Places | undefined {
    const { plan } = this.distributor;
    if (plan !== undefined && this.#places?.of !== plan) this.#places = { of: plan, places: toPlaces(plan) };
    return this.#places?.places;
  }
}

/** What is wrong with a source, among what is wrong; that the mesh's own is not read stands with it already. */
function troublesOf({ name, troubles }: SourceStateBody, { trouble }: SourceBody): readonly TroubleBody[] {
  const isRoot = name === ROOT_SOURCE;
  return troubles.flatMap(({ message, sinceMs }) =>
    isRoot && message === trouble
      ? []
      : [{ about: "source", message: isRoot ? message : `${name}: ${message}`, sinceMs }],
  );
}
