/** An evaluation ends that takes much more time than its fuel says, and no other does. */
import { compile } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { expect, test } from "vitest";
import { type EvaluationClock, openPolicy, RequestId, toHeadTable } from "../src/index.ts";

const runtime = await loadRuntime();
const REGO = `package mesh.authz
import input.attributes.request.http
default allow := false
allow if {
	some a in data.n
	some b in data.n
	a + b == to_number(http.headers["x-sum"])
}
`;
const FUEL = 100_000_000;

function open(clock: EvaluationClock | undefined, fuel = FUEL) {
  const units = [{ name: "u", modules: [{ name: "u.rego", text: REGO }], data: {} }];
  const { module } = compile({ units, entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  const { wasm } = module as NonNullable<typeof module>;
  const data = JSON.stringify({ n: Array.from({ length: 600 }, (_, i) => i) });
  const policy = openPolicy({ wasm, data, seed: 1, fuel: new Map([[0, fuel]]), clock });
  return (sum: number) => {
    const head = Buffer.from(`GET / HTTP/1.1\r\nhost: a\r\nx-sum: ${sum}\r\n\r\n`);
    const decision = policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("id"), 0);
    return { outcome: decision.authz(0), fuel: decision.fuelUsed };
  };
}

/** Each look at it is so much later. */
function stepping(us: number, cpuUs: number): EvaluationClock & { readonly looks: () => number } {
  let [now, cpu, looks] = [0, 0, 0];
  return {
    monoUs: () => {
      looks++;
      now += us;
      return now;
    },
    threadCpuUs: () => {
      cpu += cpuUs;
      return cpu;
    },
    looks: () => looks,
  };
}

test("slices change neither what is decided nor what it took", () => {
  const [whole, sliced] = [open(undefined), open(stepping(1, 1))];
  for (const sum of [0, 5, 1198, 5000]) expect(sliced(sum)).toEqual(whole(sum));
  expect(whole(5000).fuel).toBeGreaterThan(1_000_000);
});

test("fuel that ends within a slice, or with one, ends the evaluation", () => {
  for (const fuel of [1000, 100_000, 100_001, 1_000_000, 1_000_001]) {
    const [whole, sliced] = [open(undefined, fuel), open(stepping(1, 1), fuel)];
    expect(sliced(5000)).toEqual(whole(5000));
    expect(sliced(5000).outcome).toMatchObject({ kind: "fault", fault: "policy_fuel_exhausted" });
    expect(sliced(0)).toEqual(whole(0));
  }
});

test("what takes longer than its fuel's time by both clocks ends, and the next is right", () => {
  const clock = stepping(60_000, 60_000); // of 100 ms
  const ask = open(clock);
  const { outcome } = ask(5000);
  expect(outcome).toMatchObject({ kind: "fault", fault: "policy_fuel_exhausted" });
  expect(JSON.stringify(outcome)).toContain("more time");
  expect(clock.looks()).toBeLessThan(5);
  expect(ask(0).outcome).toMatchObject({ value: { allowed: true } });
});

test("what others take of the machine ends nothing", () => {
  expect(open(stepping(60_000, 10))(5000).outcome).toMatchObject({ value: { allowed: false } });
});

test("nobody looks at a clock for what takes little", () => {
  const clock = stepping(60_000, 60_000);
  const ask = open(clock);
  for (let i = 0; i < 100; i++) expect(ask(0).outcome).toMatchObject({ value: { allowed: true } });
  expect(clock.looks()).toBe(0);
});
