import type { ProxyBody, StatusBody } from "@regomesh/controller/api";
import { expect, test } from "vitest";
import { lagsBehind } from "./lag.ts";

type Proxy = Pick<ProxyBody, "state" | "revision" | "isOrphan">;

const STATUS: Pick<StatusBody, "revision"> = { revision: { name: "r2" } as NonNullable<StatusBody["revision"]> };

test.each<readonly [string, Partial<Proxy>, boolean]>([
  ["has what is meant", { revision: "r2" }, false],
  ["has what was before", { revision: "r1" }, true],
  ["is there without a snapshot", {}, true],
  ["is silent, with what was before", { state: "stale", revision: "r1" }, true],
  ["is gone", { state: "gone" }, false],
  ["was never seen", { state: "never" }, false],
  ["is an orphan", { isOrphan: true }, false],
])("a proxy that %s", (_, proxy, lags) => {
  expect(lagsBehind({ state: "ready", isOrphan: false, ...proxy } as Proxy, STATUS)).toBe(lags);
});

test("nobody lags where nothing is in force yet", () => {
  expect(lagsBehind({ state: "ready", isOrphan: false } as Proxy, {})).toBe(false);
});
