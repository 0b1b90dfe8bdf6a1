import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { CLUSTER_KINDS } from "./cluster-kinds.ts";
import { printCrds } from "./print-crds.ts";

const folder = join(resolve(import.meta.dirname, "../../.."), "deploy/crds");

test("deploy/crds holds what npm run generate writes, and nothing else", () => {
  const there = readdirSync(folder)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  expect(there).toEqual([...printCrds()].sort((a, b) => (a.name < b.name ? -1 : 1)));
});

test.each(printCrds())("$name says no keyword that a structural schema does not take", ({ text }) => {
  expect(text).not.toMatch(
    /\$ref|anyOf|oneOf|const:|additionalProperties: (true|false)|x-duration|x-key|propertyNames/,
  );
});

test.each(printCrds())("$name says the same to who reads YAML 1.1, as kubectl does", ({ text }) => {
  expect(parse(text, { version: "1.1", merge: true })).toEqual(parse(text));
});

test("kinds are of one category and have short names that no other has", () => {
  const names = Object.values(CLUSTER_KINDS).flatMap(({ plural, shortNames }) => [plural, ...shortNames]);
  expect(new Set(names).size).toBe(names.length);
  for (const { text } of printCrds()) expect(parse(text).spec.names.categories).toEqual(["mesh"]);
});
