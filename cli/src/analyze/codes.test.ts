import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CLUSTER_CODES } from "@regomesh/controller";
import { expect, test } from "vitest";
import { CODE_GROUPS, codeOf, printCodes } from "./codes.ts";

const root = resolve(import.meta.dirname, "../../..");
const all = CODE_GROUPS.flatMap(({ codes }) => codes);

test("a code is one diagnostic's, and a diagnostic has one code", () => {
  expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(codeOf("rego_type_error").code).toBe("RM0403");
  expect(codeOf("something_new")).toMatchObject({ code: "RM0000", name: "something_new" });
});

/** Every name of the unions that diagnostics' codes are drawn from. */
function declared(): readonly string[] {
  const unions = [
    "resources/src/schema/code.ts",
    "controller/src/index/report.ts",
    "controller/src/build/check-files.ts",
    "policy-compiler/src/analyze/problem.ts",
  ].map((file) => readFileSync(join(root, file), "utf8"));
  return unions.flatMap((text) =>
    [...text.matchAll(/export type (?:Resource|Index|File|Analysis)Code =([^;]+);/g)].flatMap(([, union = ""]) =>
      [...union.matchAll(/"([a-z_]+)"/g)].map(([, name = ""]) => name),
    ),
  );
}

/** Those that are made beside them: `code: "policy_too_large"` of a diagnostic. */
function made(): readonly string[] {
  const folders = ["controller/src/build", "controller/src/index", "policy-compiler/src"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  return files.flatMap((text) =>
    [...text.matchAll(/code: "((?:rego|data|policy|decision|slow|entrypoint|test|source|emit)_[a-z_]+)"/g)].map(
      ([, name = ""]) => name,
    ),
  );
}

test("every diagnostic has a code", () => {
  const names = [...declared(), ...made(), ...CLUSTER_CODES];
  expect(names.length).toBeGreaterThan(40);
  expect([...new Set(names)].filter((name) => codeOf(name).code === "RM0000")).toEqual([]);
});

test("docs/analyze.md is what npm run generate writes", () => {
  expect(readFileSync(join(root, "docs/analyze.md"), "utf8")).toBe(printCodes());
});
