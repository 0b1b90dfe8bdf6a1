/** The CRDs of deploy/crds/, whole: written by `npm run generate`, held by a test. */
import { stringify } from "yaml";
import { API_GROUP, API_VERSION } from "../kinds/metadata.ts";
import { SUMMARIES } from "../reference/summaries.ts";
import { KINDS } from "../resource.ts";
import { type JsonSchema, printJsonSchema } from "../schema/json-schema.ts";
import { CLUSTER_KINDS, type ClusterKind, type ClusterKindFacts } from "./cluster-kinds.ts";
import { toPrinterColumn } from "./columns.ts";
import { statusSchema } from "./status.ts";
import { toStructural } from "./structural.ts";

const HEAD = "# Written by npm run generate from the schemas in resources/src/kinds; a test holds it to them.\n";
/** No line is folded, so that a change of a word is a change of its line. To kubectl, which reads YAML 1.1, a bare `on` is true. */
const LAYOUT = { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" } as const;

export type CrdFile = { readonly name: string; readonly text: string };

/** A file each, named as `kubectl get crd` names what it holds. */
export function printCrds(): readonly CrdFile[] {
  return (Object.keys(CLUSTER_KINDS) as ClusterKind[]).map((kind) => ({
    name: `${API_GROUP}_${CLUSTER_KINDS[kind].plural}.yaml`,
    text: HEAD + stringify(toCrd(kind, CLUSTER_KINDS[kind]), LAYOUT),
  }));
}

function toCrd(kind: ClusterKind, facts: ClusterKindFacts): object {
  const { plural, shortNames, isNamespaced, policyClass, columns } = facts;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${API_GROUP}`,
      labels: {
        "app.kubernetes.io/part-of": "regomesh",
        ...(policyClass === undefined ? {} : { "gateway.networking.k8s.io/policy": policyClass }),
      },
    },
    spec: {
      group: API_GROUP,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames, categories: ["mesh"] },
      scope: isNamespaced ? "Namespaced" : "Cluster",
      // One version, stored as it is served; another one comes with a conversion that this names.
      conversion: { strategy: "None" },
      versions: [
        {
          name: API_VERSION.slice(API_GROUP.length + 1),
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.map(toPrinterColumn),
          schema: { openAPIV3Schema: toSchema(kind, facts) },
        },
      ],
    },
  };
}

function toSchema(kind: ClusterKind, { rules, policyClass }: ClusterKindFacts): JsonSchema {
  const { properties } = printJsonSchema(KINDS[kind]) as { readonly properties: { readonly spec: JsonSchema } };
  const ofRoot = rules.filter(({ at }) => at === "");
  return {
    type: "object",
    description: SUMMARIES[kind],
    required: ["spec"],
    ...(ofRoot.length === 0
      ? {}
      : { "x-kubernetes-validations": ofRoot.map(({ rule, message }) => ({ rule, message })) }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: toStructural(properties.spec, "spec", rules),
      status: statusSchema(policyClass !== undefined),
    },
  };
}
