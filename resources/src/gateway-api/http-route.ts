/** HTTPRoute (gateway.networking.k8s.io/v1), with the retries of its experimental channel. */
import { z } from "zod";
import { dnsName } from "../kinds/metadata.ts";
import { duration, integer, list, oneOf, text } from "../schema/values.ts";
import { fieldName, httpFilter } from "./filters.ts";
import { backendObjectReference, parentReference, weight } from "./references.ts";

const DAY_MS = 86_400_000;

const matchType = oneOf("Exact", "RegularExpression").prefault("Exact");

const pathMatch = z
  .strictObject({
    type: oneOf("Exact", "PathPrefix", "RegularExpression")
      .prefault("PathPrefix")
      .describe("PathPrefix goes by whole segments; RegularExpression is RE2, and of the whole path"),
    value: text({ what: "a path", lengthMax: 1024 }).prefault("/").describe("as the request's path is normalised"),
  })
  .refine(({ type, value }) => type === "RegularExpression" || /^\/[\x21-\x7e]*$/.test(value), {
    message: "must be an absolute path of visible ASCII",
    path: ["value"],
  });

const headerMatch = z.strictObject({
  type: matchType.describe("RegularExpression is RE2, and of the whole value"),
  name: fieldName.describe("in any case; of two entries of one name the first counts"),
  value: text({ what: "a value", pattern: /^.+$/s, lengthMax: 4096 }).describe(
    "of a field that came twice: both, joined by commas",
  ),
});

const queryMatch = z.strictObject({
  type: matchType.describe("RegularExpression is RE2, and of the whole value"),
  name: text({ what: "a parameter's name", pattern: /^.+$/, lengthMax: 256 }).describe("in this case"),
  value: text({ what: "a value", pattern: /^.+$/s, lengthMax: 1024 }).describe(
    "of a parameter that came twice: the first",
  ),
});

const match = z.strictObject({
  path: pathMatch.prefault({}).describe("any where absent"),
  headers: list(headerMatch, 16).prefault([]).describe("all must match"),
  queryParams: list(queryMatch, 16).prefault([]).describe("all must match"),
  method: oneOf("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
    .exactOptional()
    .describe("any where absent"),
});

const backendRef = z.strictObject({
  ...backendObjectReference,
  weight,
  filters: list(httpFilter, 16).prefault([]).describe("for requests to this backend alone, after the rule's"),
});

const timeouts = z.strictObject({
  request: duration(0, DAY_MS).exactOptional().describe("over all tries; 0s: none"),
  backendRequest: duration(0, DAY_MS).exactOptional().describe("of one try; 0s: none"),
});

const retry = z.strictObject({
  codes: list(integer(400, 599), 64).prefault([]).describe("statuses after which another try is made"),
  attempts: integer(0, 10).exactOptional().describe("tries after the first; 1 where absent"),
  backoff: duration(1, 3_600_000).exactOptional().describe("at least so long between tries; 25ms where absent"),
});

const rule = z.strictObject({
  name: dnsName.exactOptional().describe("a name for people: explain shows it"),
  matches: list(match, 64).prefault([{}]).describe("any of them; every request where absent"),
  filters: list(httpFilter, 16).prefault([]).describe("what is done with requests beside sending them on"),
  backendRefs: list(backendRef, 16)
    .prefault([])
    .describe("where requests go; 500 without any, unless a filter answers"),
  timeouts: timeouts.exactOptional().describe("of the service where absent"),
  retry: retry.exactOptional().describe("of the service where absent; of the experimental channel"),
});

export const httpRouteSpec = z.strictObject({
  parentRefs: list(parentReference, 32).prefault([]).describe("the services whose requests it routes"),
  hostnames: list(text({ what: "a host name", lengthMax: 253 }), 16)
    .prefault([])
    .describe("for Gateways alone: a service's requests are its own whatever name they use"),
  rules: list(rule, 16).prefault([{}]).describe("of all rules of all routes of a service one counts"),
});

export type HttpRouteSpec = z.output<typeof httpRouteSpec>;
export type HttpRouteRule = HttpRouteSpec["rules"][number];
export type HttpRouteMatch = HttpRouteRule["matches"][number];
export type HttpBackendRef = HttpRouteRule["backendRefs"][number];
