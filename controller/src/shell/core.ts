/** What the controller knows and decides by, and how its parts hear of each other. */
import type { Claim } from "../distribution/endpoints.ts";
import type { KeptStage } from "../distribution/kept-stage.ts";
import { type Known, sourcesOfClaims, sourcesOfKnown } from "../distribution/roster.ts";
import type { SourceRights } from "../index/rights.ts";
import { inputsOf } from "../sources/inputs.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { Troubles } from "../status/troubles.ts";
import type { Lease } from "../store/store.ts";
import { Announcer } from "../telling/news.ts";
import type { Builder } from "./build/builder.ts";
import type { Attestor } from "./ca/attestor.ts";
import type { Authority } from "./ca/authority.ts";
import { makeSnapshotSigner } from "./ca/snapshot-signer.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { Excerpts } from "./git/blame.ts";
import { giveBackAfter } from "./give-back.ts";
import type { Control } from "./grpc/control.ts";
import { Distributor } from "./grpc/distributor.ts";
import type { HttpServer } from "./http/server.ts";
import type { Kubernetes } from "./kubernetes/kubernetes.ts";
import { MeshState } from "./mesh.ts";
import { placeIn } from "./place-in.ts";
import { Composer } from "./release/composer.ts";
import { Rollout } from "./release/rollout.ts";
import { listSources, toPinBody } from "./sources/list.ts";
import type { Sources } from "./sources/sources.ts";
import { type KeptList, keptClaims, keptProxies, keptStages } from "./store/kept-list.ts";
import { KeptPin } from "./store/kept-pin.ts";
import { LastGood } from "./store/last-good.ts";
import { SourceContents } from "./store/source-contents.ts";
import { Teller } from "./telling/teller.ts";

/** What ends the parts, the last first. */
export type Closers = (() => Promise<void> | void)[];

/** The parts that hold state, and those that come later and are told of changes. */
export type Core = {
  readonly distributor: Distributor;
  readonly mesh: MeshState;
  readonly composer: Composer;
  readonly rollout: Rollout;
  readonly claims: KeptList<Claim>;
  readonly known: KeptList<Known>;
  readonly stages: KeptList<KeptStage>;
  readonly troubles: Troubles;
  readonly announcer: Announcer;
  readonly teller: Teller;
  readonly late: {
    authority: Authority | undefined;
    attestor: Attestor | undefined;
    control: Control | undefined;
    http: HttpServer | undefined;
    kubernetes: Kubernetes | undefined;
    sources: Sources | undefined;
    /** The authority's, before it is open. */
    trustDomain: string | undefined;
    /** Nothing was in force before, and there was no authority. */
    isFirstStart: boolean;
  };
};

/** What is read for whoever asks later waits while proxies are given a revision, so long at most. */
const CALM_LOOK_MS = 100;
const CALM_LOOKS = 30;
/** What is in force of sources is to be kept soon. */
const KEEP_LOOKS = 10;

export function makeCore(builder: Builder, lease: Lease, troubles: Troubles, options: ControllerOptions): Core {
  const { clock, log, branch, explainDenials } = options;
  const late: Core["late"] = {
    authority: undefined,
    attestor: undefined,
    control: undefined,
    http: undefined,
    kubernetes: undefined,
    sources: undefined,
    trustDomain: undefined,
    isFirstStart: true,
  };
  const giveBack = giveBackAfter();
  const claims = keptClaims(lease, clock, log);
  const known = keptProxies(lease, clock, log);
  const stages = keptStages(lease, clock, log);
  const distributor: Distributor = new Distributor({
    clock,
    sign: makeSnapshotSigner(() => late.authority, clock),
    onSend: giveBack.busy,
    onChange: () => {
      late.control?.refresh();
      late.http?.poke();
      late.kubernetes?.poke();
      if (late.control === undefined) return;
      const { state } = distributor;
      claims.keepSoon(() => distributor.claims(), sourcesOfClaims(state.roster));
      known.keepSoon(() => distributor.known(), sourcesOfKnown(state.roster));
      stages.keepSoon(() => [distributor.keptStage()].flatMap((stage) => stage ?? []), [state]);
    },
    onHold: (hold, release) => {
      if (release !== undefined) void late.sources?.sync(release.plan.sources ?? []);
      void rollout.hold(hold, release);
    },
    onFault: (error) =>
      log.log("error", "what proxies said could not be dealt with", { error: (error as Error).stack }),
    onOvertake: (sequence) => void rollout.overtake(sequence),
    onProve: (sequence) => {
      void rollout.prove(sequence);
      const { proven } = distributor.state;
      if (proven !== undefined) announcer.proven(inputsOf(proven.release), clock.nowMs());
    },
  });
  /** Until nothing is on its way to proxies, for so many looks at most. */
  const calm = async (looks: number) => {
    for (let left = looks; left > 0 && distributor.isSending; left--) await clock.sleep(CALM_LOOK_MS);
  };
  const mesh: MeshState = new MeshState({
    distributor,
    troubles,
    clock,
    log,
    excerpts: new Excerpts(
      (revision, file) => placeIn(mesh, (name) => late.sources?.find(name)?.repository?.gitDir, revision, file),
      () => calm(CALM_LOOKS),
    ),
    pin: () => toPinBody(composer.pin),
    sources: () => listSources(late.sources, composer, distributor.release, options),
    source: () => {
      const trouble = late.sources?.root.readTrouble;
      return {
        name: late.sources?.root.label ?? `git ${branch}`,
        allow: options.allow,
        ...(trouble === undefined ? {} : { trouble }),
      };
    },
  });
  const composer: Composer = new Composer({
    builder,
    contents: new SourceContents(lease, clock, log, () => calm(KEEP_LOOKS)),
    rights: options.allow,
    sources: rightsOf(options),
    trustDomain: () => late.trustDomain,
    clock,
    log,
    tell: (source, verdict) => {
      announcer.verdict(source, verdict, clock.nowMs());
      if (source === ROOT_SOURCE) late.kubernetes?.tell(verdict);
    },
    refuse: () => late.http?.poke(),
    isSuspended: (source) => late.sources?.find(source)?.isSuspended === true,
    fetchWanted: async (plans) => await rollout.gather(async () => await late.sources?.fetchWanted(plans)),
  });
  const announcer = new Announcer((news) => teller.tell(news));
  const teller = new Teller({
    targets: options.tells ?? [],
    mesh: () => distributor.release?.plan.mesh.name ?? "mesh",
    clock,
    random: Math.random,
    log,
    trouble: (target, message) => troubles.set("source", `tell ${target}`, message, clock.nowMs()),
  });
  const rollout: Rollout = new Rollout({
    builder,
    composer,
    lastGood: new LastGood(lease, clock),
    keptPin: new KeptPin(lease, clock),
    trustDomain: () => late.trustDomain,
    explainDenials,
    clock,
    log,
    prepare: (release) => mesh.prepare(release),
    publish: (release, standing) => {
      mesh.publish(release, standing);
      void late.sources?.sync(release.plan.sources ?? []);
    },
    onResume: async () => {
      const [stage] = await stages.read();
      if (stage !== undefined) distributor.resume(stage);
    },
    onComposed: () => void late.sources?.want(composer.wanted),
    onPin: (before, pinned) => announcer.rolledBack(before, pinned, clock.nowMs()),
    onGiven: (sequence) => distributor.noteGiven(sequence),
    remembered: async () => (await known.read()).map(({ workload }) => workload),
    fallback: () => distributor.fallback,
  });
  return { distributor, mesh, composer, rollout, claims, known, stages, troubles, announcer, teller, late };
}

export function rightsOf({ sources = [] }: ControllerOptions): Readonly<Record<string, SourceRights>> {
  return Object.fromEntries(sources.map(({ name, allow }) => [name, allow]));
}
