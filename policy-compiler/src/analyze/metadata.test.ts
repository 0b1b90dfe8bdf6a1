import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compileQuery } from "../compile.ts";
import { loadRuntime } from "../node.ts";

const runtime = await loadRuntime();

function shownBy(text: string): unknown {
  const modules = [{ name: "p.rego", text }];
  const { module, diagnostics } = compileQuery({ modules, query: { name: "query", text: "x = data.a.p" }, runtime });
  expect(diagnostics).toEqual([]);
  const given = module && openEvaluator(module).evaluate("eval", undefined);
  const [answer] = given?.kind === "results" ? (JSON.parse(given.text) as { x: unknown }[]) : [];
  return answer?.x;
}

/** As OPA 1.22.2 shows them. */
const RULES: Record<string, readonly [block: string, shown: object]> = {
  "unknown fields, and what is empty or false, are not there": [
    '# foo: x\n# title: 1\n# entrypoint: false\n# custom: {}\n# organizations: []\n# description: ""',
    { title: "1" },
  ],
  "fields with names that all objects have are unknown, too": [
    "# constructor: 1\n# toString: x\n# __proto__: 1\n# title: t",
    { title: "t" },
  ],
  "authors by name and address": [
    "# authors: [a <b>, {name: x}, <c>]",
    { authors: [{ name: "a", email: "b" }, { name: "x" }, { email: "c" }] },
  ],
  "resources by their addresses": [
    '# related_resources: [{ref: "http://x", description: d}, "a b"]',
    { related_resources: [{ ref: "http://x", description: "d" }, { ref: "a%20b" }] },
  ],
  "schemas by paths": [
    '# schemas:\n# - input.x: schema["a b"].c\n# - data.y: {type: string}',
    {
      schemas: [
        { path: ["input", "x"], schema: ["schema", "a b", "c"] },
        { path: ["data", "y"], definition: { type: "string" } },
      ],
    },
  ],
  "labels and what is one's own": [
    "# labels: {x: y}\n# custom: {k: [1, null]}\n# compile: {unknowns: [input]}",
    { labels: { x: "y" }, custom: { k: [1, null] } },
  ],
};

test.each(Object.entries(RULES))("rego.metadata.rule: %s", (_, [block, shown]) => {
  const text = `package a\n# METADATA\n${block}\np := rego.metadata.rule()\n`;
  expect(shownBy(text)).toEqual({ scope: "rule", ...shown });
});

test("blocks begin their lines: what is indented or beside something is a comment", () => {
  expect(shownBy("package a # METADATA\n# title: x\np := rego.metadata.rule()")).toEqual({});
  expect(shownBy("package a\n # METADATA\n # title: x\np := rego.metadata.rule()")).toEqual({});
});
