import { expect, test } from "vitest";
import { familyOf, parseNetwork } from "./network.ts";

test.each([
  ["10.0.0.0/8", "ip"],
  ["10.0.0.1", "ip"],
  ["fd00::/8", "ip6"],
  ["::ffff:10.0.0.1", "ip6"],
  ["10.0.0.256", undefined],
  ["010.0.0.1", undefined],
  ["10.0.0.0/33", undefined],
  ["fd00::/129", undefined],
  ["fd00::/8/8", undefined],
  ["10.0.0.0/", undefined],
  ["orders", undefined],
  ["{ 0.0.0.0 }", undefined],
  ["", undefined],
])("parseNetwork takes %s as %s", (text, family) => {
  expect(parseNetwork(text)).toEqual(family && { family, text });
});

test("familyOf takes an address alone", () => {
  expect([familyOf("10.0.0.1"), familyOf("fd00::1"), familyOf("fd00::1/8")]).toEqual(["ip", "ip6", undefined]);
});
