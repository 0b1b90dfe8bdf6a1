/**
 * Small programs, most of them wrong in one way, and what OPA 1.22.2's `opa check` says of each: the code
 * and row of its errors, in `answers-of-check.json`. Several errors of one code in a row count as one, and
 * of a module that does not parse only what stands before OPA's last error counts: it stops there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toDiagnosticRecord } from "@regomesh/base";
import { checkUnit, type RegoSource } from "@regomesh/policy-compiler";
import { expect, test } from "vitest";

type Answer = {
  readonly modules: readonly string[];
  readonly version?: "v0";
  readonly strict?: true;
  readonly want: readonly string[];
};

const PARSE = "rego_parse_error";
const file = join(import.meta.dirname, "answers-of-check.json");
const answers = JSON.parse(readFileSync(file, "utf8")) as readonly Answer[];

test.each(answers.map((answer) => [answer.modules.join("\n"), answer] as const))("check says of\n%s", (_, answer) => {
  const { modules: texts, version = "v1", strict = false, want } = answer;
  const modules: readonly RegoSource[] = texts.map((text, i) => ({ name: `test-${i}.rego`, text, version }));
  const found = checkUnit({ name: "", modules, data: {} }, { strict }).filter(({ severity }) => severity === "error");
  const isUnparsed = want.length > 0 && want.every((place) => place.startsWith(PARSE));
  const last = isUnparsed ? Math.max(...want.map((place) => Number(place.split(":")[1]))) : Number.POSITIVE_INFINITY;
  const records = found.map(toDiagnosticRecord).filter(({ code, row }) => code !== PARSE || row <= last);
  expect([...new Set(records.map(({ code, row }) => `${code}:${row}`))].sort()).toEqual(want);
});
