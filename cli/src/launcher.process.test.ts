/** The command as npm links it: one process, of the project's own Node, whatever Node the PATH has. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const COMMAND = resolve(import.meta.dirname, "../bin/regomesh");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-launcher-"));
  // A Node that is too old to be asked anything.
  writeFileSync(join(folder, "node"), "#!/bin/sh\nexit 99\n");
  chmodSync(join(folder, "node"), 0o755);
  symlinkSync(COMMAND, join(folder, "absolute"));
  symlinkSync("absolute", join(folder, "relative"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("it replaces itself, and is found through links", async () => {
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const child = spawn(join(folder, "relative"), ["eval", "-I", "input.a"], { env, stdio: ["pipe", "pipe", "inherit"] });
  const said = new Promise<string>((done) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on("close", () => done(text));
  });
  // It waits for its input: by then it is what it will be, or its first data shows that it was.
  child.stdin.write('{"a": ');
  await expect
    .poll(() => readlinkSync(`/proc/${child.pid}/exe`))
    .toMatch(/node_modules\/node-linux-[a-z0-9]+\/bin\/node$/);
  child.stdin.end("7}");
  expect((await said).trim()).toContain("7");
});

test("a name that all objects have is no command", () => {
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { stderr, status } = spawnSync(COMMAND, ["constructor"], { env, encoding: "utf8" });
  expect([stderr.split("\n")[0], status]).toEqual([
    "regomesh: no command constructor (regomesh --help lists them)",
    64,
  ]);
});

test("arguments come as they were given", () => {
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { stdout, status } = spawnSync(COMMAND, ["eval", '"a  b" == sprintf("%s", ["a  b"])'], {
    env,
    encoding: "utf8",
  });
  expect([stdout.trim(), status]).toEqual(["true", 0]);
});

test("a command that is busy, as with an answer that never comes, ends at the first signal", async () => {
  let asked = (): void => {};
  const isAsked = new Promise<void>((done) => {
    asked = done;
  });
  const server = createServer(() => asked());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const query = `http.send({"method": "GET", "url": "http://127.0.0.1:${port}/", "timeout": "300s"})`;
  const child = spawn(COMMAND, ["eval", query], { stdio: "ignore" });
  try {
    const ended = once(child, "close");
    await isAsked;
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
  } finally {
    child.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
  }
});

test("a cache's variable that is empty is none: nothing is kept where the command runs", () => {
  const cwd = join(folder, "cwd");
  mkdirSync(cwd);
  const env = { PATH: "/usr/bin:/bin", NODE_COMPILE_CACHE: "" };
  const { status } = spawnSync(COMMAND, ["status", "--help"], { env, cwd });
  expect([status, readdirSync(cwd)]).toEqual([0, []]);
});
