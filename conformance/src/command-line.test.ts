import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { amountOf, countOf, type Program, patternOf, run } from "./command-line.ts";

const BIN = join(import.meta.dirname, "../bin");
const BINS = readdirSync(BIN).filter((name) => name !== "launch.mjs");

async function hear(program: Program, ...args: readonly string[]) {
  const [out, err] = [vi.spyOn(console, "log"), vi.spyOn(console, "error")];
  for (const spy of [out, err]) spy.mockImplementation(() => {});
  try {
    const code = await run(program, args, "it");
    return { code, out: out.mock.calls.flat().join("\n"), err: err.mock.calls.flat().join("\n") };
  } finally {
    for (const spy of [out, err]) spy.mockRestore();
  }
}

describe.each(BINS)("%s", (bin) => {
  const module = /launch\("([^"]+)"\)/.exec(readFileSync(join(BIN, bin), "utf8"))?.[1] ?? "";

  test("says how it is used, and that an option is none of its own", async () => {
    const program = (await import(join(import.meta.dirname, module))) as Program;
    const help = await hear(program, "--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain(bin === "fuel.mjs" ? "node conformance/bin/fuel.mjs" : "npm run ");
    const wrong = await hear(program, "--no-such-option");
    expect(wrong).toMatchObject({ code: 64, out: "" });
    expect(wrong.err).toMatch(/^it: Unknown option '--no-such-option'.*--help says what there is\.$/s);
  });
});

describe("a program's words", () => {
  const reads = (read: () => unknown): Program => ({
    USAGE: "",
    main: async () => {
      read();
      return 0;
    },
  });

  test.each([
    ["no number", () => countOf("many", "count"), '--count is a whole number of 1 or more, not "many"'],
    ["less than there may be", () => countOf("0", "count"), '--count is a whole number of 1 or more, not "0"'],
    ["a part", () => countOf("1.5", "count", 0), '--count is a whole number of 0 or more, not "1.5"'],
    ["beyond what is counted", () => countOf("99999999999999999999", "seed"), "--seed is a whole number of 1 or more"],
    ["no amount", () => amountOf("", "rate"), '--rate is a number above 0, not ""'],
    ["without end", () => amountOf("1e999", "rate"), '--rate is a number above 0, not "1e999"'],
    ["an open group", () => patternOf("(", "only"), "--only is a regular expression: "],
  ])("%s", async (_, read, said) => {
    expect(await hear(reads(read))).toMatchObject({ code: 64, err: expect.stringContaining(`it: ${said}`) });
  });

  test("an own fault is none of theirs", async () => {
    const program = reads(() => {
      throw new TypeError("x is not a function");
    });
    await expect(hear(program)).rejects.toThrow("x is not a function");
  });
});
