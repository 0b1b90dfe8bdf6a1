import { positionAt } from "@regomesh/base";
import { expect, test } from "vitest";
import { checkBundles } from "./roots.ts";
import { toUnit } from "./unit.ts";

const unitOf = (files: Record<string, string>, data?: "bundle" | "directory") =>
  toUnit({
    name: "authz",
    directory: "policies/authz",
    files: Object.entries(files).map(([name, text]) => ({ name: `policies/authz/${name}`, text })),
    ...(data === undefined ? {} : { data }),
  });

test("toUnit tells modules, tests and data apart and puts data under their directory", () => {
  const { unit, diagnostics } = unitOf({
    "b.rego": "package b",
    "a.rego": "package a",
    "a_test.rego": "package a_test",
    "data.yaml": "roles:\n  admin: [alice]\n",
    "deep/er/data.json": '{"n": 123456789012345678901, "f": 1.50}',
    "binding.yaml": "kind: PolicyBinding\n",
  });
  expect(diagnostics).toEqual([]);
  expect(unit.modules.map(({ name }) => name)).toEqual(["policies/authz/a.rego", "policies/authz/b.rego"]);
  expect(unit.tests.map(({ name }) => name)).toEqual(["policies/authz/a_test.rego"]);
  expect(JSON.stringify(unit.data)).toBe(
    '{"roles":{"admin":["alice"]},"deep":{"er":{"n":123456789012345678901,"f":1.50}}}',
  );
});

test("toUnit reads every JSON and YAML file of a directory when asked to", () => {
  expect(unitOf({ "x/roles.yaml": "a: 1", "y.json": '{"b": 2}' }, "directory").unit.data).toEqual({
    x: { a: 1 },
    b: 2,
  });
});

test.each([
  ["data.yaml", "a: 1\nb: &x { x: 1, x: 2 }\nc: *x\na: 2\n", ["2:15 x", "4:1 a"]],
  ["data.yaml", "a: &a { x: 1 }\nb: { <<: *a, x: 2 }\n", []],
  ["data.json", '{"a": 1, "b": {"x": 1, "x": 2}, "a": 2}', ["1:24 x", "1:33 a"]],
])("a key that stands twice is said, %s", (name, text, places) => {
  const { diagnostics } = unitOf({ [name]: text });
  const said = diagnostics.map(({ severity, message, at }) => {
    const { row, column } = positionAt(at.source, at.span.start);
    return [severity, `${row}:${column} ${/^key "(.*)" stands twice/.exec(message)?.[1]}`];
  });
  expect(said).toEqual(places.map((place) => ["warning", place]));
});

test("a key that stands twice has its last value, in YAML as in JSON", () => {
  const data = (name: string, text: string) => JSON.stringify(unitOf({ [name]: text }).unit.data);
  expect(data("data.yaml", "a: 1\nb: { x: 1, x: 2 }\na: 2\n")).toBe('{"a":2,"b":{"x":2}}');
  expect(data("data.json", '{"a": 1, "b": {"x": 1, "x": 2}, "a": 2}')).toBe('{"a":2,"b":{"x":2}}');
});

const faults: Record<string, readonly [Record<string, string>, string]> = {
  "the same path in two files": [
    { "data.json": '{"a": {"b": 1}}', "a/data.yaml": "b: 2" },
    "data.a.b is given by policies/authz/a/data.yaml, too",
  ],
  "text after the value": [
    { "data.json": "{} {}" },
    "not JSON: unexpected non-whitespace character after json at position 3",
  ],
  "YAML whose second document is none": [{ "data.yaml": "a: 1\n---\nb: [\n" }, "not YAML"],
  "no object at the root": [{ "data.json": "[1]" }, "data at the unit's root must be an object"],
  "too deep": [{ "data.json": `{"a":${"[".repeat(501)}${"]".repeat(501)}}` }, "data nest deeper than 500 levels"],
};

test.each([
  ['{"k": 1,\n "a": [2e1, -1e100000]}', "2:13"],
  ['{"a": 1e-40000}', "1:7"],
  ['{"a": 1.5E+999999999}', "1:7"],
  ['{"1e99999": "1e99999 \\" 1e99999", "\\\\": 1e30103}', "1:41"],
  ['{"a": 1e30102, "b": 0e99999, "c": "x1e99999"}', undefined],
  [`{"a": 1${"0".repeat(40_000)}}`, undefined],
  [`{"a": 1${"0".repeat(40_000)}e1}`, "1:7"],
])("a number that is too big is refused at its place: %.60s", (text, place) => {
  const { diagnostics } = unitOf({ "data.json": text });
  const said = diagnostics.map(({ message, at }) => {
    const { row, column } = positionAt(at.source, at.span.start);
    return `${row}:${column} ${message}`;
  });
  expect(said).toEqual(place === undefined ? [] : [`${place} number too big`]);
});

test("where a number is too big is found in no more time than the text is long", () => {
  for (const text of [
    "1".repeat(4_000_000),
    "\\\\".repeat(2_000_000),
    "1e1,".repeat(1_000_000),
    '1e1"1e1'.repeat(300_000),
  ]) {
    const { diagnostics } = unitOf({ "data.json": JSON.stringify({ a: text, b: 1e300 }) });
    expect(diagnostics).toEqual([]);
  }
});

test.each(["a/data.json", "a/data.yaml", ".manifest"])("what is no UTF-8 is refused at its place: %s", (name) => {
  const files = [{ name, text: '{"a":\n "é\uFFFD"}', illegalAt: 9 }];
  const { diagnostics } = toUnit({ name: "u", directory: "", files });
  expect(
    diagnostics.map(({ message, at }) => [message.replace("manifest: ", ""), positionAt(at.source, at.span.start)]),
  ).toEqual([["illegal utf-8 character", { row: 2, column: 4 }]]);
});

test("a byte order mark before data and a manifest is passed over", () => {
  const unit = unitOf({
    "data.json": '\uFEFF{"a": 1}',
    "b/data.yaml": "\uFEFFc: 1\n",
    ".manifest": '\uFEFF{"rego_version": 0}',
  });
  expect(unit).toMatchObject({ unit: { data: { a: 1, b: { c: 1 } } }, diagnostics: [] });
});

test.each(Object.entries(faults))("toUnit refuses %s", (_, [files, message]) => {
  const { diagnostics } = unitOf(files);
  expect(diagnostics.map((each) => each.message.slice(0, message.length))).toEqual([message]);
});

test("a key named __proto__ is a key", () => {
  const { unit } = unitOf({ "data.json": '{"__proto__": {"a": 1}}', "x/data.json": '{"__proto__": 1}' });
  expect(JSON.stringify(unit.data)).toBe('{"__proto__":{"a":1},"x":{"__proto__":1}}');
});

test("a manifest says the language of a unit's modules, whole or by their paths", () => {
  const manifest = { rego_version: 0, file_rego_versions: { "/new/*.rego": 1, "/x/{a,b}.rego": 2 } };
  const files = ["u/old.rego", "u/new/deep/p.rego", "u/x/b.rego", "u/x/c_test.rego"].map((name) => ({
    name,
    text: "",
  }));
  const said = { name: "u/.manifest", text: JSON.stringify(manifest) };
  const { unit, diagnostics } = toUnit({ name: "u", directory: "u", files: [...files, said], version: "v1" });
  expect(diagnostics).toEqual([]);
  expect([...unit.modules, ...unit.tests].map(({ name, version }) => `${name} ${version}`)).toEqual([
    "u/new/deep/p.rego v1",
    "u/old.rego v0",
    "u/x/b.rego v2",
    "u/x/c_test.rego v0",
  ]);
});

test.each([
  ['{"rego_version": 3}', "manifest: rego_version must be 0, 1 or 2, not 3"],
  ['{"rego_version": 1.0}', "manifest: rego_version must be 0, 1 or 2, not 1.0"],
  ["[]", "manifest: not a JSON object"],
  ['{"file_rego_versions": {"/[c-a]": 1}}', "manifest: file_rego_versions: /[c-a] has a range that runs backwards"],
  [
    JSON.stringify({ file_rego_versions: { [`/${"*a".repeat(1500)}`]: 1 } }),
    "manifest: file_rego_versions: patterns have more than 2000 letters, plain paths aside",
  ],
  ['{"file_rego_versions": {"/a": "v1"}}', 'manifest: file_rego_versions: /a must be 0, 1 or 2, not "v1"'],
])("a manifest that says none is refused: %s", (text, message) => {
  const files = [{ name: "u/.manifest", text }];
  const said = (data: "bundle" | "directory") => toUnit({ name: "u", directory: "u", files, data }).diagnostics;
  expect(said("bundle").map((each) => each.message)).toEqual([message]);
  expect(said("directory").map((each) => each.message)).toEqual([message]);
});

/** Manifest, what lies beside it, and what is refused of it, by file. As `opa check --bundle` has them. */
type Bundle = readonly [manifest: string, files: Readonly<Record<string, string>>, ...refused: string[]];
const bundles: readonly Bundle[] = [
  ['{"roots": ["a"]}', { "p.rego": "package a.b", "a/data.json": '{"k": 1}' }],
  ['{"roots": ["c"]}', { "p.rego": "package a.b" }, "p.rego: manifest roots [c] do not permit 'package a.b'"],
  ['{"roots": ["c"]}', { "p_test.rego": "package t" }, "p_test.rego: manifest roots [c] do not permit 'package t'"],
  ['{"roots": ["a/b/c"]}', { "p.rego": "package a.b" }, "p.rego: manifest roots [a/b/c] do not permit 'package a.b'"],
  ['{"roots": ["a/bb", "/a/b/"]}', { "p.rego": "package a.b" }],
  ['{"roots": ["a//b"]}', { "p.rego": "package a.b" }, "p.rego: manifest roots [a//b] do not permit 'package a.b'"],
  ['{"roots": ["a/x y"]}', { "p.rego": 'package a["x y"]' }],
  [
    '{"roots": ["a/x/y"]}',
    { "p.rego": 'package a["x/y"]' },
    "p.rego: manifest roots [a/x/y] do not permit 'package a[\"x/y\"]'",
  ],
  ['{"roots": ["a/x/y"]}', { "data.json": '{"a": {"x/y": 1}}' }],
  [
    '{"roots": ["a"]}',
    { "data.json": '{"a": 1, "z": {}}' },
    "data.json: manifest roots [a] do not permit data at path '/z'",
  ],
  ['{"roots": ["z/q"]}', { "data.json": '{"z": {"q": 1}}' }],
  [
    '{"roots": ["z/q"]}',
    { "data.json": '{"z": {"r": {"s": 1}}}' },
    "data.json: manifest roots [z/q] do not permit data at path '/z/r/s'",
  ],
  ['{"roots": ["z/q"]}', { "data.json": '{"z": {"r": {}}}' }],
  [
    '{"roots": ["z/q"]}',
    { "data.json": '{"z": 1}' },
    "data.json: manifest roots [z/q] do not permit data at path '/z'",
  ],
  [
    '{"roots": ["a"]}',
    { "system/data.json": "{}" },
    "system/data.json: manifest roots [a] do not permit data at path '/system'",
  ],
  ['{"roots": []}', { "p.rego": "package a" }, "p.rego: manifest roots [] do not permit 'package a'"],
  ['{"roots": []}', {}, ".manifest: manifest roots [] do not permit data at path '/'"],
  ['{"roots": []}', { "data.json": "{}" }, "data.json: manifest roots [] do not permit data at path '/'"],
  ['{"roots": null}', { "p.rego": "package a" }],
  ['{"roots": [null]}', { "p.rego": "package a" }],
  ['{"roots": ["/"]}', { "p.rego": "package a" }],
  ['{"ROOTS": ["c"]}', { "p.rego": "package a" }, "p.rego: manifest roots [c] do not permit 'package a'"],
  ['{"roots": ["a", "b", "a/b"]}', {}, ".manifest: manifest has overlapped roots: 'a' and 'a/b'"],
  ['{"roots": ["a", "/a"]}', {}, ".manifest: manifest has overlapped roots: 'a' and 'a'"],
  ['{"roots": ["a", ""]}', {}, ".manifest: manifest has overlapped roots: '' and 'a'"],
  ['{"roots": ["ab", "a"]}', { "p.rego": "package a" }],
  ['{"roots": "a"}', {}, ".manifest: manifest: roots are no array of strings"],
  ['{"roots": [1]}', {}, ".manifest: manifest: roots are no array of strings"],
  ['{"revision": 1}', {}, ".manifest: manifest: revision is no string"],
  ['{"metadata": []}', {}, ".manifest: manifest: metadata is no object"],
  ['{"wasm": {}}', {}, ".manifest: manifest: wasm is no array"],
  [
    '{"wasm": [{}]}',
    {},
    ".manifest: manifest: wasm: a bundle of WebAssembly is not read: name the Rego that it is made of",
  ],
  ['{"revision": null, "metadata": null, "wasm": null, "rego_version": null, "file_rego_versions": null, "x": 1}', {}],
  ["null", {}],
  ["{}", { "x/.manifest": "{}" }, "x/.manifest: manifest: a bundle has one, and this one's is u/.manifest"],
];

test.each(bundles.map((each) => [each] as const))("a bundle is held to its manifest: %j", (bundle) => {
  const [manifest, given, ...refused] = bundle;
  const texts = Object.entries({ ".manifest": manifest, ...given });
  const files = texts.map(([name, text]) => ({ name: `u/${name}`, text }));
  const { diagnostics } = toUnit({ name: "u", directory: "u", files });
  expect(diagnostics.map(({ at, message }) => `${at.source.name.slice(2)}: ${message}`)).toEqual(refused);
  expect(toUnit({ name: "u", directory: "u", files, isBundle: false }).diagnostics).toEqual([]);
});

test.each([
  ["one", ["/".repeat(100_000)]],
  ["deep", ["a/".repeat(400_000)]],
  ["many", Array.from({ length: 50_001 }, () => "a")],
] as const)("roots have 100,000 letters at most: %s", (_, roots) => {
  const files = [{ name: ".manifest", text: JSON.stringify({ roots }) }];
  const { diagnostics } = toUnit({ name: "u", directory: "", files });
  expect(diagnostics.map((each) => each.message)).toEqual(["manifest: roots have more than 100000 letters"]);
});

test("a manifest has a million letters at most", () => {
  const files = [{ name: ".manifest", text: `{}${" ".repeat(1_000_000)}` }];
  const { diagnostics } = toUnit({ name: "u", directory: "", files });
  expect(diagnostics.map((each) => each.message)).toEqual(["manifest: has more than 1000000 letters"]);
});

test("roots of that length are read", () => {
  const text = JSON.stringify({ roots: [`a${"/".repeat(40_000)}`, `${"b/".repeat(20_000)}c`] });
  const files = ["package b", "package a.x", "package data"].map((each, i) => ({ name: `${i}.rego`, text: each }));
  const { diagnostics } = toUnit({ name: "u", directory: "", files: [...files, { name: ".manifest", text }] });
  expect(diagnostics.map((each) => each.at.source.name)).toEqual(["0.rego", "2.rego"]);
});

test("a bundle's only manifest is its own, wherever it lies; a directory's lies at its root", () => {
  const files = ["u/p.rego", "u/x/.manifest"].map((name) => ({ name, text: '{"rego_version": 0}' }));
  const versionIn = (isBundle: boolean) =>
    toUnit({ name: "u", directory: "u", files, isBundle }).unit.modules[0]?.version;
  expect([versionIn(true), versionIn(false)]).toEqual(["v0", undefined]);
});

test("a null among versions of files is v0, and of patterns that match the first by its text counts", () => {
  const versions = { "/p*": 1, "/p.rego": 2, "/*": null };
  const files = [
    { name: "p.rego", text: "package a" },
    { name: ".manifest", text: JSON.stringify({ Rego_Version: 1, file_rego_versions: versions }) },
  ];
  expect(toUnit({ name: "u", directory: "", files }).unit.modules[0]).toMatchObject({ version: "v0" });
});

/** Roots of bundles side by side; `undefined` is one without a manifest. */
test.each([
  [[["a"], ["c"], ["d/e"]], undefined],
  [[["a"]], undefined],
  [[undefined, undefined], "bundles b0 and b1 have overlapping roots: '' and ''"],
  [[["a"], undefined], "bundles b1 and b0 have overlapping roots: '' and 'a'"],
  [[["a"], ["c", "a/c"]], "bundles b0 and b1 have overlapping roots: 'a' and 'a/c'"],
  [
    [
      ["a", "c"],
      ["c", "d"],
    ],
    "bundles b0 and b1 have overlapping roots: 'c' and 'c'",
  ],
])("bundles side by side share no root: %j", (roots, message) => {
  const made = roots.map((own, i) => {
    const manifest = own && { name: ".manifest", text: JSON.stringify({ roots: own }) };
    const { manifest: read } = toUnit({ name: "u", directory: "", files: manifest === undefined ? [] : [manifest] });
    return { name: `b${i}`, manifest: read };
  });
  expect(checkBundles(made).map((each) => each.message)).toEqual(message === undefined ? [] : [message]);
});
