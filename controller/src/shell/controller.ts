/**
 * The controller: a git source on one side, proxies on the other, and between them builds.
 * This file only puts the parts together, in the order in which they need each other.
 */
import { splitAddress } from "@regomesh/base";
import { isTakenBackSince } from "../ca/revocations.ts";
import type { Claim } from "../distribution/endpoints.ts";
import type { KeptStage } from "../distribution/kept-stage.ts";
import { type Known, sourcesOfClaims, sourcesOfKnown } from "../distribution/roster.ts";
import type { SourceRights } from "../index/rights.ts";
import { inputsOf } from "../sources/inputs.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { Troubles } from "../status/troubles.ts";
import { Keeper } from "../store/keeper.ts";
import { observed } from "../store/observed.ts";
import { type Lease, StoreError } from "../store/store.ts";
import { Announcer } from "../telling/news.ts";
import { awaitFirstCommit } from "./await-first-commit.ts";
import { Builder } from "./build/builder.ts";
import { Attestor, type TokenWish } from "./ca/attestor.ts";
import { Authority, AuthorityError, isHalfOver, SVID_TTL_DEFAULT_MS, watchRoot } from "./ca/authority.ts";
import { type Joining, JoinTokens } from "./ca/join-tokens.ts";
import { openLongestTtl } from "./ca/longest-ttl.ts";
import { RevokedList } from "./ca/revoked-list.ts";
import { Revoker } from "./ca/revoker.ts";
import { makeSnapshotSigner } from "./ca/snapshot-signer.ts";
import { serveUnix } from "./ca/unix-attestor.ts";
import { Composer } from "./composer.ts";
import { ControllerFailed } from "./controller-failed.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { Explainer } from "./explainer.ts";
import { Excerpts } from "./git/blame.ts";
import { GitError } from "./git/git.ts";
import { RevisionTrees } from "./git/revision-trees.ts";
import { giveBackAfter } from "./give-back.ts";
import { type Control, makeControl } from "./grpc/control.ts";
import { makeServerIdentity } from "./grpc/credentials.ts";
import { Distributor } from "./grpc/distributor.ts";
import { makeIdentityServer } from "./grpc/identity.ts";
import { serveGrpc } from "./grpc/server.ts";
import { type HeldAddress, holdAddress } from "./held-address.ts";
import { isLoopback, openApiToken } from "./http/guard.ts";
import { openWebhook } from "./http/open-webhook.ts";
import { type HttpServer, serveHttp } from "./http/server.ts";
import { toOrders } from "./join-orders.ts";
import { openJoinTokenFiles } from "./join-token-files.ts";
import { Kubernetes } from "./kubernetes/kubernetes.ts";
import { MeshState } from "./mesh.ts";
import { nothingToServe } from "./nothing-to-serve.ts";
import { openState } from "./open-state.ts";
import { placeIn } from "./place-in.ts";
import { Rollout } from "./rollout.ts";
import { listSources, toPinBody } from "./sources/list.ts";
import { SourceOperator } from "./sources/operate.ts";
import { Sources } from "./sources/sources.ts";
import { type KeptList, keptClaims, keptProxies, keptStages } from "./store/kept-list.ts";
import { KeptPin } from "./store/kept-pin.ts";
import { LastGood } from "./store/last-good.ts";
import { SourceContents } from "./store/source-contents.ts";
import { Teller } from "./telling/teller.ts";

export type Controller = {
  readonly grpc: string;
  /** `http://HOST:PORT` */
  readonly http: string;
  /** Resolves where another leads in its place: it must be closed. Of a folder's controller it never does. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
};

/** How often it is looked whether something is half way to its end. */
const RENEW_EVERY_MS = 60_000;

export async function openController(options: ControllerOptions): Promise<Controller> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    return { ...(await openParts(options, closers, resolve)), lost, close };
  } catch (error) {
    await close();
    if (error instanceof GitError || error instanceof AuthorityError || error instanceof StoreError)
      throw new ControllerFailed(error.message);
    throw error;
  }
}

/** What is read for whoever asks later waits while proxies are given a revision, so long at most. */
const CALM_LOOK_MS = 100;
const CALM_LOOKS = 30;
/** What is in force of sources is to be kept soon. */
const KEEP_LOOKS = 10;

type Closers = (() => Promise<void> | void)[];

/** The parts that hold state, and those that come later and are told of changes. */
type Core = {
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

async function openParts(
  options: ControllerOptions,
  closers: Closers,
  onLost: () => void,
): Promise<Pick<Controller, "grpc" | "http">> {
  const { clock, log } = options;
  if (!isLoopback(splitAddress(options.http).host)) {
    throw new ControllerFailed(
      `the page and its API ask nobody who they are, and so are served on this machine alone: --http ${options.http} must be 127.0.0.1:PORT, [::1]:PORT or localhost:PORT`,
    );
  }
  let core: Core | undefined;
  const held = await openState(options, onLost);
  closers.push(() => held.end());
  const troubles = new Troubles(() => core?.late.http?.poke());
  const lease = observed(held, clock, (key, refusal) => {
    if (refusal !== undefined) log.log("warn", "it is not kept, and tried again", { key, reason: refusal.message });
    troubles.set("state", key, refusal?.message, clock.nowMs());
  });
  const builder = await Builder.open(log);
  if (!Builder.isKeptFromNetwork)
    log.log("warn", "this Node does not keep the build process from the network; Node 25 or newer does");
  closers.push(() => builder.close());
  core = makeCore(builder, lease, troubles, options);
  const { composer, rollout, distributor, claims, known, stages, teller, late } = core;
  closers.push(() => teller.close());
  closers.push(
    async () => void (await Promise.all([...[claims, known, stages].map((list) => list.flush()), rollout.close()])),
  );
  late.trustDomain = await Authority.trustDomainOf(lease);
  const revoked = await RevokedList.open(lease, clock.nowMs());
  const revoker = new Revoker({
    list: revoked,
    distributor,
    ttlMs: await openLongestTtl(lease, options.svidTtlMs ?? 0, clock),
    nowMs: () => clock.nowMs(),
    log,
  });
  const expiry = setInterval(() => revoker.expire(), RENEW_EVERY_MS);
  closers.push(() => clearInterval(expiry));
  await rollout.restore();
  core.announcer.begin();
  late.isFirstStart = rollout.release === undefined && late.trustDomain === undefined;
  const sources = await openSources(core, lease, options, closers);
  late.sources = sources;
  closers.push(() => sources.close());
  // Before a commit is read: where one of these is none, nothing is published, and no author told.
  const hook = await openWebhook(options, sources);
  if (hook !== undefined) closers.push(() => hook.close());
  const places = await holdPlaces(options, closers);
  await openJoinSocket(late, options, closers);
  const isNew = rollout.release === undefined;
  await sources.sync(rollout.release?.plan.sources ?? []);
  // What is in force of the others is kept: only where nothing is, they are waited for.
  if (isNew) await sources.fetchOthers();
  const { root } = sources;
  await root.fetch();
  await rollout.restorePin((input) => sources.read(input));
  await rollout.open().catch(async () => {
    // It is said as trouble of the source, and tried again.
    root.again();
    await root.look();
  });
  await awaitFirstCommit(root, rollout, options);
  if (rollout.release === undefined) throw nothingToServe(composer.refused, sources.all, troubles.of("state"));
  late.authority = await Authority.open(lease, rollout.release.plan.mesh.trustDomain, clock.nowMs());
  late.trustDomain = late.authority.trustDomain;
  distributor.lease(await claims.read());
  distributor.remember(await known.read());
  await places.grpc.release();
  const grpc = await openGrpc(core, late.authority, revoked, lease, options, closers);
  const { mesh } = core;
  const gitDirOf = (name: string) => sources.find(name)?.repository?.gitDir;
  const trees = new RevisionTrees({
    inputsOf: (revision) => mesh.given.get(revision),
    gitDirOf,
    held: (input) => composer.content(input),
  });
  core.mesh.trees = trees;
  const explainer = new Explainer({
    trees,
    place: (revision, file) => placeIn(mesh, gitDirOf, revision, file),
    rules: () => ({ rights: options.allow, sources: rightsOf(options), trustDomain: late.trustDomain }),
    log,
  });
  core.mesh.explainer = explainer;
  closers.push(() => explainer.close());
  const attestor = new Attestor({
    authority: late.authority,
    tokens: new JoinTokens(lease),
    distributor,
    svidTtlMs: options.svidTtlMs ?? SVID_TTL_DEFAULT_MS,
    nowMs: () => clock.nowMs(),
    log,
  });
  late.attestor = attestor;
  await places.http.release();
  const http = await serveHttp({
    address: options.http,
    mesh: core.mesh,
    token: await openApiToken(lease),
    log,
    counts: () => composer.counts,
    revoker,
    attestor,
    sourceOperator: new SourceOperator({
      sources,
      composer,
      rollout,
      given: () => mesh.given,
      inForce: () => (distributor.release === undefined ? [] : inputsOf(distributor.release)),
      clock,
    }),
    intervene: (word, revision) => {
      const why = distributor.intervene(word, revision);
      if (why === undefined) log.log("warn", "an operator's word on the release under way", { word });
      return why;
    },
    onHook: () => sources.wake(),
    onConfirm: (hash) => {
      if (!composer.confirm(hash)) return false;
      sources.again();
      return true;
    },
    ...(options.pageFolder === undefined ? {} : { pageFolder: options.pageFolder }),
  });
  late.http = http;
  closers.push(() => http.close());
  sources.start();
  if (late.kubernetes !== undefined && options.kubernetes?.admission !== undefined) {
    const { url, close } = await late.kubernetes.openAdmission(
      options.kubernetes.admission,
      late.authority,
      (content) => rollout.rehearse(content),
    );
    log.log("info", "webhooks of the cluster are served", { url });
    closers.push(close);
  }
  // First of all when it ends: streams that end with the controller are no proxies that end, and what is
  // kept of proxies is what is known of them now.
  closers.push(async () => {
    late.control = undefined;
    late.http = undefined;
    await Promise.all([claims, known, stages].map((list) => list.flush()));
    distributor.stop();
  });
  // Where the command line finds this controller.
  const word = `${JSON.stringify({ http: http.url, grpc })}\n`;
  const keeper = new Keeper(lease, "controller.json", clock);
  await keeper.keep(word).catch(() => keeper.keepSoon(() => word));
  return { grpc, http: http.url };
}

/** Of what is served once something is in force, the addresses. */
async function holdPlaces(
  { http, grpc, kubernetes }: ControllerOptions,
  closers: Closers,
): Promise<{ readonly http: HeldAddress; readonly grpc: HeldAddress }> {
  const places = { http: await holdAddress(http, "--http"), grpc: await holdAddress(grpc, "--grpc") };
  closers.push(() => places.http.release());
  closers.push(() => places.grpc.release());
  // By whether anything listens there a cluster knows that the controller is ready: it is only tried.
  if (kubernetes?.admission !== undefined)
    await (await holdAddress(kubernetes.admission.address, "--admission")).release();
  return places;
}

async function openJoinSocket(
  late: Core["late"],
  { joinSocket, log }: ControllerOptions,
  closers: Closers,
): Promise<void> {
  if (joinSocket === undefined) return;
  const createToken = async (wish: TokenWish) =>
    (await late.attestor?.createToken(wish)) ?? "the mesh has no revision in force yet";
  closers.push(
    await serveUnix({ ...joinSocket, attestor: { createToken }, log }).catch((error: Error) => {
      throw new ControllerFailed(error.message);
    }),
  );
}

async function openSources(
  { rollout, composer, distributor, late }: Core,
  lease: Lease,
  options: ControllerOptions,
  closers: Closers,
): Promise<Sources> {
  const { git, branch, path, remote, state, clock, log } = options;
  const kubernetes =
    options.kubernetes &&
    (await Kubernetes.open({
      ...options.kubernetes,
      clock,
      log,
      onContent: (content) => rollout.take(content),
      heldVerdict: (id) => rollout.heldVerdict(ROOT_SOURCE, id),
      keptFiles: () => composer.inForce(ROOT_SOURCE)?.files,
      onTrouble: () => late.http?.poke(),
      onReadiness: (readiness) => distributor.answer(readiness),
      distribution: () => distributor.state,
    }));
  late.kubernetes = kubernetes;
  if (kubernetes !== undefined) closers.push(() => kubernetes.close());
  return await Sources.open({
    root: kubernetes?.source ?? {
      name: ROOT_SOURCE,
      ...(remote === undefined ? { directory: git } : { remote }),
      follow: { kind: "branch", name: branch },
      path,
      isSuspended: false,
    },
    named: (options.sources ?? []).map(({ allow: _, ...place }) => place),
    credentials: options.credentials ?? [],
    ...(options.knownHosts === undefined ? {} : { knownHosts: options.knownHosts }),
    state,
    lease,
    clock,
    log,
    onContent: (content) => rollout.take(content),
    onTrouble: () => late.http?.poke(),
    onGone: (name) => composer.forget(name),
  });
}

function rightsOf({ sources = [] }: ControllerOptions): Readonly<Record<string, SourceRights>> {
  return Object.fromEntries(sources.map(({ name, allow }) => [name, allow]));
}

function makeCore(builder: Builder, lease: Lease, troubles: Troubles, options: ControllerOptions): Core {
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
  const claims = keptClaims(lease, clock);
  const known = keptProxies(lease, clock);
  const stages = keptStages(lease, clock);
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
    learn: async (plans) => await rollout.gather(async () => await late.sources?.learn(plans)),
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
    onPin: (before, pinned) => announcer.rolledBack(before, pinned, clock.nowMs()),
    onGiven: (sequence) => distributor.noteGiven(sequence),
    remembered: async () => (await known.read()).map(({ workload }) => workload),
    fallback: () => distributor.fallback,
  });
  return { distributor, mesh, composer, rollout, claims, known, stages, troubles, announcer, teller, late };
}

async function openGrpc(
  { distributor, mesh, rollout, troubles, late }: Core,
  authority: Authority,
  revoked: RevokedList,
  lease: Lease,
  options: ControllerOptions,
  closers: Closers,
): Promise<string> {
  const { clock, log, svidTtlMs = SVID_TTL_DEFAULT_MS } = options;
  const tokens = new JoinTokens(lease);
  const ending = new AbortController();
  closers.push(() => ending.abort());
  const tookBack = (joining: Joining, sinceMs: number) => isTakenBackSince(revoked.list, joining, sinceMs);
  const files = await openJoinTokenFiles(toOrders(options, rollout.release, late.isFirstStart), {
    tokens,
    caPem: authority.bundlePem,
    clock,
    log,
    signal: ending.signal,
    hear: (file, refusal) => troubles.set("state", file, refusal, clock.nowMs()),
    isTakenBackSince: tookBack,
  });
  watchRoot(lease, (message) => troubles.set("authority", "root", message, clock.nowMs()), ending.signal);
  const control = makeControl({
    authority,
    distributor,
    clock,
    log,
    onReport: (workload, report) => mesh.report(workload, report),
  });
  const isMember = (id: string, workload: string | undefined) =>
    distributor.plan?.workloads.some(
      ({ principal, namespace, name }) =>
        principal === id && (workload === undefined || workload === `${namespace}/${name}`),
    ) ?? false;
  const makeCertificate = () => authority.issueServer([splitAddress(options.grpc).host, "localhost"], clock.nowMs());
  const identity = makeServerIdentity(authority, makeCertificate());
  const grpc = await serveGrpc(options.grpc, identity, {
    control: control.server,
    identity: makeIdentityServer({
      authority,
      tokens,
      svidTtlMs,
      clock,
      log,
      isMember,
      revokedOf: (each) => distributor.revokedOf(each),
      isTakenBackSince: tookBack,
      files,
      ...(late.kubernetes === undefined ? {} : { review: late.kubernetes.review }),
      principalOf: (workload) => distributor.wanted(workload)?.principal,
    }),
  });
  late.control = control;
  closers.push(() => grpc.close());
  const renewal = setInterval(() => {
    void rollout.renew();
    if (isHalfOver(identity.current(), clock.nowMs())) identity.renew(makeCertificate());
  }, RENEW_EVERY_MS);
  closers.push(() => clearInterval(renewal));
  return grpc.address;
}
