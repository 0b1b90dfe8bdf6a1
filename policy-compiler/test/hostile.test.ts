/** Policies made to exhaust the compiler: each gives a module or a diagnostic, in time and memory that its size explains. */
import { openEvaluator } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile, formatModule, parseModule, parseQuery, type RegoVersion } from "../src/index.ts";
import { loadRuntime } from "../src/node.ts";

const runtime = await loadRuntime();

function compileText(text: string, entrypoint = "t/p") {
  const units = [{ name: "u", modules: [{ name: "u.rego", text }], data: {} }];
  return compile({ units, entrypoints: [{ unit: "u", name: entrypoint }], runtime });
}

const many = (count: number, make: (i: number) => string, between = "\n") =>
  Array.from({ length: count }, (_, i) => make(i)).join(between);

/** Texts of a size that real policies may have: a module comes out. */
const TAKEN: Record<string, string> = {
  "iterations of one body": `p if {\n${"  input[_]\n".repeat(1_500)}}`,
  "brackets of one reference": `p if input${"[_]".repeat(1_500)}`,
  "modifiers of one expression": `p if { q ${many(1_500, (i) => `with input.x${i} as ${i}`, " ")} }\nq if input.x1`,
  "replaced documents of one expression": `p if { q ${many(1_500, (i) => `with data.d${i} as ${i}`, " ")} }\nq if data.d1 == 1`,
  "a sum": `p := ${many(2_000, () => "1", " + ")}`,
  "nested arrays": `p := ${"[".repeat(1_500)}1${"]".repeat(1_500)}`,
  "nested objects": `p := ${'{"a": '.repeat(1_500)}1${"}".repeat(1_500)}`,
  "objects as keys": `p := ${"{".repeat(1_500)}1${": 1, 2: 3}".repeat(1_500)}`,
  "nested parentheses": `p := ${"(".repeat(1_500)}1${")".repeat(1_500)}`,
  "nested calls": `p := ${"abs(".repeat(1_000)}1${")".repeat(1_000)}`,
  "an else chain": `p := 0 if input.x == 0\n${many(5_000, (i) => `else := ${i + 1} if input.x == ${i + 1}`)}`,
  "a body written backwards": `p if {\n${many(20_000, (i) => `  x${20_000 - i} = x${19_999 - i}`)}\n  x0 = 1\n}`,
  "lists that hold the one before twice": `p := x40[0] if {\nx0 := [1]\n${many(40, (i) => `x${i + 1} := [x${i}, x${i}]`)}\n}`,
  "sets and objects that hold the one before twice": `p if {\nx0 := {1}\n${many(40, (i) => `x${i + 1} := {x${i}, {"a": x${i}}}`)}\n}`,
  "lists that are unified with the one before, twice": `p if {\n${many(40, (i) => `x${i + 1} = [x${i}, x${i}]`)}\nx0 = 1\n}`,
  "heads with variables, and names below them": `${many(4_000, (i) => `p[a].c${i}.d := 1 if { a := input.a${i} }\np.q${i}[x] := 2 if x := input.z`)}`,
  "numbers and names as keys of one object, beside what may fail": `o["b"] := 1 if input.x\no["1"] := 2\n${many(8_000, (i) => `p[${i}] := 1 if input.x\np.k${i} := 1 if o`)}`,
  "a chain of rules": `p := r0\n${many(2_000, (i) => `r${i} := r${i + 1}`)}\nr2000 := 1`,
};

test.each(Object.entries(TAKEN))("%s", (_, text) => {
  const { module, diagnostics } = compileText(`package t\n${text}`);
  expect(diagnostics).toEqual([]);
  expect(WebAssembly.validate(module?.wasm as Uint8Array<ArrayBuffer>)).toBe(true);
});

/** What no one writes: refused in a sentence that names the place and the way out. */
const REFUSED: Record<string, readonly [text: string, says: RegExp]> = {
  "endless iterations": [
    `p if {\n${"  input[_]\n".repeat(30_000)}}`,
    /^u.rego:\d+:\d+: policy_too_large: .*inside one another/,
  ],
  "endless iterations whose values nobody reads": [
    `p if {\n${"  _ = input[_]\n".repeat(3_000)}}`,
    /^u.rego:2003:7: policy_too_large: .*inside one another/,
  ],
  "endless modifiers": [
    `p if { q ${many(30_000, (i) => `with input.x${i} as ${i}`, " ")} }\nq if input.x1`,
    /^u.rego:2:\d+: policy_too_large: .*inside one another/,
  ],
  "environments that double": [
    `f0(x) := x\n${many(24, (i) => `f${i + 1}(x) := y if { y := f${i}(x) with input.a${i} as 1; f${i}(x) with data.b${i} as 2 }`)}\np := f24(1)`,
    /^u.rego:\d+:\d+: policy_too_large: with modifiers combine in more than 2000 ways/,
  ],
  "rules by environments": [
    `${many(300, (i) => `a${i} := ${i}\nq${i} := a${i} + ${i === 0 ? "0" : `q${i - 1}`}`)}\np := [${many(300, (i) => `[x | x := q299 with data.t.a${i} as 7]`, ", ")}]`,
    /^u.rego:476:1: policy_too_large: the policy needs more than 2000000 steps once planned/,
  ],
  "a thousand arguments": [
    `f(${many(1_200, (i) => `x${i}`, ", ")}) := x0\np := f(${many(1_200, () => "1", ", ")})`,
    /^u.rego:2:1: policy_too_large: g0.data.t.f\(\) needs more than 1000 parameters/,
  ],
  "values that all are there at once": [
    `p := [${many(50_000, (i) => `input.x${i}`, ", ")}]`,
    /^u.rego:2:7: policy_too_large: g0.data.t.p needs more than 50000 locals/,
  ],
  "a deep head": [
    `p${".a".repeat(1_500)} := 1`,
    /^u.rego:2:1: rego_parse_error: name has 1501 segments, more than 256/,
  ],
  "endless arrays": [`p := ${"[".repeat(100_000)}1`, /^u.rego:2:\d+: rego_parse_error: max nesting depth/],
  "endless comprehensions": [
    `p := ${"[x | x := ".repeat(500)}1${"]".repeat(500)}`,
    /^u.rego:2:\d+: rego_parse_error: max nesting depth/,
  ],
  "bodies in bodies": [
    `p if { ${"every x in input { ".repeat(300)} x ${"}".repeat(300)} }`,
    /max nesting depth of 200 compr/,
  ],
  "an endless sum": [
    `p := ${many(100_000, () => "input.x", " | ")}`,
    /^u.rego:2:\d+: rego_parse_error: max nesting depth/,
  ],
};

/** More than a list of the language's own may have: the parser ends before its tree takes what no text is worth. */
const LISTS: Record<string, readonly [version: RegoVersion, text: string, says: string]> = {
  expressions: ["v1", `p if {\n${"\ttrue\n".repeat(60_000)}}`, "expressions in a body"],
  "expressions of a comprehension": ["v1", `p := [1 | ${"true;".repeat(60_000)} true]`, "expressions in a body"],
  modifiers: ["v1", `p if input.x ${"with input.x as 1 ".repeat(60_000)}`, "with modifiers"],
  "modifiers in a template string": ["v1", `p := $"{input ${"with input.x as 1 ".repeat(60_000)}}"`, "with modifiers"],
  "operands of and": ["v2", `p if input.x${" and input.y".repeat(60_000)}`, "operands of and"],
  "operands of or": ["v2", `p if input.x${" or input.y".repeat(60_000)}`, "operands of or"],
  "values of a template string": ["v1", `p := $"${"{input.x}".repeat(60_000)}"`, "parts in a template string"],
  "variables of some": ["v1", `p if { some x${", y".repeat(60_000)}; x }`, "variables of some"],
  bodies: ["v0", `p { true }${" { true }".repeat(60_000)}`, "bodies of a rule"],
};

test.each(Object.entries(LISTS))("%s: no more than 50,000", (_, [version, text, says]) => {
  const { module, diagnostics } = parseModule({ name: "u.rego", text: `package t\n${text}`, version });
  expect(module).toBeUndefined();
  expect(diagnostics.map(printFirst)).toEqual([
    expect.stringMatching(new RegExp(`^u.rego:\\d+:\\d+: rego_parse_error: max ${says} of 50000 exceeded`)),
  ]);
  expect(diagnostics[0]?.hint).toBeDefined();
});

/** Braces and parentheses that are tried as a body, a group and a term: what is in them is read so often in all, not by each of them. */
const TRIED: Record<string, readonly [text: string, diagnostics: readonly string[]]> = {
  parentheses: [`${"(".repeat(1_000)}input.x${")".repeat(1_000)}`, []],
  braces: [`${"{".repeat(1_000)}input.x${"}".repeat(1_000)} == 1`, []],
  "parentheses that never close": [
    `${"(".repeat(1_000)}input.x or true`,
    ["u.rego:2:1014: rego_parse_error: non-terminated expression"],
  ],
  "a call of no function in parentheses": [
    "((input[0](1))) == 1",
    ["u.rego:2:8: rego_type_error: undefined function input[0]"],
  ],
};

test.each(Object.entries(TRIED))("%s, where they may be operands", (_, [text, expected]) => {
  let references = 0;
  const features = new Set<string>();
  features.has = (name) => {
    if (name === "keywords_in_refs") references++;
    return true;
  };
  const language = { features, keywords: new Set<string>() };
  const { diagnostics } = parseModule({ name: "u.rego", text: `package t\np if ${text}`, version: "v2", language });
  expect(diagnostics.map(printFirst)).toEqual(expected);
  expect(references).toBeLessThan(10);
});

test("of faults that do not end parsing no more are kept than are told: all levels around them keep them, too", () => {
  const text = `${"(".repeat(100)}[${"input[0](1),".repeat(1_000)} 1]${")".repeat(100)}`;
  for (const version of ["v1", "v2"] as const) {
    expect(parseQuery({ name: "q.rego", text, version }).diagnostics).toHaveLength(20);
  }
});

test("two hundred thousand rules of an old form, in a module that imports the new one", () => {
  const text = `package t\nimport rego.v1\n${"p { true }\n".repeat(200_000)}`;
  const { diagnostics } = parseModule({ name: "u.rego", text, version: "v0" });
  expect(diagnostics.map(printFirst)).toHaveLength(20);
});

test.each([
  ["lists", "[", "]"],
  ["lists that never close", "[", ""],
  ["maps", "{a: ", "}"],
])("an annotation of %s inside one another", (_, open, close) => {
  const text = `# METADATA\n# custom:\n#   a: ${open.repeat(100_000)}1${close.repeat(100_000)}\npackage t`;
  const { diagnostics } = parseModule({ name: "u.rego", text });
  expect(diagnostics.map(printFirst)).toEqual(["u.rego:3:1: rego_parse_error: yaml: nested deeper than 512 levels"]);
});

test.each(Object.entries(REFUSED))("%s: refused", (_, [text, says]) => {
  const { module, diagnostics } = compileText(`package t\n${text}`);
  expect(module).toBeUndefined();
  expect(diagnostics.map(printFirst)).toEqual([expect.stringMatching(says)]);
});

test("a deep package is refused as a deep head is", () => {
  const { diagnostics } = compileText(`package t${".a".repeat(1_000)}\np := 1`, "t");
  expect(diagnostics.map(printFirst)).toEqual(["u.rego:1:1: rego_parse_error: name has 1001 segments, more than 256"]);
});

test("a deep tree that analysis cannot walk is a diagnostic, not an exception", () => {
  // Below every limit of the parser's, and more than a small stack holds.
  const text = `package t\np := ${"[".repeat(1_990)}1${"]".repeat(1_990)}`;
  const deep = (levels: number): ReturnType<typeof compileText> =>
    levels === 0 ? compileText(text) : deep(levels - 1);
  let levels = 1_000;
  let result = deep(0);
  // Fills the stack from below until the compiler no longer fits above.
  while (result.module !== undefined && levels < 1_000_000) {
    levels *= 2;
    try {
      result = deep(levels);
    } catch {
      break; // the test's own recursion overflowed: the compiler fits wherever the test does
    }
  }
  if (result.module === undefined) expect(result.diagnostics.map(({ code }) => code)).toEqual(["policy_too_deep"]);
});

/** Texts of terms inside one another, whose parts are compared or indented: time and memory follow the text's length. */
const NESTED: Record<string, readonly [open: string, close: string]> = {
  "sets of two": ["{1, ", "}"],
  "sets as keys": ["{{", "}: 1, 2: 3}"],
  "objects as keys": ["{", ": 1, 2: 3}"],
  "objects as values": ['{"a": 1, "b": ', "}"],
  "sets in arrays as keys": ["{[{", "}]: 1, 2: 3}"],
};

test.each(Object.entries(NESTED))("%s: 500 of them are parsed and formatted", (_, [open, close]) => {
  const text = `package t\n\np := ${open.repeat(500)}0${close.repeat(500)}\n`;
  expect(formatModule({ name: "u.rego", text })).toEqual({ text, diagnostics: [] });
});

test("keys that are one term in another order are one key", () => {
  const text = 'package t\n\np := {{1, {"a": 1.0, "b": 2}}: 1, {{"b": 2, "a": 1}, 1}: 2, {2, {"a": 1, "b": 2}}: 3}';
  const [rule] = parseModule({ name: "u.rego", text }).module?.rules ?? [];
  expect(rule?.head.value).toMatchObject({
    entries: [
      [{}, { text: "2" }],
      [{}, { text: "3" }],
    ],
  });
});

test("what indentation would make endless is not formatted", () => {
  const text = `package t\n\np := ${"[\n".repeat(15_000)}1${"]".repeat(15_000)}`;
  const { text: formatted, diagnostics } = formatModule({ name: "u.rego", text });
  expect(formatted).toBeUndefined();
  // A small stack ends before the text is too long.
  expect(diagnostics.map(({ code }) => code)).toEqual([expect.stringMatching(/^fmt_too_deep$|^rego_parse_error$/)]);
});

/** Values deeper than what is read at a module's start: built where they are asked for, never left undefined. */
const DEEP: Record<string, readonly [open: string, close: string, json: readonly [open: string, close: string]]> = {
  arrays: ["[", "]", ["[", "]"]],
  objects: ['{"a": ', "}", ['{"a":', "}"]],
  sets: ["{", "}", ["[", "]"]],
};

test.each(Object.entries(DEEP))("a literal of 1,500 %s has its value", (_, [open, close, json]) => {
  const { module } = compileText(`package t\np := ${open.repeat(1_500)}1${close.repeat(1_500)}`);
  const answer = openEvaluator(module as NonNullable<typeof module>).evaluate(0, undefined);
  const value = `${json[0].repeat(1_500)}1${json[1].repeat(1_500)}`;
  expect(answer).toMatchObject({ kind: "results", text: `[{"result":${value}}]` });
});

test("a deep text is read, or ends the evaluation: it is never undefined, by which a denial would be passed over", () => {
  const { module } = compileText(
    'package t\ndefault p := "let through"\np := "denied" if json.unmarshal(input.text)[0] == "guest"',
  );
  const evaluator = openEvaluator(module as NonNullable<typeof module>);
  const ask = (levels: number) =>
    evaluator.evaluate(0, JSON.stringify({ text: `["guest", ${"[".repeat(levels)}${"]".repeat(levels)}]` }));
  expect(ask(2_000)).toMatchObject({ kind: "results", text: '[{"result":"denied"}]' });
  const deep = ask(9_900);
  expect(deep.kind === "fault" ? deep.code : deep.text).toMatch(/^rm_depth$|denied/);
  // Go's encoding/json reads no more than 10,000: an error of the built-in there, too.
  expect(ask(10_001)).toMatchObject({ kind: "results", text: '[{"result":"let through"}]', builtinErrors: 1 });
});

test("an else chain of 5,000 links is asked in time", () => {
  const chain = many(5_000, (i) => `else := ${i + 1} if input.x == ${i + 1}`);
  const { module } = compileText(`package t\np := 0 if input.x == 0\n${chain}`);
  const evaluator = openEvaluator(module as NonNullable<typeof module>);
  const before = process.cpuUsage();
  for (const x of [0, 127, 128, 129, 4_999, 5_000]) {
    expect(evaluator.evaluate(0, JSON.stringify({ x }))).toMatchObject({ text: `[{"result":${x}}]` });
  }
  expect(evaluator.evaluate(0, JSON.stringify({ x: 5_001 }))).toMatchObject({ text: "[]" });
  expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
});

test("what iterates a thousand deep is answered", () => {
  const { module } = compileText(`package t\np if {\n${"  input[_]\n".repeat(1_500)}}`);
  const answer = openEvaluator(module as NonNullable<typeof module>).evaluate(0, JSON.stringify([true]));
  expect(answer).toMatchObject({ kind: "results", text: '[{"result":true}]' });
});

function printFirst({ at, code, message }: ReturnType<typeof compileText>["diagnostics"][number]): string {
  const before = at.source.text.slice(0, at.span.start).split("\n");
  return `${at.source.name}:${before.length}:${(before.at(-1) ?? "").length + 1}: ${code}: ${message}`;
}
