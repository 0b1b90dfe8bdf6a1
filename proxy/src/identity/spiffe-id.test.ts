import { expect, test } from "vitest";
import { parseSpiffeId } from "./spiffe-id.ts";

test("a workload's ID gives namespace and service account", () => {
  expect(parseSpiffeId("spiffe://mesh.local/ns/shop/sa/cert-manager.io")).toEqual({
    text: "spiffe://mesh.local/ns/shop/sa/cert-manager.io",
    trustDomain: "mesh.local",
    path: "/ns/shop/sa/cert-manager.io",
    namespace: "shop",
    serviceAccount: "cert-manager.io",
  });
});

test("any other path is a path", () => {
  for (const path of ["", "/a", "/ns/shop/sa/x/y", "/NS/shop/sa/x", "/..a/b."]) {
    expect(parseSpiffeId(`spiffe://td${path}`)).toEqual({
      text: `spiffe://td${path}`,
      trustDomain: "td",
      path,
      namespace: undefined,
      serviceAccount: undefined,
    });
  }
});

test("what is not of the two alphabets is no ID", () => {
  const texts = [
    "",
    "spiffe:/td",
    "SPIFFE://td",
    "https://td/a",
    "spiffe://TD/a",
    "spiffe://td:1/a",
    "spiffe://u@td/a",
    "spiffe://td/a?b",
    "spiffe://td/a#b",
    "spiffe://td/%41",
    "spiffe://td/a b",
    "spiffe://td/",
    "spiffe://td//a",
    "spiffe://td/a/../b",
    "spiffe://td/a\n",
    `spiffe://${"t".repeat(256)}`,
    `spiffe://td/${"a".repeat(8192)}`,
  ];
  for (const text of texts) expect(parseSpiffeId(text)).toBe(undefined);
});
