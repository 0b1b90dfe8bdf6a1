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

test.each([
  ["a flag in the words of YAML 1.1", "# entrypoint: yes", { entrypoint: true, scope: "document" }],
  ["a block's last line ends", "# description: |\n#   a\n#   b", { description: "a\nb\n" }],
  [
    "a line without a blank in front is one of the block",
    "# title: x\n#description: y",
    { title: "x", description: "y" },
  ],
  [
    "dates are times in what may be anything",
    '# title: 2020-01-01\n# custom: {a: 2020-01-01, b: 2020-1-2t3:4:5.10-05:00, c: "2020-01-01", d: 2020-02-30, e: 2020-01-01 1:2:3}\n# labels: {x: 2020-01-01T00:00:00+00:00}',
    {
      title: "2020-01-01",
      custom: {
        a: "2020-01-01T00:00:00Z",
        b: "2020-01-02T03:04:05.1-05:00",
        c: "2020-01-01",
        d: "2020-02-30",
        e: "2020-01-01T01:02:03Z",
      },
      labels: { x: "2020-01-01T00:00:00Z" },
    },
  ],
])("rego.metadata.chain: %s", (_, block, shown) => {
  const text = `package a\n# METADATA\n${block}\np := rego.metadata.chain()\n`;
  const [annotation] = (shownBy(text) as { annotations?: object }[]).flatMap(({ annotations = [] }) => annotations);
  expect(annotation).toEqual({ scope: "rule", ...shown });
});

test("a link of a chain has no annotation of its own, but its document's", () => {
  const text = (scope: string) =>
    `package a\n# METADATA\n# title: x\n# scope: ${scope}\np := 1 if { false } else := [rego.metadata.rule(), rego.metadata.chain()]\n`;
  const path = ["a", "p"];
  expect(shownBy(text("rule"))).toEqual([{}, [{ path }]]);
  const annotations = { scope: "document", title: "x" };
  expect(shownBy(text("document"))).toEqual([{}, [{ path }, { path, annotations }]]);
});

test("blocks begin their lines: what is indented or beside something is a comment", () => {
  expect(shownBy("package a # METADATA\n# title: x\np := rego.metadata.rule()")).toEqual({});
  expect(shownBy("package a\n # METADATA\n # title: x\np := rego.metadata.rule()")).toEqual({});
});
