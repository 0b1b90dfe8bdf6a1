import { expect, test } from "vitest";
import { BUILTINS } from "../builtins/table.ts";
import { checkUnit } from "../compile.ts";
import type { RegoVersion } from "../syntax/version.ts";
import { type Capabilities, capabilitiesOfVersion, parseCapabilities } from "./capabilities.ts";
import { printCapabilities } from "./print-capabilities.ts";

function check(capabilities: Capabilities | undefined, text: string, version: RegoVersion = "v1"): readonly string[] {
  if (capabilities === undefined) throw new Error("no such version");
  const { language, restrict } = capabilities;
  const modules = [{ name: "p.rego", text: `package p\n${text}`, version, language }];
  return checkUnit({ name: "u", modules, data: {} }, { builtins: restrict(BUILTINS) }).map(({ message }) => message);
}

/** As OPA 1.22.2 refuses it, or takes it. */
const OF_VERSIONS: readonly (readonly [version: string, text: string, ...faults: string[]])[] = [
  ["v1.11.0", 'q := $"a{1}"', "template strings are not supported by current capabilities"],
  ["v1.12.0", 'q := $"a{1}"'],
  ["v1.21.0", "import rego.v2", "invalid import, `rego.v2` is not supported by current capabilities"],
  ["v1.19.0", "import future.keywords.and", "unexpected keyword, must be one of [contains every if in not]"],
  ["v1.20.0", "import future.keywords.and\nq if input.x and input.y"],
  ["v1.16.0", "import future.keywords\nq if not 1 == 2"],
  ["v1.5.0", "q := input.if", "unexpected if keyword: expected identifier"],
  ["v1.18.0", 'q := strings.split_n("a", "b", 1)', "undefined function strings.split_n"],
  ["v0.70.0", "q := 1", "illegal capabilities: rego_v1 feature required for parsing v1 Rego"],
];

test.each(OF_VERSIONS)("%s: %j", (version, text, ...faults) => {
  expect(check(capabilitiesOfVersion(version), text)).toEqual(faults);
});

test.each([
  ["v0.70.0", "import rego.v1\nq if 1 in [1]"],
  ["v0.58.0", "import rego.v1", "invalid import, `rego.v1` is not supported by current capabilities"],
  ["v0.37.0", "import future.keywords.every", "unexpected keyword, must be one of [in]"],
  ["v0.45.0", "q.r.s := 1", "rule heads with refs are not supported by current capabilities"],
  [
    "v0.58.0",
    "q.r[x].s := 1 { x := 1 }",
    "rule heads with general refs (containing variables) are not supported by current capabilities",
  ],
  ["v0.58.0", "q.r.s := 1"],
] as const)("in v0, %s: %j", (version, text, ...faults) => {
  expect(check(capabilitiesOfVersion(version), text, "v0")).toEqual(faults);
});

test("versions are those that OPA knows itself by", () => {
  for (const version of ["v0.16.0", "v1.23.0", "1.22.0", "v1.22", "latest"]) {
    expect(capabilitiesOfVersion(version), version).toBeUndefined();
  }
});

test("a file's built-ins are those that may be called, and it may declare others", () => {
  const decl = { type: "function", args: [{ type: "string" }], result: { type: "number" } };
  const file = { builtins: [{ name: "count" }, { name: "my.own", decl }], features: ["rego_v1"], allow_net: ["a.b"] };
  const capabilities = parseCapabilities(JSON.stringify(file));
  expect(capabilities.allowNet).toEqual(["a.b"]);
  expect(check(capabilities, 'q := count([1])\nr := my.own("a")')).toEqual([]);
  expect(check(capabilities, 'q := sum([1])\nr := my.own("a", "b", "c")')).toHaveLength(2);
});

test.each([
  ["{", /^not JSON/],
  ["[]", /^not a JSON object/],
  ['{"builtins": {}}', /^builtins is no list/],
  ['{"builtins": [{"name": "f", "decl": {"type": "x"}}], "features": ["rego_v1"]}', /^builtins: f: /],
  ['{"future_keywords": ["foo"]}', /^illegal capabilities: unknown keyword: foo/],
])("a file that is none is refused: %s", (text, why) => {
  expect(() => parseCapabilities(text).restrict(BUILTINS)).toThrow(why);
});

test("our own capabilities, printed, allow what we have", () => {
  const capabilities = parseCapabilities(printCapabilities());
  expect(capabilities.restrict(BUILTINS).names.toSorted()).toEqual(BUILTINS.names.toSorted());
  expect([...capabilities.language.features]).toContain("rego_v2_import");
});
