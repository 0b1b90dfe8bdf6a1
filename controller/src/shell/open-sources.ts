/** The sources that the operator has named, followed: the mesh's own from git or a cluster, and others. */
import { ROOT_SOURCE } from "../sources/source.ts";
import type { Lease } from "../store/store.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { Closers, Core } from "./core.ts";
import { Kubernetes } from "./kubernetes/kubernetes.ts";
import { Sources } from "./sources/sources.ts";

export async function openSources(
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
