/** Names and labels: what every resource carries, in Kubernetes' shape. */
import { defaulted, mapOf, object, required } from "../schema/composite.ts";
import { type Infer, text } from "../schema/schema.ts";

export const API_GROUP = "regomesh.dev";
export const API_VERSION = "regomesh.dev/v1alpha1";
export const DEFAULT_NAMESPACE = "default";

export const dnsLabel = text({
  what: "a DNS label (lower-case letters, digits and -)",
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  lengthMax: 63,
});

/** A segment of a SPIFFE ID's path that is also a DNS subdomain. */
export const dnsName = text({
  what: "a DNS name (labels of lower-case letters, digits and -, joined by dots)",
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  lengthMax: 253,
});

export const labels = mapOf(text({ what: "a label's value", lengthMax: 256 }), 64);

const name = required(dnsName, "unique among the resources of its kind and namespace");
const labelsField = defaulted(labels, {}, "what selectors and subsets match; none unless given");
const annotations = defaulted(
  mapOf(text({ what: "an annotation's text" }), 64),
  {},
  "notes for people and tools; the mesh reads none",
);

export const metadata = object({
  name,
  namespace: defaulted(dnsLabel, DEFAULT_NAMESPACE, "Kubernetes' own default namespace"),
  labels: labelsField,
  annotations,
});

/** Of services: `NAME.NAMESPACE` is an authority, so that the name itself has no dots. */
export const serviceMetadata = object({
  ...metadata.fields,
  name: required(dnsLabel, "name that clients of the same namespace call"),
});

/** Of kinds that belong to no namespace. */
export const clusterMetadata = object({ name, labels: labelsField, annotations });

export type Metadata = Infer<typeof metadata>;
export type ClusterMetadata = Infer<typeof clusterMetadata>;
