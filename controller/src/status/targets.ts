/** Where the metrics of every connected proxy are, in the form of Prometheus' http_sd_configs. */
import type { StatusBody } from "../api/status.ts";

export type Target = { readonly targets: readonly string[]; readonly labels: Readonly<Record<string, string>> };

/** A proxy whose admin address is not known is left out; addresses are of the proxies' own machines. */
export function listTargets({ mesh, proxies }: StatusBody): readonly Target[] {
  return proxies.flatMap(({ admin, state, namespace, workload, service, instance = "" }): readonly Target[] => {
    if (admin === undefined || state === "gone" || state === "never") return [];
    return [{ targets: [admin], labels: { mesh, namespace, workload, service, instance_id: instance } }];
  });
}
