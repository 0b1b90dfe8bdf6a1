/** What a route refers to: the services that it is about, and those that requests are sent to. */
import { z } from "zod";
import { dnsLabel } from "../kinds/metadata.ts";
import { integer, text } from "../schema/values.ts";
import { GATEWAY_GROUP } from "./metadata.ts";

const group = text({
  what: "a group, or nothing for Kubernetes' own",
  pattern: /^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  lengthMax: 253,
});
const kind = text({ what: "a kind", pattern: /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/, lengthMax: 63 });
const name = text({ what: "a name", pattern: /^.+$/, lengthMax: 253 });
export const port = integer(1, 65_535);

export const parentReference = z.strictObject({
  group: group.prefault(GATEWAY_GROUP).describe("of the parent's kind; of a Service it is empty and must be written"),
  kind: kind.prefault("Gateway").describe("Service or MeshService; others are other controllers' to serve"),
  name: name.describe("of the service"),
  namespace: dnsLabel
    .exactOptional()
    .describe("the route's own where absent; of another one it holds for clients of the route's namespace alone"),
  sectionName: name.exactOptional().describe("the name of a port of the service"),
  port: port.exactOptional().describe("of the service; all of its ports where absent"),
});

export const backendObjectReference = {
  group: group.prefault("").describe("of the backend's kind"),
  kind: kind.prefault("Service").describe("Service or MeshService"),
  name: name.describe("of the service"),
  namespace: dnsLabel.exactOptional().describe("the route's own where absent"),
  port: port.exactOptional().describe("of the service; needed"),
};

export const weight = integer(0, 1_000_000)
  .prefault(1)
  .describe("share relative to the sum of the weights; equal shares by default");

export type ParentReference = z.output<typeof parentReference>;
