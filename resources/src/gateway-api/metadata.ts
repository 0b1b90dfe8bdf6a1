/** The group of the Gateway API, and what its objects carry: as people write them, and as an API server gives them back. */
import { z } from "zod";
import { DEFAULT_NAMESPACE, dnsLabel, dnsName } from "../kinds/metadata.ts";
import { integer, mapOf, text } from "../schema/values.ts";

export const GATEWAY_GROUP = "gateway.networking.k8s.io";

/** Served alike: of routes both say the same. */
export const GATEWAY_VERSIONS = [`${GATEWAY_GROUP}/v1`, `${GATEWAY_GROUP}/v1beta1`] as const;

/** Of labels and annotations nothing is read; an API server bounds them in bytes. */
const notes = mapOf(z.string("must be a string"), 1024).prefault({});

/** What an API server adds is taken and, but for generation and creationTimestamp, not looked at. */
export const objectMetadata = z.looseObject({
  name: dnsName.describe("unique among the routes of its kind and namespace"),
  namespace: dnsLabel.prefault(DEFAULT_NAMESPACE).describe("Kubernetes' own default namespace"),
  labels: notes.describe("nothing reads them here"),
  annotations: notes.describe("nothing reads them here"),
  generation: integer(0, Number.MAX_SAFE_INTEGER).exactOptional().describe("an API server counts changes by it"),
  creationTimestamp: text({ what: "an RFC 3339 time in UTC", pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ })
    .exactOptional()
    .describe("of two routes that match alike the older one counts; one without comes last"),
});

export type ObjectMetadata = z.output<typeof objectMetadata>;
