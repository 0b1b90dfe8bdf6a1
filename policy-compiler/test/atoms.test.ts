/**
 * Strings are known by their address where they are constants, data or often asked: the fast path, on which most
 * are, answers as the evaluator does, on which few are, wherever the same text comes from several places.
 */
import { type ConnectionContext, openEvaluator, openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile } from "../src/compile.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";
import { toUnit } from "../src/unit/unit.ts";

const runtime = await loadRuntime();

const DATA = {
  list: ["a", "q"],
  key: "a",
  object: { a: 1, zz: 2 },
  lists: [["a", "b"]],
  deep: { k: { a: ["b", { c: "d" }] } },
};
const HEAD = Buffer.from("GET /a/q HTTP/1.1\r\nHost: a\r\nx-key: a\r\n\r\n");
const CONTEXT: ConnectionContext = {
  scheme: "http",
  ...{ principal: "", trustDomain: "", namespace: "", serviceAccount: "" },
  ...{ sourceAddress: "127.0.0.1", sourcePort: 1, destinationAddress: "127.0.0.1", destinationPort: 2 },
  destinationPrincipal: undefined,
};

function open(rules: string) {
  const files = [
    { name: "p.rego", text: `package p\nimport rego.v1\n${rules}` },
    { name: "data.json", text: JSON.stringify(DATA) },
  ];
  const { unit } = toUnit({ name: "u", directory: "", files });
  const { module, diagnostics } = compile({ units: [unit], entrypoints: [{ unit: "u", name: "p/r" }], runtime });
  if (module === undefined) throw new Error(diagnostics[0]?.message);
  const { wasm, data } = module;
  const policy = openPolicy({ wasm, data, seed: 5 });
  policy.setConnection(CONTEXT);
  const decide = (id: string): unknown => {
    const outcome = policy.decide(HEAD, HEAD.length, toHeadTable(HEAD), 1, RequestId.of(id), 0).value(0);
    return outcome.kind === "defined" ? outcome.value : outcome.kind;
  };
  const evaluate = (input: object): unknown => {
    const answer = openEvaluator({ wasm, data, seed: 5 }).evaluate("p/r", JSON.stringify(input), {});
    if (answer.kind !== "results") return answer.kind;
    const [first] = JSON.parse(answer.text) as readonly { readonly result: unknown }[];
    return first === undefined ? "undefined" : first.result;
  };
  return { decide, evaluate };
}

/** Places in which the text "a" stands; the first three stay with the module, the others come with a request. */
const TEXTS: Readonly<Record<string, string>> = {
  "a constant": '"a"',
  "a member of constants": '[x | some x in {"a", "b"}][0]',
  data: "data.key",
  "a key of data": "[k | some k, _ in data.object][0]",
  "a field": 'input.attributes.request.http.headers["x-key"]',
  "a segment": "input.parsed_path[0]",
  "a part": 'split("a,b", ",")[0]',
  "a value of JSON": 'json.unmarshal("[\\"a\\"]")[0]',
};
const ASKED: Readonly<Record<string, string>> = {
  "a list of constants": 'V in ["a", "b"]',
  "a set of constants": 'V in {"a", "b"}',
  "keys of constants": '{"a": true, "b": true}[V]',
  "lists among constants": '[V, "b"] in [["a", "b"]]',
  "a list of data": "V in data.list",
  "keys of data": "data.object[V] == 1",
  "lists in data": '[V, "b"] in data.lists',
  "values in data": 'data.deep.k[V] == ["b", {"c": "d"}]',
  "a set made of data": "V in {x | some x in data.list}",
  "constants that data leaves": 'V in {"a", "b"} & {x | some x in data.list}',
  "an object made of both": 'object.union(data.object, {"a": true})[V] == true',
  "a segment of the path": "V == input.parsed_path[0]",
  "a field of the request": 'V == input.attributes.request.http.headers["x-key"]',
  "each of the constants": 'some x in ["z", "a"]; x == V',
  "one constant after the other": 'not V == "b"; not V == "c"; not V == "d"; V == "a"',
};
const INPUT = {
  attributes: { request: { http: { headers: { "x-key": "a" } } } },
  parsed_path: ["a", "q"],
};

for (const [where, text] of Object.entries(TEXTS)) {
  test(`${where} is found in constants, data and requests`, () => {
    // Each in a policy of its own: a constant in one would make the text an atom in all.
    for (const [what, asked] of Object.entries(ASKED)) {
      const { decide, evaluate } = open(`r if { v := ${text}; ${asked.replaceAll("V", "v")} }`);
      expect(evaluate(INPUT), what).toBe(true);
      expect(decide("1"), what).toBe(true);
      expect(decide("2"), what).toBe(true);
    }
  });
}

test("each request's id is compared by its own bytes", () => {
  const names = ["one", "two", "six", "ten"];
  const { decide } = open(
    names.map((name) => `r := "${name}" if input.attributes.request.http.id == "${name}"`).join("\n"),
  );
  for (const id of ["abc", ...names, "abc", ...names]) expect(decide(id)).toBe(names.includes(id) ? id : "undefined");
});
