/**
 * Whom a MeshTest may ask about. What policies say of a request is their namespace's matter: a test is told of it where
 * its own namespace asks, or is asked. One of the root's namespace may ask about everybody.
 */
import { type MeshService, type MeshTest, ROOT_NAMESPACE } from "@regomesh/resources";
import { parseTarget } from "../rehearse/request.ts";
import { ownHosts } from "./hosts.ts";
import type { MeshIndex } from "./mesh-index.ts";
import type { Report } from "./report.ts";

export function checkTests({ tests, services }: Pick<MeshIndex, "tests" | "services">, report: Report): void {
  const asking = tests.filter(({ metadata }) => metadata.namespace !== ROOT_NAMESPACE);
  if (asking.length === 0) return;
  const receivers = receiversOf(services);
  for (const test of asking) {
    const { namespace } = test.metadata;
    const caller = callerNamespace(test);
    const host = hostOf(test);
    const called = receivers.get(host) ?? receivers.get(`${host}.${caller ?? "default"}`);
    const isAsked = called !== undefined && called.metadata.namespace === namespace;
    // From outside nothing is reached that is not there.
    if (caller === namespace || isAsked || (caller === undefined && called === undefined)) continue;
    const message = `a MeshTest of namespace ${namespace} asks about requests from or to namespace ${namespace} alone`;
    report(test, caller === undefined ? "spec.request.url" : "spec.caller", "test_namespace", message, {
      hint: `move it to the namespace of its caller or receiver, or to ${ROOT_NAMESPACE}`,
    });
  }
}

/** By each host that names a service from anywhere. */
function receiversOf(services: MeshIndex["services"]): ReadonlyMap<string, MeshService> {
  const found = new Map<string, MeshService>();
  for (const service of services.values()) {
    const [, ...full] = ownHosts(service);
    for (const host of [...full, ...service.spec.hosts]) if (!found.has(host)) found.set(host, service);
  }
  return found;
}

/** Undefined: it is outside the mesh. */
function callerNamespace({ metadata, spec: { caller } }: MeshTest): string | undefined {
  if (caller === "outside") return undefined;
  return caller.includes("/") ? caller.slice(0, caller.indexOf("/")) : metadata.namespace;
}

/** Without its port, as it is compared: lower-case. */
function hostOf({ spec: { request } }: MeshTest): string {
  const said = Object.entries(request.headers).findLast(([name]) => name.toLowerCase() === "host")?.[1];
  const authority = said ?? parseTarget(request.url)?.authority ?? "";
  return authority.toLowerCase().replace(/:\d+$/, "");
}
