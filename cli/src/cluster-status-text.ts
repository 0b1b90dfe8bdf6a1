/** The objects of a cluster and what they are told, as a table: what `kubectl get mesh -A` shows, with routes beside it. */
import { type ClusterObject, isMeshPod } from "@regomesh/controller";
import { API_VERSION, CONTROLLER_NAME } from "@regomesh/resources";
import type { Paint } from "./paint.ts";
import { countOf } from "./report.ts";
import { printTable } from "./table.ts";
import { plain, shortHash } from "./units.ts";

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };
type Status = {
  readonly conditions?: readonly Condition[];
  readonly revision?: string;
  readonly proxies?: { readonly summary: string };
  readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Condition[] }[];
};

/** An object of the mesh, and what became of it. */
export type ObjectState = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly isAccepted: boolean | undefined;
  readonly isProgrammed: boolean | undefined;
  readonly proxies: string;
  readonly revision: string;
  /** Of the first condition that does not hold; "" where all do. */
  readonly reason: string;
  readonly message: string;
};

export type ClusterStatus = { readonly objects: readonly ObjectState[]; readonly pods: number };

export function toClusterStatus(objects: readonly ClusterObject[]): ClusterStatus {
  const told = objects.flatMap((object) => {
    const conditions = conditionsOf(object);
    return conditions === undefined ? [] : [toObjectState(object, conditions)];
  });
  const keyOf = ({ namespace, kind, name }: ObjectState) => `${namespace}/${kind}/${name}`;
  return {
    objects: told.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    pods: objects.filter(isMeshPod).length,
  };
}

/** Undefined of what this mesh tells nothing. */
function conditionsOf({ apiVersion, kind, status }: ClusterObject): readonly Condition[] | undefined {
  const { conditions = [], parents = [] } = (status ?? {}) as Status;
  if (apiVersion === API_VERSION) return conditions;
  if (kind !== "HTTPRoute" && kind !== "GRPCRoute") return undefined;
  const own = parents.filter(({ controllerName }) => controllerName === CONTROLLER_NAME);
  return own.length === 0 ? undefined : own.flatMap((parent) => parent.conditions);
}

function toObjectState(object: ClusterObject, conditions: readonly Condition[]): ObjectState {
  const { kind, metadata, status } = object;
  const { revision = "", proxies } = (status ?? {}) as Status;
  const of = (type: string) => {
    const all = conditions.filter((each) => each.type === type && each.status !== "Unknown");
    return all.length === 0 ? undefined : all.every((each) => each.status === "True");
  };
  const wrong = conditions.find((each) => each.status === "False");
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    isAccepted: of("Accepted"),
    isProgrammed: of("Programmed"),
    proxies: proxies?.summary ?? "",
    revision,
    reason: wrong?.reason ?? "",
    message: wrong?.message ?? "",
  };
}

export function printClusterStatus({ objects, pods }: ClusterStatus, paint: Paint, isWide: boolean): string {
  if (objects.length === 0) return `nothing of the mesh is there (${countOf(pods, "Pod")} with the proxy)\n`;
  const columns = [
    "namespace",
    "kind",
    "name",
    "accepted",
    "programmed",
    "proxies",
    "reason",
    ...(isWide ? ["revision", "message"] : []),
  ];
  const rows = objects.map((each) => [
    each.namespace === "" ? "-" : plain(each.namespace),
    each.kind,
    plain(each.name),
    said(each.isAccepted),
    said(each.isProgrammed),
    each.proxies === "" ? "-" : plain(each.proxies),
    each.reason === "" ? "-" : plain(each.reason),
    ...(isWide
      ? [each.revision === "" ? "-" : shortHash(each.revision), plain(each.message.split("\n")[0] ?? "")]
      : []),
  ]);
  const [head = "", ...lines] = printTable(
    columns.map((name) => ({ name: name.toUpperCase() })),
    rows,
  );
  const wrong = objects.filter(({ reason }) => reason !== "").length;
  const verdict = wrong === 0 ? paint.green("all is well") : paint.red(`${countOf(wrong, "object")} not well`);
  return `${[paint.bold(head), ...lines, "", `${countOf(objects.length, "object")}, ${countOf(pods, "Pod")} with the proxy: ${verdict}`].join("\n")}\n`;
}

function said(is: boolean | undefined): string {
  return is === undefined ? "-" : is ? "True" : "False";
}
