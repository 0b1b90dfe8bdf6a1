/** Budgets: what of them can be shown, and that a module counts what goes beyond. */
import { type ConnectionContext, openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile, findSlowPaths } from "../compile.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { toUnit } from "../unit/unit.ts";

const HTTP = "input.attributes.request.http";

function unitOf(budget: string, body: string) {
  const text = `package mesh.authz\n\n# METADATA\n# budget: ${budget}\nallow if {\n\t${body}\n}\n`;
  return toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text }] }).unit;
}

test.each([
  ["kept", "200us", `${HTTP}.path == "/a"`, []],
  ["kept by an iteration over a literal", "1ms", `some p in ["/a", "/b"]; ${HTTP}.path == p`, []],
  [
    "too small",
    "2ns",
    `${HTTP}.path == "/a"; startswith(${HTTP}.method, "G")`,
    ["budget_exceeded mesh/authz/allow has a budget of 2 ns, and may take"],
  ],
  [
    "an iteration",
    "200us",
    "some role in data.roles; role == input.source.principal",
    ["budget_unbounded mesh/authz/allow has a budget of 200 µs, and no bound can be shown: it iterates"],
  ],
  [
    "a built-in",
    "0.2ms",
    `regex.match("a+", ${HTTP}.path)`,
    ["budget_unbounded mesh/authz/allow has a budget of 200 µs, and no bound can be shown: the time of regex.match"],
  ],
])("a budget that is %s", (_, budget, body, wanted) => {
  const found = findSlowPaths(unitOf(budget, body)).map(({ code, message }) => `${code} ${message}`);
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((text, i) => {
    expect(found[i]).toContain(text);
  });
});

test.each(["200", "us", "0us", "-1ms", "1 ms"])("a budget of %s is refused where it stands", (budget) => {
  const unit = unitOf(budget, "true");
  const { diagnostics } = compile({ units: [unit], entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  expect(diagnostics[0]?.message).toContain("invalid budget: must be a duration above zero");
});

const runtime = await loadRuntime();

const CONTEXT: ConnectionContext = {
  ...{ scheme: "https", principal: "p", trustDomain: "t", namespace: "n", serviceAccount: "s" },
  ...{ sourceAddress: "127.0.0.1", sourcePort: 1, destinationAddress: "127.0.0.1", destinationPort: 2 },
  destinationPrincipal: undefined,
};

test("a decision beyond its budget is counted, one within it is not, and one that is cut off is", () => {
  const unit = unitOf("10us", `some i in numbers.range(1, to_number(${HTTP}.headers["x-n"])); i < 0`);
  const { module } = compile({ units: [unit], entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  expect(module?.meta.entrypoints[0]?.budget).toBe(10_000);
  const { wasm, data } = module as NonNullable<typeof module>;
  const limits = { fuel: 1_000_000, memoryBytesMax: 64 << 20 };
  const policy = openPolicy({ wasm, data, seed: 1, limits });
  policy.setConnection(CONTEXT);
  const ask = (n: number): number => {
    const head = Buffer.from(`GET / HTTP/1.1\r\nhost: h\r\nx-n: ${n}\r\n\r\n`);
    return policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("i"), 0).overBudget;
  };
  expect([ask(3), ask(5000), ask(3), ask(1_000_000), ask(3)]).toEqual([0, 1, 0, 1, 0]);
});
