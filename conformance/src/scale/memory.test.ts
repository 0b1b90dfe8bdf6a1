import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { cpuSecondsIfAny } from "./memory.ts";

test("CPU is told of a process that runs, and of none that has ended or has not begun", () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  expect([process.pid, pid, undefined].map((each) => typeof cpuSecondsIfAny(each))).toEqual([
    "number",
    "undefined",
    "undefined",
  ]);
});
