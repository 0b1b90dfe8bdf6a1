import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeRelease, Play } from "../test/play.ts";
import { makeOrder, orderAfter, waitingGroups } from "./order.ts";
import { type Release, toPublication } from "./release.ts";
import { RECEIVERS_WAIT_MS } from "./stages.ts";

/** Of each workload what it may call; `undefined`: everything. An edge is called by nobody. */
type Calls = Readonly<Record<string, { readonly calls?: readonly string[]; readonly isEdge?: true }>>;

function withCalls(release: Release, said: Calls): Release {
  const address = { address: "127.0.0.1", port: 0 };
  const workloads = release.plan.workloads.map((workload) => {
    const { calls, isEdge } = said[workload.name] ?? {};
    const mode = isEdge === true ? ("edge" as const) : ("strict" as const);
    const inbound = [{ name: "http", protocol: "http" as const, mode, listen: address, application: address }];
    const named = calls?.map((name) => `${name}.default`);
    return { ...workload, inbound, ...(named === undefined ? {} : { calls: named }) };
  });
  const services = workloads.map(({ name, namespace }) => ({ name, namespace, subsets: [], policies: [] }));
  return { ...release, plan: { ...release.plan, workloads, services } };
}

const CHAIN: Calls = { web: { calls: ["orders"] }, orders: { calls: ["payments"] }, payments: { calls: [] } };

function settledWith(calls: Calls, ...proxies: readonly string[]): Play {
  const play = new Play();
  play.publish(toPublication(withCalls(makeRelease(1, "A"), calls)), "proven");
  for (const proxy of proxies) {
    play.connect(proxy);
    play.ack(proxy);
  }
  return play;
}

const next = (calls: Calls) => toPublication(withCalls(makeRelease(2, "B"), calls));

test("those who are called get a release first, each link of a chain after the one that it calls", () => {
  const play = settledWith(CHAIN, "web", "orders", "payments");
  expect(play.publish(next(CHAIN))).toEqual(["payments:B2"]);
  expect(play.ack("payments")).toEqual(["orders:B2"]);
  expect(play.ack("orders")).toEqual(["web:B2"]);
  play.ack("web");
  expect(play.state.stage).toBeUndefined();
});

test("every replica of a receiver is waited for, and a refusal is an answer", () => {
  const play = settledWith(CHAIN, "orders", "payments", "payments/2");
  expect(play.publish(next(CHAIN))).toEqual(["payments:B2", "payments/2:B2"]);
  expect(play.ack("payments")).toEqual([]);
  expect(play.nack("payments/2", "local")).toEqual(["orders:B2"]);
});

test("a receiver that does not answer holds nobody up for longer than its time", () => {
  const play = settledWith(CHAIN, "web", "orders", "payments");
  play.publish(next(CHAIN));
  expect(play.at(RECEIVERS_WAIT_MS - 1)).toEqual([]);
  expect(play.at(RECEIVERS_WAIT_MS)).toEqual(["web:B2", "orders:B2"]);
});

test("a receiver that goes is waited for no longer", () => {
  const play = settledWith(CHAIN, "orders", "payments");
  play.publish(next(CHAIN));
  expect(play.leave("payments")).toEqual(["orders:B2"]);
});

test("who has nothing yet gets it at once: it serves nobody by an older one", () => {
  const play = settledWith(CHAIN, "payments");
  play.publish(next(CHAIN));
  expect(play.connect("web")).toEqual(["web:B2+module"]);
});

test("those that may all call each other get it together, and what only sends comes last", () => {
  const demo: Calls = { web: { isEdge: true } };
  const play = settledWith(demo, "web", "orders", "payments");
  expect(play.publish(next(demo))).toEqual(["orders:B2", "payments:B2"]);
  play.ack("payments");
  expect(play.ack("orders")).toEqual(["web:B2"]);
});

test("what is held goes back to everybody at once", () => {
  const play = settledWith(CHAIN, "web", "orders", "payments");
  play.publish(next(CHAIN));
  play.nack("payments", "content", "policy_bad_module");
  expect(play.nack("orders", "content", "policy_bad_module")).toEqual([
    "held B by orders, payments, back to A",
    "web:A3",
    "orders:A3",
    "payments:A3",
  ]);
});

test("whoever waits reaches an open group, and whoever is open and reaches no other one does not wait", () => {
  const names = Array.from({ length: 8 }, (_, i) => `w${i}`);
  const called = fc.option(fc.subarray(names), { nil: undefined });
  const run = (calls: readonly (readonly string[] | undefined)[], openNames: readonly string[]) => {
    const said: Calls = Object.fromEntries(
      names.map((name, at) => [name, calls[at] === undefined ? {} : { calls: calls[at] }]),
    );
    const { plan } = withCalls(makeRelease(1, "A", names), said);
    const order = makeOrder(plan);
    const groupOf = (name: string) => order.groupOf.get(`default/${name}`) ?? -1;
    const reached = (from: string): ReadonlySet<string> => {
      const seen = new Set<string>();
      const unread = [from];
      for (let name = unread.pop(); name !== undefined; name = unread.pop())
        for (const each of said[name]?.calls ?? names) if (!seen.has(each)) unread.push(...(seen.add(each) && [each]));
      return seen;
    };
    const open = new Set(openNames.map(groupOf));
    const waiting = waitingGroups(order, open);
    for (const name of names) {
      const others = openNames.filter((each) => groupOf(each) !== groupOf(name));
      expect(waiting.has(groupOf(name))).toBe(others.some((each) => reached(name).has(each)));
      for (const each of reached(name)) if (reached(each).has(name)) expect(groupOf(each)).toBe(groupOf(name));
    }
    // Somebody can always go on.
    if (open.size > 0) expect([...open].some((group) => !waiting.has(group))).toBe(true);
  };
  void fc.assert(fc.property(fc.array(called, { minLength: 8, maxLength: 8 }), fc.subarray(names), run), {
    numRuns: 300,
  });
});

test("an order that is taken over is the one that would be made, whatever has changed since", () => {
  const names = ["a", "b", "c"];
  const one = fc.record({ calls: fc.option(fc.subarray(names), { nil: undefined }), isEdge: fc.boolean() });
  const mesh = fc.tuple(fc.subarray(names, { minLength: 1 }), fc.array(one, { minLength: 3, maxLength: 3 }));
  const planOf = ([present, each]: typeof mesh extends fc.Arbitrary<infer Mesh> ? Mesh : never) => {
    const said = names.map((name, at) => {
      const { calls, isEdge = false } = each[at] ?? {};
      return [name, { ...(calls === undefined ? {} : { calls }), ...(isEdge ? { isEdge } : {}) }] as const;
    });
    return withCalls(makeRelease(1, "A", present), Object.fromEntries(said) as Calls).plan;
  };
  void fc.assert(
    fc.property(mesh, mesh, fc.boolean(), (first, second, isSame) => {
      const before = planOf(first);
      const order = makeOrder(before);
      const plan = planOf(isSame ? first : second);
      const found = orderAfter(plan, { plan: before, order });
      expect(found).toEqual(makeOrder(plan));
      if (isSame) expect(found).toBe(order);
    }),
  );
});
