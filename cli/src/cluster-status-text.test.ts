import type { ClusterObject } from "@regomesh/controller";
import { expect, test } from "vitest";
import { printClusterStatus, toClusterStatus } from "./cluster-status-text.ts";
import type { Paint } from "./paint.ts";

const plainText = (text: string) => text;
const PAINT: Paint = {
  bold: plainText,
  dim: plainText,
  red: plainText,
  green: plainText,
  yellow: plainText,
  cyan: plainText,
};

const object = (place: string, status: unknown, apiVersion = "regomesh.dev/v1alpha1"): ClusterObject => {
  const [kind = "", namespace = "", name = ""] = place.split("/");
  return { apiVersion, kind, metadata: { namespace, name, uid: place, resourceVersion: "1" }, status };
};
const condition = (type: string, status: string, reason = type, message = "") => ({ type, status, reason, message });

const OBJECTS = [
  object("Policy/shop/orders", {
    conditions: [condition("Accepted", "True"), condition("Programmed", "True")],
    revision: "a".repeat(40),
    proxies: { summary: "2/2" },
  }),
  object("PolicyBinding/shop/orders", {
    conditions: [condition("Accepted", "True"), condition("ResolvedRefs", "False", "TargetNotFound", "no Policy a\nb")],
  }),
  object("MeshTest/shop/new", undefined),
  object(
    "HTTPRoute/shop/orders",
    {
      parents: [
        { controllerName: "example.org/other", conditions: [condition("Accepted", "False", "Other")] },
        { controllerName: "regomesh.dev/controller", conditions: [condition("Accepted", "True")] },
      ],
    },
    "gateway.networking.k8s.io/v1",
  ),
  object("HTTPRoute/shop/others", { parents: [] }, "gateway.networking.k8s.io/v1"),
  object("Service/shop/orders", {}, "v1"),
];

test("objects of the mesh, and routes that it has told something, stand in a table", () => {
  const [, ...lines] = printClusterStatus(toClusterStatus(OBJECTS), PAINT, true).split("\n");
  expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual(
    [
      "shop HTTPRoute orders True - - - - ",
      "shop MeshTest new - - - - - ",
      `shop Policy orders True True 2/2 - ${"a".repeat(7)} `,
      "shop PolicyBinding orders True - - TargetNotFound - no Policy a",
      "",
      "4 objects, 0 Pods with the proxy: 1 object not well",
      "",
    ].map((line) => line.trimEnd()),
  );
});

test("an empty cluster is said in a sentence", () => {
  expect(printClusterStatus(toClusterStatus([]), PAINT, false)).toBe(
    "nothing of the mesh is there (0 Pods with the proxy)\n",
  );
});
