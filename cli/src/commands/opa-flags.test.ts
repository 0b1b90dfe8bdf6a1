/** A policy repository as OPA's users have it: libraries beside policies, fixtures beside tests, links, and opa's own flags. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dispatch } from "../main.ts";
import { opaFlags } from "../opa-words.ts";

const FILES: Readonly<Record<string, string>> = {
  "v1/policy/app.rego": "package app\n\nimport data.lib\n\nallow if lib.is_admin(input.user)\n",
  "v1/policy/app_test.rego": 'package app_test\n\ntest_admin if data.app.allow with input.user as "ann"\n',
  "v1/policy/testdata/one.json": '{"user": "ann"}',
  "v1/policy/testdata/two.json": '{"user": "bob"}',
  "v1/lib/lib.rego": "package lib\n\nis_admin(user) if user in data.lib.admins\n",
  "v1/lib/data.json": '{"admins": ["ann"]}',
  "slow/slow_test.rego": "package slow_test\n\ntest_sum if sum([i | some i in numbers.range(1, 300000)]) > 0\n",
  "v1/lib/notes.txt": "package notes\n",
  "v1/bundle.tar.gz": "",
  "mesh/one/p.rego": "package envoy.authz\n\ndefault allow := false\n",
  "mesh/two/p.rego": "package envoy.authz\n\ndefault allow := true\n",
  "mesh/bound.yaml":
    "apiVersion: regomesh.dev/v1alpha1\nkind: PolicyBinding\nmetadata: {name: one}\n" +
    "spec: {unit: one, direction: Inbound, entrypoints: [envoy/authz/allow]}\n",
  "bundles/app/.manifest": '{"roots": ["app"]}',
  "bundles/app/app.rego": "package app\n\nallow if data.lib.x\n\ntest_allow if allow\n",
  "bundles/lib/.manifest": '{"roots": ["lib"]}',
  "bundles/lib/lib/data.json": '{"x": true}',
  "bundles/far/.manifest": '{"roots": ["far"]}',
  "bundles/far/p.rego": "package near\n",
  "bundles/all/p.rego": "package all\n",
  "wrong/in.json": "\ufeffx: 1\n",
  "wrong/wrong.rego": "package wrong\n\np := x\n",
  "old/set.rego": "package old\n\ndeny[msg] {\n\tmsg := input.x\n}\n\nf(x) = 1 { x }\n",
};
const LINKS: Readonly<Record<string, string>> = {
  "links/lib": "../v1/lib",
  "links/app.rego": "../v1/policy/app.rego",
  "links/up": "..",
  "links/dead.rego": "nowhere",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-opa-flags-"));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await mkdir(join(folder, "links"));
  for (const [name, target] of Object.entries(LINKS)) await symlink(target, join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(directory: string, line: string): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await dispatch(line.split(" "), {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: () => undefined,
    environment: () => ({}),
    cwd: join(folder, directory),
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
    onReload: () => {},
  });
  return { code, out, err };
}

const CLEAN = "3 policy files in 1 unit: ok\n";

/** Command line, exit code, and the end of what it says. */
const rows: readonly (readonly [line: string, code: number, said: string])[] = [
  ["check", 0, CLEAN],
  ["check policy lib", 0, CLEAN],
  ["check ./policy ./lib", 0, CLEAN],
  ["check policy/app.rego lib/lib.rego lib/notes.txt lib/data.json", 0, "2 policy files in 1 unit: ok\n"],
  [
    "check lib bundle.tar.gz",
    64,
    "bundle.tar.gz: a bundle is read as a directory; unpack it first (regomesh check --help)\n",
  ],
  ["test lib/notes.txt", 64, "lib/notes.txt: by its name neither Rego nor data (regomesh test --help)\n"],
  ["eval -d lib/notes.txt data", 64, "lib/notes.txt: by its name neither Rego nor data (regomesh eval --help)\n"],
  ["build -e app/allow lib/notes.txt", 64, "by its name neither Rego nor data (regomesh build --help)\n"],
  ["eval -d /dev/null data", 64, "/dev/null: neither a file nor a directory (regomesh eval --help)\n"],
  ["check --schema nowhere", 64, "check: --schema nowhere: no such file or directory (regomesh check --help)\n"],
  ["check --max-errors 0 ../wrong lib", 1, "2 policy files in 1 unit: 1 error\n"],
  // Where bindings name units each is one, as for test and build.
  ["check --ignore lib ../mesh", 0, "2 policy files in 2 units: ok\n"],
  ["check ../mesh/bound.yaml ../mesh/one ../mesh/two", 0, "2 policy files in 2 units: ok\n"],
  ["check ./../wrong lib", 1, "2 policy files in 1 unit: 1 error\n"],
  ["check --bundle ../wrong/.", 1, "1 policy file in 1 unit: 1 error\n"],
  ["check --strict policy lib", 0, CLEAN],
  ["check policy/app.rego lib/lib.rego", 0, "2 policy files in 1 unit: ok\n"],
  ["check --bundle .", 0, CLEAN],
  ["check policy/app.rego", 1, "1 policy file in 1 unit: 1 error\n"],
  ["check --ignore lib,*_test.rego .", 1, "1 policy file in 1 unit: 1 error\n"],
  ["test .", 1, "hint: keep it in one of the two files; test fixtures are passed over with --ignore or --bundle\n"],
  ["test --ignore testdata .", 0, "PASS: 1/1\n"],
  ["test --ignore *.x --ignore testdata -z --timeout 1s .", 0, "PASS: 1/1\n"],
  ["test --ignore testdata ./policy/..", 0, "PASS: 1/1\n"],
  ["check ./policy//app.rego policy/./app_test.rego ./lib/", 0, CLEAN],
  ["test --timeout 0s --ignore testdata .", 0, "PASS: 1/1\n"],
  ["test -b .", 0, "PASS: 1/1\n"],
  ["test -b --timeout 1ms --fuel 5 .", 64, "takes --fuel or --timeout, not both (regomesh test --help)\n"],
  // Bundles side by side have roots that do not overlap; without --bundle paths are one program.
  ["check -b ../bundles/app ../bundles/lib", 0, "1 policy file in 1 unit: ok\n"],
  ["test -b ../bundles/app ../bundles/lib", 0, "PASS: 1/1\n"],
  ["eval -b ../bundles/app -b ../bundles/lib data.app.allow", 0, "true\n"],
  ["build -b -e app/allow --out ../built ../bundles/app ../bundles/lib", 0, " 1 rule, 1 entrypoint\n"],
  ["check policy lib ../bundles/all", 0, "4 policy files in 1 unit: ok\n"],
  ["check -b lib/lib.rego", 64, "a bundle is a directory; without --bundle a file is read (regomesh check --help)\n"],
  ["check ../bundles/far/", 0, "1 policy file in 1 unit: ok\n"],
  ["eval -d ./lib count(data.admins)", 0, "1\n"],
  ["eval -d x:lib count(data.x.admins)", 0, "1\n"],
  ["eval -b x:lib data", 64, "x:lib: no such file or directory (regomesh eval --help)\n"],
  ["eval -i ../wrong/in.json input.x", 0, "1\n"],
  ["eval -b . count(data.lib.admins)", 0, "1\n"],
  ["eval -d . --ignore testdata count(data.lib.admins)", 0, "1\n"],
  ["build -b -t wasm -e app/allow --out ../built .", 0, "2 rules, 1 entrypoint\n"],
  ["build -b -e app/allow -o lib/lib.rego .", 1, "v1/lib/lib.rego'\n"],
  ["build -e app/allow -o a --out b .", 64, "build: takes --out or --output, not both (regomesh build --help)\n"],
  [
    "build -e app/allow -o bundle.tar.gz .",
    64,
    "into a directory, and no bundle: bundle.tar.gz is a file's name (regomesh build --help)\n",
  ],
  ["capabilities --current", 0, "}\n"],
  ["build -e app/allow --out ../built ./policy lib/../lib", 0, "2 rules, 1 entrypoint\n"],
  [
    "build -t plan -e app/allow .",
    64,
    "--target is wasm, not plan: opa build writes bundles of Rego and plans (regomesh build --help)\n",
  ],
];

test.each(rows)("regomesh %s", async (line, code, said) => {
  const { out, err, ...rest } = await run("v1", line);
  expect({ ...rest, said: (out || err).slice(-said.length) }).toEqual({ code, said });
});

const FAR = "../bundles/far/p.rego:1:1: data_error: manifest roots [far] do not permit 'package near'\n";
const OVERLAP = /bundles \.\.\/\S+ and \.\.\/\S+ have overlapping roots: '' and '(app)?'\n/;

test.each([
  ["check -b", " ", 1],
  ["test -b", " ", 1],
  ["eval data -b", " -b ", 2],
  ["build -e a -b", " ", 1],
])("regomesh %s holds bundles to the roots of their manifests", async (line, and, code) => {
  expect(await run("v1", `${line} ../bundles/far`)).toMatchObject({ code, err: expect.stringContaining(FAR) });
  for (const paths of [`app${and}../bundles/all`, `all${and}../v1/lib`]) {
    const said = await run("v1", `${line} ../bundles/${paths}`);
    expect(said).toMatchObject({ code, err: expect.stringMatching(OVERLAP) });
  }
});

test.each(opaFlags())("opa %s has %s, which is told what to do instead", async (command, flag) => {
  const { code, out, err } = await run("v1", `${command} ${flag} .`);
  expect([code, out, err.split("\n").length]).toEqual([64, "", 2]);
  expect(err).toMatch(
    new RegExp(`^regomesh ${command}: there is no flag ${flag}: .+ \\(regomesh ${command} --help\\)\n$`),
  );
});

test("commands of opa that there are not are told what to do instead, and others the near one", async () => {
  expect(await run("v1", "inspect .")).toMatchObject({
    code: 64,
    err: expect.stringMatching(/^regomesh: no command inspect: opa /),
  });
  expect((await run("v1", "evall")).err).toMatch(/^regomesh: no command evall; did you mean eval\?/);
  expect((await run("v1", "constructor")).err).toMatch(/^regomesh: no command constructor \(/);
});

test("a test that needs more than --timeout leaves it is an error", async () => {
  expect(await run(".", "test slow")).toMatchObject({ code: 0, out: "PASS: 1/1\n" });
  const { code, out } = await run(".", "test --timeout 1ms slow");
  expect([code, out]).toEqual([2, expect.stringContaining("data.slow_test.test_sum: ERROR")]);
});

test("check shows so many errors as --max-errors says, and is refused for all of them", async () => {
  const { code, out, err } = await run(".", "check --max-errors 1 old/set.rego");
  expect([code, out, err.match(/_error:/g)?.length]).toEqual([1, "1 policy file in 1 unit: 3 errors\n", 1]);
});

test("what is about a source is refused where policies alone are checked", async () => {
  const { code, err } = await run("v1", "check --base . policy lib");
  expect([code, err]).toEqual([64, expect.stringContaining("--base is about a source, which is one directory")]);
});

test("what Rego v0 writes for a set is told of, with what reads it", async () => {
  const { err } = await run(".", "check old");
  expect(err.split("\n").filter((line) => /error:|^hint/.test(line))).toEqual([
    "old/set.rego:3:1: rego_parse_error: `contains` keyword is required for partial set rules",
    "hint: Rego v1 writes: name contains value if { ... }; v0 is read with --v0-compatible, and made v1 by regomesh fmt --rego-v1 -w",
    "old/set.rego:3:11: rego_parse_error: `if` keyword is required before rule body",
    "old/set.rego:7:10: rego_parse_error: `if` keyword is required before function body",
    "hint: Rego v1 writes: name if { ... }",
  ]);
  expect(await run(".", "check --v0-compatible old")).toMatchObject({ code: 0, err: "" });
});

test("links are followed as opa follows them, each directory once on a way; fmt stays in the directory it was given", async () => {
  const { out } = await run("links", "eval -d app.rego -d lib -f json data");
  expect(JSON.parse(out)).toMatchObject({
    result: [{ expressions: [{ value: { admins: ["ann"], app: {}, lib: {} } }] }],
  });
  const found = await run("links", "check --ignore bundles,mesh,old,slow,v1,wrong .");
  expect([found.code, found.out]).toEqual([0, "2 policy files in 1 unit: ok\n"]);
  expect((await run(".", "fmt --v0-compatible -l links")).out).toBe("");
});
