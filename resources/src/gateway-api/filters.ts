/** What a rule, or one of its backends, does with requests beside sending them on. */
import { z } from "zod";
import { dnsName } from "../kinds/metadata.ts";
import { integer, list, oneOf, text } from "../schema/values.ts";
import { backendObjectReference, port } from "./references.ts";

export const fieldName = text({ what: "a field's name", pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, lengthMax: 256 });
const fieldValue = text({ what: "a field's value", pattern: /^[\t\x20-\x7e\x80-\uffff]+$/, lengthMax: 4096 });
const field = z.strictObject({ name: fieldName.describe("in any case"), value: fieldValue.describe("as it is sent") });

const headerModifier = z.strictObject({
  set: list(field, 16).prefault([]).describe("in the place of what is there"),
  add: list(field, 16).prefault([]).describe("beside what is there"),
  remove: list(fieldName, 16).prefault([]).describe("names of fields that go no further"),
});

const path = text({
  what: "an absolute path of visible ASCII, or nothing",
  pattern: /^$|^\/[\x21-\x7e]*$/,
  lengthMax: 1024,
});

const pathModifier = z
  .strictObject({
    type: oneOf("ReplaceFullPath", "ReplacePrefixMatch").describe("which of the two stands here"),
    replaceFullPath: path.exactOptional().describe("in the place of the whole path"),
    replacePrefixMatch: path.exactOptional().describe("in the place of the rule's path prefix"),
  })
  .refine(
    ({ type, replaceFullPath, replacePrefixMatch }) =>
      (replaceFullPath !== undefined) === (type === "ReplaceFullPath") &&
      (replacePrefixMatch !== undefined) === (type === "ReplacePrefixMatch"),
    { message: "must have replaceFullPath or replacePrefixMatch, as its type says" },
  );

const urlRewrite = z.strictObject({
  hostname: dnsName.exactOptional().describe("the authority that goes on; what came where absent"),
  path: pathModifier.exactOptional().describe("what came where absent"),
});

const requestRedirect = z.strictObject({
  scheme: oneOf("http", "https").exactOptional().describe("http where absent"),
  hostname: dnsName.exactOptional().describe("what was asked where absent"),
  path: pathModifier.exactOptional().describe("what was asked where absent"),
  port: port.exactOptional().describe("the scheme's own where that is given, otherwise what was asked"),
  statusCode: z.literal([301, 302, 303, 307, 308]).prefault(302).describe("302 as the Gateway API has it"),
});

const requestMirror = z
  .strictObject({
    backendRef: z.strictObject(backendObjectReference).describe("who gets the copies"),
    percent: integer(0, 100).exactOptional().describe("of requests that are copied; all where neither is given"),
    fraction: z
      .strictObject({
        numerator: integer(0, 1_000_000_000).describe("so many"),
        denominator: integer(1, 1_000_000_000).prefault(100).describe("of so many"),
      })
      .exactOptional()
      .describe("of requests that are copied"),
  })
  .refine(({ percent, fraction }) => percent === undefined || fraction === undefined, {
    message: "must have percent or fraction, not both",
  })
  .refine(({ fraction }) => fraction === undefined || fraction.numerator <= fraction.denominator, {
    message: "must have a fraction that is at most 1",
  });

const origin = text({
  what: "* or an origin such as https://*.example.org",
  pattern: /^\*$|^https?:\/\/((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:[0-9]{1,5})?$/,
  lengthMax: 253,
});

const cors = z.strictObject({
  allowOrigins: list(origin, 64).prefault([]).describe("whose pages may read responses; nobody's where absent"),
  allowCredentials: z.boolean("must be true or false").prefault(false).describe("whether with cookies"),
  allowMethods: list(oneOf("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"), 9)
    .prefault([])
    .describe("beside GET, HEAD and POST"),
  allowHeaders: list(fieldName, 64).prefault([]).describe("that requests may have"),
  exposeHeaders: list(fieldName, 64).prefault([]).describe("of responses that pages may read"),
  maxAge: integer(1, 2_147_483_647).prefault(5).describe("seconds for which a browser need not ask again"),
});

const extensionRef = z.strictObject({
  group: text({ what: "a group", lengthMax: 253 }).describe("none is known here"),
  kind: text({ what: "a kind", lengthMax: 63 }).describe("none is known here"),
  name: text({ what: "a name", lengthMax: 253 }).describe("of the filter"),
});

const parts = {
  requestHeaderModifier: headerModifier.exactOptional().describe("changes the request's fields"),
  responseHeaderModifier: headerModifier.exactOptional().describe("changes the response's fields"),
  requestMirror: requestMirror.exactOptional().describe("sends copies whose answers are thrown away"),
  extensionRef: extensionRef
    .exactOptional()
    .describe("a filter of another kind: none is known, so such requests get 500"),
};

const TYPES = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  CORS: "cors",
  ExtensionRef: "extensionRef",
} as const;

/** Exactly the part that the type names. */
function hasItsPart(filter: { readonly type: keyof typeof TYPES }): boolean {
  return Object.values(TYPES).every(
    (part) => (Reflect.get(filter, part) !== undefined) === (part === TYPES[filter.type]),
  );
}

const MESSAGE = { message: "must have the field that its type names, and no other" };

export const httpFilter = z
  .strictObject({
    type: oneOf(
      "RequestHeaderModifier",
      "ResponseHeaderModifier",
      "RequestMirror",
      "RequestRedirect",
      "URLRewrite",
      "CORS",
      "ExtensionRef",
    ).describe("which of these stands here"),
    ...parts,
    requestRedirect: requestRedirect.exactOptional().describe("answers with a Location"),
    urlRewrite: urlRewrite.exactOptional().describe("changes what is asked for"),
    cors: cors.exactOptional().describe("says to browsers whose pages may read responses"),
  })
  .refine(hasItsPart, MESSAGE);

export const grpcFilter = z
  .strictObject({
    type: oneOf("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef").describe(
      "which of these stands here",
    ),
    ...parts,
  })
  .refine(hasItsPart, MESSAGE);

export type HttpFilter = z.output<typeof httpFilter>;
export type GrpcFilter = z.output<typeof grpcFilter>;
export type PathModifier = z.output<typeof pathModifier>;
export type HeaderModifier = z.output<typeof headerModifier>;
export type RequestRedirect = z.output<typeof requestRedirect>;
export type CorsFilter = z.output<typeof cors>;
export type RequestMirror = z.output<typeof requestMirror>;
