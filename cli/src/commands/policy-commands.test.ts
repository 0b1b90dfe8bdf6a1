import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dispatch } from "../main.ts";

const root = resolve(import.meta.dirname, "../../..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-cli-"));
  for (const name of ["policies", "examples"]) await cp(join(root, name), join(folder, name), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await dispatch(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: () => undefined,
    environment: () => ({}),
    cwd: folder,
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
    onReload: () => {},
  });
  return { code, out, err };
}

async function changed(file: string, from: string, to: string, then: () => Promise<void>): Promise<void> {
  const place = join(folder, file);
  const text = await readFile(place, "utf8");
  await writeFile(place, text.replace(from, to));
  await then();
  await writeFile(place, text);
}

test("check finds nothing to refuse in what is shipped", async () => {
  expect(await run("check")).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/4 workloads: ok\n$/) });
});

test("check names places in policies and resources alike, with a way out", async () => {
  await changed("examples/mesh/bindings.yaml", "unit: examples/authz", "unit: examples/auth", async () => {
    const { code, err } = await run("check");
    expect(code).toBe(1);
    expect(err).toContain("examples/mesh/bindings.yaml:37:9: reference_unknown: no directory examples/auth with Rego");
    expect(err).toContain("hint: did you mean examples/authz?");
  });
});

test("analyze gives what check finds a code and a way out, and warnings alone fail where they are asked for", async () => {
  expect(await run("analyze", "policies")).toMatchObject({ code: 0, out: "nothing is found\n" });
  await changed("examples/mesh/bindings.yaml", "unit: examples/authz", "unit: examples/auth", async () => {
    const { code, out } = await run("analyze", "-o", "json");
    const { findings } = JSON.parse(out) as { findings: readonly object[] };
    expect([code, findings[0]]).toMatchObject([
      1,
      {
        code: "RM0203",
        name: "reference_unknown",
        file: "examples/mesh/bindings.yaml",
        row: 37,
        column: 9,
        fix: "did you mean examples/authz?",
      },
    ]);
    expect((await run("analyze", "-o", "wide")).out).toMatch(
      /bindings\.yaml:37:9: error RM0203: no directory .*\n {2}fix: did you mean examples\/authz\?\n/,
    );
  });
  expect((await run("analyze", "--fail-on", "never")).code).toBe(64);
  expect((await run("analyze", "-A", "examples")).err).toMatch(/not both/);
});

test("check --base names what would go, and how to say that it is meant", async () => {
  const before = await mkdtemp(join(tmpdir(), "regomesh-base-"));
  for (const name of ["policies", "examples"]) await cp(join(folder, name), join(before, name), { recursive: true });
  await changed("examples/mesh/mesh.yaml", "kind: MeshConfig", "kind: MeshConfigs", async () => {
    expect((await run("check", "--base", before)).err).not.toContain("source_loss");
  });
  await changed(
    "examples/mesh/mesh.yaml",
    "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\n",
    "a: b\n",
    async () => {
      const { code, err } = await run("check", "--base", before);
      expect(code).toBe(1);
      expect(err).toMatch(
        /^source_loss: the commit takes away the mesh's MeshConfig\nhint: .* put [0-9a-f]{12} in a commit/,
      );
      expect(await run("check")).toMatchObject({ code: 0 });
    },
  );
  expect(await run("check", "--base", before)).toMatchObject({ code: 0, err: "" });
  expect(await run("check", "--base", "mian")).toMatchObject({
    code: 64,
    err: expect.stringContaining("mian is neither a revision of the repository nor a directory"),
  });
  expect(await run("check", "--base", before, "--state", before)).toMatchObject({ code: 64 });
  await rm(before, { recursive: true });
});

test("check names what a sidecar does not offer, where a policy asks for it", async () => {
  await changed("examples/authz/orders.rego", "default allow := false", "allow if opa.runtime().env.X", async () => {
    const { code, err } = await run("check");
    expect(code).toBe(1);
    expect(err).toMatch(/orders\.rego:\d+:10: policy_not_offered: opa\.runtime is not offered to .* inbound proxy/);
    expect(err).toContain("hint: what it shows differs from host to host");
  });
});

test("check takes a lone policy as if it were bound; of OPA's tutorial for Envoy it refuses the body alone", async () => {
  const tutorial = join(folder, "tutorial");
  await mkdir(tutorial, { recursive: true });
  await cp(join(root, "conformance/policies/envoy-tutorial.rego"), join(tutorial, "policy.rego"));
  const { code, out, err } = await run("check", "tutorial");
  expect([code, out]).toEqual([1, "1 policy file in 1 unit: 1 error\n"]);
  expect(err).toMatch(/^tutorial\/policy\.rego:36:8: policy_not_offered: input\.parsed_body is not there/);
  await rm(tutorial, { recursive: true });
});

test("build refuses what the role does not offer", async () => {
  await changed("examples/authz/orders.rego", "default allow := false", "allow if opa.runtime().env.X", async () => {
    const build = ["build", "-e", "mesh/authz/allow", "--out", "out", "examples/authz"];
    expect(await run(...build)).toMatchObject({ code: 1, err: expect.stringContaining("policy_not_offered") });
    expect(await run(...build, "--role", "cli")).toMatchObject({ code: 0, err: "" });
    expect(await run(...build, "--role", "moon")).toMatchObject({ code: 64 });
  });
});

test("test runs the shipped tests, and shows what failed and where", async () => {
  expect(await run("test", "policies", "examples")).toMatchObject({ code: 0, out: "PASS: 19/19\n" });
  await changed("examples/authz/orders.rego", "wanted in data.users", "not wanted in data.users", async () => {
    const { code, out } = await run("test", "examples");
    expect(code).toBe(2);
    expect(out).toMatch(/examples\/authz\/orders_test\.rego:\ndata\.mesh\.authz_test\.test_\w+: FAIL/);
  });
});

test("test gives records in the shape of opa test", async () => {
  const { out } = await run("test", "--format", "json", "--run", "bob", "examples/authz");
  expect(JSON.parse(out)).toMatchObject([
    { location: { row: 31, col: 1 }, package: "data.mesh.authz_test", name: "test_bob_may_refund" },
  ]);
});

test.each([
  [["1 + 2 * 3"], "7\n"],
  [["-d", "examples/authz", "data.users.bob"], '[\n  "orders",\n  "refunds"\n]\n'],
  [["-f", "bindings", "x := 1; y := x + 1"], '{\n  "x": 1,\n  "y": 2\n}\n'],
  [['x := 1; true; "a"'], '┌─────┬───┐\n│ "a" │ x │\n├─────┼───┤\n│ "a" │ 1 │\n└─────┴───┘\n'],
  [["data.nope"], "undefined\n"],
  [["-f", "json", "data.nope"], "{}\n"],
  [["-f", "raw", "false"], "false\n"],
  [["-f", "raw", "1 == 1; false"], ""],
  [["-f", "raw", "some i; [1, 2][i] == 2"], "true\n"],
  [["-f", "values", "[1, 2][_]"], "[\n  1\n]\n[\n  2\n]\n"],
  [["-f", "raw", "walk([1], x)"], "true\ntrue\n"],
  // A wildcard makes an answer for each of its values, as a variable does.
  [["-f", "raw", "[1, 2][_] > 0"], "true\ntrue\n"],
  [["-f", "raw", 'x := {"a": [1, 1]}[_][_]; count({2 | [1, 1][_]}) == 1'], "true true\ntrue true\n"],
  [["-f", "values", "some _, _ in [7, 7]; walk(1, [_, _])"], "[\n  true,\n  true\n]\n[\n  true,\n  true\n]\n"],
  [["-f", "raw", "-d", "shop.acl:examples/authz/data.yaml", "data.shop.acl.users.bob"], '["orders","refunds"]\n'],
  [["-f", "raw", "-i", "examples/authz/data.yaml", "input.users.bob[0]"], "orders\n"],
  [["[9007199254740993, 1.0, 1e400, 0.10]"], "[\n  9007199254740993,\n  1.0,\n  1e400,\n  0.10\n]\n"],
])("eval %j", async (args, out) => {
  expect(await run("eval", ...args)).toEqual({ code: 0, out, err: "" });
});

test("schemas give types: to eval, test and check", async () => {
  const place = join(folder, "typed");
  await mkdir(join(place, "schemas/acl"), { recursive: true });
  const schema = { type: "object", properties: { name: { type: "string" } } };
  await writeFile(join(place, "schemas/acl/user.json"), JSON.stringify(schema));
  await writeFile(
    join(place, "p.rego"),
    "package p\n# METADATA\n# schemas:\n# - input: schema.acl.user\nq if input.nam\n",
  );
  for (const args of [
    ["eval", "-d", "typed/p.rego", "data.p.q"],
    ["test", "typed"],
    ["check", "typed"],
  ]) {
    const without = await run(...args);
    expect(without.err).not.toContain("rego_type_error");
    const { code, err } = await run(args[0] as string, "-s", "typed/schemas", ...args.slice(1));
    expect(code).not.toBe(0);
    expect(err).toContain("typed/p.rego:5:6: rego_type_error: undefined ref: input.nam");
  }
  const whole = await run("eval", "--schema", "typed/schemas/acl/user.json", "input.nam");
  expect(whole.err).toContain("query:1:1: rego_type_error: undefined ref: input.nam");
  // As opa reads schemas: what is no JSON is YAML, whatever its name.
  const texts = [`\ufeff${JSON.stringify(schema)}`, "type: object\nproperties: { name: { type: string } }\n"];
  for (const text of texts) {
    await writeFile(join(place, "other.json"), text);
    const other = await run("eval", "--schema", "typed/other.json", "input.nam");
    expect(other.err).toContain("query:1:1: rego_type_error: undefined ref: input.nam");
  }
  const none = await run("eval", "--schema", "typed/none", "1");
  expect(none.err).toMatch(/^regomesh eval: .*typed\/none/);
  await rm(place, { recursive: true });
});

test("check --strict also refuses what is unused", async () => {
  await mkdir(join(folder, "strict"));
  await writeFile(join(folder, "strict/p.rego"), "package p\nimport data.x\nf(y) := 1\nq if {\n\tz := 1\n}\n");
  expect(await run("check", "strict")).toMatchObject({ code: 0 });
  const { code, err } = await run("check", "--strict", "strict");
  expect(code).toBe(1);
  expect(err).toContain("strict/p.rego:2:1: rego_compile_error: import data.x unused");
  await rm(join(folder, "strict"), { recursive: true });
});

test("build writes a module that WebAssembly takes", async () => {
  const { code, out } = await run("build", "-e", "mesh/authz/allow", "--out", "out", "examples/authz");
  expect([code, out]).toEqual([0, expect.stringMatching(/policy\.wasm {2}[\d.]+ KiB, \d+ rules, 1 entrypoint\n$/)]);
  expect(WebAssembly.validate(await readFile(join(folder, "out/policy.wasm")))).toBe(true);
});

test.each([
  ["check", ["check", "nowhere"], /^regomesh check: nowhere: no such file or directory/],
  ["eval", ["eval"], /^regomesh eval: needs a query/],
  ["build", ["build", "policies/mesh"], /^regomesh build: needs an entrypoint/],
  [
    "build of several units",
    ["build", "-e", "mesh/authz/allow", "."],
    /^regomesh build: \. holds \d+ units \(.*policies\/mesh.*\); name one \(regomesh build --help\)/,
  ],
  ["test", ["test", "--run", "("], /^regomesh test: --run: /],
  ["a wrong flag", ["eval", "--nope", "1"], /^regomesh eval: there is no flag --nope/],
])("%s says in one sentence what is missing", async (_, args, message) => {
  const { code, err } = await run(...args);
  expect([code, err.split("\n").length]).toEqual([64, 2]);
  expect(err).toMatch(message);
});

test("a bundle's manifest above its modules makes them one unit, of the versions that it says", async () => {
  await mkdir(join(folder, "mixed/old"), { recursive: true });
  await mkdir(join(folder, "mixed/new"), { recursive: true });
  await writeFile(join(folder, "mixed/.manifest"), '{"rego_version": 1, "file_rego_versions": {"/old/*": 0}}');
  await writeFile(join(folder, "mixed/old/a.rego"), "package old\n\np { input.x == 1 }\n");
  await writeFile(join(folder, "mixed/new/a.rego"), "package new\n\np if data.old.p\n");
  await writeFile(join(folder, "mixed/new/a_test.rego"), 'package new\n\ntest_p if p with input as {"x": 1}\n');
  expect(await run("check", "mixed")).toMatchObject({ code: 0, out: expect.stringContaining("in 1 unit: ok") });
  expect(await run("test", "mixed")).toMatchObject({ code: 0, out: expect.stringContaining("PASS: 1/1") });
  await rm(join(folder, "mixed"), { recursive: true });
});

test("check names policies that it cannot read: without them it would say that all is well", async () => {
  await mkdir(join(folder, "unread"), { recursive: true });
  await writeFile(join(folder, "unread/latin.rego"), Buffer.from('package p\n\nname := "\xe9"\n', "latin1"));
  await writeFile(join(folder, "unread/large.rego"), `package p\n#${"x".repeat(9_000_000)}\n`);
  await symlink("latin.rego", join(folder, "unread/link.rego"));
  await symlink("latin.rego", join(folder, "unread/notes.txt"));
  const { code, err } = await run("check", "unread");
  expect([code, err.match(/^.*source_unread.*$/gm)]).toEqual([
    1,
    [
      "unread/large.rego:1:1: source_unread: the file is larger than the 8388608 bytes that are read of a file",
      "unread/latin.rego:3:10: source_unread: the file is not UTF-8",
      "unread/link.rego:1:1: source_unread: the file is a symbolic link, which is not followed",
    ],
  ]);
  await rm(join(folder, "unread"), { recursive: true });
});

test("the example of a built-in of one's own passes its tests, and answers", async () => {
  const example = join(import.meta.dirname, "../../../docs/own-built-ins");
  const own = ["--builtins", join(example, "quota.ts")];
  expect(await run("test", ...own, example)).toMatchObject({ code: 0, out: expect.stringContaining("PASS: 4/4") });
  const query = 'data.shop.quotas.allow with input as {"team": "web", "sent": 1}';
  expect(await run("eval", ...own, "-d", example, query)).toMatchObject({ code: 0, out: "true\n" });
});

test("--builtins brings built-ins of one's own: types are checked, a proxy is refused them", async () => {
  const decl = `{ type: "function", args: [{ type: "string" }], result: { type: "number" } }`;
  await writeFile(
    join(folder, "own.ts"),
    `export default [{ name: "mesh.quota", decl: ${decl}, implementation: (team: string) => team.length }];\n`,
  );
  const own = ["--builtins", "own.ts"];
  expect(await run("eval", ...own, 'mesh.quota("web") + 1')).toMatchObject({ code: 0, out: "4\n", err: "" });
  expect(await run("eval", 'mesh.quota("web")')).toMatchObject({
    code: 2,
    err: expect.stringContaining("undefined function mesh.quota"),
  });
  expect(await run("eval", ...own, "mesh.quota(1)")).toMatchObject({
    code: 2,
    err: expect.stringContaining("mesh.quota: invalid argument(s)"),
  });
  await mkdir(join(folder, "own"), { recursive: true });
  await writeFile(
    join(folder, "own/a.rego"),
    'package mesh.authz\ndefault allow := false\nallow if mesh.quota("web") == 3\n',
  );
  await writeFile(join(folder, "own/a_test.rego"), "package mesh.authz\ntest_allow if allow\n");
  expect(await run("test", ...own, "own")).toMatchObject({ code: 0, out: expect.stringContaining("PASS: 1/1") });
  expect(await run("build", ...own, "-e", "mesh/authz/allow", "own")).toMatchObject({
    code: 1,
    err: expect.stringContaining(
      "own/a.rego:3:10: policy_not_offered: mesh.quota is not offered to a policy of an inbound proxy",
    ),
  });
  await rm(join(folder, "own"), { recursive: true });
  const wrong: readonly (readonly [text: string, message: string])[] = [
    ["export default {}", "--builtins own.ts: its default export is no list"],
    [
      `export default [{ name: "count", decl: ${decl}, implementation: () => 1 }]`,
      "built-in count: OPA has one of this name",
    ],
    ["export default [", "--builtins own.ts: "],
  ];
  for (const [i, [text, message]] of wrong.entries()) {
    const name = `own${i}.mjs`;
    await writeFile(join(folder, name), text);
    expect(await run("eval", "--builtins", name, "1")).toMatchObject({
      code: 64,
      err: expect.stringContaining(message.replace("own.ts", name)),
    });
  }
});

test("without a binding directories side by side are one program, as opa test has it", async () => {
  const there = await mkdtemp(join(tmpdir(), "regomesh-program-"));
  const at = (name: string) => join(there, name);
  await mkdir(at("a"));
  await mkdir(at("b"));
  await writeFile(at("a/a.rego"), "package a\n\np := data.b.q + 1\n");
  await writeFile(at("b/b.rego"), "package b\n\nq := data.conf.n\n");
  await writeFile(at("b/conf.json"), '{"conf": {"n": 41}}');
  await writeFile(at("a/a_test.rego"), "package a_test\n\ntest_p if data.a.p == 42\n\ntodo_test_x if false\n");
  const { code, out } = await run("test", at("a"), at("b"));
  expect([code, out.trim().split("\n").at(-1)]).toEqual([0, "PASS: 1/2   SKIPPED: 1/2"]);
  await rm(there, { recursive: true });
});

test("test runs the MeshTests of a source, over all that is bound", async () => {
  const spec = (verdict: string) =>
    `apiVersion: regomesh.dev/v1alpha1\nkind: MeshTest\nmetadata: { name: refunds }\nspec:\n  request: { url: http://web/refunds, headers: { x-user: alice } }\n  expect: { verdict: ${verdict} }\n`;
  const place = join(folder, "examples/mesh/test.yaml");
  await writeFile(place, spec("Denied"));
  expect(await run("test", "-r", "MeshTest")).toMatchObject({ code: 0, out: "PASS: 1/1\n" });
  await writeFile(place, spec("Allowed"));
  const { code, out } = await run("test", "-r", "MeshTest");
  expect(code).toBe(2);
  expect(out).toContain(
    "examples/mesh/test.yaml:\nMeshTest default/refunds: FAIL (0 µs)\n  it is Denied inbound at default/web, not Allowed",
  );
  expect((await run("check")).err).toContain("examples/mesh/test.yaml:6: MeshTest default/refunds fails: it is Denied");
  // One that is wrong by itself is not passed over.
  const wrong: readonly (readonly [text: Buffer, message: string])[] = [
    [Buffer.from(spec("Maybe")), "test.yaml:6:22: resource_value: spec.expect.verdict must be one of"],
    [Buffer.from(`# café\n${spec("Denied")}`, "latin1"), "test.yaml:1:6: yaml_syntax: illegal utf-8 character\n"],
  ];
  for (const [text, message] of wrong) {
    await writeFile(place, text);
    expect(await run("test")).toMatchObject({ code: 1, err: expect.stringContaining(message) });
  }
  await rm(place);
});

test("eval prints what print says, a byte order mark too", async () => {
  expect(await run("eval", 'print("\\ufeffa")')).toEqual({ code: 0, out: "true\n", err: "\ufeffa\n" });
});

test("eval and check give records in the shape of opa, and its exit codes", async () => {
  const { out } = await run("eval", "-f", "json", "x := 1; 2");
  const location = (col: number) => ({ row: 1, col });
  expect(JSON.parse(out)).toEqual({
    result: [
      {
        expressions: [
          { value: true, text: "x := 1", location: location(1) },
          { value: 2, text: "2", location: location(9) },
        ],
        bindings: { x: 1 },
      },
    ],
  });
  const failed = await run("eval", "-f", "json", "--strict-builtin-errors", "1 / 0");
  const divided = { message: "div: divide by zero", code: "eval_builtin_error" };
  expect([failed.code, JSON.parse(failed.out)]).toMatchObject([2, { errors: [divided] }]);
  const wrong = await run("eval", "-f", "json", "x := 1; y");
  expect([wrong.code, JSON.parse(wrong.out)]).toEqual([
    2,
    {
      errors: [
        {
          message: "var y is unsafe",
          code: "rego_unsafe_var_error",
          location: { file: "", ...location(9) },
          hint: expect.any(String),
        },
      ],
    },
  ]);
  expect((await run("eval", "--fail-defined", "true")).code).toBe(1);
  expect((await run("eval", "--fail-defined", "data.nope")).code).toBe(0);
  expect((await run("eval", "--fail", "data.nope")).code).toBe(1);
  await changed("examples/authz/orders.rego", "default allow := false", "p := q_nope", async () => {
    const { code, out: text } = await run("check", "-f", "json");
    const { errors } = JSON.parse(text) as { readonly errors: readonly object[] };
    expect([code, errors]).toEqual([
      1,
      expect.arrayContaining([
        expect.objectContaining({
          code: "rego_unsafe_var_error",
          location: { file: "examples/authz/orders.rego", row: 14, col: 6 },
        }),
      ]),
    ]);
  });
});
