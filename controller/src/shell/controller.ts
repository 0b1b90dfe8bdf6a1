/**
 * The controller: a git source on one side, proxies on the other, and between them builds.
 * This file only puts the parts together, in the order in which they need each other.
 */
import { splitAddress } from "@regomesh/base";
import { inputsOf } from "../sources/inputs.ts";
import { Troubles } from "../status/troubles.ts";
import { Keeper } from "../store/keeper.ts";
import { observed } from "../store/observed.ts";
import { StoreError } from "../store/store.ts";
import { awaitFirstCommit } from "./await-first-commit.ts";
import { Builder } from "./build/builder.ts";
import { Attestor } from "./ca/attestor.ts";
import { Authority, AuthorityError, SVID_TTL_DEFAULT_MS } from "./ca/authority.ts";
import { JoinTokens } from "./ca/join-tokens.ts";
import { openLongestTtl } from "./ca/longest-ttl.ts";
import { RevokedList } from "./ca/revoked-list.ts";
import { Revoker } from "./ca/revoker.ts";
import { ControllerFailed } from "./controller-failed.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { type Closers, type Core, makeCore, rightsOf } from "./core.ts";
import { Explainer } from "./explainer.ts";
import { GitError } from "./git/git.ts";
import { RevisionTrees } from "./git/revision-trees.ts";
import { isLoopback, openApiToken } from "./http/guard.ts";
import { openWebhook } from "./http/open-webhook.ts";
import { serveHttp } from "./http/server.ts";
import { nothingToServe } from "./nothing-to-serve.ts";
import { openGrpc } from "./open-grpc.ts";
import { holdPlaces, openJoinSocket } from "./open-places.ts";
import { openSources } from "./open-sources.ts";
import { openState } from "./open-state.ts";
import { placeIn } from "./place-in.ts";
import { SourceOperator } from "./sources/operate.ts";

export type Controller = {
  readonly grpc: string;
  /** `http://HOST:PORT` */
  readonly http: string;
  /** Resolves where another leads in its place: it must be closed. Of a folder's controller it never does. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
};

/** How often it is looked whether what was taken back has ended by itself. */
const EXPIRE_EVERY_MS = 60_000;

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
  const tokens = await JoinTokens.open(lease, log);
  const revoked = await RevokedList.open(lease, clock.nowMs());
  const revoker = new Revoker({
    list: revoked,
    distributor,
    ttlMs: await openLongestTtl(lease, options.svidTtlMs ?? 0, clock),
    nowMs: () => clock.nowMs(),
    log,
  });
  const expiry = setInterval(() => revoker.expire(), EXPIRE_EVERY_MS);
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
  await rollout.pinning.restore((input) => sources.read(input));
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
  const grpc = await openGrpc(core, { authority: late.authority, tokens, revoked }, lease, options, closers);
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
    tokens,
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
    token: await openApiToken(lease, log),
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
