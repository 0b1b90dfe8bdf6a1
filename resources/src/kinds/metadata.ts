/** Names and labels: what every resource carries, in Kubernetes' shape. */
import { z } from "zod";
import { mapOf, text } from "../schema/values.ts";

export const API_GROUP = "regomesh.dev";
export const API_VERSION = "regomesh.dev/v1alpha1";
export const DEFAULT_NAMESPACE = "default";
/** What is bound here may be mandatory and may reach other namespaces, as Istio's istio-system. */
export const ROOT_NAMESPACE = "regomesh-system";

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

const name = dnsName.describe("unique among the resources of its kind and namespace");
const labelsField = labels.prefault({}).describe("what selectors and subsets match; none unless given");
const annotations = mapOf(text({ what: "an annotation's text" }), 64)
  .prefault({})
  .describe("notes for people and tools; the mesh reads none");

const creationTimestamp = text({
  what: "an RFC 3339 time in UTC",
  pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
})
  .exactOptional()
  .describe("an API server's; of two that cannot both be in force the older one stays");

export const metadata = z.strictObject({
  name,
  namespace: dnsLabel.prefault(DEFAULT_NAMESPACE).describe("Kubernetes' own default namespace"),
  labels: labelsField,
  annotations,
  creationTimestamp,
});

/** Of services: `NAME.NAMESPACE` is an authority, so that the name itself has no dots. */
export const serviceMetadata = z.strictObject({
  ...metadata.shape,
  name: dnsLabel.describe("name that clients of the same namespace call"),
});

/** Of sources: the name stands before what each holds, `NAME:path`, so that it has no dots. */
export const policySourceMetadata = z.strictObject({
  ...metadata.shape,
  name: dnsLabel.describe("name that stands before its files and units; root is the mesh's own source's"),
});

/** Of kinds that belong to no namespace. */
export const clusterMetadata = z.strictObject({ name, labels: labelsField, annotations, creationTimestamp });

export type Metadata = z.output<typeof metadata>;
export type ClusterMetadata = z.output<typeof clusterMetadata>;
