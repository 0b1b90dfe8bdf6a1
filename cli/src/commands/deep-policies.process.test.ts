/**
 * Policies as deep as OPA 1.22.2 takes them, by the commands that people run: its parser takes 49,765 arrays
 * or sets inside one another, 33,125 objects, 12,343 parentheses, 10,952 references, 9,843 calls.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "regomesh-deep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `regomesh COMMAND` gives for a unit of one policy. */
function run(command: readonly string[], text: string): Promise<{ readonly code: number; readonly output: string }> {
  writeFileSync(join(folder, "deep.rego"), `package t\n${text}\n`);
  const args = [join(ROOT, "cli/bin/regomesh.mjs"), ...command];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code ?? -1), output: `${stdout}${stderr}` });
    });
  });
}

const TAKEN: Record<string, string> = {
  arrays: `p := ${"[".repeat(49_765)}1${"]".repeat(49_765)}`,
  objects: `p := ${'{"a":'.repeat(33_125)}1${"}".repeat(33_125)}`,
  sets: `p := ${"{".repeat(49_765)}1${"}".repeat(49_765)}`,
  parentheses: `p := ${"(".repeat(12_343)}1${")".repeat(12_343)}`,
  calls: `q := 1\np := ${"abs(".repeat(9_843)}q${")".repeat(9_843)}`,
  references: `q := {1: 1}\np := ${"q[".repeat(10_952)}1${"]".repeat(10_952)}`,
  "a sum": `p := 1${" + 1".repeat(10_000)}`,
  "an else chain": `p := 0 if input.x == 0\n${Array.from({ length: 5_000 }, (_, i) => `else := ${i + 1} if input.x == ${i + 1}`).join("\n")}`,
};

test.each(Object.entries(TAKEN))("%s are compiled", async (_, text) => {
  const { code, output } = await run(["build", "-e", "t/p", "--out", folder, "."], text);
  expect(output).toMatch(/1 entrypoint\n$/);
  expect(code).toBe(0);
});

test("a deep value is what it is written as, where it is asked for", async () => {
  const { code, output } = await run(["eval", "-d", ".", "data.t.p == data.t.q"], "p := [[1]]\nq := [[1]]");
  expect([code, output]).toEqual([0, "true\n"]);
  const deep = `${"[".repeat(4_000)}1${"]".repeat(4_000)}`;
  expect(await run(["eval", "-d", ".", "data.t.p == data.t.q"], `p := ${deep}\nq := ${deep}`)).toEqual({
    code: 0,
    output: "true\n",
  });
  const deepest = `${"[".repeat(49_765)}input${"]".repeat(49_765)}`;
  expect(await run(["eval", "-d", ".", "data.t.p == []"], `p := ${deepest}`)).toEqual({
    code: 0,
    output: "undefined\n",
  });
});

test("what is deeper is refused in a sentence that names the limit", async () => {
  const { code, output } = await run(["check", "."], `p := ${"[".repeat(60_000)}1${"]".repeat(60_000)}`);
  expect(output).toMatch(/deep\.rego:2:\d+: rego_parse_error: max nesting depth of 50000 exceeded/);
  expect(code).toBe(1);
});
