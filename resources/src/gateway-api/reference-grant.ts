/** ReferenceGrant (gateway.networking.k8s.io/v1): which namespaces' routes may name services of its own namespace. */
import { isMap, isScalar, isSeq, type Node } from "yaml";
import { z } from "zod";
import { dnsLabel } from "../kinds/metadata.ts";
import type { Written } from "../resource.ts";
import { list, text } from "../schema/values.ts";
import { GATEWAY_GROUP, type ObjectMetadata, objectMetadata } from "./metadata.ts";

export type ReferenceGrant = Written & {
  readonly kind: "ReferenceGrant";
  readonly metadata: ObjectMetadata;
  readonly spec: ReferenceGrantSpec;
};

const group = text({ what: "a group, or nothing for Kubernetes' own", lengthMax: 253 });
const kind = text({ what: "a kind", pattern: /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/, lengthMax: 63 });

const referenceGrantSpec = z.strictObject({
  from: list(
    z.strictObject({
      group: group.describe("of the kind that refers"),
      kind: kind.describe("HTTPRoute or GRPCRoute"),
      namespace: dnsLabel.describe("whose routes may refer"),
    }),
    16,
  ).describe("any of them"),
  to: list(
    z.strictObject({
      group: group.describe("of the kind that is referred to"),
      kind: kind.describe("Service or MeshService"),
      name: text({ what: "a name", lengthMax: 253 }).exactOptional().describe("one of them; all where absent"),
    }),
    16,
  ).describe("any of them"),
});

export type ReferenceGrantSpec = z.output<typeof referenceGrantSpec>;

export const referenceGrant = z.strictObject({
  apiVersion: text({}).describe("gateway.networking.k8s.io/v1, or v1beta1"),
  kind: text({}).describe("ReferenceGrant"),
  metadata: objectMetadata.describe("name"),
  spec: referenceGrantSpec.describe("who may refer to what"),
});

/** Whether a grant's document is about routes: those of Gateways to Secrets are other controllers'. */
export function grantsRoutes(root: Node): boolean {
  const from = isMap(root) ? root.getIn(["spec", "from"], true) : undefined;
  if (!isSeq(from)) return false;
  return from.items.some((each) => {
    const field = (name: string) => {
      const value = isMap(each) ? each.get(name, true) : undefined;
      return isScalar(value) ? value.value : undefined;
    };
    return field("group") === GATEWAY_GROUP && (field("kind") === "HTTPRoute" || field("kind") === "GRPCRoute");
  });
}
