import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import { printCompletion } from "./completion-script.ts";

const rows = await Promise.all(COMMANDS.map((row) => row.load()));
const script = printCompletion("bash", rows);

function complete(...words: readonly string[]): readonly string[] {
  const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
  const run = `${script}\n${set}\n_regomesh\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", run], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

test("bash completes commands, flags and the words of a flag", () => {
  expect(complete("regomesh", "st")).toEqual(["status"]);
  expect(complete("regomesh", "status", "--st")).toEqual(["--state"]);
  expect(complete("regomesh", "status", "-o", "")).toEqual(["wide", "yaml", "json"]);
  expect(complete("regomesh", "get", "-o", "y")).toEqual(["yaml"]);
  expect(complete("regomesh", "help", "wa")).toEqual(["wait"]);
});

test.each(["zsh", "fish"] as const)("%s has every command with its flags", (shell) => {
  const text = printCompletion(shell, rows);
  for (const { name, flags } of rows) {
    expect(text).toContain(name);
    for (const flag of Object.keys(flags).filter((each) => each !== "view")) expect(text).toContain(flag);
  }
});
