/** A policy from Rego text, compiled and bound, for proxies that are started from a snapshot file. */
import { hasErrors, printDiagnostic } from "@regomesh/base";
import { compile, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { moduleHash, type PolicyRef, type SnapshotModule } from "@regomesh/protocol";

export type CompiledPolicy = { readonly ref: PolicyRef; readonly module: SnapshotModule };

/** `rego` defines `data.mesh.authz.allow`. Throws where it does not compile. */
export async function compileAuthz(unitName: string, rego: string): Promise<CompiledPolicy> {
  const name = "mesh/authz/allow";
  const { unit } = toUnit({ name: unitName, directory: "", files: [{ name: `${unitName}.rego`, text: rego }] });
  const entrypoints = [{ unit: unitName, name }];
  const { module, diagnostics } = compile({ units: [unit], entrypoints, runtime: await loadRuntime() });
  if (module === undefined || hasErrors(diagnostics)) {
    throw new Error(diagnostics.map(printDiagnostic).join("\n"));
  }
  const hash = moduleHash(module.wasm, module.data);
  return {
    module: { hash, wasm: module.wasm, data: module.data },
    ref: {
      module: hash,
      entrypoints: [
        {
          name,
          kind: "authz",
          unit: unitName,
          binding: unitName,
          tier: "workload",
          mode: "enforce",
          fuel: 10_000_000,
          onFault: "deny",
        },
      ],
    },
  };
}
