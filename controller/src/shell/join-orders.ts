/** The join tokens that an operator has asked for at the start, as far as the mesh has their workloads. */
import type { Release } from "../distribution/release.ts";
import { ControllerFailed } from "./controller-failed.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { JoinTokenOrder } from "./join-token-files.ts";

/**
 * Throws ControllerFailed for a workload that the mesh does not have, at the first start. Later
 * a commit may have taken it away: that must not keep the mesh from its controller.
 */
export function toOrders(
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
