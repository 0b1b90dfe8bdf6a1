/** Policies of scenarios: Rego text, compiled as the controller compiles it, and bound to a workload. */
import { printDiagnostic, type Source } from "@regomesh/base";
import { compile, type RuntimeModule, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import type { ModuleMeta } from "@regomesh/policy-runtime";
import { type BoundEntrypoint, moduleHash, type PolicyRef, type SnapshotModule } from "@regomesh/protocol";

export type BoundPolicyFile = { readonly ref: PolicyRef; readonly module: SnapshotModule };

/** Which entrypoint of which unit, and how it is bound. */
export type Binding = Pick<BoundEntrypoint, "name" | "kind"> & Partial<BoundEntrypoint>;

let runtime: RuntimeModule | undefined;

/** Units by name, each its files; everything bound is asked by one module. `change`: what the module has another runtime for. */
export async function makeBoundPolicy(
  units: Readonly<Record<string, readonly Source[]>>,
  bindings: readonly Binding[],
  change = (whole: RuntimeModule) => whole,
): Promise<BoundPolicyFile> {
  runtime ??= await loadRuntime();
  const [first = ""] = Object.keys(units);
  const entrypoints = bindings.map((binding) => bound(binding, first));
  const { module, diagnostics } = compile({
    units: Object.entries(units).map(([name, files]) => toUnit({ name, directory: name, files }).unit),
    entrypoints: entrypoints.map(({ unit, name }) => ({ unit, name })),
    runtime: change(runtime),
  });
  if (module === undefined) throw new Error(diagnostics.map(printDiagnostic).join("\n"));
  const { wasm, data, meta } = module;
  const hash = moduleHash(wasm, data);
  // With several units, the module's own names say which unit is meant.
  const named = entrypoints.map((entrypoint) => ({ ...entrypoint, name: nameIn(meta, entrypoint) }));
  return { ref: { module: hash, entrypoints: named }, module: { hash, wasm, data } };
}

/** One unit of one file. */
export async function makeRegoPolicy(rego: string, bindings: readonly Binding[]): Promise<BoundPolicyFile> {
  return await makeBoundPolicy({ unit: [{ name: "unit/policy.rego", text: rego }] }, bindings);
}

export const AUTHZ: Binding = { name: "mesh/authz/allow", kind: "authz" };
export const LIMITS: Binding = { name: "mesh/ratelimit/limits", kind: "limits" };
export const ROUTE: Binding = { name: "mesh/routing/route", kind: "route" };

function nameIn({ entrypoints }: ModuleMeta, { unit, name }: BoundEntrypoint): string {
  const found = entrypoints.find((each) => each.unit === unit && [name, `${unit}/${name}`].includes(each.name));
  return found?.name ?? name;
}

function bound(binding: Binding, unit: string): BoundEntrypoint {
  return {
    unit,
    binding: "scenario",
    tier: "workload",
    mode: "enforce",
    fuel: 10_000_000,
    onFault: "deny",
    ...binding,
  };
}
