/** Control and Identity, served to proxies. */
import { splitAddress } from "@regomesh/base";
import { isTakenBackSince } from "../ca/revocations.ts";
import type { Lease } from "../store/store.ts";
import { type Authority, isHalfOver, SVID_TTL_DEFAULT_MS, watchRoot } from "./ca/authority.ts";
import type { Joining, JoinTokens } from "./ca/join-tokens.ts";
import type { RevokedList } from "./ca/revoked-list.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { Closers, Core } from "./core.ts";
import { makeControl } from "./grpc/control.ts";
import { makeServerIdentity } from "./grpc/credentials.ts";
import { makeIdentityServer } from "./grpc/identity.ts";
import { serveGrpc } from "./grpc/server.ts";
import { toOrders } from "./join-orders.ts";
import { openJoinTokenFiles } from "./join-token-files.ts";

/** How often it is looked whether a release or the server's certificate is half way to its end. */
const RENEW_EVERY_MS = 60_000;

/** Gives the address. */
export async function openGrpc(
  { distributor, mesh, rollout, troubles, late }: Core,
  {
    authority,
    tokens,
    revoked,
  }: { readonly authority: Authority; readonly tokens: JoinTokens; readonly revoked: RevokedList },
  lease: Lease,
  options: ControllerOptions,
  closers: Closers,
): Promise<string> {
  const { clock, log, svidTtlMs = SVID_TTL_DEFAULT_MS } = options;
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
