import { expect, test } from "vitest";
import { AT_ONCE } from "../snapshot/release-rules.ts";
import { makeRelease, Play, principal } from "../test/play.ts";
import { planInForce } from "./plan-in-force.ts";
import { type Release, toPublication } from "./release.ts";

const address = { address: "127.0.0.1", port: 0 };

/** With a service for each workload, and ports of those names. */
function withPorts(release: Release, ports: readonly string[]): Release {
  const inbound = ports.map((name) => {
    return { name, protocol: "http" as const, mode: "strict" as const, listen: address, application: address };
  });
  const workloads = release.plan.workloads.map((workload) => ({ ...workload, inbound }));
  const services = workloads.map(({ name, namespace }) => ({ name, namespace, subsets: [], policies: [] }));
  return { ...release, plan: { ...release.plan, workloads, services } };
}

test("while only canaries have a release, what it takes away is of the mesh still; then no longer", () => {
  const play = new Play();
  play.publish(toPublication(withPorts(makeRelease(1, "A", ["web", "orders"]), ["http", "grpc"])), "proven");
  for (const proxy of ["web", "orders"]) {
    play.connect(proxy);
    play.ack(proxy);
  }
  const next = withPorts(makeRelease(2, "B", ["orders", "mail"]), ["http"]);
  const canary = { kind: "workloads", workloads: ["default/orders"] } as const;
  const rules = { ...AT_ONCE, canary, bakeMs: 1000, deadlineMs: 60_000 };
  play.publish(toPublication({ ...next, plan: { ...next.plan, rules } }));
  const plan = planInForce(play.state);
  expect(plan?.workloads.map(({ name, inbound }) => [name, inbound.map((port) => port.name)])).toEqual([
    ["orders", ["http", "grpc"]],
    ["mail", ["http"]],
    ["web", ["http", "grpc"]],
  ]);
  expect(plan?.services.map(({ name }) => name)).toEqual(["orders", "mail", "web"]);
  expect(plan?.workloads.map((each) => each.principal)).toEqual(["orders", "mail", "web"].map(principal));
  // Whoever compares by identity is told of nothing while nothing has changed.
  play.at(500);
  expect(planInForce(play.state)).toBe(plan);
  play.ack("orders");
  play.at(2000);
  expect(planInForce(play.state)?.workloads.map(({ name }) => name)).toEqual(["orders", "mail"]);
});
