/** A snapshot's module as WebAssembly, with what it says of itself. */
import { setFlagsFromString } from "node:v8";
import { type HostBuiltins, META_SECTION, MODULE_ABI, type ModuleMeta, PolicyUnfit } from "@regomesh/policy-runtime";
import type { NackReason } from "@regomesh/protocol";

export type CompiledWasm = { readonly wasm: WebAssembly.Module; readonly meta: ModuleMeta };

/** Throws where the bytes are no module, or one that this proxy does not run. */
export function compileModule(bytes: Uint8Array): CompiledWasm {
  return describe(new WebAssembly.Module(new Uint8Array(bytes)));
}

/** The same on the engine's own threads. */
export async function compileModuleAside(bytes: Uint8Array): Promise<CompiledWasm> {
  return describe(await WebAssembly.compile(new Uint8Array(bytes)));
}

/** Of this thread; the flags are the whole process's, and to set one takes half a millisecond. */
let isAhead = false;

/**
 * What a function may do before the engine compiles it well: by itself it waits for six times as much, tens of
 * thousands of decisions, while they take twice as long. With a seventh of this the few calls before a revision is in
 * force were enough: eight sidecars of one machine then compiled while others of them waited for theirs.
 */
const TIERING_BUDGET = 2_000_000;
const FLAGS = ["--no-wasm-lazy-compilation", `--wasm-tiering-budget=${TIERING_BUDGET}`];

/**
 * From here on modules are compiled whole, by the engine's own threads, and not each function when it is called first:
 * a decision that went where none had gone before waited for that; and what is asked often is soon compiled well.
 * What a start waits for is compiled before.
 */
export function compileAhead(): void {
  if (isAhead) return;
  isAhead = true;
  for (const flag of FLAGS) setFlagsFromString(flag);
}

/** Throws PolicyUnfit where the module is one that this proxy does not run. */
export function describe(wasm: WebAssembly.Module): CompiledWasm {
  const [section] = WebAssembly.Module.customSections(wasm, META_SECTION);
  const meta = section === undefined ? undefined : (JSON.parse(new TextDecoder().decode(section)) as ModuleMeta);
  if (meta?.abi === MODULE_ABI) return { wasm, meta };
  throw new PolicyUnfit("policy_abi_mismatch", `ABI ${meta?.abi ?? "none"}, this proxy runs ${MODULE_ABI}`);
}

/** V8 reports memory that it does not get as a RangeError: that says nothing about the module. */
export function reasonOf(error: unknown): NackReason {
  const { cause } = error as Error;
  if (error instanceof RangeError || cause instanceof RangeError) return "memory";
  return error instanceof PolicyUnfit ? error.code : "policy_bad_module";
}

/** Units of the entrypoints that a snapshot bounds, by their index. */
export function fuelOf(
  meta: ModuleMeta,
  entrypoints: readonly { readonly name: string; readonly fuel: number }[],
): ReadonlyMap<number, number> {
  const fuel = new Map<number, number>();
  for (const entrypoint of entrypoints) {
    const index = meta.entrypoints.findIndex((other) => other.name === entrypoint.name);
    if (index >= 0) fuel.set(index, entrypoint.fuel);
  }
  return fuel;
}

/** The bits of these entrypoints. */
export function maskOf(meta: ModuleMeta, names: readonly string[]): number {
  return meta.entrypoints.reduce((mask, { name }, bit) => (names.includes(name) ? mask | (1 << bit) : mask), 0);
}

/** The module's built-ins of the host, for an instance that serves nobody: nothing is looked up or verified for it. */
export function refusedBuiltins({ hostBuiltins }: ModuleMeta): HostBuiltins {
  const refuse = (): never => {
    throw new Error("not while a module is opened");
  };
  return Object.fromEntries(hostBuiltins.map((name) => [name, refuse]));
}
