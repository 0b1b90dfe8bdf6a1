/** The policy of OPA's tutorial for Envoy, tokens and clock and all, in a mesh of sidecars. */

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, TestMesh } from "./test-mesh.ts";

const TUTORIAL = readFileSync(join(ROOT, "conformance/policies/envoy-tutorial.rego"), "utf8");
const BODY = /^.*parsed_body.*\n/m;
const BINDING = `
---
apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: tutorial }
spec:
  unit: examples/authz
  direction: Inbound
  tier: Workload
  selector: { services: [web] }
  entrypoints: [envoy/authz/allow]
`;
const FILE = "examples/authz/tutorial.rego";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open();
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

const bind = { "examples/mesh/bindings.yaml": (text: string) => text + BINDING };

test("the rule on the body is named before it is in force", async () => {
  const row = TUTORIAL.slice(0, TUTORIAL.search(BODY)).split("\n").length;
  const refused = await mesh.refused(await mesh.commit("The tutorial as it is", { ...bind, [FILE]: () => TUTORIAL }));
  expect(refusedOf(refused)?.diagnostics).toMatchObject([
    { file: FILE, row, column: 8, code: "policy_not_offered", message: expect.stringContaining("input.parsed_body") },
  ]);
  expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
});

test("everything else of it decides as it does with Envoy", async () => {
  await mesh.inForce(await mesh.commit("The tutorial without the body", { [FILE]: () => TUTORIAL.replace(BODY, "") }));
  const now = Math.floor(Date.now() / 1000);
  // What passes comes to a service that has no such path.
  const good = { role: "guest", sub: "YWxpY2U=", nbf: now - 60, exp: now + 60 };
  const rows: Readonly<Record<string, readonly [path: string, token: string | undefined, status: number]>> = {
    "a guest's token": ["/people", tokenOf(good), 404],
    "no token": ["/people", undefined, 403],
    "another path": ["/orders", tokenOf(good), 403],
    "a token that has expired": ["/people", tokenOf({ ...good, exp: now - 30 }), 403],
    "a token that is not valid yet": ["/people", tokenOf({ ...good, nbf: now + 30 }), 403],
    "a token of another secret": ["/people", tokenOf(good, "guess"), 403],
    "no role": ["/people", tokenOf({ ...good, role: "nobody" }), 403],
  };
  const found: Record<string, number> = {};
  for (const [name, [path, token]] of Object.entries(rows)) {
    const answer = await mesh.ask(path, token === undefined ? {} : { authorization: `Bearer ${token}` });
    found[name] = answer.status;
  }
  expect(found).toEqual(Object.fromEntries(Object.entries(rows).map(([name, [, , status]]) => [name, status])));
});

function tokenOf(payload: object, secret = "secret"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
