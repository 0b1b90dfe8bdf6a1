import { parseResources, type ReferenceGrant, type Resource } from "@regomesh/resources";
import { expect, test } from "vitest";
import { attachRoutes } from "./attach.ts";
import { gatewayClassStatus, gatewayConditions } from "./gateway.ts";
import { routeStatus } from "./status.ts";

const read = (text: string): readonly Resource[] => parseResources({ name: "r.yaml", text }).resources;

const services = new Map(
  read(
    "apiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: echo }\nspec: { ports: [{ port: 80 }] }\n",
  ).flatMap((each) => (each.kind === "MeshService" ? [["echo.default", each] as const] : [])),
);

const route = (kind: string, parents: string, backends: string) =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: ${kind.toLowerCase()}, generation: 7 }\nspec:\n  parentRefs: [${parents}]\n  rules: [{ backendRefs: [${backends}] }]\n`;

/** Of each route the conditions in short, parent by parent. */
function statusOf(text: string, grants?: readonly ReferenceGrant[]): readonly string[][] {
  const routes = read(text).flatMap((each) => (each.kind === "HTTPRoute" || each.kind === "GRPCRoute" ? [each] : []));
  const attachments = attachRoutes(routes, services);
  return routes.map((each) =>
    routeStatus(each, attachments, { services, grants }).parents.flatMap(({ conditions, controllerName }) => {
      expect(controllerName).toBe("regomesh.dev/controller");
      return conditions.map(({ type, status, reason, observedGeneration }) => {
        expect(observedGeneration).toBe(7);
        return `${type} ${status} ${reason}`;
      });
    }),
  );
}

const ECHO = '{ group: "", kind: Service, name: echo }';
const RESOLVED = "ResolvedRefs True ResolvedRefs";

test.each([
  ["a route that holds", route("HTTPRoute", ECHO, "{ name: echo, port: 80 }"), [["Accepted True Accepted", RESOLVED]]],
  [
    "parents that are not there, and one that is a gateway",
    route(
      "HTTPRoute",
      '{ group: "", kind: Service, name: nobody }, { group: "", kind: Service, name: echo, port: 81 }, { name: gateway }',
      "{ name: echo, port: 80 }",
    ),
    [["Accepted False NoMatchingParent", RESOLVED, "Accepted False NoMatchingParent", RESOLVED]],
  ],
  [
    "a backend that is not there",
    route("HTTPRoute", ECHO, "{ name: nobody, port: 80 }"),
    [["Accepted True Accepted", "ResolvedRefs False BackendNotFound"]],
  ],
  [
    "a backend of another kind",
    route("HTTPRoute", ECHO, "{ group: a.b, kind: Bucket, name: c }"),
    [["Accepted True Accepted", "ResolvedRefs False InvalidKind"]],
  ],
  [
    "routes of two kinds",
    route("HTTPRoute", ECHO, "{ name: echo, port: 80 }") + route("GRPCRoute", ECHO, "{ name: echo, port: 80 }"),
    [
      ["Accepted False Conflicted", RESOLVED],
      ["Accepted True Accepted", RESOLVED],
    ],
  ],
])("%s", (_, text, wanted) => expect(statusOf(text)).toEqual(wanted));

const GRANT = (from: string, to: string, namespace = "other") =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: { name: g, namespace: ${namespace} }\nspec:\n  from: [{ group: gateway.networking.k8s.io, ${from} }]\n  to: [{ group: "", ${to} }]\n`;
const PERMITTED = "ResolvedRefs False BackendNotFound";
const NOT_PERMITTED = "ResolvedRefs False RefNotPermitted";

/** The backend is not there: who may name it learns so, who may not learns nothing. */
test.each([
  ["no grant is asked for", undefined, PERMITTED],
  ["none is there", "", NOT_PERMITTED],
  ["it is for all services", GRANT("kind: HTTPRoute, namespace: default", "kind: Service"), PERMITTED],
  ["it is for this one", GRANT("kind: HTTPRoute, namespace: default", "kind: Service, name: orders"), PERMITTED],
  ["it is for another", GRANT("kind: HTTPRoute, namespace: default", "kind: Service, name: mail"), NOT_PERMITTED],
  ["it is another namespace's", GRANT("kind: HTTPRoute, namespace: shop", "kind: Service"), NOT_PERMITTED],
  ["it is for GRPCRoutes", GRANT("kind: GRPCRoute, namespace: default", "kind: Service"), NOT_PERMITTED],
  ["it stands elsewhere", GRANT("kind: HTTPRoute, namespace: default", "kind: Service", "shop"), NOT_PERMITTED],
])("of a backend of another namespace where %s", (_, grants, wanted) => {
  const text = route("HTTPRoute", ECHO, "{ name: orders, namespace: other, port: 80 }");
  const given = grants === undefined ? undefined : read(grants).filter((each) => each.kind === "ReferenceGrant");
  expect(statusOf(text, given)).toEqual([["Accepted True Accepted", wanted]]);
});

test("a route of another namespace may send to its own parent", () => {
  const parent = '{ group: "", kind: Service, name: echo, namespace: default }';
  const text = route("HTTPRoute", parent, "{ name: echo, namespace: default, port: 80 }").replace(
    "{ name: httproute,",
    "{ name: httproute, namespace: shop,",
  );
  expect(statusOf(text, [])).toEqual([["Accepted True Accepted", RESOLVED]]);
});

test("a gateway of ours is told that it is not served, and another's is told nothing", () => {
  const ours = { metadata: { name: "regomesh", generation: 2 }, spec: { controllerName: "regomesh.dev/controller" } };
  const other = { metadata: { name: "other" }, spec: { controllerName: "example.org/gateways" } };
  expect(gatewayClassStatus(ours)?.conditions).toMatchObject([
    { type: "Accepted", status: "False", observedGeneration: 2 },
  ]);
  expect(gatewayClassStatus(other)).toBeUndefined();
  const gateway = (gatewayClassName: string) => ({ metadata: { generation: 1 }, spec: { gatewayClassName } });
  expect(gatewayConditions(gateway("regomesh"), [ours, other])).toMatchObject([
    { type: "Accepted", status: "False" },
    { type: "Programmed", status: "False" },
  ]);
  expect(gatewayConditions(gateway("other"), [ours, other])).toBeUndefined();
});
