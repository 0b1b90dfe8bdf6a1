/** PolicyBinding: ties the entrypoints of a policy unit to workloads. */
import { z } from "zod";
import { integer, list, mapOf, oneOf, text } from "../schema/values.ts";
import { dnsLabel, dnsName } from "./metadata.ts";

/** Ten milliseconds, a unit being about a nanosecond: far above any honest decision, and no tail that lasts. */
const FUEL_DEFAULT = 10_000_000;

/** No segment is `.` or `..`; written without look-ahead, which CRDs do not take. */
const unitPath = text({
  what: "a directory of the source, such as policies/mesh",
  pattern: /^\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*(\/\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
  lengthMax: 255,
});

const entrypointName = text({
  what: "a rule's path, such as mesh/authz/allow",
  pattern: /^[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)+$/,
  lengthMax: 255,
});

const entrypoint = z.strictObject({
  name: entrypointName.describe("package and rule, joined by slashes"),
  kind: oneOf("Authz", "Route", "Limits")
    .exactOptional()
    .describe("the question that it answers; only needed where the name is not one of the mesh's own"),
});

/** May be written as the rule's path alone. */
const shortEntrypoint = z.union([
  entrypointName.transform((name): z.output<typeof entrypoint> => ({ name })),
  entrypoint,
]);

const anyNamespace = text({ what: "a namespace, or * for all", pattern: /^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$/ });

const selector = z.strictObject({
  namespaces: list(anyNamespace, 64)
    .exactOptional()
    .describe("the binding's own where absent; others only for bindings of regomesh-system"),
  services: list(dnsLabel, 256).exactOptional().describe("any service where absent"),
  labels: mapOf(text({ lengthMax: 256 }), 32)
    .prefault({})
    .describe("labels of the workload, all of which must match"),
});

const written = z.strictObject({
  unit: unitPath
    .exactOptional()
    .describe("a directory of the source: its modules and data are one unit; this or policy must be given"),
  policy: dnsName
    .exactOptional()
    .describe(
      "the Policy, of the binding's namespace, whose rules are asked; in a cluster this, or a unit of a PolicySource",
    ),
  selector: selector.prefault({}).describe("which workloads; every one of the binding's namespace where absent"),
  direction: oneOf("Inbound", "Outbound").describe("whether the receiving or the sending proxy asks"),
  tier: oneOf("Mandatory", "Workload", "Namespace", "Default")
    .prefault("Namespace")
    .describe(
      "Mandatory (in regomesh-system alone) units must all allow; of the others of a namespace, those of the most specific tier that has any decide",
    ),
  entrypoints: list(shortEntrypoint, 16).describe("the rules that are asked"),
  mode: oneOf("Enforce", "Shadow")
    .prefault("Enforce")
    .describe("Shadow decides and reports, but nothing follows from it"),
  fuel: integer(1000, 10_000_000_000)
    .prefault(FUEL_DEFAULT)
    .describe(
      "units that one evaluation of an entrypoint may take, each about a nanosecond; far above what honest policies need",
    ),
  onFault: oneOf("Deny", "Allow")
    .prefault("Deny")
    .describe(
      "what a fault of a Limits entrypoint means; Deny, as the mesh fails closed. A fault of Authz always denies",
    ),
});

/** `unit` is "" where `policy` names it: which directory that stands for depends on the namespace. */
export const policyBindingSpec = written
  .refine(({ unit, policy }) => (unit === undefined) !== (policy === undefined), {
    error: "must name either unit or policy",
  })
  .transform(({ unit = "", ...rest }) => ({ unit, ...rest }));

export type PolicyBindingSpec = z.output<typeof policyBindingSpec>;
