import { expect, test } from "vitest";
import { changePath } from "./change-path.ts";

/** The table of the Gateway API's ReplacePrefixMatch, and what it leaves out. */
test.each([
  ["/foo/bar", "/foo", "/xyz", "/xyz/bar"],
  ["/foo/bar", "/foo", "/xyz/", "/xyz/bar"],
  ["/foo/bar", "/foo/", "/xyz", "/xyz/bar"],
  ["/foo/bar", "/foo/", "/xyz/", "/xyz/bar"],
  ["/foo", "/foo", "/xyz", "/xyz"],
  ["/foo/", "/foo", "/xyz", "/xyz/"],
  ["/foo/bar", "/foo", "/", "/bar"],
  ["/foo/", "/foo", "/", "/"],
  ["/foo", "/foo", "/", "/"],
  ["/foo?a=/foo", "/foo", "/xyz", "/xyz?a=/foo"],
  ["/foo/bar", "/", "/xyz", "/xyz/foo/bar"],
  ["/foobar", "/foo", "/xyz", undefined],
  ["/foo/bar", undefined, "/xyz", "/xyz/bar"],
])("%s, of which %s is replaced by %s, is %s", (path, match, prefix, wanted) => {
  expect(changePath(path, { prefix, ...(match === undefined ? {} : { match }) })).toBe(wanted);
});

test("a whole path keeps the query, unless it brings one", () => {
  expect(changePath("/a?b", { path: "/c" })).toBe("/c?b");
  expect(changePath("/a?b", { path: "/c?d" })).toBe("/c?d");
});
