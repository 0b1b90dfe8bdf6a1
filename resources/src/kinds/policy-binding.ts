/** PolicyBinding: ties the entrypoints of a policy unit to workloads. */
import { defaulted, list, mapOf, object, optional, required, shorthand } from "../schema/composite.ts";
import { type Infer, integer, oneOf, text } from "../schema/schema.ts";
import { dnsLabel } from "./metadata.ts";

/** Ten times what the largest of the policies we measured needs. */
export const FUEL_DEFAULT = 1_000_000;

const unitPath = text({
  what: "a directory of the source, such as policies/mesh",
  pattern: /^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
  lengthMax: 255,
});

const entrypointName = text({
  what: "a rule's path, such as mesh/authz/allow",
  pattern: /^[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)+$/,
  lengthMax: 255,
});

export const entrypoint = object({
  name: required(entrypointName, "package and rule, joined by slashes"),
  kind: optional(
    oneOf("Authz", "Route", "Limits"),
    "the question that it answers; only needed where the name is not one of the mesh's own",
  ),
});

const anyNamespace = text({ what: "a namespace, or * for all", pattern: /^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$/ });

export const selector = object({
  namespaces: optional(list(anyNamespace, 64), "the binding's own where absent; others only from the root source"),
  services: optional(list(dnsLabel, 256), "any service where absent"),
  labels: defaulted(mapOf(text({ lengthMax: 256 }), 32), {}, "labels of the workload, all of which must match"),
});

export const policyBindingSpec = object({
  unit: required(unitPath, "a directory of the source: its modules and data are one unit"),
  selector: defaulted(selector, { labels: {} }, "every workload of the binding's namespace"),
  direction: required(oneOf("Inbound", "Outbound"), "whether the receiving or the sending proxy asks"),
  tier: defaulted(
    oneOf("Mandatory", "Workload", "Namespace", "Default"),
    "Namespace",
    "Mandatory units must all allow; of the others, those of the most specific tier that has any decide",
  ),
  entrypoints: required(list(shorthand(entrypoint, "name"), 16), "the rules that are asked"),
  mode: defaulted(oneOf("Enforce", "Shadow"), "Enforce", "Shadow decides and reports, but nothing follows from it"),
  fuel: defaulted(
    integer(1000, 1_000_000_000),
    FUEL_DEFAULT,
    "steps that one evaluation of an entrypoint may take; far above what honest policies need, a few milliseconds at most",
  ),
  onFault: defaulted(
    oneOf("Deny", "Allow"),
    "Deny",
    "what a fault of a Limits entrypoint means; Deny, as the mesh fails closed. A fault of Authz always denies",
  ),
});

export type PolicyBindingSpec = Infer<typeof policyBindingSpec>;
