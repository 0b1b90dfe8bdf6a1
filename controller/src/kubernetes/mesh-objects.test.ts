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
  "however many mean different ports by one name and number, each is asked by its own": [
    [
      makeService("shop/a", "orders", [{ port: 80, targetPort: 9090 }]),
      makeService("shop/b", "orders", [{ port: 80, targetPort: 8080 }]),
      makeService("shop/c", "orders", [{ port: 80, targetPort: 7070 }]),
      makeService("shop/d", "orders", [{ port: 80, targetPort: 8080 }]),
      makeService("shop/e", "orders", [
        { name: "http", port: 80, targetPort: 6060 },
        { name: "http-80-3", port: 81, targetPort: 5050 },
      ]),
      makePod("shop/orders-1", { app: "orders" }),
    ],
    [
      'Service shop/a http:80 HTTP of {"app":"orders"}',
      'Service shop/b http-80:80 HTTP of {"app":"orders"}',
      'Service shop/c http-80-2:80 HTTP of {"app":"orders"}',
      'Service shop/d http-80:80 HTTP of {"app":"orders"}',
      'Service shop/e http-80-4:80 HTTP, http-80-3:81 HTTP of {"app":"orders"}',
      "Workload orders-1 of a as orders http@10.1.0.7>9090, http-80@10.1.0.7>8080, http-80-2@10.1.0.7>7070, http-80-4@10.1.0.7>6060, http-80-3@10.1.0.7>5050",
    ],
  ],
  "a Service whose Pods answer for others by another port each has a name apart from all of them": [
    [
      makeService("shop/a", "a", [{ port: 80, targetPort: 9090 }]),
      makeService("shop/b", "b", [{ port: 80, targetPort: 8080 }]),
      makeObject("Service/shop/c", { selector: { of: "both" }, ports: [{ port: 80, targetPort: 8080 }] }),
      makePod("shop/p-1", { app: "a", of: "both" }),
      makePod("shop/p-2", { app: "b", of: "both" }),
    ],
    [
      'Service shop/a http:80 HTTP of {"app":"a"}',
      'Service shop/b http:80 HTTP of {"app":"b"}',
      'Service shop/c http-80:80 HTTP of {"of":"both"}',
      "Workload p-1 of a as a http@10.1.0.7>9090, http-80@10.1.0.7>8080",
      "Workload p-2 of b as b http@10.1.0.7>8080, http-80@10.1.0.7>8080",
    ],
  ],
  "a Pod alone is not called by the name of a Service that the mesh leaves out": [
    [
      makeObject("Service/shop/api", { type: "ExternalName", externalName: "api.example.com" }),
      makeService("shop/db", "db", [{ name: "tcp-pg", port: 5432 }]),
      makePod("shop/api", { app: "x" }),
      makePod("shop/db", { app: "y" }),
    ],
    [
      "Service shop/api-2 http:80 HTTP",
      "Service shop/db-2 http:80 HTTP",
      "Workload api of api-2 as x http@10.1.0.7>0",
      "Workload db of db-2 as y http@10.1.0.7>0",
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
