import { parseResources } from "@regomesh/resources";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { makeObject, makePod, makeService } from "../../test/make-object.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { toMeshObjects } from "./mesh-objects.ts";

/** `Service orders http:80 HTTP`, `Workload orders-1 of orders as orders on 10.1.0.7 to http:8080`. */
function told(objects: readonly ClusterObject[]): readonly string[] {
  const documents = toMeshObjects(objects);
  const { resources, diagnostics } = parseResources({
    name: "x.yaml",
    text: documents.map((each) => `---\n${stringify(each)}`).join(""),
  });
  expect(diagnostics).toEqual([]);
  return resources.map((each) => {
    if (each.kind === "MeshService")
      return [
        `Service ${each.metadata.namespace}/${each.metadata.name}`,
        ...(each.spec.hosts.length === 0 ? [] : [`at ${each.spec.hosts.join(" ")}`]),
        each.spec.ports.map(({ name, port, protocol }) => `${name}:${port} ${protocol}`).join(", "),
        ...(each.spec.selector === undefined ? [] : [`of ${JSON.stringify(each.spec.selector)}`]),
      ].join(" ");
    if (each.kind !== "Workload") return each.kind;
    const { service, serviceAccount, ports } = each.spec;
    return `Workload ${each.metadata.name} of ${service} as ${serviceAccount} ${ports.map(({ name, listen, application }) => `${name}@${listen.address}>${application.port}`).join(", ")}`;
  });
}

const rows: Readonly<Record<string, readonly [readonly ClusterObject[], readonly string[]]>> = {
  "a Service and the Pods that it selects": [
    [
      makeService("shop/orders", "orders"),
      makePod("shop/orders-1", { app: "orders" }),
      makePod("shop/orders-2", { app: "orders" }),
    ],
    [
      'Service shop/orders http:80 HTTP of {"app":"orders"}',
      "Workload orders-1 of orders as orders http@10.1.0.7>8080",
      "Workload orders-2 of orders as orders http@10.1.0.7>8080",
    ],
  ],
  "its addresses are hosts of it, and a headless one has none": [
    [
      makeObject("Service/shop/orders", {
        selector: { app: "orders" },
        ports: [{ port: 80 }],
        clusterIPs: ["10.96.0.10", "fd96::10"],
      }),
      makeObject("Service/shop/pay", { selector: { app: "pay" }, ports: [{ port: 80 }], clusterIPs: ["None"] }),
      makePod("shop/orders-1", { app: "orders" }),
      makePod("shop/pay-1", { app: "pay" }),
    ],
    [
      'Service shop/orders at 10.96.0.10 [fd96::10] http:80 HTTP of {"app":"orders"}',
      'Service shop/pay http:80 HTTP of {"app":"pay"}',
      "Workload orders-1 of orders as orders http@10.1.0.7>80",
      "Workload pay-1 of pay as pay http@10.1.0.7>80",
    ],
  ],
  "a Service of another namespace selects none": [
    [makeService("team/orders", "orders"), makePod("shop/orders-1", { app: "orders" })],
    [
      "Service shop/orders-1 http:80 HTTP",
      'Service team/orders http:80 HTTP of {"app":"orders"}',
      "Workload orders-1 of orders-1 as orders http@10.1.0.7>0",
    ],
  ],
  "a Pod without the proxy is none of the mesh; its Service is there all the same, for routes": [
    [makeService("shop/orders", "orders"), makePod("shop/orders-1", { app: "orders" }, { initContainers: [] })],
    ['Service shop/orders http:80 HTTP of {"app":"orders"}'],
  ],
  "a Pod that has ended, or has no address yet, is none": [
    [
      makeService("shop/orders", "orders"),
      { ...makePod("shop/a", { app: "orders" }), status: { phase: "Failed", podIP: "10.1.0.8" } },
      { ...makePod("shop/b", { app: "orders" }), status: { phase: "Pending" } },
    ],
    ['Service shop/orders http:80 HTTP of {"app":"orders"}'],
  ],
  "ports are those whose protocol is said": [
    [
      makeService("shop/orders", "orders", [
        { name: "http-web", port: 80, targetPort: 8081 },
        { name: "grpc", port: 90 },
        { name: "api", port: 91, appProtocol: "kubernetes.io/h2c" },
        { name: "tcp-redis", port: 6379 },
        { name: "https", port: 443 },
        { name: "http-dns", port: 53, protocol: "UDP" },
      ]),
      makePod("shop/orders-1", { app: "orders" }),
    ],
    [
      'Service shop/orders http-web:80 HTTP, grpc:90 GRPC, api:91 HTTP2 of {"app":"orders"}',
      "Workload orders-1 of orders as orders http-web@10.1.0.7>8081, grpc@10.1.0.7>90, api@10.1.0.7>91",
    ],
  ],
  "a Pod of several Services answers for all of them": [
    [
      makeService("shop/all", "orders"),
      makeService("shop/orders", "orders"),
      makeService("shop/admin", "orders", [{ port: 80, targetPort: 9090 }]),
      makeService("shop/web", "web", [{ port: 80, targetPort: 3000 }]),
      makePod("shop/orders-1", { app: "orders" }),
    ],
    [
      'Service shop/admin http:80 HTTP of {"app":"orders"}',
      'Service shop/all http-80:80 HTTP of {"app":"orders"}',
      'Service shop/orders http-80:80 HTTP of {"app":"orders"}',
      'Service shop/web http:80 HTTP of {"app":"web"}',
      "Workload orders-1 of admin as orders http@10.1.0.7>9090, http-80@10.1.0.7>8080",
    ],
  ],
  "a Pod that no Service selects is not of the one that is named as it is": [
    [makeService("shop/job", "orders"), makePod("shop/job", { app: "job" }), makePod("shop/job-2", { app: "job" })],
    [
      'Service shop/job http:80 HTTP of {"app":"orders"}',
      "Service shop/job-2 http:80 HTTP",
      "Service shop/job-2-2 http:80 HTTP",
      "Workload job of job-2 as job http@10.1.0.7>0",
      "Workload job-2 of job-2-2 as job http@10.1.0.7>0",
    ],
  ],
  "an ExternalName is none; a Service without a selector is, for routes": [
    [
      makeObject("Service/shop/out", { type: "ExternalName", selector: { app: "orders" }, ports: [{ port: 80 }] }),
      makeObject("Service/shop/by-hand", { ports: [{ port: 80 }] }),
      makePod("shop/orders-1", { app: "orders" }),
    ],
    [
      "Service shop/by-hand http:80 HTTP",
      "Service shop/orders-1 http:80 HTTP",
      "Workload orders-1 of orders-1 as orders http@10.1.0.7>0",
    ],
  ],
};
test.each(Object.entries(rows))("%s", (_, [objects, expected]) => {
  expect(told(objects)).toEqual(expected);
});
