import { printRecord, toDiagnosticRecord } from "@regomesh/base";
import { expect, test } from "vitest";
import { parseResources } from "../parse.ts";

const parse = (text: string) => {
  const { resources, diagnostics } = parseResources({ name: "r.yaml", text });
  return { resources, says: diagnostics.map((each) => printRecord(toDiagnosticRecord(each))) };
};

const route = (
  rules: string,
  { kind = "HTTPRoute", version = "v1", parent = 'group: "", kind: Service, name: echo' } = {},
) =>
  `apiVersion: gateway.networking.k8s.io/${version}\nkind: ${kind}\nmetadata: { name: r, uid: u, generation: 3 }\nspec:\n  parentRefs: [{ ${parent} }]\n  rules: ${rules}\nstatus: { parents: [] }\n`;

test("a route of a service is read, with every default", () => {
  const [read] = parse(route("[{ backendRefs: [{ name: v1, port: 80 }] }]")).resources;
  expect(read).toMatchObject({
    kind: "HTTPRoute",
    metadata: { name: "r", namespace: "default", generation: 3 },
    spec: {
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" }, headers: [], queryParams: [] }],
          backendRefs: [{ group: "", kind: "Service", name: "v1", port: 80, weight: 1, filters: [] }],
        },
      ],
    },
  });
});

test("what is for gateways, and what is none of the mesh's business, is passed over", () => {
  for (const text of [
    route("[{ nonsense: 1 }]", { parent: "name: gateway" }),
    route("[{ nonsense: 1 }]", { parent: 'group: "", kind: ConfigMap, name: x' }),
    route("[]", { kind: "Gateway" }),
  ])
    expect(parse(text)).toEqual({ resources: [], says: [] });
});

test.each([
  [
    "an unknown field",
    route("[{ sessionPersistence: {} }]"),
    /r.yaml:6:13: resource_field: unknown field sessionPersistence in spec.rules\[0\]/,
  ],
  [
    "a filter without its part",
    route("[{ filters: [{ type: URLRewrite }] }]"),
    /spec.rules\[0\].filters\[0\] must have the field that its type names/,
  ],
  ["a path that is none", route("[{ matches: [{ path: { value: a } }] }]"), /path.value must be an absolute path/],
  [
    "a fraction above 1",
    route(
      "[{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: a, port: 1 }, fraction: { numerator: 2, denominator: 1 } } }] }]",
    ),
    /fraction that is at most 1/,
  ],
  [
    "a status that is no redirect",
    route("[{ filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 304 } }] }]"),
    /statusCode must be one of 301, 302, 303, 307, 308/,
  ],
  [
    "a method that is none",
    route("[{ matches: [{ method: { service: 'a b' } }] }]", { kind: "GRPCRoute" }),
    /must have a service such as shop.Orders/,
  ],
  ["another version", route("[]", { version: "v1alpha2" }), /unknown apiVersion gateway.networking.k8s.io\/v1alpha2/],
  ["a kind that is not served", route("[]", { kind: "TCPRoute" }), /resource_kind: TCPRoute is not served/],
])("%s is said with its place", (_, text, wanted) => {
  expect(parse(text).says).toEqual([expect.stringMatching(wanted)]);
});
