import { expect, test } from "vitest";
import { type Probe, parseProbes, printProbes } from "./probes.ts";

const HTTP: Probe = { kind: "http", port: 8080, path: "/ready", isTls: false, fields: [["x-a", "b"]] };

test("a table of probes is what it was printed from", () => {
  const probes = new Map<string, Probe>([
    ["/app/readinessProbe", HTTP],
    ["/app/livenessProbe", { kind: "tcp", port: 8080, withinSeconds: 30 }],
    ["/app/startupProbe", { kind: "grpc", port: 8080, service: "shop.Orders" }],
  ]);
  expect(parseProbes(printProbes(probes))).toEqual(probes);
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["a path that is none", JSON.stringify({ app: HTTP })],
  ["a port that is none", JSON.stringify({ "/a": { ...HTTP, port: 0 } })],
  ["a time that is none", JSON.stringify({ "/a": { ...HTTP, withinSeconds: 0 } })],
  ["another kind", JSON.stringify({ "/a": { ...HTTP, kind: "exec" } })],
  ["a line more", JSON.stringify({ "/a": { ...HTTP, path: "/\r\nx: y" } })],
  ["a service that is none", JSON.stringify({ "/a": { kind: "grpc", port: 1 } })],
  ["a field without a value", JSON.stringify({ "/a": { ...HTTP, fields: [["x"]] } })],
  ["too many", JSON.stringify(Object.fromEntries(Array.from({ length: 161 }, (_, at) => [`/${at}`, HTTP])))],
])("parseProbes takes no table with %s", (_, text) => {
  expect(parseProbes(text)).toBeUndefined();
});
