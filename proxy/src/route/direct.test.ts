import { expect, test } from "vitest";
import { makeService, makeWorkload } from "../test/make-snapshot.ts";
import { setEndpoints } from "./cluster.ts";
import { DirectClusters } from "./direct.ts";
import { makeEndpoint } from "./endpoint.ts";
import { makeServiceTable } from "./service-table.ts";

const at = (address: string, port: number, portName = "http", applicationPort?: number) =>
  makeEndpoint({ address, port, portName, workload: `${address}:${port}`, principal: "", labels: {}, applicationPort });

/**
 * orders has one port, shop two of them on the same Pod; mail says where its application listens, and pays by two
 * services for one port, and by one of them for another.
 */
const ENDPOINTS = {
  "orders.default": [at("10.1.0.7", 40_001), at("fd00::7", 40_001)],
  "shop.default": [at("10.1.0.8", 40_002), at("10.1.0.8", 40_003, "grpc")],
  "mail.default": [at("10.1.0.10", 40_004, "http", 8080)],
  "pay.default": [at("10.1.0.11", 40_005, "http", 8080), at("10.1.0.11", 40_006, "grpc", 9090)],
  "paid.default": [at("10.1.0.11", 40_005, "http", 8080)],
};
const table = makeServiceTable(
  makeWorkload({
    outbound: [
      makeService("orders", { port: 80 }),
      makeService("shop", { port: 80 }),
      makeService("shop", { port: 90, portName: "grpc" }),
      makeService("mail", { port: 80 }),
      makeService("pay", { port: 80 }),
      makeService("pay", { port: 90, portName: "grpc" }),
      makeService("paid", { port: 8080 }),
    ],
  }),
  (key) => ENDPOINTS[key as keyof typeof ENDPOINTS] ?? [],
  () => -1,
);

test.each([
  ["an endpoint's own port", "10.1.0.7", 40_001, "orders 80 at 40001"],
  ["the application's port, by the address alone", "10.1.0.7", 8080, "orders 80 at 40001"],
  ["the same by IPv6", "fd00::7", 8080, "orders 80 at 40001"],
  ["of several ports the one that clients name so", "10.1.0.8", 90, "shop 90 at 40003"],
  ["of several none, where the number is nobody's", "10.1.0.8", 8080, "no-port"],
  ["where the application is said to listen", "10.1.0.10", 8080, "mail 80 at 40004"],
  ["the service's port of that number, which is the application's to nobody", "10.1.0.10", 80, "mail 80 at 40004"],
  ["another port of the same Pod", "10.1.0.10", 9090, "no-port"],
  ["one of two ports, by the application's", "10.1.0.11", 9090, "pay 90 at 40006"],
  ["one port of two services: the one that clients name so", "10.1.0.11", 8080, "paid 8080 at 40005"],
  ["nobody's address", "10.1.0.9", 80, undefined],
])("a captured connection to %s", (_, address, port, expected) => {
  const found = new DirectClusters().called(table, 1, address, port);
  if (typeof found === "string") return expect(found).toBe(expected);
  const [endpoint] = found?.groups.get("")?.endpoints ?? [];
  expect(found && `${found.service.name} ${found.service.port} at ${endpoint?.port}`).toBe(expected);
});

test("where an endpoint of the mesh is is known as it changes", () => {
  const services = makeServiceTable(
    makeWorkload({ outbound: [makeService("orders", { port: 80 })] }),
    () => ENDPOINTS["orders.default"],
    () => -1,
  );
  const directs = new DirectClusters();
  expect(directs.match(services, 1, "10.1.0.7:40001")?.key).toBe("orders.default");
  const [orders] = services.all;
  if (orders !== undefined) setEndpoints(orders, [at("10.1.0.9", 40_001)]);
  expect(directs.match(services, 2, "10.1.0.7:40001")).toBe(undefined);
  expect(directs.match(services, 2, "10.1.0.9:40001")?.key).toBe("orders.default");
});
