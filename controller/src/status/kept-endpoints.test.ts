import { expect, test } from "vitest";
import { EMPTY_TABLE, type EndpointRow } from "../distribution/endpoints.ts";
import { LOST_MS, type Lost } from "../distribution/roster.ts";
import { keptTrouble } from "./kept-endpoints.ts";

const row = (service: string, isKept: boolean): [string, EndpointRow] => [
  service,
  { service, endpoints: new Map(), sources: [], silent: [], isKept },
];
const tableOf = (...kept: readonly string[]) => ({
  ...EMPTY_TABLE,
  rows: new Map([row("web.default", false), ...kept.map((service) => row(service, true))]),
});
const lost = [7000, 3000].map(
  (untilMs): Lost => ({ claim: { workload: "default/a", listen: [] }, untilMs: untilMs + LOST_MS }),
);

test("services whose endpoints are kept are named, a few of many, since the first was lost", () => {
  expect(keptTrouble(tableOf(), { lost: [] })).toBeUndefined();
  expect(keptTrouble(tableOf("a.x"), { lost })).toEqual({
    about: "endpoints",
    message:
      "no proxy is connected of a.x: callers keep the last endpoints for 5 minutes, until one is back; see that it runs, and reaches the controller",
    sinceMs: 3000,
  });
  const many = Array.from({ length: 8 }, (_, at) => `s${at}.x`);
  expect(keptTrouble(tableOf(...many), { lost })?.message).toContain("of s0.x, s1.x, s2.x, s3.x, s4.x and 3 more:");
});
