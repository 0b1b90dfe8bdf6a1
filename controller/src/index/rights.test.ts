import { expect, test } from "vitest";
import { maySpeakFor, parseRight, printRight } from "./rights.ts";

test.each([
  ["mesh=regomesh-system", { path: "mesh", namespaces: ["regomesh-system"] }],
  ["./teams/a/=a,b", { path: "teams/a", namespaces: ["a", "b"] }],
  [".=*", { path: "", namespaces: ["*"] }],
  ["a=b=c", { path: "a=b", namespaces: ["c"] }],
])("%s is read", (text, right) => {
  expect(parseRight(text)).toEqual(right);
  expect(parseRight(printRight(right))).toEqual(right);
});

test.each(["mesh", "=a", "mesh=", "mesh=a,,b", "/etc=a", "../x=a", "mesh=A", "mesh=a b", "a/../b=c"])(
  "%s is refused",
  (text) => {
    expect(parseRight(text)).toBeUndefined();
  },
);

const rights = [
  { path: "teams", namespaces: ["shared"] },
  { path: "teams/a", namespaces: ["a"] },
  { path: "mesh", namespaces: ["*"] },
];

test.each([
  ["teams/x.yaml", "shared", true],
  ["teams/a/x.yaml", "a", true],
  ["teams/a/x.yaml", "shared", false],
  ["teams/ab/x.yaml", "a", false],
  ["mesh/x.yaml", "anything", true],
  ["other/x.yaml", "shared", false],
])("%s speaking for %s is %s", (file, namespace, may) => {
  expect(maySpeakFor(file, namespace, rights)).toBe(may);
  expect(maySpeakFor(file, namespace, [])).toBe(true);
});
