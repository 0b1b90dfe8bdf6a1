/** Policies that fail while they are asked: denied or passed over as bound, with the reason, in time, and forgotten. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { AUTHZ, type Binding, type BoundPolicyFile, LIMITS, makeBoundPolicy, ROUTE } from "./stand/policy.ts";
import { type AccessRecord, endpointAt, openStand, outcomes, reasonsOf, type Stand } from "./stand/stand.ts";
import { echo, Played } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

/** Fuel ends a decision long before this, also on a machine that does other things. */
const DEADLINE_MS = 3000;
/** True of the one request that a policy is to fail at. */
const BAD = 'input.attributes.request.http.path == "/bad"';

let app: Played;
beforeEach(async () => {
  app = await Played.open(echo);
});
afterEach(async () => await app.close());

async function open(policy: BoundPolicyFile, direction: "inbound" | "outbound" = "inbound"): Promise<Stand> {
  return await openStand({
    app: app.port,
    orders: [endpointAt(app.port)],
    modules: [policy.module],
    workload: { policies: { [direction]: policy.ref }, defaultVerdict: "deny" },
  });
}

/** The bad request's answer; after it the next one is right and nothing is left. */
async function askBad(stand: Stand): Promise<{ readonly text: string; readonly records: readonly AccessRecord[] }> {
  const text = await within(DEADLINE_MS, "an answer to the bad request", stand.ask("/bad"));
  expect(await stand.ask("/next")).toContain("200 OK");
  const records = await stand.close();
  await app.deserted();
  return { text, records };
}

function unit(...rules: readonly string[]): string {
  return `package mesh.authz\n\ndefault allow := false\n\nallow if not bad\n\nbad if ${BAD}\n\n${rules.join("\n\n")}\n`;
}

const RUNS_AWAY: readonly (readonly [string, string])[] = [
  [
    "nested loops",
    "xs := numbers.range(1, 1000)\n\nallow if {\n\tbad\n\tsome a in xs\n\tsome b in xs\n\tsome c in xs\n\ta + b + c == -1\n}",
  ],
  ["a range of a billion", "allow if {\n\tbad\n\tcount(numbers.range(1, 1000000000)) > 0\n}"],
  [
    "a range of a billion, folded from constants",
    "xs := numbers.range(1, 1000000000)\n\nallow if {\n\tbad\n\txs[0] == 1\n}",
  ],
  [
    "a regular expression over long text",
    'text := concat("", ["a" | some _ in numbers.range(1, 30000)])\n\nallow if {\n\tbad\n\tsome _ in numbers.range(1, 1000)\n\tregex.match("(a|aa|aaa)*b", text)\n}',
  ],
  [
    "a regular expression that repeats its repetitions",
    'allow if {\n\tbad\n\tregex.match("((a{1,30}){1,30})+b", concat("", ["a" | some _ in numbers.range(1, 10000)]))\n}',
  ],
  [
    "a comprehension of comprehensions",
    "allow if {\n\tbad\n\tcount({[a, b, c] | some a in numbers.range(1, 500); some b in numbers.range(1, 500); some c in numbers.range(1, 500)}) > 0\n}",
  ],
  [
    "a walk of a value in a value",
    "v := [[[[[x | some x in numbers.range(1, 30)] | some _ in numbers.range(1, 30)] | some _ in numbers.range(1, 30)] | some _ in numbers.range(1, 30)] | true]\n\nallow if {\n\tbad\n\twalk(v, [_, -1])\n}",
  ],
];

test.each(RUNS_AWAY)("%s: 503, in time, and the next request is right", async (_, rules) => {
  const stand = await open(await makeBoundPolicy({ unit: [{ name: "unit/p.rego", text: unit(rules) }] }, [AUTHZ]));
  const { text, records } = await askBad(stand);
  expect(text).toMatch(/^HTTP\/1.1 503 /);
  const [reason = ""] = reasonsOf(text);
  expect(["policy_fuel_exhausted", "policy_memory_exhausted"]).toContain(reason);
  expect(outcomes(records)).toEqual([`GET /bad 503 ${reason}`, "GET /next 200"]);
  expect(records[0]?.verdict).toBe("broken");
});

test.each([
  ["values that contradict each other", 'allow := true if bad\n\nallow := {"allowed": true} if bad', "policy_conflict"],
  ["a function's values that contradict", "f(_) := 1\n\nf(_) := 2 if bad\n\nallow if f(1) == 1", "policy_conflict"],
  [
    "an object's values that contradict",
    'allow if {\n\tbad\n\tx := {"k": v | some v in [1, 2]}\n\tx.k == 1\n}',
    "policy_conflict",
  ],
  ["a result of the wrong type", "allow := 7 if bad", "policy_type_error"],
  ["an object with a field of the wrong type", 'allow := {"allowed": input.parsed_path} if bad', "policy_type_error"],
])("%s: 503", async (_, rules, reason) => {
  // Without the default's false beside it, the rules under test stand alone.
  const text = unit(rules).replace("default allow := false\n\n", "");
  const stand = await open(await makeBoundPolicy({ unit: [{ name: "unit/p.rego", text }] }, [AUTHZ]));
  const { text: answer, records } = await askBad(stand);
  expect(answer).toMatch(/^HTTP\/1.1 503 /);
  expect(reasonsOf(answer)).toEqual([reason]);
  expect(outcomes(records)).toEqual([`GET /bad 503 ${reason}`, "GET /next 200"]);
});

test.each([
  ["false", 403, "denied"],
  ["true", 200, ""],
])("a built-in error makes its expression undefined: the default %s decides", async (verdict, status, reason) => {
  const text = `package mesh.authz\n\ndefault allow := ${verdict}\n\nallow if not ${BAD}\n\nallow := false if to_number("seven") == 7\n`;
  const stand = await open(await makeBoundPolicy({ unit: [{ name: "unit/p.rego", text }] }, [AUTHZ]));
  const { records } = await askBad(stand);
  expect(outcomes(records)).toEqual([`GET /bad ${status} ${reason}`.trim(), "GET /next 200"]);
});

const LOOP = "some a in numbers.range(1, 5000)\n\tsome b in numbers.range(1, 5000)\n\ta + b == -1";
const PASSES = { name: "unit/authz.rego", text: "package mesh.authz\n\nallow := true\n" };
const RUNAWAY_LIMITS = {
  name: "unit/limits.rego",
  text: `package mesh.ratelimit\n\nlimits contains {"key": "k", "limit": 100, "window": "1m"} if {\n\t${BAD}\n\t${LOOP}\n}\n`,
};

test.each([
  ["allow", 200, ""],
  ["deny", 503, "policy_fuel_exhausted"],
] as const)(
  "a limit rule that runs away loses no authorization: bound to %s, it is %d",
  async (onFault, status, reason) => {
    const limits: Binding = { ...LIMITS, onFault };
    const stand = await open(await makeBoundPolicy({ unit: [PASSES, RUNAWAY_LIMITS] }, [AUTHZ, limits]));
    const { records } = await askBad(stand);
    expect(outcomes(records)).toEqual([`GET /bad ${status} ${reason}`.trim(), "GET /next 200"]);
  },
);

test("a denial stays one beside a limit rule that runs away, in whatever order they are asked", async () => {
  const denies = { name: "unit/authz.rego", text: `package mesh.authz\n\nallow if not ${BAD}\n` };
  for (const bindings of [
    [AUTHZ, LIMITS],
    [LIMITS, AUTHZ],
  ]) {
    const stand = await open(await makeBoundPolicy({ unit: [denies, RUNAWAY_LIMITS] }, bindings));
    const { records } = await askBad(stand);
    expect(outcomes(records)).toEqual(["GET /bad 403 denied", "GET /next 200"]);
  }
});

test("a unit that runs away takes no other unit's fuel", async () => {
  const other = { name: "other/authz.rego", text: "package mesh.authz\n\nallow := true\n" };
  const runaway = { name: "a/authz.rego", text: `package mesh.authz\n\nallow if {\n\t${BAD}\n\t${LOOP}\n}\n` };
  const stand = await open(
    await makeBoundPolicy({ a: [runaway], other: [other] }, [
      { ...AUTHZ, unit: "a", mode: "shadow" },
      { ...AUTHZ, unit: "other" },
    ]),
  );
  const { records } = await askBad(stand);
  expect(outcomes(records)).toEqual(["GET /bad 200", "GET /next 200"]);
});

test("a route that runs away is 503, not the default route", async () => {
  const text = `package mesh.routing\n\nroute := {"to": "orders"} if {\n\t${BAD}\n\t${LOOP}\n}\n`;
  const policy = await makeBoundPolicy({ unit: [{ name: "unit/r.rego", text }] }, [ROUTE]);
  const stand = await open(policy, "outbound");
  expect(reasonsOf(await within(DEADLINE_MS, "an answer", stand.askOrders("/bad")))).toEqual(["policy_fuel_exhausted"]);
  expect(await stand.askOrders("/next")).toContain("200 OK");
  expect(outcomes(await stand.close())).toEqual(["GET /bad 503 policy_fuel_exhausted", "GET /next 200"]);
});
