import { printPlace } from "@regomesh/base";
import { expect, test } from "vitest";
import { loadRuntime } from "../node.ts";
import { printTests } from "./print.ts";
import type { TestReport } from "./report.ts";
import { runTests } from "./run.ts";

const runtime = await loadRuntime();

function run(policy: string, tests: string, filter?: RegExp, withinMs?: number): TestReport {
  let now = 0;
  return runTests({
    unit: {
      name: "authz",
      modules: [{ name: "authz.rego", text: policy }],
      tests: [{ name: "authz_test.rego", text: tests }],
      data: { roles: { alice: ["admin"] } },
    },
    runtime,
    nowMs: () => now++ / 4,
    ...(filter === undefined ? {} : { filter }),
    ...(withinMs === undefined ? {} : { withinMs }),
  });
}

const policy = `package authz

default allow := false

allow if {
	some role in data.roles[input.user]
	role == "admin"
}

clash := 1 if true
clash := 2 if true
`;

test("tests pass, fail, err and are skipped; print is kept", () => {
  const { tests, diagnostics } = run(
    policy,
    `package authz_test
import data.authz
test_alice if authz.allow with input.user as "alice"
test_bob if { print("asking", "bob"); authz.allow with input.user as "bob" }
test_clash if authz.clash == 1
todo_test_later if false
test_false := false
test_alice if false
helper_test if false
`,
  );
  expect(diagnostics).toEqual([]);
  expect(tests.map(({ name, outcome, row, output }) => [name, outcome, row, output])).toEqual([
    ["data.authz_test.test_alice", "pass", 3, []],
    ["data.authz_test.test_bob", "fail", 4, ["asking bob"]],
    ["data.authz_test.test_clash", "error", 5, []],
    ["data.authz_test.todo_test_later", "skip", 6, []],
    ["data.authz_test.test_false", "fail", 7, []],
    ["data.authz_test.test_alice#01", "fail", 8, []],
  ]);
  expect(tests[2]?.error).toContain("eval_conflict_error");
});

test("each rule is a test of its own, as opa test counts them", () => {
  const { tests, diagnostics } = run(
    policy,
    `package a_test
test_dup if false
test_dup if true
default test_def := true
default test_def2 := false
test_def2 if true
test_clash := true
test_clash := false
test_number := 3
test_set contains 1
test_obj.x := true
test_obj.y := false
test_bodied.x if true
test_deep.x.y := true
foo.test_inner if true
test_fn(x) if x
test_chain if { false } { true }
test_first if { test_number == 3; not test_dup }
test_else if { false } else := true
test_none[x] if { some x in [] }
todo_test_later if false
todo_test_later if false
`,
  );
  expect(diagnostics).toEqual([]);
  expect(tests.map(({ name, outcome }) => `${name.replace("data.a_test.", "")} ${outcome}`)).toEqual([
    ...["test_dup fail", "test_dup#01 pass", "test_def pass", "test_def2 fail", "test_def2#01 pass"],
    ...["test_clash pass", "test_clash#01 fail", "test_number fail", "test_set fail"],
    ...["test_obj pass", "test_obj#01 fail", "test_bodied fail", "test_deep fail", "foo.test_inner pass"],
    ...[
      "test_fn error",
      "test_chain fail",
      "test_chain#01 pass",
      "test_first pass",
      "test_else pass",
      "test_none pass",
    ],
    ...["todo_test_later skip", "todo_test_later skip"],
  ]);
});

test("a failure shows the expression that never held, its values and what fired", () => {
  const report = run(
    policy,
    `package authz_test
import data.authz

test_eve_is_refused if {
	user := "alice"
	not authz.allow with input.user as user
}

test_count if {
	xs := [1, 2]
	count(xs) == 3
}
`,
  );
  expect(printTests(report)).toEqual([
    "authz_test.rego:",
    "data.authz_test.test_eve_is_refused: FAIL (250 µs)",
    "   6 | \tnot authz.allow with input.user as user",
    "     | \t    ^^^^^^^^^^^ authz.allow is true",
    "     |   fired authz.rego:5",
    "data.authz_test.test_count: FAIL (250 µs)",
    "  11 | \tcount(xs) == 3",
    "     | \t^^^^^^^^^ count(xs) is 2",
    "",
    "PASS: 0/2   FAIL: 2/2",
  ]);
});

test("variables in a test's head make cases", () => {
  const { tests } = run(
    policy,
    `package authz_test
import data.authz
test_users[user][want] if {
	some user, want in {"alice": "true", "bob": "true"}
	authz.allow == (want == "true") with input.user as user
}
`,
  );
  expect(tests[0]).toMatchObject({
    outcome: "fail",
    cases: [
      { name: "alice", passed: true, cases: [{ name: "true", passed: true }] },
      { name: "bob", passed: false, cases: [{ name: "true", passed: false }] },
    ],
  });
});

test.each([
  "test_users[user] if { some user, want in {}; want == 1 }",
  "test_users[user] if { some user in []; user }",
  "test_users[user].right if { some user in [] }",
])("a test that tries no case passes, as in OPA: %s", (source) => {
  const { tests } = run(policy, `package authz_test\n${source}\n`);
  expect(tests).toMatchObject([{ outcome: "pass", cases: [] }]);
});

test("a filter chooses tests; a fault in a module runs none", () => {
  expect(
    run(policy, "package a_test\ntest_a if true\ntest_b if true", /test_b$/).tests.map(({ name }) => name),
  ).toEqual(["data.a_test.test_b"]);
  const broken = run(policy, "package a_test\ntest_a if {");
  expect(broken.tests).toEqual([]);
  expect(broken.diagnostics[0]?.code).toBe("rego_parse_error");
});

test("a test that passes by the time of day is warned of, one that is given a time is not", () => {
  const { tests, diagnostics } = runTests({
    unit: {
      name: "hours",
      modules: [{ name: "hours.rego", text: "package hours\n\nopen if time.clock(time.now_ns())[0] >= 0\n" }],
      tests: [
        {
          name: "hours_test.rego",
          text: `package hours_test
test_now if data.hours.open
test_then if data.hours.open with time.now_ns as 1700000000000000000
test_neither if true
`,
        },
      ],
      data: {},
    },
    runtime,
    hostBuiltins: { "time.now_ns": () => 1_600_000_000_000_000_000 },
    nowMs: () => 0,
  });
  expect(tests.map(({ outcome }) => outcome)).toEqual(["pass", "pass", "pass"]);
  expect(diagnostics.map(({ severity, message, at }) => `${severity} ${printPlace(at)} ${message}`)).toEqual([
    "warning hours_test.rego:2:1 data.hours_test.test_now asks the time of day: it may pass today and fail tomorrow",
  ]);
});

test("tests that come when the time of all is over do not run, and err", () => {
  const all = Array.from({ length: 9 }, (_, at) => `test_${at} if true`).join("\n");
  const { tests } = run(policy, `package authz_test\n${all}\n`, undefined, 2);
  expect(tests.map(({ outcome }) => outcome).join(" ")).toMatch(/^pass (?:pass )*error (?:error )*error$/);
  expect(tests.at(-1)?.error).toBe("the tests before it took the 0.002 s that a unit's may");
  expect(run(policy, `package authz_test\n${all}\n`).tests.every(({ outcome }) => outcome === "pass")).toBe(true);
});
