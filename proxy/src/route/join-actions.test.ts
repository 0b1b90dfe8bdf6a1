import type { RouteActions } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { joinActions } from "./join-actions.ts";

const NONE: RouteActions = {
  rewrite: undefined,
  redirect: undefined,
  respond: undefined,
  requestHeaders: undefined,
  responseHeaders: undefined,
  mirrors: [],
};

test("a target's word on the path counts, and what it does not say stays the route's", () => {
  const route = { ...NONE, rewrite: { prefix: "/all", match: "/a", authority: "all" } };
  const rewriteOf = (rewrite: RouteActions["rewrite"]) => joinActions(route, { ...NONE, rewrite }).rewrite;
  expect(rewriteOf({ path: "/one" })).toEqual({ path: "/one", authority: "all" });
  expect(rewriteOf({ authority: "one" })).toEqual({ prefix: "/all", match: "/a", authority: "one" });
  expect(rewriteOf(undefined)).toBe(route.rewrite);
  expect(joinActions(route, undefined)).toBe(route);
});

test("fields of a request are changed by the route first, of a response by the target", () => {
  const changes = { set: [["A", "1"]], add: [["b", "1"]], remove: ["c"] } as const;
  const over = { set: [["c", "2"]], add: [["a", "2"]], remove: ["B"] } as const;
  const joined = joinActions(
    { ...NONE, requestHeaders: changes, responseHeaders: over },
    { ...NONE, requestHeaders: over, responseHeaders: changes, mirrors: [{ to: "m", port: 80, percent: 1 }] },
  );
  const both = {
    remove: ["c", "B"],
    set: [
      ["A", "1"],
      ["c", "2"],
    ],
    add: [["a", "2"]],
  };
  expect(joined).toMatchObject({ requestHeaders: both, responseHeaders: both, mirrors: [{ to: "m" }] });
});
