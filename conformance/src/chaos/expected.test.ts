import { expect, test } from "vitest";
import { parse } from "yaml";
import { type AccessLine, allows, parseLine, printGrants } from "./expected.ts";

const GRANTS = { users: { alice: ["orders"], bob: [] }, webMethods: ["GET"] };
const line = (more: Partial<AccessLine>): AccessLine => ({
  time: "",
  direction: "inbound",
  method: "GET",
  path: "/orders?user=alice",
  status: 200,
  verdict: "allowed",
  source: "",
  service: "web",
  revision: "r",
  durationMs: 1,
  ...more,
});
const WEB = "spiffe://cluster.local/ns/default/sa/web";

test.each([
  [{}, true],
  [{ path: "/refunds?user=alice" }, false],
  [{ path: "/orders?user=bob" }, false],
  [{ path: "/orders?user=mallory" }, false],
  [{ path: "/orders" }, undefined],
  [{ verdict: "broken" }, undefined],
  [{ direction: "outbound" as const }, undefined],
  [{ service: "orders", source: WEB }, true],
  [{ service: "orders", source: WEB, method: "POST" }, false],
  [{ service: "payments", source: WEB }, false],
])("what %j is", (more, wanted) => {
  expect(allows(line(more), GRANTS)).toBe(wanted);
});

test("grants are printed as the data file has them, and a part of a line is none", () => {
  expect(parse(printGrants(GRANTS))).toEqual({
    users: GRANTS.users,
    workloads: {
      web: [{ service: "orders", methods: ["GET"] }],
      orders: [{ service: "payments", methods: ["GET", "POST"] }],
    },
  });
  expect(parseLine('{"time":"2026')).toBeUndefined();
});
