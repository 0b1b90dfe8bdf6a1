/** What a policy can do wrong, in a commit and at run time, to a mesh that serves. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DecisionBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { ROOT, TestMesh } from "./test-mesh.ts";

const run = promisify(execFile);

const POLICY = "examples/authz/orders.rego";
const TESTS = "examples/authz/orders_test.rego";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open();
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

type Refusal = {
  readonly name: string;
  readonly edit: Readonly<Record<string, (text: string) => string>>;
  /** `FILE:ROW:COLUMN: CODE` of the first diagnostic, or FILE:ROW of the failed test. */
  readonly place: RegExp;
};

const REFUSALS: readonly Refusal[] = [
  {
    name: "a syntax error",
    edit: { [POLICY]: (text) => `${text}\nallow if {\n\tinput.method ==\n}\n` },
    place: /^examples\/authz\/orders\.rego:\d+:\d+: rego_parse_error$/,
  },
  {
    name: "an unsafe variable",
    edit: { [POLICY]: (text) => `${text}\nallow if wanted == role\n` },
    place: /^examples\/authz\/orders\.rego:\d+:\d+: rego_unsafe_var_error$/,
  },
  {
    name: "a built-in that sidecars do not offer",
    edit: { [POLICY]: (text) => `${text}\nallow if opa.runtime().env.OPEN == "yes"\n` },
    place: /^examples\/authz\/orders\.rego:\d+:10: policy_not_offered$/,
  },
  {
    name: "the request's body",
    edit: { [POLICY]: (text) => `${text}\nallow if input.parsed_body.open\n` },
    place: /^examples\/authz\/orders\.rego:\d+:10: policy_not_offered$/,
  },
  {
    name: "a test that fails",
    edit: { [TESTS]: (text) => `${text}\ntest_nobody_passes if {\n\tauthz.allow with input as {}\n}\n` },
    place: /^examples\/authz\/orders_test\.rego:\d+$/,
  },
];

describe("a commit changes nothing where it holds", () => {
  test.each(REFUSALS)("$name", async ({ edit, place }) => {
    const before = await mesh.status();
    const refused = await mesh.refused(await mesh.commit("A fault", edit));
    expect(placeOf(refused)).toMatch(place);
    expect(revisionsOf(refused)).toEqual(revisionsOf(before));
    expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
    expect(await mesh.ask("/refunds")).toMatchObject({ status: 403, reason: "denied" });
    await mesh.revert();
    await mesh.leavesNothing();
  });
});

describe("decisions say why", () => {
  const decisions = async (path: string): Promise<readonly DecisionBody[]> => {
    const response = await fetch(`${mesh.mesh.page}/api/decisions?q=${path}&limit=100`);
    return ((await response.json()) as { readonly decisions: readonly DecisionBody[] }).decisions;
  };
  const rulesOf = ({ rules }: DecisionBody): readonly string[] => rules.map(({ path, file }) => `${path} ${file}`);

  test("what passed names the rules that let it", async () => {
    expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
    const atOrders = await until("a decision at orders", 5000, async () =>
      (await decisions("/orders")).find(
        ({ direction, service }) => direction === "inbound" && service === "orders.default",
      ),
    );
    expect(atOrders).toMatchObject({ verdict: "allowed", entrypoint: expect.stringContaining("mesh/authz/allow") });
    expect(rulesOf(atOrders)).toContain("data.mesh.authz.allow examples/authz/orders.rego");
    expect(rulesOf(atOrders)).toContain("data.mesh.authz.allow policies/mesh/authz.rego");
    expect(rulesOf(atOrders).join()).not.toContain("ratelimit");
  });

  test("what the other side refused is not called allowed, and no limit is named that was not asked", async () => {
    const halfway = `refused if {
	input.destination.service == "orders"
	http.headers["x-version"] == "v2"
}
`;
    const edit = (text: string): string =>
      `${text.replace("http.method in grant.methods", "http.method in grant.methods\n\tnot refused")}\n${halfway}`;
    await mesh.inForce(await mesh.commit("Only as far as web", { [POLICY]: edit }));
    await mesh.ask("/orders", { "x-user": "alice", "x-version": "v2" });
    const refused = await until("the refusal at orders, and what web's sidecar says of it", 5000, async () => {
      const found = (await decisions("/orders")).filter(
        ({ status, service }) => status === 403 && service === "orders.default",
      );
      return found.length === 2 ? found : undefined;
    });
    expect(refused.map(({ direction, service, verdict }) => [direction, service, verdict]).sort()).toEqual([
      ["inbound", "orders.default", "denied"],
      ["outbound", "orders.default", "denied"],
    ]);
    for (const decision of refused) expect(rulesOf(decision).join()).not.toContain("ratelimit");
    await mesh.revert();
  });
});

type Fault = {
  readonly name: string;
  readonly path: string;
  readonly status: number;
  readonly reason: string;
};

/** Each is a rule of its own, asked for by its own path: one commit holds them all. */
const FAULTY = `
allow if {
	wanted == "conflict"
	verdict == "yes"
}

verdict := "yes" if http.method == "GET"

verdict := "no" if http.headers["x-user"]

allow if {
	wanted == "loop"
	some a in numbers.range(1, count(http.path) * 1000)
	some b in numbers.range(1, count(http.path) * 1000)
	a * b == -1
}

allow if {
	wanted == "range"
	count(numbers.range(1, 1e9)) == 7
}

allow if {
	wanted == "range-of-input"
	count(numbers.range(1, to_number(http.headers["x-number"]))) == 7
}

allow if {
	wanted == "regex"
	regex.match("^([a-z/]|[a-z/]*x|[a-z/]*y){1,500}[A-Z]$", concat("", [letters | some _ in numbers.range(1, 4000); letters := http.path]))
}

allow := {"allowed": http.path} if wanted == "wrong-type"

allow if {
	wanted == "builtin-error"
	json.unmarshal(http.headers["x-user"]).grant
}
`;

const FAULTS: readonly Fault[] = [
  { name: "a conflict", path: "/conflict", status: 503, reason: "policy_conflict" },
  { name: "a loop that runs away", path: "/loop", status: 503, reason: "policy_fuel_exhausted" },
  {
    name: "numbers.range(1, 1e9)",
    path: "/range",
    status: 503,
    reason: "policy_fuel_exhausted",
  },
  {
    name: "numbers.range as far as the caller says",
    path: "/range-of-input",
    status: 503,
    reason: "policy_fuel_exhausted",
  },
  {
    name: "a regular expression that runs away",
    path: "/regex",
    status: 503,
    reason: "policy_fuel_exhausted",
  },
  { name: "a value of the wrong type", path: "/wrong-type", status: 503, reason: "policy_type_error" },
  { name: "a built-in error", path: "/builtin-error", status: 403, reason: "denied" },
];

describe("at run time", () => {
  beforeAll(async () => {
    await mesh.inForce(await mesh.commit("Rules that go wrong", { [POLICY]: (text) => `${text}${FAULTY}` }));
  });

  test.each(FAULTS)("$name gives $status $reason", async ({ path, status, reason }) => {
    const answer = await mesh.ask(path, { "x-user": "alice", "x-number": "1000000000" });
    expect(answer).toMatchObject({ status, reason });
    expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
    const decision = await mesh.decision(answer.decision ?? "");
    expect(decision).toMatchObject({
      status,
      // The log gives a reason to what broke; a denial is its rules.
      reason: status === 403 ? "" : reason,
      verdict: status === 403 ? "denied" : "broken",
      detail: path === "/wrong-type" ? 'allowed must be a boolean, not "/wrong-type"' : expect.any(String),
      builtinErrors: path === "/builtin-error" ? 1 : 0,
    });
    await mesh.leavesNothing();
  });
});

/** Neither the types of the policy nor its tests see these: the values come from data, and from a header. */
describe("a wrong type that no check can see", () => {
  const DATA = "examples/authz/data.yaml";
  const WRONG = [
    { name: "of data", path: "/from-data", detail: 'the decision must be an object, not "yes"' },
    {
      name: "of the request",
      path: "/from-request",
      detail: 'http_status must be an integer from 200 to 599, not "alice"',
    },
  ];
  const rules = `
allow := data.said if wanted == "from-data"

allow := {"allowed": false, "http_status": http.headers["x-user"]} if wanted == "from-request"
`;
  beforeAll(async () => {
    const edit = { [POLICY]: (text: string) => `${text}${rules}`, [DATA]: (text: string) => `${text}\nsaid: yes\n` };
    await mesh.inForce(await mesh.commit("Answers of the wrong type", edit));
  });

  test.each(WRONG)("$name: 503, and status names who, what and why", async ({ path, detail }) => {
    const answer = await mesh.ask(path);
    expect(answer).toMatchObject({ status: 503, reason: "policy_type_error" });
    const { entrypoint = "", reporter } = await mesh.decision(answer.decision ?? "");
    const { faults = [] } = await mesh.status();
    expect(faults).toContainEqual(
      expect.objectContaining({ workload: reporter, entrypoint, reason: "policy_type_error", detail }),
    );
    const bin = join(ROOT, "cli/bin/regomesh.mjs");
    const { stdout } = await run(process.execPath, [bin, "status", "--state", mesh.statePath(".")]);
    expect(stdout).toContain(`policy fault: ${reporter} ${entrypoint}: policy_type_error, ${detail} (once of late`);
  });
});

function placeOf(status: Awaited<ReturnType<TestMesh["status"]>>): string {
  const refused = refusedOf(status);
  const [diagnostic] = refused?.diagnostics ?? [];
  const [test] = refused?.failedTests ?? [];
  if (diagnostic !== undefined) return `${diagnostic.file}:${diagnostic.row}:${diagnostic.column}: ${diagnostic.code}`;
  return `${test?.file}:${test?.row}`;
}

function revisionsOf({ revision, proxies }: Awaited<ReturnType<TestMesh["status"]>>) {
  return [revision?.name, ...proxies.map((proxy) => `${proxy.workload} ${proxy.revision} ${proxy.state}`)];
}
