/** A cluster in the place of a repository, as the controller's flags name it. */
import type { ControllerOptions } from "@regomesh/controller";
import { UsageError } from "../command.ts";
import { parseAddress } from "./listen-address.ts";

const CLUSTER_FLAGS = ["kubeconfig", "context", "state-namespace", "admission", "admission-service", "inject"] as const;
type ClusterFlags = Readonly<Partial<Record<"git" | (typeof CLUSTER_FLAGS)[number], string>>> & {
  readonly kubernetes?: boolean;
};

/** The cluster in the place of a repository; undefined where none is asked for. */
export function parseCluster(values: ClusterFlags): ControllerOptions["kubernetes"] {
  const { git, kubeconfig, context, kubernetes = false, "state-namespace": stateNamespace } = values;
  const own = CLUSTER_FLAGS.find((name) => values[name] !== undefined);
  if (!kubernetes && own !== undefined) throw new UsageError(`--${own} is for --kubernetes`);
  if (!kubernetes) return undefined;
  if (git !== undefined)
    throw new UsageError("--kubernetes takes the place of --git: name a repository by a PolicySource of the cluster");
  const admission = parseAdmission(values);
  if (stateNamespace !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(stateNamespace))
    throw new UsageError(`--state-namespace takes a namespace, not ${stateNamespace}`);
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(admission === undefined ? {} : { admission }),
    ...(stateNamespace === undefined ? {} : { stateNamespace }),
  };
}

function parseAdmission(values: ClusterFlags): NonNullable<ControllerOptions["kubernetes"]>["admission"] {
  const { admission, "admission-service": service, inject } = values;
  if (admission === undefined) {
    if (service !== undefined || inject !== undefined)
      throw new UsageError("--admission-service and --inject need --admission: where the API server asks");
    return undefined;
  }
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9-]{1,63})$/.exec(service ?? "") ?? [];
  if (service !== undefined && (namespace === undefined || name === undefined))
    throw new UsageError(`--admission-service takes NAMESPACE/NAME, not ${service}`);
  const [, image, controller] = /^([^=\s]+)=([^=\s]+:\d{1,5})$/.exec(inject ?? "") ?? [];
  if (inject !== undefined && (image === undefined || controller === undefined))
    throw new UsageError(`--inject takes IMAGE=HOST:PORT, not ${inject}`);
  return {
    address: parseAddress(admission, "--admission"),
    ...(namespace === undefined || name === undefined ? {} : { service: { namespace, name } }),
    ...(image === undefined || controller === undefined ? {} : { injection: { image, controller } }),
  };
}
