/**
 * Carries out what `distribution/` decides: keeps its state, hands it what happens, writes
 * to streams, and wakes it when time alone changes something.
 */
import type { Clock } from "@regomesh/base";
import {
  type Ack,
  findRevoked,
  type Hello,
  type Nack,
  type Revoked,
  type ShownCertificate,
  type SnapshotMessage,
} from "@regomesh/protocol";
import type { IdentitiesBody } from "../../api/identities.ts";
import type { MeshPlan } from "../../build/build.ts";
import { nextDueMs, stepAll } from "../../distribution/distribution.ts";
import {
  type Answering,
  type Claim,
  EMPTY_TABLE,
  type EndpointTable,
  toEndpointTable,
} from "../../distribution/endpoints.ts";
import type { Hold } from "../../distribution/hold.ts";
import { type Word, whyNoWord } from "../../distribution/intervene.ts";
import { type KeptStage, keptStageOf } from "../../distribution/kept-stage.ts";
import { planInForce } from "../../distribution/plan-in-force.ts";
import { fallbackOf } from "../../distribution/proof.ts";
import type { ProxyStream, StreamId } from "../../distribution/proxy.ts";
import type { PackedSnapshot, Publication, Release } from "../../distribution/release.ts";
import { claimsOf, type Known, knownOf, lostClaimsOf, sourcesOfClaims } from "../../distribution/roster.ts";
import { believed } from "../../distribution/stages.ts";
import {
  type CloseReason,
  type Distribution,
  type DistributionEvent,
  type Effect,
  EMPTY_DISTRIBUTION,
  proxyName,
  type Standing,
  wanted,
} from "../../distribution/state.ts";
import { type Counted, sumUp } from "../../distribution/traffic.ts";
import type { Peer } from "../ca/authority.ts";
import { makePaced } from "./pace.ts";
import { makePacker, type SendEffect } from "./pack-message.ts";
import type { Sign } from "./sign-together.ts";
import { makeTurns } from "./turns.ts";

/** One open Snapshots stream, as far as this side acts on it. */
export type Stream = {
  readonly write: (message: SnapshotMessage) => void;
  /** Ends the stream from this side. */
  readonly close: (reason: CloseReason, message: string) => void;
  /** Has the proxy take another key and certificate. */
  readonly renew: () => void;
  /** What it was opened with. */
  readonly certificate: Pick<Peer, "serial" | "notBeforeMs" | "notAfterMs"> | undefined;
};

export type DistributorOptions = {
  readonly clock: Clock;
  /** Signs a snapshot's body. */
  readonly sign: Sign;
  /** Called after anything has changed that status or endpoint streams show. */
  readonly onChange: () => void;
  /** A proxy is sent something. */
  readonly onSend?: () => void;
  /** A release was taken back; what stands in its place is in force already. */
  readonly onHold: (hold: Hold, release: Release | undefined) => void;
  /** A proxy has a later revision of this epoch than the controller. */
  readonly onOvertake: (sequence: number) => void;
  /** A fault of ours in what proxies have said: it ends none of them. */
  readonly onFault?: (error: unknown) => void;
  /** The release of that sequence is proven: it is what is gone back to from now on. */
  readonly onProve?: (sequence: number) => void;
};

/** Snapshots that are packed, signed and written in one turn: a few milliseconds. */
const SENDS_EACH_TURN = 16;
/** A tenth of the time goes to rounds of answers, each of which looks at every proxy; an answer waits for some 20 ms. */
const ANSWERS_REST = 9;
/** Proxies report twice a second. */
const COUNT_EVERY_MS = 500;

/** Of the publication that the snapshot was of when it was to be sent. */
type Send = { readonly effect: SendEffect; readonly publication: Publication | undefined };

/** The hash of the list of all workloads and their principals, which every snapshot of a release names; "" where it has none. */
function membersOf({ snapshots }: Publication): string {
  const [first] = snapshots.values();
  return first?.parts.names.members ?? "";
}

export class Distributor {
  readonly #options: DistributorOptions;
  readonly #pack: ReturnType<typeof makePacker>;
  readonly #streams = new Map<StreamId, { readonly stream: Stream; readonly name: string }>();
  /** Of each proxy, by its name, its streams: every report asks for them. */
  readonly #idsOf = new Map<string, readonly StreamId[]>();
  #state: Distribution = EMPTY_DISTRIBUTION;
  #lastId = 0;
  #queue: DistributionEvent[] = [];
  readonly #turn = makePaced(() => {
    this.#sendingMs = 0;
    this.#guard(() => this.#takeAll());
    return this.#sendingMs;
  }, ANSWERS_REST);
  /** Of this round. */
  #sendingMs = 0;
  readonly #sends = makeTurns<Send>(SENDS_EACH_TURN, (send) => this.#send(send));
  /** What came since the last look, and what ends the wait for the next one. */
  #counted: ReadonlyMap<string, Counted> = new Map();
  #counting: AbortController | undefined;
  #isBusy = false;
  #alarm: { readonly atMs: number; readonly stop: AbortController } | undefined;
  #endpoints: EndpointTable = EMPTY_TABLE;
  /** The state for which the table was last looked at: every listener asks for it. */
  #lookedAt: Distribution | undefined;
  #answering: Answering = new Map();
  /** What the table was made of. */
  #endpointsOf: readonly unknown[] = [];

  constructor(options: DistributorOptions) {
    this.#options = options;
    this.#pack = makePacker(options);
  }

  get state(): Distribution {
    return this.#state;
  }

  /** What every proxy shall have. */
  get release(): Release | undefined {
    return this.#state.publication?.release;
  }

  /** What is in force somewhere: of the release, and of the proven one while that is beside canaries. */
  get plan(): MeshPlan | undefined {
    return planInForce(this.#state);
  }

  /** All that decides who is of the mesh, and with which certificates: the same values for as long as nothing of it changes. */
  membership(): readonly unknown[] {
    const { publication, proven, stage, revoked } = this.#state;
    return [publication && membersOf(publication), proven && membersOf(proven), stage?.kind, revoked];
  }

  /** A workload's snapshot, or that of the principal where it has several at the moment; undefined where it is not of the mesh. */
  wanted(workload: string, principal?: string): PackedSnapshot | undefined {
    return wanted(this.#state, workload, principal);
  }

  isConnected(workload: string, instance: string): boolean {
    const ids = this.#idsOf.get(proxyName({ workload, instance })) ?? [];
    return ids.some((id) => this.#state.roster.proxies.has(id));
  }

  /** A snapshot is on its way, or waits for its turn. */
  get isSending(): boolean {
    return this.#state.roster.proxies.values().some(({ delivery }) => delivery.kind === "awaiting");
  }

  /** What would be gone back to if another release came now and was held. */
  get fallback(): Release | undefined {
    return fallbackOf(this.#state)?.release;
  }

  /** Gives every proxy a release. */
  publish(publication: Publication, standing: Standing = "new"): void {
    this.#take({ kind: "publish", publication, standing });
  }

  /** An operator's word on the release under way; why it has nothing to be about, where that is so. */
  intervene(word: Word, revision: string | undefined): string | undefined {
    const why = whyNoWord(this.#state, word, revision);
    if (why === undefined) this.#take({ kind: "word", word });
    return why;
  }

  /** Releases may have been given numbers up to that before this controller started. */
  noteGiven(sequence: number): void {
    this.#take({ kind: "given", sequence });
  }

  /** How far the release in place had come before this controller started. */
  resume(kept: KeptStage): void {
    this.#take({ kind: "resume", kept });
  }

  /** What a restart must not forget of the release under way. */
  keptStage(): KeptStage | undefined {
    return keptStageOf(this.#state, this.#options.clock.nowMs());
  }

  /** Takes certificates back: the newest word on all of them. */
  revoke(revoked: Revoked): void {
    this.#take({ kind: "revoke", revoked });
  }

  /** What was taken back with a certificate; undefined where it is good. */
  revokedOf(certificate: ShownCertificate): string | undefined {
    return findRevoked(this.#state.revoked, certificate);
  }

  open(stream: Stream, workload: string, certificate: ShownCertificate, hello: Hello): StreamId {
    const id = ++this.#lastId;
    const name = proxyName({ workload, instance: hello.instance });
    this.#streams.set(id, { stream, name });
    this.#idsOf.set(name, [...(this.#idsOf.get(name) ?? []), id]);
    this.#hear({ kind: "connect", id, workload, certificate, hello });
    return id;
  }

  hello(id: StreamId, hello: Hello): void {
    this.#hear({ kind: "hello", id, hello });
  }

  ack(id: StreamId, ack: Ack): void {
    this.#hear({ kind: "ack", id, ack });
  }

  nack(id: StreamId, nack: Nack): void {
    this.#hear({ kind: "nack", id, nack });
  }

  close(id: StreamId, isOrderly: boolean): void {
    if (this.#drop(id)) this.#hear({ kind: "disconnect", id, isOrderly });
  }

  #drop(id: StreamId): boolean {
    const { name = "" } = this.#streams.get(id) ?? {};
    const others = (this.#idsOf.get(name) ?? []).filter((each) => each !== id);
    if (others.length === 0) this.#idsOf.delete(name);
    else this.#idsOf.set(name, others);
    return this.#streams.delete(id);
  }

  /** Who is connected, and with which certificate. */
  identities(): IdentitiesBody["proxies"] {
    return [...this.#state.roster.proxies.values()].map(({ id, workload, instance, principal }) => {
      const [namespace = "", name = ""] = workload.split("/");
      const { serial = "", notBeforeMs = 0, notAfterMs = 0 } = this.#streams.get(id)?.stream.certificate ?? {};
      return { namespace, workload: name, instance, spiffeId: principal, serial, notBeforeMs, notAfterMs };
    });
  }

  /** Has proxies of a workload, or all, take another identity; those that were told. */
  renew(workload: string | undefined): IdentitiesBody["proxies"] {
    const { proxies } = this.#state.roster;
    for (const { id, workload: own } of proxies.values()) {
      if (workload === undefined || own === workload) this.#streams.get(id)?.stream.renew();
    }
    return this.identities().filter(
      (each) => workload === undefined || `${each.namespace}/${each.workload}` === workload,
    );
  }

  /** This controller has just started: others may be there than those that it knows of. */
  get isLearning(): boolean {
    return this.#state.learning !== undefined;
  }

  /** Lets claims that were kept count for a while without a stream: so long all that is known may not be all that is there. */
  lease(claims: readonly Claim[]): void {
    this.#take({ kind: "lease", claims });
  }

  /** A proxy with an SVID of this mesh was not let in: its workload is not of the mesh, or another. */
  noteStranger(workload: string, instance: string, principal: string): void {
    this.#take({ kind: "stranger", proxy: { workload, instance, principal, heardMs: 0 } });
  }

  /** Proxies that were known before this controller started. */
  remember(proxies: readonly Known[]): void {
    this.#take({ kind: "remember", proxies });
  }

  /** Every proxy that status should see. */
  known(): readonly Known[] {
    return knownOf(this.#state.roster);
  }

  claims(): readonly Claim[] {
    return claimsOf(this.#state.roster);
  }

  /** Says who answers for services now; of those that it does not name, all that claim to. */
  answer(answering: Answering): void {
    this.#answering = answering;
    this.#lookedAt = undefined;
    this.#options.onChange();
  }

  /** Every service with its endpoints; made anew only where something changed. */
  endpoints(): EndpointTable {
    const { roster } = this.#state;
    const { plan } = this;
    if (plan === undefined) return EMPTY_TABLE;
    if (this.#lookedAt === this.#state) return this.#endpoints;
    this.#lookedAt = this.#state;
    const of = [plan, this.#answering, roster.lost, ...sourcesOfClaims(roster)];
    if (of.some((each, at) => each !== this.#endpointsOf[at])) {
      this.#endpointsOf = of;
      const [claims, lost] = [claimsOf(roster), lostClaimsOf(roster)];
      this.#endpoints = toEndpointTable(plan, claims, this.#endpoints, this.#answering, lost);
    }
    return this.#endpoints;
  }

  /** What requests met at a proxy: it is looked at together with the others', twice a second. */
  count(proxy: Pick<ProxyStream, "workload" | "instance">, told: readonly Counted[]): void {
    const counted = believed(this.#state, proxy, told);
    if (counted.length === 0) return;
    this.#counted = sumUp(this.#counted, counted);
    if (this.#counting !== undefined) return;
    const stop = new AbortController();
    this.#counting = stop;
    this.#options.clock.sleep(COUNT_EVERY_MS, stop.signal).then(
      () => {
        const all = [...this.#counted.values()];
        this.#counted = new Map();
        this.#counting = undefined;
        this.#take({ kind: "traffic", counted: all });
      },
      () => {},
    );
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#counting?.abort();
    this.#sends.clear();
    this.#alarm?.stop.abort();
    this.#alarm = undefined;
  }

  /** What proxies say: at once while it is little, together while it is much. */
  #hear(event: DistributionEvent): void {
    this.#queue.push(event);
    this.#turn();
  }

  /** What this controller decides: it holds when this returns. */
  #take(event: DistributionEvent): void {
    this.#queue.push(event);
    this.#takeAll();
  }

  /** What an effect sets off comes after it, never within. */
  #takeAll(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#queue.length > 0) {
        const events = this.#queue.splice(0);
        const { proven } = this.#state;
        const { state, effects } = stepAll(this.#state, events, this.#options.clock.nowMs());
        this.#state = state;
        if (state.proven !== undefined && state.proven !== proven)
          this.#options.onProve?.(state.proven.release.revision.sequence);
        const sends: Send[] = [];
        for (const effect of effects) {
          if (effect.kind === "send") sends.push({ effect, publication: this.#publicationOf(effect.snapshot) });
          else this.#carryOut(effect);
        }
        const startMs = performance.now();
        this.#sends.add(sends);
        this.#sendingMs += performance.now() - startMs;
      }
    } finally {
      this.#isBusy = false;
      this.#setAlarm();
    }
    this.#options.onChange();
  }

  #send({ effect, publication }: Send): void {
    const { stream } = this.#streams.get(effect.id) ?? {};
    if (stream === undefined) return;
    this.#options.onSend?.();
    const { features = [] } = this.#state.roster.proxies.get(effect.id) ?? {};
    this.#guard(() => stream.write(this.#pack(effect, { publication, features })));
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#options.onFault === undefined) throw error;
      this.#options.onFault(error);
    }
  }

  #carryOut(effect: Exclude<Effect, SendEffect>): void {
    switch (effect.kind) {
      case "close": {
        const { stream } = this.#streams.get(effect.id) ?? {};
        this.#drop(effect.id);
        stream?.close(effect.reason, effect.message);
        break;
      }
      case "hold":
        this.#options.onHold(effect.hold, effect.release);
        break;
      case "overtake":
        this.#options.onOvertake(effect.sequence);
        break;
    }
  }

  /** Whose snapshot it is: the release's in place, or the proven one's. */
  #publicationOf(snapshot: PackedSnapshot): Publication | undefined {
    const { publication, proven } = this.#state;
    const isOf = (each: Publication | undefined) => each?.snapshots.get(snapshot.workload) === snapshot;
    return isOf(publication) ? publication : proven;
  }

  #setAlarm(): void {
    const atMs = nextDueMs(this.#state, this.#options.clock.nowMs());
    if (atMs === this.#alarm?.atMs) return;
    this.#alarm?.stop.abort();
    this.#alarm = undefined;
    if (atMs === undefined) return;
    const stop = new AbortController();
    const alarm = { atMs, stop };
    this.#alarm = alarm;
    const { clock } = this.#options;
    clock.sleep(Math.max(1, atMs - clock.nowMs()), stop.signal).then(
      () => {
        if (this.#alarm !== alarm) return;
        this.#alarm = undefined;
        this.#take({ kind: "tick" });
      },
      () => {},
    );
  }
}
