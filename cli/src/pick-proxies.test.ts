import type { StatusBody } from "@regomesh/controller";
import { expect, test } from "vitest";
import { cutProxies, pickProxies } from "./pick-proxies.ts";

const NEW = "b".repeat(40);
const proxy = (at: number, more: Partial<StatusBody["proxies"][number]> = {}): StatusBody["proxies"][number] => ({
  workload: `w${at}`,
  namespace: at % 2 === 0 ? "shop" : "bank",
  service: `s${at}`,
  principal: `spiffe://td/w${at}`,
  state: "ready",
  revision: NEW,
  refusedPerSecond: 0,
  isBypassable: false,
  ...more,
});
const proxies = Array.from({ length: 300 }, (_, at) => proxy(at));
proxies[250] = proxy(250, { state: "gone" });
proxies[251] = proxy(251, { revision: "a".repeat(40) });
proxies[252] = proxy(252, { troubles: ["its disk is full"] });
const status = { nowMs: 0, proxies, revision: { name: NEW } } as unknown as StatusBody;
const names = (shown: StatusBody) => shown.proxies.map(({ workload }) => workload);

test.each([
  [{ namespace: "bank", words: ["w25"] }, ["w25", "w251", "w253", "w255", "w257", "w259"]],
  [{ words: ["S299", "ready"] }, ["w299"]],
  [{ words: ["gone"] }, ["w250"]],
  [{ isBehind: true }, ["w250", "w251", "w252"]],
  [{ isBehind: true, namespace: "bank" }, ["w251"]],
  [{ words: ["nobody"] }, []],
])("%j picks %j", (wish, picked) => {
  expect(names(pickProxies(status, wish))).toEqual(picked);
});

test("of many those are shown that need somebody, and it is said how many are not", () => {
  const [shown, left] = cutProxies(status, 5);
  expect([names(shown), left]).toEqual([["w0", "w1", "w250", "w251", "w252"], 295]);
  expect(names(cutProxies(status, 2)[0])).toEqual(["w250", "w251"]);
  expect(cutProxies(status, 300)).toEqual([status, 0]);
});
