import { expect, test } from "vitest";
import { makeBuiltinLoader } from "../shell/host-builtins.ts";
import { toolFamilies } from "../shell/tools.ts";
import { CAPABILITIES, lackingIn, type Role, whyWithheld } from "./capabilities.ts";

const META = {
  abi: 1,
  compiler: "",
  entrypoints: [],
  rules: [],
  hostBuiltins: [],
  reads: { body: false, query: false },
};
const ROLES: readonly Role[] = ["inbound", "outbound", "edge", "cli", "controller"];

test("what tools offer is what the host brings, no more and no less", async () => {
  const options = { nowMs: () => 0 };
  const brought = Object.keys(await makeBuiltinLoader(options, toolFamilies(options))());
  // The compiler brings it: where it stands, the runtime cannot reach.
  const offered = [...brought, "rego.parse_module"].sort();
  for (const role of ["cli", "controller"] as const)
    expect([...CAPABILITIES[role].hostBuiltins].sort()).toEqual(offered);
});

test("proxies offer nothing that tests cannot run, and say why they withhold the rest", () => {
  for (const role of ["inbound", "outbound", "edge"] as const) {
    for (const name of CAPABILITIES[role].hostBuiltins) expect(CAPABILITIES.controller.hostBuiltins).toContain(name);
    for (const name of CAPABILITIES.cli.hostBuiltins) {
      expect([name, whyWithheld(role, name) === undefined]).toEqual([name, CAPABILITIES[role].hostBuiltins.has(name)]);
    }
  }
});

test("a proxy can load by name all that it offers", async () => {
  const offered = [...CAPABILITIES.inbound.hostBuiltins];
  expect(Object.keys(await makeBuiltinLoader({ nowMs: () => 0 })(offered))).toEqual(offered);
});

test("a module that wants nothing of the host runs in every role", () => {
  for (const role of ROLES) expect(lackingIn(role, META)).toBe(undefined);
});

test.each([
  ["inbound", { hostBuiltins: ["opa.runtime"] }, { builtins: ["opa.runtime"], bodies: false }],
  ["outbound", { reads: { body: true, query: false } }, { builtins: [], bodies: true }],
  ["cli", { reads: { body: true, query: false } }, undefined],
  ["controller", { hostBuiltins: ["moon.phase"] }, { builtins: ["moon.phase"], bodies: false }],
] as const)("in role %s a module with %j lacks %j", (role, wants, lacking) => {
  expect(lackingIn(role, { ...META, ...wants })).toEqual(lacking);
});
