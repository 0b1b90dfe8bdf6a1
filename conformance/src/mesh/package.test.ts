/** The installable package, unpacked where nothing else is: every command runs, and a mesh comes up. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askEdge, ROOT } from "./test-mesh.ts";
import { UpProcess } from "./up-process.ts";

const run = promisify(execFile);
/** Not of the project's node_modules: a package needs none. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "" };
const SIZE_MAX = 4 * 1024 * 1024;

let folder: string;
let command: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-package-"));
  const { stdout } = await run(process.execPath, [join(ROOT, "scripts/package.mjs"), "--out", folder]);
  const [, file = ""] = /^package: (\S+),/m.exec(stdout) ?? [];
  const archive = await readFile(file);
  expect(archive.length).toBeLessThan(SIZE_MAX);
  await run("tar", ["-xzf", file, "-C", folder]);
  command = join(folder, "package/cli/bin/regomesh.mjs");
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function regomesh(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await run(process.execPath, [command, ...args], { cwd: folder, env: ENVIRONMENT });
}

test("it says what it is, asks for nothing to be installed, and carries the licences of what is in it", async () => {
  const manifest = JSON.parse(await readFile(join(folder, "package/package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest).toMatchObject({ name: "regomesh", bin: { regomesh: "cli/bin/regomesh" } });
  for (const field of ["dependencies", "optionalDependencies", "scripts"]) expect(manifest[field]).toBeUndefined();
  const notices = await readFile(join(folder, "package/THIRD-PARTY-NOTICES"), "utf8");
  for (const name of ["@grpc/grpc-js", "fastify", "node-forge", "yaml", "zod"]) expect(notices).toContain(`\n${name} `);
  expect(await readdir(join(folder, "package"))).toEqual(expect.arrayContaining(["LICENSE", "NOTICE"]));
});

test("policies are checked, tested, asked and built with it", async () => {
  const policy = join(folder, "policy");
  await mkdir(policy);
  await writeFile(join(policy, "p.rego"), 'package p\n\nallow if input.user == "alice"\n');
  await writeFile(
    join(policy, "p_test.rego"),
    'package p_test\n\ntest_allow if data.p.allow with input as {"user": "alice"}\n',
  );
  expect(await regomesh("check", "policy")).toMatchObject({ stderr: "" });
  expect((await regomesh("test", "policy")).stdout).toContain("PASS: 1/1");
  expect((await regomesh("eval", "-d", "policy", "1 + 1")).stdout.trim()).toContain("2");
  await regomesh("build", "-e", "p/allow", "--out", "built", "policy");
  expect((await regomesh("docs", "Workload")).stdout).toMatch(/^## Workload\n/);
});

test("up brings up the demo, with its page", async () => {
  using up = new UpProcess(join(folder, "state"), ["--page-port", "0", "--edge-port", "0"], { bin: command });
  const edge = await up.edge();
  expect(await askEdge(edge, "/orders", { "x-user": "alice" })).toMatchObject({ status: 200 });
  expect(await askEdge(edge, "/refunds", { "x-user": "alice" })).toMatchObject({ status: 403 });
  const [, page = ""] = /page {2}(http:\S+)/.exec(up.out) ?? [];
  expect(await (await fetch(page)).text()).toContain("<title>");
  expect(await up.end("SIGINT", "group")).toBe(0);
  expect(up.err).toBe("");
});
