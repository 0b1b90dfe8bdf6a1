import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { applySlices, type Readiness, type Slices, toReadiness } from "./readiness.ts";

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
  expect(toReadiness([...slices].reverse())).toEqual(found);
});

test("a slice of an EndpointSlice that is of no Service is passed over", () => {
  expect(toReadiness([makeObject("EndpointSlice/shop/a", undefined)])).toEqual(new Map());
});

test("each change of a slice leads to what all slices say, and to the same value where that is the same", () => {
  const [first, second] = [slice("a", "orders", { "o-1": {} }), slice("b", "orders", { "o-2": {} })];
  const held: Slices = new Map();
  const step = (readiness: Readiness, key: string, before?: ClusterObject, after?: ClusterObject) =>
    applySlices(readiness, held, [{ key, before, after }]);
  const one = step(new Map(), "a", undefined, first);
  expect(one).toEqual(toReadiness([first]));
  const both = step(one, "b", undefined, second);
  expect(both).toEqual(toReadiness([first, second]));
  expect(step(both, "b", second, slice("b", "orders", { "o-2": { ready: true } }))).toBe(both);
  const moved = slice("b", "mail", { "o-2": {} });
  const apart = step(both, "b", second, moved);
  expect(apart).toEqual(toReadiness([first, moved]));
  expect(step(apart, "b", moved, undefined)).toEqual(one);
  expect(step(one, "a", first, undefined)).toEqual(new Map());
  expect(held.size).toBe(0);
});
