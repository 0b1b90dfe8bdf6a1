import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import { inFairOrder } from "./fair-order.ts";

const wanted = (place: string, isUrgent = true) => ({ object: makeObject(`Policy/${place}`, {}), isUrgent });
const order = (...all: readonly ReturnType<typeof wanted>[]) =>
  inFairOrder(all).map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`);

test("a namespace with many keeps no other waiting", () => {
  const many = ["1", "2", "3"].map((name) => wanted(`flood/${name}`));
  expect(order(...many, wanted("shop/a"), wanted("shop/b"), wanted("mail/a"))).toEqual([
    ...["flood/1", "shop/a", "mail/a"],
    ...["flood/2", "shop/b"],
    "flood/3",
  ]);
});

test("counts wait for what people wait for", () => {
  expect(order(wanted("flood/1", false), wanted("shop/a"), wanted("flood/2"), wanted("shop/b", false))).toEqual([
    ...["shop/a", "flood/2"],
    ...["flood/1", "shop/b"],
  ]);
});
