import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { isSameReadiness, toReadiness } from "./readiness.ts";

type Conditions = { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };

const slice = (name: string, service: string, pods: Readonly<Record<string, Conditions>>): ClusterObject => {
  const metadata = { labels: { "kubernetes.io/service-name": service } };
  const endpoints = Object.entries(pods).map(([pod, conditions]) => ({
    addresses: ["10.1.0.7"],
    conditions,
    targetRef: { kind: "Pod", name: pod },
  }));
  return { ...makeObject(`EndpointSlice/shop/${name}`, undefined, { metadata }), ...{ endpoints } };
};

const rows: Readonly<Record<string, readonly [readonly ClusterObject[], Readonly<Record<string, readonly string[]>>]>> =
  {
    "no slice says nothing": [[], {}],
    "a slice without endpoints says that nobody answers": [[slice("a", "orders", {})], { "orders.shop": [] }],
    "who is ready answers, and who says nothing of it": [
      [slice("a", "orders", { "o-1": { ready: true }, "o-2": { ready: false }, "o-3": {} })],
      { "orders.shop": ["shop/o-1", "shop/o-3"] },
    ],
    "several slices of a Service are one": [
      [slice("a", "orders", { "o-1": { ready: true } }), slice("b", "orders", { "o-2": { ready: true } })],
      { "orders.shop": ["shop/o-1", "shop/o-2"] },
    ],
    "who ends is not asked while another is ready": [
      [slice("a", "orders", { "o-1": { ready: true }, "o-2": { ready: false, serving: true, terminating: true } })],
      { "orders.shop": ["shop/o-1"] },
    ],
    "where all end, those that serve still are asked": [
      [
        slice("a", "orders", {
          "o-1": { ready: false, serving: true, terminating: true },
          "o-2": { ready: false, serving: false, terminating: true },
        }),
      ],
      { "orders.shop": ["shop/o-1"] },
    ],
  };
test.each(Object.entries(rows))("%s", (_, [slices, expected]) => {
  const found = toReadiness(slices);
  expect(Object.fromEntries([...found].map(([service, pods]) => [service, [...pods]]))).toEqual(expected);
  expect(isSameReadiness(found, toReadiness([...slices].reverse()))).toBe(true);
});

test("a slice of an EndpointSlice that is of no Service is passed over", () => {
  expect(toReadiness([makeObject("EndpointSlice/shop/a", undefined)])).toEqual(new Map());
});

test("another Pod, and another Service, are another readiness", () => {
  const one = toReadiness([slice("a", "orders", { "o-1": {} })]);
  expect(isSameReadiness(one, toReadiness([slice("a", "orders", { "o-2": {} })]))).toBe(false);
  expect(isSameReadiness(one, toReadiness([slice("a", "mail", { "o-1": {} })]))).toBe(false);
});
