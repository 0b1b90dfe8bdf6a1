/** Compiles Rego into a snapshot's module, with the real compiler. */

import { compile, type Unit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { CAPABILITIES } from "@regomesh/policy-runtime";
import { type BoundEntrypoint, moduleHash, type PolicyRef, type SnapshotModule } from "@regomesh/protocol";

export type TestUnit = {
  readonly name: string;
  readonly rego: string;
  readonly data?: Unit["data"];
  readonly entrypoints: readonly (Pick<BoundEntrypoint, "name" | "kind"> & Partial<BoundEntrypoint>)[];
};

export type MadePolicy = { readonly ref: PolicyRef; readonly module: SnapshotModule };

const runtime = await loadRuntime();

/** Throws the first diagnostic where the Rego is wrong. */
export function makePolicy(...units: readonly TestUnit[]): MadePolicy {
  const { module, diagnostics } = compile({
    runtime,
    units: units.map(({ name, rego, data = {} }) => ({ name, modules: [{ name: `${name}.rego`, text: rego }], data })),
    entrypoints: units.flatMap(({ name: unit, entrypoints }) => entrypoints.map(({ name }) => ({ unit, name }))),
  });
  if (module === undefined) throw new Error(diagnostics[0]?.message ?? "no module");
  const hash = moduleHash(module.wasm, module.data);
  const isAlone = units.length === 1;
  const entrypoints = units.flatMap(({ name: unit, entrypoints: bound }) =>
    bound.map(
      (entrypoint): BoundEntrypoint => ({
        unit,
        binding: `${unit}-binding`,
        tier: "workload",
        mode: "enforce",
        fuel: CAPABILITIES.inbound.fuel,
        onFault: "deny",
        ...entrypoint,
        name: isAlone ? entrypoint.name : `${unit}/${entrypoint.name}`,
      }),
    ),
  );
  return { ref: { module: hash, entrypoints }, module: { hash, wasm: module.wasm, data: module.data } };
}

/** A unit of package mesh.authz with the entrypoint allow. */
export function makeAuthz(rules: string, change: Partial<BoundEntrypoint> = {}): TestUnit {
  return {
    name: `authz-${change.unit ?? "one"}`,
    rego: `package mesh.authz\n\nimport input.attributes.request.http\n\n${rules}\n`,
    entrypoints: [{ name: "mesh/authz/allow", kind: "authz", ...change }],
  };
}
