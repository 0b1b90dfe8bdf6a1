import { expect, test } from "vitest";
import { type BuildTools, makeAnew, type UnitFiles } from "../../build/tools.ts";
import { remember } from "./remember.ts";

const unit = (name: string, text: string): UnitFiles => ({
  name,
  directory: name,
  files: [{ name: `${name}/p.rego`, text }],
});

const NOTHING_MADE: BuildTools = {
  version: "v",
  parse: () => ({ resources: [], heads: [], diagnostics: [] }),
  compile: () => ({ diagnostics: [] }),
  meaningOf: ({ name }) => name,
  digest: (value) => JSON.stringify(value),
  again: makeAnew,
  test: () => ({ diagnostics: [], passed: 0, failed: [], cpuMs: 0 }),
};

test("what has not changed is neither read, compiled nor tested again", () => {
  const calls: string[] = [];
  const tools: BuildTools = remember({
    version: "v",
    parse: ({ name }) => {
      calls.push(`parse ${name}`);
      return { resources: [], heads: [], diagnostics: [] };
    },
    compile: (units, entrypoints) => {
      calls.push(`compile ${units.map(({ name }) => name)} ${entrypoints.map(({ name }) => name)}`);
      return { diagnostics: [] };
    },
    meaningOf: ({ name }) => name,
    digest: (value) => JSON.stringify(value),
    again: makeAnew,
    test: ({ name }) => {
      calls.push(`test ${name}`);
      return { diagnostics: [], passed: 1, failed: [], cpuMs: 0 };
    },
  });
  const [a, b] = [unit("a", "1"), unit("b", "1")];
  for (const units of [
    [a, b],
    [a, b],
    [a, unit("b", "2")],
    [a, b],
  ]) {
    for (const { files } of units) for (const file of files) tools.parse(file);
    for (const each of units) tools.test(each);
    tools.compile(units, [{ unit: "a", name: "x" }], "inbound");
  }
  tools.compile([a, b], [{ unit: "a", name: "y" }], "inbound");
  tools.compile([a, b], [{ unit: "a", name: "y" }], "outbound");
  expect(calls).toEqual([
    "parse a/p.rego",
    "parse b/p.rego",
    "test a",
    "test b",
    "compile a,b x",
    "parse b/p.rego",
    "test b",
    "compile a,b x",
    "compile a,b y",
    "compile a,b y",
  ]);
});

test("what says what it said is made canonical once", () => {
  const made: object[] = [];
  const tools = remember({
    ...NOTHING_MADE,
    digest: (value) => {
      made.push(value);
      return `${made.length}`;
    },
  });
  const said = [{ a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }, { b: 1 }].map((value) => tools.digest(value));
  expect([said, made.length]).toEqual([["1", "2", "1", "2", "3"], 3]);
});

test("what is made of the same things as last time is not made again", () => {
  const tools = remember(NOTHING_MADE);
  const [a, b] = [{}, {}];
  let made = 0;
  const ask = (name: string, ...parts: readonly unknown[]) => tools.again(name, parts, () => ++made);
  const asked = [
    ask("x", a, b),
    ask("x", a, b),
    ask("y", a, b),
    ask("x", b, a),
    ask("x", b),
    ask("x", b),
    ask("x", a, b),
  ];
  expect(asked).toEqual([1, 1, 2, 3, 4, 4, 5]);
});
