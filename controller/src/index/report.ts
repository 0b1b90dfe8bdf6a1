/** How the controller's own checks of resources speak. */
import type { Diagnostic, Location } from "@regomesh/base";
import { type locate, locate as placeOf, type Resource } from "@regomesh/resources";

/** Every code of a diagnostic that the controller makes of resources that are each right by themselves. */
export type IndexCode =
  | "resource_duplicate"
  | "resource_namespace"
  | "reference_unknown"
  | "reference_unused"
  | "service_port"
  | "service_host"
  | "service_route"
  | "route_parent"
  | "route_reference"
  | "route_expression"
  | "route_length"
  | "binding_tier"
  | "binding_namespace"
  | "binding_entrypoint"
  | "binding_fault"
  | "binding_count"
  | "binding_twice"
  | "workload_count"
  | "release_canary"
  | "test_namespace"
  | "trust_domain"
  | "source_name"
  | "source_url"
  | "source_followed";

export type ReportOptions = {
  readonly hint?: string | undefined;
  readonly related?: readonly { readonly at: Location; readonly message: string }[];
  readonly severity?: "warning";
};

/** Adds a diagnostic about the value at `path` of a resource. */
export type Report = (
  resource: Parameters<typeof locate>[0],
  path: string,
  code: IndexCode,
  message: string,
  options?: ReportOptions,
) => void;

export function makeReport(diagnostics: Diagnostic[]): Report {
  return (resource, path, code, message, { hint, related, severity } = {}) => {
    diagnostics.push({
      code,
      severity: severity ?? "error",
      message,
      at: placeOf(resource, path),
      ...(hint === undefined ? {} : { hint }),
      ...(related === undefined ? {} : { related }),
    });
  };
}

/** `Workload default/orders-v1`, as messages name a resource. */
export function nameOf(resource: Resource): string {
  return resource.kind === "MeshConfig"
    ? `MeshConfig ${resource.metadata.name}`
    : `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`;
}
