/**
 * The controller: a git source on one side, proxies on the other, and between them builds.
 * This file only puts the parts together, in the order in which they need each other.
 */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, type Log, printRecord } from "@regomesh/base";
import type { RefusedBody } from "../api/bodies.ts";
import { isTakenBackSince } from "../ca/revocations.ts";
import type { Claim } from "../distribution/endpoints.ts";
import type { Release } from "../distribution/release.ts";
import { type Known, RESTART_LEASE_MS } from "../distribution/roster.ts";
import type { SourceRights } from "../index/rights.ts";
import { findFile } from "../sources/given.ts";
import { inputsOf } from "../sources/inputs.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { Troubles } from "../status/troubles.ts";
import { Keeper } from "../store/keeper.ts";
import { observed } from "../store/observed.ts";
import { type Lease, StoreError } from "../store/store.ts";
import { Announcer } from "../telling/news.ts";
import { Builder } from "./build/builder.ts";
import { Attestor } from "./ca/attestor.ts";
import {
  Authority,
  AuthorityError,
  isHalfOver,
  type KeyAndChain,
  SVID_TTL_DEFAULT_MS,
  signSnapshot,
  watchRoot,
} from "./ca/authority.ts";
import { type Joining, JoinTokens } from "./ca/join-tokens.ts";
import { openLongestTtl } from "./ca/longest-ttl.ts";
import { RevokedList } from "./ca/revoked-list.ts";
import { Revoker } from "./ca/revoker.ts";
import { serveUnix, type UidRight } from "./ca/unix-attestor.ts";
import { Composer } from "./composer.ts";
import { Explainer } from "./explainer.ts";
import { Excerpts, type PlacedFile } from "./git/blame.ts";
import { GitError } from "./git/git.ts";
import { RevisionTrees } from "./git/revision-trees.ts";
import { LOOK_EVERY_MS } from "./git/source.ts";
import { type Control, makeControl } from "./grpc/control.ts";
import { makeServerIdentity } from "./grpc/credentials.ts";
import { Distributor } from "./grpc/distributor.ts";
import { makeIdentityServer } from "./grpc/identity.ts";
import { serveGrpc } from "./grpc/server.ts";
import { isLoopback, openApiToken } from "./http/guard.ts";
import { type HttpServer, serveHttp } from "./http/server.ts";
import { serveWebhook, type Webhook } from "./http/webhook.ts";
import { type JoinTokenOrder, openJoinTokenFiles } from "./join-token-files.ts";
import { MeshState } from "./mesh.ts";
import { Rollout } from "./rollout.ts";
import type { FollowedSource, SourcePlace } from "./sources/followed-source.ts";
import { listSources, toPinBody } from "./sources/list.ts";
import { SourceOperator } from "./sources/operate.ts";
import { type Credential, Sources } from "./sources/sources.ts";
import { FolderStore } from "./store/folder-store.ts";
import { type KeptList, keptClaims, keptProxies } from "./store/kept-list.ts";
import { KeptPin } from "./store/kept-pin.ts";
import { LastGood } from "./store/last-good.ts";
import { SourceContents } from "./store/source-contents.ts";
import { Teller, type TellerOptions } from "./telling/teller.ts";

export type ControllerOptions = {
  /** Folder of everything that is kept. */
  readonly state: string;
  readonly git: string;
  readonly branch: string;
  /** A directory of the repository; "" for all of it. */
  readonly path: string;
  /** Which of its paths may speak for which namespaces; empty: all for all. */
  readonly allow: SourceRights;
  /** `HOST:PORT`; port 0 is a free one. */
  readonly http: string;
  readonly grpc: string;
  readonly explainDenials: boolean;
  /** Where `git` is a remote's mirror: the remote, and how it is reached. */
  readonly remote?: NonNullable<SourcePlace["remote"]>;
  /** Sources beside that one, each with what it may speak for. */
  readonly sources?: readonly (SourcePlace & { readonly allow: SourceRights })[];
  /** What addresses of PolicySources are reached with. */
  readonly credentials?: readonly Credential[];
  readonly knownHosts?: string;
  /** Where servers of git say that there is something new, and the file of the secret that they know. */
  readonly webhook?: { readonly address: string; readonly secretFile: string };
  /** Where it is told what becomes of commits, and each place's secret. */
  readonly tells?: TellerOptions["targets"];
  readonly joinTokens: readonly { readonly workload: string; readonly file: string }[];
  readonly svidTtlMs?: number;
  /** Where proxies of this host join by whose process they are. */
  readonly joinSocket?: { readonly path: string; readonly rights: readonly UidRight[] };
  readonly pageFolder?: string;
  /** Ends the wait for a first commit. */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
};

export type Controller = {
  readonly grpc: string;
  /** `http://HOST:PORT` */
  readonly http: string;
  close(): Promise<void>;
};

/** What keeps a controller from starting, in sentences for people. */
export class ControllerFailed extends Error {
  readonly code = "controller_failed";
}

/** How often it is looked whether something is half way to its end. */
const RENEW_EVERY_MS = 60_000;

export async function openController(options: ControllerOptions): Promise<Controller> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    return { ...(await openParts(options, closers)), close };
  } catch (error) {
    await close();
    if (error instanceof GitError || error instanceof AuthorityError || error instanceof StoreError)
      throw new ControllerFailed(error.message);
    throw error;
  }
}

type Closers = (() => Promise<void> | void)[];

/** The parts that hold state, and those that come later and are told of changes. */
type Core = {
  readonly distributor: Distributor;
  readonly mesh: MeshState;
  readonly composer: Composer;
  readonly rollout: Rollout;
  readonly claims: KeptList<Claim>;
  readonly known: KeptList<Known>;
  readonly troubles: Troubles;
  readonly announcer: Announcer;
  readonly teller: Teller;
  readonly late: {
    authority: Authority | undefined;
    signer: KeyAndChain | undefined;
    control: Control | undefined;
    http: HttpServer | undefined;
    sources: Sources | undefined;
    /** The authority's, before it is open. */
    trustDomain: string | undefined;
    /** Nothing was in force before, and there was no authority. */
    isFirstStart: boolean;
  };
};

async function openParts(options: ControllerOptions, closers: Closers): Promise<Pick<Controller, "grpc" | "http">> {
  const { clock, log } = options;
  if (!isLoopback(hostOf(options.http))) {
    throw new ControllerFailed(
      `the page and its API ask nobody who they are, and so are served on this machine alone: --http ${options.http} must be 127.0.0.1:PORT, [::1]:PORT or localhost:PORT`,
    );
  }
  let core: Core | undefined;
  const store = await FolderStore.open(options.state);
  const held = await store.lease({ pid: process.pid, host: hostname(), sinceMs: clock.nowMs() });
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
  const { composer, rollout, distributor, claims, known, teller, late } = core;
  closers.push(() => teller.close());
  closers.push(async () => void (await Promise.all([claims.flush(), known.flush(), rollout.close()])));
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
  const sources = await openSources(core, lease, options);
  late.sources = sources;
  closers.push(() => sources.close());
  const isNew = rollout.release === undefined;
  await sources.sync(rollout.release?.plan.sources ?? []);
  // What is in force of the others is kept: only where nothing is, they are waited for.
  if (isNew) await sources.fetchOthers();
  const { root } = sources;
  await root.fetch();
  await rollout.open().catch(async () => {
    // It is said as trouble of the source, and tried again.
    root.again();
    await root.look();
  });
  await firstCommit(root, rollout, options);
  const [fault] = root.troubles;
  if (rollout.release === undefined) throw nothingToServe(composer.refused[0], troubles.of("state") ?? fault?.message);
  late.authority = await Authority.open(lease, rollout.release.plan.mesh.trustDomain, clock.nowMs());
  late.trustDomain = late.authority.trustDomain;
  distributor.lease(await claims.read(), RESTART_LEASE_MS);
  distributor.remember(await known.read());
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
  if (options.joinSocket !== undefined) {
    closers.push(
      await serveUnix({ ...options.joinSocket, attestor, log }).catch((error: Error) => {
        throw new ControllerFailed(error.message);
      }),
    );
  }
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
  const hook = await openWebhook(options, sources);
  if (hook !== undefined) closers.push(() => hook.close());
  // First of all when it ends: streams that end with the controller are no proxies that end.
  closers.push(() => {
    late.control = undefined;
    late.http = undefined;
    distributor.stop();
  });
  // Where the command line finds this controller.
  const word = `${JSON.stringify({ http: http.url, grpc })}\n`;
  const keeper = new Keeper(lease, "controller.json", clock);
  await keeper.keep(word).catch(() => keeper.keepSoon(() => word));
  return { grpc, http: http.url };
}

async function openSources(
  { rollout, composer, late }: Core,
  lease: Lease,
  options: ControllerOptions,
): Promise<Sources> {
  const { git, branch, path, remote, state, clock, log } = options;
  return await Sources.open({
    root: {
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

/** Of GitHub's secrets the least that is no guess. */
const SECRET_LENGTH_LEAST = 16;

async function openWebhook({ webhook, clock, log }: ControllerOptions, sources: Sources): Promise<Webhook | undefined> {
  if (webhook === undefined) return undefined;
  const { address, secretFile } = webhook;
  const secret = (
    await readFile(secretFile, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new ControllerFailed(`the secret of the webhook cannot be read: ${error.message}`);
    })
  ).trim();
  if (secret.length < SECRET_LENGTH_LEAST)
    throw new ControllerFailed(`the secret in ${secretFile} has fewer than ${SECRET_LENGTH_LEAST} characters`);
  const wake = (name: string | undefined) => {
    if (name === undefined) sources.wake();
    else sources.find(name)?.wake();
    return name === undefined || sources.find(name) !== undefined;
  };
  const opened = await serveWebhook({ address, secret, wake, clock, log });
  log.log("info", "webhooks are taken", { url: opened.url });
  return opened;
}

function rightsOf({ sources = [] }: ControllerOptions): Readonly<Record<string, SourceRights>> {
  return Object.fromEntries(sources.map(({ name, allow }) => [name, allow]));
}

function placeIn(
  mesh: MeshState,
  gitDirOf: (source: string) => string | undefined,
  revision: string,
  file: string,
): PlacedFile | undefined {
  const found = findFile(mesh.given, revision, file);
  const gitDir = found && gitDirOf(found.input.source);
  if (found === undefined || gitDir === undefined) return undefined;
  return { gitDir, commit: found.input.id, file: found.file, path: found.input.path };
}

/** An empty repository has its first commit to come: where there is nothing else to serve, that is waited for. */
async function firstCommit(
  source: FollowedSource,
  rollout: Rollout,
  { clock, signal }: ControllerOptions,
): Promise<void> {
  while (rollout.release === undefined && source.isEmpty && signal?.aborted !== true) {
    await clock.sleep(LOOK_EVERY_MS, signal ?? new AbortController().signal).catch(() => {});
    await source.look();
  }
}

function makeCore(builder: Builder, lease: Lease, troubles: Troubles, options: ControllerOptions): Core {
  const { clock, log, branch, explainDenials } = options;
  const late: Core["late"] = {
    authority: undefined,
    signer: undefined,
    control: undefined,
    http: undefined,
    sources: undefined,
    trustDomain: undefined,
    isFirstStart: true,
  };
  const claims = keptClaims(lease, clock);
  const known = keptProxies(lease, clock);
  const distributor: Distributor = new Distributor({
    clock,
    sign: (body) => sign(body, late, clock),
    onChange: () => {
      late.control?.refresh();
      late.http?.poke();
      if (late.control === undefined) return;
      claims.keepSoon(() => distributor.claims());
      known.keepSoon(() => distributor.known());
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
  const mesh: MeshState = new MeshState({
    distributor,
    troubles,
    clock,
    log,
    excerpts: new Excerpts((revision, file) =>
      placeIn(mesh, (name) => late.sources?.find(name)?.repository?.gitDir, revision, file),
    ),
    pin: () => toPinBody(composer.pin),
    sources: () => listSources(late.sources, composer, distributor.release, options),
    source: () => {
      const trouble = late.sources?.root.readTrouble;
      return { name: `git ${branch}`, allow: options.allow, ...(trouble === undefined ? {} : { trouble }) };
    },
  });
  const composer: Composer = new Composer({
    builder,
    contents: new SourceContents(lease, clock, log),
    rights: options.allow,
    sources: rightsOf(options),
    trustDomain: () => late.trustDomain,
    clock,
    log,
    tell: (source, verdict) => announcer.verdict(source, verdict, clock.nowMs()),
    refuse: (refused) => {
      mesh.refuse(refused);
      late.http?.poke();
    },
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
    publish: (release, standing) => {
      mesh.publish(release, standing);
      void late.sources?.sync(release.plan.sources ?? []);
    },
    onPin: (before, pinned) => announcer.rolledBack(before, pinned, clock.nowMs()),
    remembered: async () => (await known.read()).map(({ workload }) => workload),
    fallback: () => distributor.fallback,
  });
  return { distributor, mesh, composer, rollout, claims, known, troubles, announcer, teller, late };
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
  const makeCertificate = () => authority.issueServer([hostOf(options.grpc), "localhost"], clock.nowMs());
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

/** Signs by a key that lives in this process alone and is replaced at half of its time. */
function sign(body: Uint8Array, late: Core["late"], clock: Clock) {
  const { authority } = late;
  if (authority === undefined) throw new Error("there is no authority yet");
  const nowMs = clock.nowMs();
  if (late.signer === undefined || isHalfOver(late.signer, nowMs)) late.signer = authority.issueSnapshotSigner(nowMs);
  return { signature: signSnapshot(body, late.signer.keyPem), signerPem: late.signer.chainPem };
}

/**
 * Throws ControllerFailed for a workload that the mesh does not have, at the first start. Later
 * a commit may have taken it away: that must not keep the mesh from its controller.
 */
function toOrders(
  { joinTokens, log }: ControllerOptions,
  release: Release | undefined,
  isFirstStart: boolean,
): readonly JoinTokenOrder[] {
  return joinTokens.flatMap(({ workload, file }) => {
    const [namespace, name] = workload.includes("/") ? workload.split("/") : ["default", workload];
    const found = release?.plan.workloads.find((each) => each.name === name && each.namespace === namespace);
    if (found !== undefined) return [{ file, spiffeId: found.principal, workload: `${found.namespace}/${found.name}` }];
    if (!isFirstStart) {
      log.log("warn", "no join token is written: the mesh has no Workload of that name", { workload });
      return [];
    }
    throw new ControllerFailed(`a join token was asked for ${workload}, but the mesh has no Workload of that name`);
  });
}

function nothingToServe(refused: RefusedBody | undefined, trouble: string | undefined): ControllerFailed {
  if (refused === undefined) return new ControllerFailed(trouble ?? "the source has no commit");
  const errors = refused.diagnostics.filter(({ severity }) => severity === "error").map(printRecord);
  const tests = refused.failedTests.map(({ file, row, name, message }) => `${file}:${row}: ${name} fails: ${message}`);
  const hints = [...new Set(refused.diagnostics.flatMap(({ hint }) => (hint === undefined ? [] : [`hint: ${hint}`])))];
  return new ControllerFailed(
    `commit ${refused.commit.slice(0, 7)} cannot be put in force, and there is no earlier revision: ${[...errors, ...tests, ...hints].join("\n")}`,
  );
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
