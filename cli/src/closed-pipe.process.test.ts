import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const COMMAND = join(resolve(import.meta.dirname, "../.."), "cli/bin/regomesh.mjs");

test("a reader that has had enough is no stack trace", async () => {
  const child = spawn(process.execPath, [COMMAND, "controller", "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  const [code] = (await once(child, "close")) as [number];
  expect([code, said]).toEqual([0, ""]);
});
