import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dispatch } from "../main.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-fmt-"));
  await writeFile(join(folder, "good.rego"), "package p\n\nq if input.x\n");
  await writeFile(join(folder, "bad.rego"), "package p\nq   if   input.x\n");
  await writeFile(join(folder, "old.rego"), "package p\nq[x] { x := 1 }\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function run(
  args: readonly string[],
  cwd = folder,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const code = await dispatch(["fmt", ...args], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: () => undefined,
    environment: () => ({}),
    cwd,
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
    onReload: () => {},
  });
  return { code, out, err };
}

test("fmt prints the text, the names, or the changes", async () => {
  expect(await run(["bad.rego"])).toEqual({ code: 0, out: "package p\n\nq if input.x\n", err: "" });
  expect(await run(["-l", "good.rego", "bad.rego"])).toEqual({ code: 0, out: "bad.rego\n", err: "" });
  expect(await run(["-l", "--fail", "bad.rego"])).toEqual({ code: 1, out: "bad.rego\n", err: "" });
  expect(await run(["--fail", "-l", "good.rego"])).toEqual({ code: 0, out: "", err: "" });
  expect((await run(["-d", "bad.rego"])).out).toContain("-q   if   input.x\n+\n+q if input.x\n");
});

test("fmt writes what changes, and nothing that does not parse", async () => {
  expect(await run(["old.rego"])).toMatchObject({ code: 1, out: "", err: expect.stringContaining("old.rego:2:") });
  expect(await run(["-w", "--rego-v1", "old.rego"])).toEqual({ code: 0, out: "", err: "" });
  expect(await readFile(join(folder, "old.rego"), "utf8")).toBe("package p\n\nq contains x if x := 1\n");
  expect(await run(["--write", "--diff", "old.rego"])).toMatchObject({ code: 64 });
});

test("the policies that are shipped are laid out as fmt does it", async () => {
  const root = resolve(import.meta.dirname, "../../..");
  expect(await run(["-l", "policies", "examples"], root)).toEqual({ code: 0, out: "", err: "" });
});
