/** The words of the command line are docs/cli.md's, in every command. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type Command, EXIT, type Io, printHelp } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { dispatch } from "./main.ts";

const commands = await Promise.all(COMMANDS.map((row) => row.load()));
const byName: readonly (readonly [string, Command])[] = commands.map((command) => [command.name, command]);
const document = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs/cli.md"), "utf8");

/** Of what they say: policy commands take opa's words, views kubectl's. */
const POLICY = ["check", "test", "eval", "build"];
const VIEWS = ["status", "decisions", "explain", "get"];

/** `--name`, or `-n`, `--name`. */
function flagsOf({ flags }: Command): readonly string[] {
  return Object.entries(flags).map(([name, { short }]) => (short === undefined ? `--${name}` : `-${short}, --${name}`));
}

/** A row of the table in docs/cli.md, cell by cell. */
function rowOf(command: Command): readonly string[] {
  const { 0: yes, 1: no, 2: opa = "" } = command.exits;
  return [
    `\`${command.name}\``,
    flagsOf(command)
      .map((flag) => `\`${flag}\``)
      .join(" "),
    yes,
    no,
    opa,
  ];
}

function rowsIn(text: string): readonly (readonly string[])[] {
  const lines = text
    .slice(text.indexOf("## Commands"))
    .split("\n")
    .filter((line) => /^\| `[a-z]+` +\|/.test(line));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

async function run(
  args: readonly string[],
  cwd: string = import.meta.dirname,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const io: Io = {
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
    columns: 80,
    signal: AbortSignal.abort(),
    onReload: () => {},
  };
  return { code: await dispatch(args, io), out, err };
}

test("docs/cli.md lists every command with its flags and exit codes", () => {
  expect(rowsIn(document)).toEqual(commands.map(rowOf));
});

test.each(byName)(
  "%s: help names each flag and code, and a wrong flag is 64 in one sentence",
  async (name, command) => {
    const { code, out } = await run([name, "--help"]);
    expect([code, out]).toEqual([EXIT.yes, printHelp(command)]);
    for (const [flag, { short }] of Object.entries(command.flags)) {
      expect(out).toContain(flag === "view" ? "-o VIEW" : `--${flag}`);
      if (short !== undefined) expect(out).toMatch(new RegExp(`-${short}[, ]`));
    }
    expect(out).toMatch(/\nExit codes: 0 .+, 1 .+, 64 wrong usage\n$/);
    const wrong = await run([name, "--no-such-flag"]);
    expect([wrong.code, wrong.out, wrong.err.split("\n").length]).toEqual([EXIT.usage, "", 2]);
  },
);

test.each(byName)("%s has one word for one thing", (name, command) => {
  const { flags } = command;
  const shorts = Object.fromEntries(Object.entries(flags).map(([flag, { short }]) => [flag, short]));
  if ("namespace" in flags) expect(shorts["namespace"]).toBe("n");
  expect(Object.keys(shorts).filter((flag) => shorts[flag] === "n")).toEqual("namespace" in flags ? ["namespace"] : []);
  expect("2" in command.exits).toBe(name === "test" || name === "eval");
  if (POLICY.includes(name)) expect(shorts["format"]).toBe("f");
  if (VIEWS.includes(name)) {
    expect(shorts["view"]).toBe("o");
    expect(Object.keys(flags)).toEqual(expect.arrayContaining(["controller", "state", "namespace"]));
  }
  // What writes files that a user asked for by place says so with --out.
  if ("output" in flags) expect(Object.keys(flags)).toContain("out");
});

test("a directory of several units is named, also the current one", async () => {
  const root = resolve(import.meta.dirname, "../..");
  const { code, err } = await run(["build", "-e", "mesh/authz/allow", "."], root);
  expect([code, err]).toEqual([EXIT.usage, expect.stringMatching(/^regomesh build: \. holds \d+ units \(/)]);
});

test("an unknown command is 64, and the near one is named", async () => {
  expect(await run(["staus"])).toEqual({
    code: EXIT.usage,
    out: "",
    err: "regomesh: no command staus; did you mean status? (regomesh --help lists them)\n",
  });
  expect((await run(["cat"])).err).toBe("regomesh: no command cat (regomesh --help lists them)\n");
});
