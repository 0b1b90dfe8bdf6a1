import { expect, test } from "vitest";
import { type Diagnostic, NO_FILE, printDiagnostic, printRecord, sortDiagnostics } from "./diagnostic.ts";

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

test("of a long line the part around the place is shown, however many diagnostics it has", () => {
  const long = { name: "p.rego", text: "x > 1; ".repeat(20_000) };
  const diagnostics = Array.from({ length: 5_000 }, (_, i): Diagnostic => {
    return { ...unsafe, at: { source: long, span: { start: 7 * (i + 10_000), end: 7 * (i + 10_000) + 1 } } };
  });
  const printed = diagnostics.map(printDiagnostic);
  expect(printed.at(-1)).toBe(
    [
      "p.rego:1:104994: rego_unsafe_var_error: var role is unsafe",
      `  1 | …${"x > 1; ".repeat(24).slice(3, 163)}…`,
      `    | ${" ".repeat(61)}^`,
      "hint: declare it with some",
    ].join("\n"),
  );
});

test("thousands of diagnostics of one source are printed in one reading of it", () => {
  const rows = 100_000;
  const many = { name: "p.rego", text: "allow if x > 1\n".repeat(rows) };
  const printed = Array.from({ length: rows }, (_, i) =>
    printDiagnostic({ ...unsafe, at: { source: many, span: { start: 15 * i + 9, end: 15 * i + 10 } } }),
  );
  expect(printed.at(-1)?.split("\n")[0]).toBe(`p.rego:${rows}:10: rego_unsafe_var_error: var role is unsafe`);
});

test("a fault of no file is shown without a place", () => {
  const record = {
    code: "release_refusals",
    severity: "error",
    message: "orders refuses more",
    row: 1,
    column: 1,
  } as const;
  expect(printRecord({ ...record, file: NO_FILE })).toBe("release_refusals: orders refuses more");
  expect(printRecord({ ...record, file: "p.rego" })).toBe("p.rego:1:1: release_refusals: orders refuses more");
});
