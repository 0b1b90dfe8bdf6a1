/** Every built-in of OPA's catalogue is declared with OPA's arity and done by someone: the module, its host, or the compiler. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BUILTINS } from "@regomesh/policy-compiler";
import { loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import { expect, test } from "vitest";

type Row = { readonly name: string; readonly arity: number; readonly relation: boolean; readonly deprecated: boolean };

const shared = process.env["REGOMESH_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
const file = join(shared, "rego/builtins.json");
const rows = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { builtins: readonly Row[] }).builtins : [];
const runtime = await loadRuntime();
const host = await makeToolLoader({ nowMs: Date.now, hosts: "" })();

/** What the compiler turns into something else, or erases. */
const COMPILED = [
  "assign",
  "eq",
  "internal.print",
  "internal.test_case",
  "print",
  "rego.metadata.chain",
  "rego.metadata.rule",
];

/** Nobody does them yet. */
const MISSING: readonly string[] = [];

test.skipIf(rows.length === 0 && !process.env["CI"])("nothing of OPA's catalogue is missing", () => {
  const isDone = ({ name }: Row) =>
    runtime.exports.has(`b$${name.replaceAll(".", "$")}`) || Object.hasOwn(host, name) || COMPILED.includes(name);
  expect(rows.length).toBeGreaterThan(200);
  expect(rows.filter((row) => !isDone(row)).map(({ name }) => name)).toEqual(MISSING);
});

test.skipIf(rows.length === 0 && !process.env["CI"])("each is declared as OPA declares it", () => {
  const declared = ({ name }: Row) => {
    const known = BUILTINS.resolve(name);
    return known && { name, arity: known.arity, relation: known.isRelation, deprecated: known.isDeprecated };
  };
  const written = rows.filter(({ name }) => BUILTINS.resolve(name) !== undefined || !COMPILED.includes(name));
  expect(written.map(declared)).toEqual(
    written.map(({ name, arity, relation, deprecated }) => ({ name, arity, relation, deprecated })),
  );
});
