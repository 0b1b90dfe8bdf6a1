import { expect, test } from "vitest";
import { makeEndpoint } from "../route/endpoint.ts";
import { Between } from "./between.ts";

const at = (address: string, port: number) =>
  makeEndpoint({ address, port, portName: "http", workload: "w", principal: "", labels: {} });

test("it says whom the request before did not, and is JSON in ASCII whatever the names", () => {
  const between = new Between();
  const read = (...[source, service, endpoint]: Parameters<Between["of"]>): unknown => {
    const text = Buffer.from(between.of(source, service, endpoint)).toString("latin1");
    expect(text).toMatch(/^[ -~]*$/);
    return JSON.parse(`{${text}${endpoint === undefined ? '"end":1' : "1"}}`);
  };
  const one = at("::1", 80);
  expect(read("", "", undefined)).toEqual({ source: "", service: "", end: 1 });
  expect(read("a", "orders", one)).toEqual({ source: "a", service: "orders", endpoint: "::1:80", tries: 1 });
  expect(read("a", "orders", undefined)).toEqual({ source: "a", service: "orders", end: 1 });
  expect(read('q"\\', "café\n\u{1f600}", one)).toMatchObject({ source: 'q"\\', service: "café\n\u{1f600}" });
  expect(read('q"\\', "café\n\u{1f600}", at("10.0.0.1", 81))).toMatchObject({ endpoint: "10.0.0.1:81", tries: 1 });
});
