/**
 * What programs give: `answers/<kind>.txt` holds the program and the answer that OPA 1.22.2 gives, as
 *
 *     === name
 *     the module; without a package line it is package p
 *     --- module, data, input, query: further modules, JSON, and what is asked instead of `x = data.p`
 *     --- strict: errors of built-ins end the evaluation
 *     --- gives
 *     the answers' bindings as JSON, one a line; or `error` and its codes
 *
 * With WRITE_ANSWERS set, answers are written as they are now; the review is the difference.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors, positionAt } from "@regomesh/base";
import { openEvaluator } from "@regomesh/policy-runtime";
import { makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { describe, expect, test } from "vitest";
import { compileQuery } from "../src/compile.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";
import { type JsonObject, parseJson } from "../src/unit/json.ts";

type Program = {
  readonly name: string;
  readonly modules: readonly string[];
  readonly data: string;
  readonly input: string | undefined;
  readonly query: string;
  readonly strict: boolean;
  readonly gives: string;
};

const folder = join(import.meta.dirname, "answers");
const runtime = await loadRuntime();
const hostBuiltins = await makeBuiltinLoader({ nowMs: () => 0 })();

for (const file of readdirSync(folder).sort()) {
  describe(file, () => {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    const programs = text.split(/^=== /m).slice(1).map(parseProgram);
    test.each(programs.map((program) => [program.name, program] as const))("%s", (_, program) => {
      expect(process.env["WRITE_ANSWERS"] ? program.gives : answer(program)).toBe(program.gives);
    });
    if (process.env["WRITE_ANSWERS"]) {
      writeFileSync(path, programs.map((program, i) => rewrite(text.split(/^=== /m)[i + 1] ?? "", program)).join(""));
    }
  });
}

function parseProgram(text: string): Program {
  const [head = "", ...sections] = `${text.trimEnd()}\n`.split(/^--- /m);
  const [name = "", ...module] = head.split("\n");
  const bodies = (wanted: string) =>
    sections.filter((section) => section.startsWith(`${wanted}\n`)).map((section) => section.slice(wanted.length + 1));
  return {
    name,
    modules: [module.join("\n"), ...bodies("module")].filter((source) => source.trim() !== "").map(toModule),
    data: bodies("data")[0] ?? "{}",
    input: bodies("input")[0],
    query: bodies("query")[0]?.trim() ?? "x = data.p",
    strict: bodies("strict").length > 0,
    gives: (bodies("gives")[0] ?? "").trimEnd(),
  };
}

function toModule(text: string): string {
  return /^package /m.test(text) ? text : `package p\n${text}`;
}

function answer({ modules, data, input, query, strict }: Program): string {
  const sources = modules.map((text, i) => ({ name: `${i}.rego`, text }));
  const compiled = compileQuery({
    modules: sources,
    query: { name: "query", text: query },
    data: parseJson(data) as JsonObject,
    runtime,
    errorsEnd: strict,
  });
  if (compiled.module === undefined || hasErrors(compiled.diagnostics)) {
    const places = compiled.diagnostics.map(({ code, at }) => `${code}:${positionAt(at.source, at.span.start).row}`);
    return `error ${[...new Set(places)].sort().join(" ")}`;
  }
  const { wasm, data: document } = compiled.module;
  const evaluator = openEvaluator({ wasm, data: document, hostBuiltins });
  const given = evaluator.evaluate("eval", input, { strict });
  if (given.kind === "fault") return `error ${given.code}`;
  const results = parseJson(given.text) as readonly { readonly x?: unknown }[];
  const lines = results.map((bindings) => JSON.stringify("x" in bindings ? bindings.x : bindings));
  return [...new Set(lines)].sort().join("\n");
}

function rewrite(text: string, program: Program): string {
  const kept = `${text.trimEnd()}\n`.replace(/^--- gives\n[\s\S]*$/m, "");
  return `=== ${kept}--- gives\n${answer(program)}\n\n`;
}
