/** Opens the policy that a snapshot refers to, or says why the snapshot cannot be enforced. */
import { randomInt } from "node:crypto";
import {
  CAPABILITIES,
  type Destination,
  META_SECTION,
  MODULE_ABI,
  type ModuleMeta,
  openRenewingPolicy,
  type Policy,
  PolicyUnfit,
  type Role,
} from "@regomesh/policy-runtime";
import type { LoadBuiltins } from "@regomesh/policy-runtime/node";
import type { NackReason, PolicyRef, SnapshotModule, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";

/** `input.destination`: the proxy's own workload. */
export function destinationOf(workload: WorkloadSnapshot): Destination {
  const { service, namespace, name, labels, inbound } = workload;
  return { service, namespace, workload: name, labels, port: inbound[0]?.application.port ?? 0 };
}

/** An instance that has grown is replaced so much later: a client makes no more than one start in it. */
const RENEW_MS = 1000;

type Opened = { readonly policy?: Policy; readonly problems: readonly SnapshotProblem[] };

/** `load` brings the built-ins that the module needs; a module that needs none costs nothing. */
export async function openModule(
  ref: PolicyRef,
  modules: readonly SnapshotModule[],
  destination: Destination,
  load: LoadBuiltins,
  role: Role,
): Promise<Opened> {
  const name = `module ${ref.module.slice(0, 12)}`;
  const module = modules.find(({ hash }) => hash === ref.module);
  if (module === undefined) return problem("policy_missing", `${name} is not there`);
  try {
    const wasm = new WebAssembly.Module(new Uint8Array(module.wasm));
    const meta = readMeta(wasm);
    if (meta?.abi !== MODULE_ABI) {
      return problem("policy_abi_mismatch", `${name} has ABI ${meta?.abi ?? "none"}, this proxy runs ${MODULE_ABI}`);
    }
    const fuel = new Map<number, number>();
    for (const entrypoint of ref.entrypoints) {
      const index = meta.entrypoints.findIndex((other) => other.name === entrypoint.name);
      if (index >= 0) fuel.set(index, entrypoint.fuel);
    }
    const drawSeed = () => randomInt(2 ** 32);
    const offered = CAPABILITIES[role].hostBuiltins;
    const hostBuiltins = await load(meta.hostBuiltins.filter((builtin) => offered.has(builtin)));
    const options = { wasm, data: module.data, destination, fuel, seed: drawSeed(), drawSeed, hostBuiltins };
    const later = (work: () => void) => void setTimeout(work, RENEW_MS).unref();
    return { policy: openRenewingPolicy({ ...options, later }), problems: [] };
  } catch (error) {
    return problem(reasonOf(error), `${name} does not load: ${(error as Error).message}`);
  }
}

/** V8 reports memory that it does not get as a RangeError: that says nothing about the module. */
function reasonOf(error: unknown): NackReason {
  const { cause } = error as Error;
  if (error instanceof RangeError || cause instanceof RangeError) return "memory";
  return error instanceof PolicyUnfit ? error.code : "policy_bad_module";
}

function readMeta(wasm: WebAssembly.Module): ModuleMeta | undefined {
  const [section] = WebAssembly.Module.customSections(wasm, META_SECTION);
  return section === undefined ? undefined : (JSON.parse(new TextDecoder().decode(section)) as ModuleMeta);
}

function problem(code: NackReason, message: string): Opened {
  return { problems: [{ code, message }] };
}
