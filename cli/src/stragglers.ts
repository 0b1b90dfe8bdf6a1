/** Proxies that do not enforce the newest revision, and why: what status shows and wait waits for. */
import type { ProxyBody, StatusBody } from "@regomesh/controller";
import { plain, printSpan, printTook, shortHash } from "./units.ts";

export type Straggler = { readonly proxy: ProxyBody; readonly name: string; readonly reason: string };

/** In the order of the status; workloads that never had a proxy are among them. */
export function stragglersOf(status: StatusBody): readonly Straggler[] {
  return status.proxies.flatMap((proxy) => {
    const reason = reasonOf(proxy, status);
    return reason === undefined ? [] : [{ proxy, name: nameOf(proxy, status), reason }];
  });
}

/** How long the revision took from the end of its build to its effect, at half of the proxies that were sent it and at all but a hundredth; else from sending to ACK. */
export function printEffect({ effectP50Ms, effectP99Ms, ackP99Ms }: NonNullable<StatusBody["revision"]>): string {
  if (effectP50Ms !== undefined && effectP99Ms !== undefined)
    return `, to effect p50 ${printTook(effectP50Ms)} p99 ${printTook(effectP99Ms)}`;
  return ackP99Ms === undefined ? "" : `, p99 ${printTook(ackP99Ms)}`;
}

/** Its name is enough while it is a workload's only one, and every workload is of one namespace. */
export function nameOf({ workload, namespace, instance }: ProxyBody, { proxies }: StatusBody): string {
  const same = proxies.filter((each) => each.workload === workload && each.namespace === namespace);
  const isOne = new Set(proxies.map((each) => each.namespace)).size < 2;
  const name = isOne ? workload : `${namespace}/${workload}`;
  return plain(same.length < 2 || instance === undefined ? name : `${name} (${instance.slice(0, 8)})`);
}

function reasonOf(proxy: ProxyBody, status: StatusBody): string | undefined {
  const { revision, release, nowMs } = status;
  const { state, lastWordMs, refusal, isOrphan = false } = proxy;
  const since = lastWordMs === undefined ? "" : ` for ${printSpan(nowMs - lastWordMs)}`;
  if (isOrphan) return "its workload is not of the mesh, and it runs on with what it had: end it where it runs";
  if (state === "never") return "no proxy of it has joined yet";
  if (state === "gone")
    return `is gone${since}: its process has ended, or cannot reach the controller${staleOf(proxy, status)}`;
  if (refusal !== undefined) return `${refusalOf(refusal, nowMs)}${staleOf(proxy, status)}`;
  if (proxy.withheld !== undefined)
    return `is not given the newest revision: its version has not what that needs (${proxy.withheld.map(plain).join(", ")}); update it`;
  if (revision === undefined || proxy.revision === revision.name) return undefined;
  const silent = state === "stale" ? `, and has said nothing${since}` : "";
  if (release?.stage === "canary" && proxy.isCanary !== true)
    return `is still at ${shortHash(proxy.revision ?? "")}: its turn comes after the canaries${silent}`;
  if (proxy.revision === undefined) return `has no revision yet: its first snapshot is on its way${silent}`;
  return `is still at ${shortHash(proxy.revision)}: it was not sent the newer one yet, or has not answered${silent}`;
}

/** What a proxy that is behind does by now, where the mesh says how long it may be. */
function staleOf({ lastWordMs, refusal, state }: ProxyBody, { staleness, nowMs }: StatusBody): string {
  const sinceMs = state === "gone" ? lastWordMs : refusal?.atMs;
  if (staleness === undefined || sinceMs === undefined) return "";
  const leftMs = sinceMs + staleness.maxMs - nowMs;
  if (leftMs > 0) return staleness.onStale === "deny" ? `; it denies everything in ${printSpan(leftMs)}` : "";
  return staleness.onStale === "deny" ? "; by now it denies everything" : "; it is stale, and serves on";
}

/** What a proxy refuses, and whether that is the revision's fault or its machine's own. */
function refusalOf(
  { class: kind, revision, problems, attempts, atMs }: NonNullable<ProxyBody["refusal"]>,
  nowMs: number,
): string {
  const often = attempts === 1 ? "" : `, ${attempts} times`;
  const why =
    kind === "content"
      ? `refuses revision ${shortHash(revision)}`
      : `cannot take revision ${shortHash(revision)}, and tries again (last ${printSpan(nowMs - atMs)} ago${often})`;
  return `${why}: ${problems.slice(0, 3).map(plain).join("; ")}`;
}
