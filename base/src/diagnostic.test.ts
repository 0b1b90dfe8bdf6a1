import { expect, test } from "vitest";
import { type Diagnostic, printDiagnostic, sortDiagnostics } from "./diagnostic.ts";

const source = { name: "policies/authz/orders.rego", text: "package a\n\nallow if {\n\trole in data.roles\n}\n" };
const unsafe: Diagnostic = {
  code: "rego_unsafe_var_error",
  severity: "error",
  message: "var role is unsafe",
  at: { source, span: { start: 23, end: 27 } },
  hint: "declare it with some",
};

test("printDiagnostic shows place, line, underline and hint", () => {
  expect(printDiagnostic(unsafe)).toBe(
    [
      "policies/authz/orders.rego:4:2: rego_unsafe_var_error: var role is unsafe",
      "  4 | \trole in data.roles",
      "    | \t^^^^",
      "hint: declare it with some",
    ].join("\n"),
  );
});

test("sortDiagnostics orders by file, place, code", () => {
  const at = (name: string, start: number) => ({ source: { name, text: "xxxx" }, span: { start, end: start + 1 } });
  const make = (name: string, start: number, code: string): Diagnostic => ({ ...unsafe, code, at: at(name, start) });
  const sorted = sortDiagnostics([make("b", 0, "x"), make("a", 2, "x"), make("a", 1, "y"), make("a", 1, "x")]);
  expect(sorted.map((d) => [d.at.source.name, d.at.span.start, d.code])).toEqual([
    ["a", 1, "x"],
    ["a", 1, "y"],
    ["a", 2, "x"],
    ["b", 0, "x"],
  ]);
});
