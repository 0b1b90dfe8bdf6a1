/** GRPCRoute (gateway.networking.k8s.io/v1). */
import { z } from "zod";
import { dnsName } from "../kinds/metadata.ts";
import { list, oneOf, text } from "../schema/values.ts";
import { fieldName, grpcFilter } from "./filters.ts";
import { backendObjectReference, parentReference, weight } from "./references.ts";

const matchType = oneOf("Exact", "RegularExpression").prefault("Exact");

const methodMatch = z
  .strictObject({
    type: matchType.describe("RegularExpression is RE2, and of the whole name"),
    service: text({ what: "a service's name", lengthMax: 1024 })
      .exactOptional()
      .describe("with its package; any where absent"),
    method: text({ what: "a method's name", lengthMax: 1024 }).exactOptional().describe("any where absent"),
  })
  .refine(({ service, method }) => Boolean(service) || Boolean(method), {
    message: "must have service, method or both",
  })
  .refine(
    ({ type, service, method }) =>
      type !== "Exact" ||
      (/^$|^\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$/.test(service ?? "") &&
        /^$|^[A-Za-z_][A-Za-z_0-9]*$/.test(method ?? "")),
    { message: "must have a service such as shop.Orders and a method such as Get" },
  );

const headerMatch = z.strictObject({
  type: matchType.describe("RegularExpression is RE2, and of the whole value"),
  name: fieldName.describe("in any case; of two entries of one name the first counts"),
  value: text({ what: "a value", pattern: /^.+$/s, lengthMax: 4096 }).describe(
    "of a field that came twice: both, joined by commas",
  ),
});

const match = z.strictObject({
  method: methodMatch.exactOptional().describe("any where absent"),
  headers: list(headerMatch, 16).prefault([]).describe("all must match"),
});

const backendRef = z.strictObject({
  ...backendObjectReference,
  weight,
  filters: list(grpcFilter, 16).prefault([]).describe("for calls to this backend alone, after the rule's"),
});

const rule = z.strictObject({
  name: dnsName.exactOptional().describe("a name for people: explain shows it"),
  matches: list(match, 64).prefault([{}]).describe("any of them; every call where absent"),
  filters: list(grpcFilter, 16).prefault([]).describe("what is done with calls beside sending them on"),
  backendRefs: list(backendRef, 16).prefault([]).describe("where calls go; without any they end with UNAVAILABLE"),
});

export const grpcRouteSpec = z.strictObject({
  parentRefs: list(parentReference, 32).prefault([]).describe("the services whose calls it routes"),
  hostnames: list(text({ what: "a host name", lengthMax: 253 }), 16)
    .prefault([])
    .describe("for Gateways alone: a service's calls are its own whatever name they use"),
  rules: list(rule, 16).prefault([]).describe("of all rules of all routes of a service one counts"),
});

export type GrpcRouteSpec = z.output<typeof grpcRouteSpec>;
export type GrpcRouteRule = GrpcRouteSpec["rules"][number];
export type GrpcRouteMatch = GrpcRouteRule["matches"][number];
export type GrpcBackendRef = GrpcRouteRule["backendRefs"][number];
