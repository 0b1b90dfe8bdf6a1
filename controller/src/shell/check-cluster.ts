/** A cluster's objects checked as a controller that starts now would, and what it would warn of. */
import type { DiagnosticRecord } from "@regomesh/base";
import type { FailedTestBody } from "../api/releases.ts";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { type ClusterObject, objectKey } from "../kubernetes/cluster-object.ts";
import { keyOfFile } from "../kubernetes/cluster-tree.ts";
import { isMeshPod, unknownPorts } from "../kubernetes/mesh-objects.ts";
import { missingPolicies } from "../kubernetes/missing-policies.ts";
import { filesOf } from "../kubernetes/settle-objects.ts";
import { INJECT_LABEL } from "../kubernetes/webhook-configurations.ts";
import { loadTools } from "./build/compiler.ts";

export type ClusterCheck = {
  /** Files are named as objects: `PolicyBinding/shop/orders.yaml`, and of a unit `Policy/shop/orders/authz.rego`. */
  readonly diagnostics: readonly DiagnosticRecord[];
  readonly failedTests: readonly FailedTestBody[];
};

/** Codes of what no file shows, a cluster alone. */
export const CLUSTER_CODES = ["policy_absent", "pod_not_injected", "port_unknown", "object_refused"] as const;
type ClusterCode = (typeof CLUSTER_CODES)[number];

/** `namespaces`: objects of the kind Namespace, whose labels ask for injection. */
export async function checkCluster(
  objects: readonly ClusterObject[],
  namespaces: readonly ClusterObject[],
): Promise<ClusterCheck> {
  const byKey = new Map(objects.map((object) => [objectKey(object), object]));
  const built = build([{ path: "", files: filesOf(byKey) }], { rights: ALL_RIGHTS }, await loadTools());
  const found = [
    ...built.diagnostics,
    ...missingPolicies(byKey).flatMap(({ bindings, namespace, name }) =>
      bindings.map((key) =>
        record("policy_absent", key, `namespace ${namespace} has no Policy ${name}: its requests get 503`, "error"),
      ),
    ),
    ...notInjected(objects, namespaces),
    ...objects.flatMap(unknownPortsOf),
  ];
  // What a controller has said of it is no news beside what is found here.
  const known = new Set([...found, ...built.failedTests].map(({ file }) => keyOfFile(file)));
  return {
    diagnostics: [...found, ...objects.filter((object) => !known.has(objectKey(object))).flatMap(refusedOf)],
    failedTests: built.failedTests,
  };
}

function record(
  code: ClusterCode,
  key: string,
  message: string,
  severity: DiagnosticRecord["severity"] = "warning",
): DiagnosticRecord {
  return { code, severity, file: `${key}.yaml`, row: 1, column: 1, message };
}

/** Pods that came before the label, or while no controller answered. */
function notInjected(
  objects: readonly ClusterObject[],
  namespaces: readonly ClusterObject[],
): readonly DiagnosticRecord[] {
  const asking = new Set(
    namespaces
      .filter(({ metadata }) => metadata.labels?.[INJECT_LABEL] === "enabled")
      .map(({ metadata }) => metadata.name),
  );
  return objects.flatMap((object) => {
    if (object.kind !== "Pod" || isMeshPod(object)) return [];
    const { phase } = (object.status ?? {}) as { readonly phase?: string };
    if (phase !== "Running") return [];
    const said = object.metadata.labels?.[INJECT_LABEL];
    const isAsked = said === "enabled" || (said === undefined && asking.has(object.metadata.namespace ?? ""));
    return isAsked ? [record("pod_not_injected", objectKey(object), "it is to be injected, and has no proxy")] : [];
  });
}

function unknownPortsOf(object: ClusterObject): readonly DiagnosticRecord[] {
  const names = unknownPorts(object);
  if (names.length === 0) return [];
  const message = `no policy decides about port ${names.join(", ")}: its protocol is not said, or none of the mesh`;
  return [record("port_unknown", objectKey(object), message)];
}

/** What a controller has said of it already. */
function refusedOf(object: ClusterObject): readonly DiagnosticRecord[] {
  const { conditions = [] } = (object.status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
  const accepted = object.apiVersion.startsWith("regomesh.dev/")
    ? conditions.find(({ type }) => type === "Accepted")
    : undefined;
  return accepted?.status === "False"
    ? [record("object_refused", objectKey(object), `its status says that it is not accepted: ${accepted.message}`)]
    : [];
}
