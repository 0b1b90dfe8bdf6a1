/** A namespace is a boundary: who may commit to one can neither open nor close what is another's. */
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestMesh } from "./test-mesh.ts";

const TEAM = "teams/other/mesh.yaml";
const OPEN = "teams/other/open/authz.rego";

const binding = (namespace: string, spec: string): string => `apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: open, namespace: ${namespace} }
spec: { unit: teams/other/open, direction: Inbound, entrypoints: [mesh/authz/allow], ${spec} }
`;
const allowAll = { [OPEN]: () => "package mesh.authz\n\nallow := true\n" };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open({}, { allow: ["examples/mesh=default,regomesh-system", "teams/other=other"] });
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

/** What is asked of the shop's own policy, and denied by it. */
const refused = async (): Promise<number> => (await mesh.ask("/refunds", {})).status;

describe("a team that may speak for its own namespace", () => {
  const attempts: Readonly<Record<string, { readonly text: string; readonly says: string }>> = {
    "cannot bind the workloads of another": {
      text: binding("other", "tier: Workload, selector: { namespaces: [default] }"),
      says: "a binding of namespace other may not reach namespace default",
    },
    "cannot bind all workloads": {
      text: binding("other", 'selector: { namespaces: ["*"] }'),
      says: "a binding of namespace other may not reach all namespaces",
    },
    "cannot make a unit mandatory": {
      text: binding("other", "tier: Mandatory"),
      says: "only a binding of namespace regomesh-system may be mandatory",
    },
    "cannot speak for another namespace": {
      text: binding("default", "tier: Workload"),
      says: "this file may not speak for namespace default",
    },
    "cannot speak for the root namespace": {
      text: binding("regomesh-system", 'selector: { namespaces: ["*"] }'),
      says: "this file may not speak for namespace regomesh-system",
    },
    "cannot bring settings of the mesh": {
      text: "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m }\nspec: { defaultVerdict: Allow }\n",
      says: "only a path that may speak for regomesh-system may hold a MeshConfig",
    },
  };

  for (const [name, { text, says }] of Object.entries(attempts)) {
    test(name, async () => {
      expect(await refused()).toBe(403);
      const commit = await mesh.commit(name, { ...allowAll, [TEAM]: () => text });
      const status = await mesh.refused(commit);
      expect(refusedOf(status)?.diagnostics.map(({ message }) => message)).toContain(says);
      expect(await refused()).toBe(403);
    });
  }

  test("is heard for its own, and opens nothing else", async () => {
    const commit = await mesh.commit("Of its own namespace", {
      ...allowAll,
      [TEAM]: () => binding("other", "tier: Workload"),
    });
    const status = await mesh.inForce(commit);
    expect(status.source.allow).toEqual([
      { path: "examples/mesh", namespaces: ["default", "regomesh-system"] },
      { path: "teams/other", namespaces: ["other"] },
    ]);
    expect(await refused()).toBe(403);
  });
});

test("a root binding of the least tier still decides beside a workload's own, and the other way round", async () => {
  const root = binding("regomesh-system", "tier: Default, selector: { namespaces: [default] }");
  const closed = 'package mesh.authz\n\nallow if input.parsed_path[0] != "orders"\n';
  expect((await mesh.ask("/orders")).status).toBe(200);
  const edit = { "examples/mesh/root.yaml": () => root, [OPEN]: () => closed, [TEAM]: () => "" };
  await mesh.inForce(await mesh.commit("The root closes orders by its least tier", edit));
  expect((await mesh.ask("/orders")).status).toBe(403);
  expect(await refused()).toBe(403);
});
