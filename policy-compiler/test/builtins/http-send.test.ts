import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile } from "../../src/compile.ts";
import { loadRuntime } from "../../src/node.ts";

const runtime = await loadRuntime();

/** Values of rules of a module in one evaluation each, and the URLs that were asked. */
function ask(text: string, ...rules: readonly string[]) {
  const asked: string[] = [];
  const send = ({ url }: { readonly url: string }, timeNs: number) => {
    asked.push(url);
    if (url === "down") throw new Error("nobody answers");
    return { body: asked.length, at: timeNs };
  };
  const { module, diagnostics } = compile({
    units: [{ name: "t", modules: [{ name: "t.rego", text: `package t\n${text}` }], data: {} }],
    entrypoints: rules.map((rule) => ({ unit: "t", name: `t/${rule}` })),
    runtime,
  });
  if (module === undefined) throw new Error(diagnostics[0]?.message);
  const hostBuiltins = { "http.send": send, "time.now_ns": () => 7 };
  const evaluator = openEvaluator({ ...module, hostBuiltins });
  const results = rules.map((rule) => {
    const evaluation = evaluator.evaluate(`t/${rule}`, undefined);
    return evaluation.kind === "fault" ? evaluation.code : (JSON.parse(evaluation.text) as readonly unknown[]);
  });
  return { asked, results };
}

test("one evaluation asks once for one request, and tells the evaluation's time", () => {
  const { asked, results } = ask(
    `get(url) := http.send({"method": "get", "url": url})
a := [get("x").body, get("x").body, get("y").body, get("x").at]`,
    "a",
    "a",
  );
  expect(results).toEqual([[{ result: [1, 1, 2, 7] }], [{ result: [3, 3, 4, 7] }]]);
  expect(asked).toEqual(["x", "y", "x", "y"]);
});

test("requests that differ only in headers that they tell to ignore are one", () => {
  const { results } = ask(
    `get(trace, ignored) := http.send({"url": "x", "headers": {"trace": trace, "a": 1}, "cache_ignored_headers": ignored}).body
a := [get(1, ["trace"]), get(2, ["trace"]), get(3, []), get(4, ["trace", "a"])]`,
    "a",
  );
  expect(results).toEqual([[{ result: [1, 1, 2, 3] }]]);
});

test("what failed once fails for the rest of the evaluation", () => {
  const { asked, results } = ask(
    `down if http.send({"method": "get", "url": "down"})
again if http.send({"url": "down", "method": "get"})
a := [true | not down; not again]`,
    "a",
  );
  expect(results).toEqual([[{ result: [true] }]]);
  expect(asked).toEqual(["down"]);
});
