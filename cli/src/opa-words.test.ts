/**
 * `opa-words.ts` beside the flags that OPA 1.22.2 prints for `opa COMMAND --help`, a line each: its command, its short
 * name, its name, and whether it takes a value (test/opa-flags.txt).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import { opaFlags, sayOpaFlag } from "./opa-words.ts";

const LINES = readFileSync(join(import.meta.dirname, "../test/opa-flags.txt"), "utf8")
  .trimEnd()
  .split("\n");
const WORDS = LINES.map((line) => line.split(" "));
/** A flag that is on without being given takes `=false` in opa: a value, here. */
const ON_BY_ITSELF = "fmt --check-result";

const rows = await Promise.all(
  [...new Set(WORDS.map(([command]) => command))].map(async (name) => {
    const row = COMMANDS.find((command) => command.name === name);
    return [name, (await row?.load())?.flags ?? {}] as const;
  }),
);

test.each(rows)(
  "each flag of opa %s is one here with the same names and values, or is told what to do instead",
  (name, flags) => {
    const own = Object.entries(flags).map(([flag, { short, type }]) => [
      ...[name, `-${short}`, `--${flag}`],
      ...(type === "string" ? ["VALUE"] : []),
    ]);
    const isOwn = (words: readonly string[]) =>
      own.some((its) => words.every((word) => its.includes(word)) && its.includes("VALUE") === words.includes("VALUE"));
    const others = WORDS.filter((words) => words[0] === name && !isOwn(words) && words.join(" ") !== ON_BY_ITSELF);
    const told = others.map((words) => words.filter((word) => word.startsWith("-")));
    expect(told.flat().filter((flag) => sayOpaFlag(name ?? "", flag) === undefined)).toEqual([]);
  },
);

test("what is told of is opa's", () => {
  const isOpas = ([command, flag]: readonly [string, string]) =>
    WORDS.some(([its, ...words]) => its === command && words.includes(flag));
  expect(opaFlags().filter((each) => !isOpas(each))).toEqual([]);
});
