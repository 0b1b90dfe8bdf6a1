/**
 * Wrong inputs, and the sentence that each gets: what people meet first. The golden file is what
 * they read; a change of it is looked at as a text, not as a value.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dispatch } from "./main.ts";

type Case = { readonly args: readonly string[]; readonly files?: Readonly<Record<string, string | Buffer>> };

const resource = (kind: string, spec: string, name = "a") =>
  `apiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
const service = resource("MeshService", "{ ports: [{ port: 80 }] }");
const policy = "package mesh.authz\n\ndefault allow := false\n";
const check = (files: Readonly<Record<string, string>>): Case => ({ args: ["check"], files });
const bound = (spec: string) =>
  check({
    "authz/a.rego": policy,
    "mesh.yaml": `${service}---\n${resource("Workload", "{ service: a }")}---\n${resource("PolicyBinding", spec)}`,
  });
const latin = (text: string) => Buffer.from(text, "latin1");
const flags = (line: string): Case => ({ args: line.split(" ") });

const CASES: readonly Case[] = [
  // Commands and flags.
  ...[
    "stauts",
    "frobnicate",
    "inspect .",
    "check --formt json",
    "check -f yaml",
    "check nowhere",
    "check a b",
    "test --run (",
    "test -c .",
    "test --coverage .",
    "test nowhere",
    "eval",
    "eval 1 2",
    "eval -f table 1",
    "eval --fuel lots 1",
    "eval -I -i x.json 1",
    "build .",
    "build -e mesh/authz/allow",
    "build -e a/b --role server .",
    "status -o xml",
    "status --color sometimes",
    "status --controller :::",
    "status --limit 0",
    "status -A --behind",
    "get -l shop",
    "decisions -f --before AAAAAAAAAA",
    "get frobs",
    "get servce",
    "decisions --refused --verdict allowed",
    "decisions --verdict maybe",
    "decisions --limit 0",
    "explain",
    "explain !!",
    "explain --from web GET",
    "explain --from web http://orders/ GET",
    "explain --from web GET http://orders/ -H nothing",
    "explain AAAAAAAAAA -H a:b",
    "wait --revision HEAD",
    "wait --timeout soon",
    "confirm yes",
    "controller",
    "controller --git . --http 80",
    "controller --git . --svid-ttl 1s",
    "controller --git . --allow shop",
    "proxy",
    "proxy --controller 127.0.0.1:1",
    "proxy --snapshot a.json",
    "proxy --snapshot a.json --controller 127.0.0.1:1",
    "proxy --snapshot a.json --plaintext --app 70000",
    "proxy --snapshot a.json --plaintext --address 192.0.2.1",
    "proxy --controller 127.0.0.1:1 --workload web --address 0.0.0.0",
    "proxy --controller 127.0.0.1:1 --workload shop/web/x",
    "proxy --controller 127.0.0.1:1 --workload shop/",
    "proxy --controller 127.0.0.1:1 --workload shop/web --namespace store",
    "proxy --snapshot a.json --plaintext --admin 0.0.0.0:9901",
    "proxy --snapshot a.json --plaintext --capture --outbound 15009",
    "capture --outbound 15001,15002",
    "capture --inbound 15009",
    "capture --exclude-outbound 010.0.0.1",
    "capture --exclude-outbound 10.0.0.0/8;drop",
    "drain",
    "drain web --admin example.org:80",
    "completion powershell",
    "up --workers none",
  ].map(flags),
  // Where nobody is, and without a token.
  ...["status", "get", "confirm 1f3c9a2b7d40", "drain web --admin 127.0.0.1:1"].map(flags),
  // Data and input.
  { args: ["eval", "-d", "a.json", "-d", "b.json", "data"], files: { "a.json": '{"x": 1}', "b.json": '{"x": 2}' } },
  { args: ["eval", "-i", "in.json", "input"], files: { "in.json": "{" } },
  { args: ["eval", "-i", "in.yaml", "input"], files: { "in.yaml": "a: [" } },
  { args: ["eval", "-i", "in.json", "input"], files: { "in.json": '{"x": 1,\n "y": [-1e999999999]}' } },
  { args: ["eval", "-d", "a.json", "data"], files: { "a.json": '{"x": 1,\n "y": [1e100000]}' } },
  { args: ["test", "."], files: { "a_test.rego": "package a\n\ntest_x if data.x\n", "a.json": '{"x": 1e100000}' } },
  {
    args: ["build", "-e", "a/x", "a"],
    files: { "a/a.rego": "package a\n\nx := data.x\n", "a/data.json": '{"x": 1e-40000}' },
  },
  check({ "authz/a.rego": policy, "authz/data.json": '{"x": 1e100000}' }),
  { args: ["eval", "-i", "in.json", "input"], files: { "in.json": latin('{"x": 1,\n "y": "é"}') } },
  { args: ["eval", "-d", "a.json", "data"], files: { "a.json": latin('{"x": 1,\n "y": "é"}') } },
  { args: ["eval", "-d", "a.yaml", "data"], files: { "a.yaml": latin("x: 1\ny: é\n") } },
  { args: ["eval", "-s", "a.json", "1"], files: { "a.json": latin('{"title": "é"}') } },
  // Policies.
  { args: ["eval", "-d", "a.rego", "data"], files: { "a.rego": latin('package a\n\nx := "ü"\n') } },
  { args: ["check", "a.rego"], files: { "a.rego": latin("package a\n\n# é\n") } },
  { args: ["fmt", "-w", "a.rego"], files: { "a.rego": latin("package a\n\né := 1\n") } },
  { args: ["test", "a"], files: { "a/a_test.rego": latin("package a\n\nx := `é`\n") } },
  { args: ["build", "-e", "a/x", "a"], files: { "a/a.rego": latin("package a\n\nx := `é`\n") } },
  check({ "authz/a.rego": `${policy}\uFEFF` }),
  { args: ["eval", "x == 1"] },
  { args: ["eval", "1 +"] },
  check({ "authz/a.rego": "package mesh.authz\n\nallow {\n\tinput.x\n}\n" }),
  check({ "authz/a.rego": `${policy}\nallow if role == "admin"\n` }),
  check({ "authz/a.rego": `${policy}\nallow if opa.runtime().env.X\n` }),
  // Resources.
  check({ "mesh.yaml": resource("MeshServise", "{}") }),
  check({ "mesh.yaml": service.replace("v1alpha1", "v1") }),
  check({ "mesh.yaml": resource("MeshService", "{ ports: [{ prot: 80 }] }") }),
  check({ "mesh.yaml": resource("MeshService", "{ ports: [{ port: eighty }] }") }),
  check({ "mesh.yaml": resource("Workload", "{ service: orders }") }),
  check({ "mesh.yaml": `${service}---\n${service}` }),
  check({ "mesh.yaml": service.replace("{ name: a }", "{ name: A_B }") }),
  check({ "mesh.yaml": "apiVersion: regomesh.dev/v1alpha1\nkind: [\n" }),
  bound("{ unit: auth, direction: Inbound, entrypoints: [mesh/authz/allow] }"),
  bound("{ unit: authz, direction: Inbound, entrypoints: [mesh/authz/alow] }"),
  bound("{ unit: authz, direction: Outbound, entrypoints: [mesh/authz/allow] }"),
  bound("{ unit: authz, direction: Inbound, tier: Mandatory, entrypoints: [mesh/authz/allow] }"),
  bound("{ unit: authz, direction: Inbound, selector: { namespaces: [other] }, entrypoints: [mesh/authz/allow] }"),
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-wrong-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function say({ args, files = {} }: Case, at: number): Promise<string> {
  const cwd = join(folder, String(at));
  await mkdir(cwd);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
  let err = "";
  const code = await dispatch(args, {
    out: () => {},
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
  });
  const quoted = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ");
  const given = Object.entries(files).map(
    ([name, text]) => `${name}:\n${text.toString("latin1").trimEnd().replace(/^/gm, "    ")}\n`,
  );
  return `----- regomesh ${quoted}\n${given.join("")}exit code ${code}\n${err.replaceAll(`${cwd}/`, "").replaceAll(cwd, ".")}`;
}

test("each wrong input gets its sentence", async () => {
  const said: string[] = [];
  for (const [at, each] of CASES.entries()) said.push(await say(each, at));
  expect(said.length).toBeGreaterThanOrEqual(40);
  for (const text of said) expect(text).not.toMatch(/exit code 0|\n {4}at .*\(|undefined is not|\[object/);
  await expect(said.join("\n")).toMatchFileSnapshot(join(import.meta.dirname, "../test/golden/wrong-inputs.txt"));
}, 60_000);
