import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import { condition } from "../gateway-api/condition.ts";
import type { RouteStatus } from "../gateway-api/status.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ObjectVerdict } from "./conditions.ts";
import { gatewayStatus, routeParents } from "./route-status.ts";

const NOW = "2026-11-27T12:00:00Z";
const BEFORE = "2026-11-27T11:00:00Z";
const OURS = "regomesh.dev/controller";
const SERVICE = { group: "", kind: "Service", name: "orders" };
const GATEWAY = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" };

const said = (status: boolean, generation: number) => condition("Accepted", status, "Accepted", "it holds", generation);
const inForce = (status: boolean, generation: number): RouteStatus => ({
  kind: "HTTPRoute",
  namespace: "shop",
  name: "orders",
  parents: [{ parentRef: SERVICE, controllerName: OURS, conditions: [said(status, generation)] }],
});
const OTHERS = { parentRef: GATEWAY, controllerName: "example.org/gateways", conditions: [said(true, 1)] };
const own = (status: boolean, generation: number, since = BEFORE) => ({
  parentRef: SERVICE,
  controllerName: OURS,
  conditions: [{ ...said(status, generation), lastTransitionTime: since }],
});

const route = (parentRefs: readonly object[], parents?: readonly object[]): ClusterObject =>
  makeObject(
    "HTTPRoute/shop/orders",
    { parentRefs },
    { metadata: { generation: 2 }, ...(parents === undefined ? {} : { status: { parents } }) },
  );

const ACCEPTED: ObjectVerdict = { kind: "accepted" };
const REFUSED: ObjectVerdict = { kind: "refused", code: "resource_field", message: "it is wrong", hasBefore: true };

type Row = readonly [ClusterObject, ObjectVerdict | undefined, RouteStatus | undefined, unknown];
const rows: Readonly<Record<string, Row>> = {
  "a route that nobody has told anything": [route([SERVICE]), ACCEPTED, inForce(true, 2), [own(true, 2, NOW)]],
  "others' entries stay where they are, before ours": [
    route([GATEWAY, SERVICE], [own(true, 1), OTHERS]),
    ACCEPTED,
    inForce(true, 2),
    [OTHERS, own(true, 2)],
  ],
  "what changes its status changes its time": [
    route([SERVICE], [own(true, 1)]),
    ACCEPTED,
    inForce(false, 2),
    [own(false, 2, NOW)],
  ],
  "what is said already is not written": [
    route([SERVICE], [OTHERS, own(true, 2)]),
    ACCEPTED,
    inForce(true, 2),
    undefined,
  ],
  "what is in force is of an earlier text": [route([SERVICE], [own(true, 1)]), ACCEPTED, inForce(true, 1), undefined],
  "nothing is in force yet": [route([SERVICE]), ACCEPTED, undefined, undefined],
  "a route that is no longer of a service is not ours": [
    route([GATEWAY], [OTHERS, own(true, 1)]),
    ACCEPTED,
    undefined,
    [OTHERS],
  ],
  "a route of gateways alone": [route([GATEWAY], [OTHERS]), ACCEPTED, undefined, undefined],
  "a text that is refused": [
    route([SERVICE], [own(true, 1)]),
    REFUSED,
    inForce(true, 1),
    [
      {
        parentRef: SERVICE,
        controllerName: OURS,
        conditions: [
          {
            type: "Accepted",
            status: "False",
            reason: "UnsupportedValue",
            message: "what was accepted before stays in force: it is wrong",
            observedGeneration: 2,
            lastTransitionTime: NOW,
          },
        ],
      },
    ],
  ],
};
test.each(Object.entries(rows))("%s", (_, [object, verdict, status, wanted]) =>
  expect(routeParents(object, verdict, status, NOW)).toEqual(wanted),
);

const gatewayClass = (name: string, controllerName: string, status?: object) =>
  makeObject(`GatewayClass/${name}`, { controllerName }, status === undefined ? {} : { status });

test("a class of ours is told once, and its gateways are", () => {
  const classes = [gatewayClass("regomesh", OURS), gatewayClass("other", "example.org/gateways")] as const;
  const status = gatewayStatus(classes[0], classes, NOW);
  expect(status).toMatchObject({ conditions: [{ type: "Accepted", status: "False", lastTransitionTime: NOW }] });
  expect(gatewayStatus(gatewayClass("regomesh", OURS, status), classes, NOW)).toBeUndefined();
  expect(gatewayStatus(classes[1], classes, NOW)).toBeUndefined();
  const gateway = (gatewayClassName: string) => makeObject("Gateway/shop/edge", { gatewayClassName });
  expect(gatewayStatus(gateway("regomesh"), classes, NOW)).toMatchObject({
    conditions: [
      { type: "Accepted", status: "False" },
      { type: "Programmed", status: "False" },
    ],
  });
  expect(gatewayStatus(gateway("other"), classes, NOW)).toBeUndefined();
});
