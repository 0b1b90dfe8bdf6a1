import { printDiagnostic, printRecord, toDiagnosticRecord } from "@regomesh/base";
import { HOST_BUILTINS, type Role } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { BUILTINS } from "../builtins/table.ts";
import { checkOffered, compile } from "../compile.ts";
import { runtimeBuiltin } from "../emit/runtime-calls.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import type { Unit } from "../unit/unit.ts";

const runtime = await loadRuntime();

function makeUnit(text: string): Unit {
  return { name: "u", modules: [{ name: "p.rego", text }], data: {} };
}

function refused(text: string, role: Role | undefined, entrypoint = "p/allow"): readonly string[] {
  const entrypoints = [{ unit: "u", name: entrypoint }];
  const asked = { units: [makeUnit(text)], entrypoints, runtime };
  const { diagnostics, module } = compile(role === undefined ? asked : { ...asked, role });
  expect(module === undefined).toBe(diagnostics.length > 0);
  return diagnostics.map((each) => printRecord(toDiagnosticRecord(each)));
}

const NEVER = "is not offered to a policy of an inbound proxy";
const NO_BODY = "is not there: an inbound proxy decides before the body comes";

const ROWS: Readonly<Record<string, readonly [text: string, says: readonly string[]]>> = {
  "a built-in in a body": [
    "allow if {\n\tinput.x\n\thttp.send({}).status_code == 200\n}",
    [`p.rego:4:2: policy_not_offered: http.send ${NEVER}`],
  ],
  "a built-in in a head": ["allow := opa.runtime().env.A", [`p.rego:2:10: policy_not_offered: opa.runtime ${NEVER}`]],
  "a built-in below an expression": [
    "allow if count([a | some a in net.lookup_ip_addr(input.host)]) > 0",
    [`p.rego:2:31: policy_not_offered: net.lookup_ip_addr ${NEVER}`],
  ],
  "what a function asks for, said where it asks": [
    'allow if f(1)\n\nf(x) if rego.parse_module("a", sprintf("%v", [x])).package',
    [`p.rego:4:9: policy_not_offered: rego.parse_module ${NEVER}`],
  ],
  "the body, by its path": [
    "allow if input.parsed_body.name == 1",
    [`p.rego:2:10: policy_not_offered: input.parsed_body ${NO_BODY}`],
  ],
  "the body, in a variable": [
    'import input.attributes.request.http\n\nallow if {\n\th := http\n\th.body != ""\n}',
    [`p.rego:6:2: policy_not_offered: input.attributes.request.http.body ${NO_BODY}`],
  ],
  "the body, of what a rule gives": [
    'http := input.attributes.request.http\n\nallow if http.body != ""',
    [`p.rego:4:10: policy_not_offered: input.attributes.request.http.body ${NO_BODY}`],
  ],
  "the body, of what a function of a rule's value gives": [
    "allow if request(attributes).body\n\nattributes := input.attributes\n\nrequest(x) := x.request.http",
    [`p.rego:2:10: policy_not_offered: input.attributes.request.http.body ${NO_BODY}`],
  ],
  "each place where the body is read": [
    "allow if input.parsed_body.a\n\nallow if input.parsed_body.b",
    [
      `p.rego:2:10: policy_not_offered: input.parsed_body ${NO_BODY}`,
      `p.rego:4:10: policy_not_offered: input.parsed_body ${NO_BODY}`,
    ],
  ],
  "nothing that the entrypoint does not reach": [
    "allow := true\n\nother := http.send({})\n\nbody := input.parsed_body",
    [],
  ],
  "nothing that a function stands in for": [
    'allow if http.send({}) == {"status": 1} with http.send as {"status": 1}',
    [],
  ],
  "nothing that proxies bring": [
    'allow if {\n\t[ok, _, _] := io.jwt.decode_verify(input.token, {"secret": "s"})\n\ttime.now_ns() > rand.intn("a", 7)\n\tuuid.rfc4122("x") != ""\n\tok\n}',
    [],
  ],
};

for (const [name, [text, says]] of Object.entries(ROWS)) {
  test(name, () => expect(refused(`package p\n${text}`, "inbound")).toEqual(says));
}

test("without a role nothing is withheld, and a tool sees bodies", () => {
  const text = "package p\nallow if {\n\thttp.send({})\n\tinput.parsed_body\n}";
  expect(refused(text, undefined)).toEqual([]);
  expect(refused("package p\nallow if input.parsed_body", "cli")).toEqual([]);
});

test("the place is underlined, and the way out is named", () => {
  const [diagnostic] = compile({
    units: [makeUnit("package p\nallow if opa.runtime().env.A == 1")],
    entrypoints: [{ unit: "u", name: "p/allow" }],
    ...{ runtime, role: "outbound" },
  }).diagnostics;
  expect(diagnostic && printDiagnostic(diagnostic)).toBe(
    [
      "p.rego:2:10: policy_not_offered: opa.runtime is not offered to a policy of an outbound proxy",
      "  2 | allow if opa.runtime().env.A == 1",
      "    |          ^^^^^^^^^^^",
      "hint: what it shows differs from host to host: put the value into the policy's data",
    ].join("\n"),
  );
});

test("a unit that nothing binds is judged by the names of its entrypoints", () => {
  const routing = "package mesh.routing\nroute := {} if input.parsed_body";
  expect(checkOffered(makeUnit(routing)).map(({ message }) => message)).toEqual([
    "input.parsed_body is not there: an outbound proxy decides before the body comes",
  ]);
  expect(checkOffered(makeUnit("package my.own\nallow if input.parsed_body"))).toEqual([]);
});

test("every built-in of OPA is in the module or has its row in the table", () => {
  const rows = new Set(HOST_BUILTINS.flatMap(({ names }) => names));
  const missing = [...BUILTINS.names].filter(
    (name) => runtimeBuiltin(runtime, name) === undefined && !rows.has(name) && !INLINE.has(name),
  );
  expect(missing).toEqual([]);
});

/** What analysis makes something else of, or refuses by itself. */
const INLINE = new Set(["print", "rego.metadata.chain", "rego.metadata.rule", "internal.test_case"]);
