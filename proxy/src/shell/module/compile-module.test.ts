import { setFlagsFromString } from "node:v8";
import { expect, test } from "vitest";
import { makeAuthz, makePolicy } from "../../test/make-policy.ts";
import { compileAhead, compileModuleAside } from "./compile-module.ts";

setFlagsFromString("--allow-natives-syntax");
const isUncompiled = new Function("called", "return %IsUncompiledWasmFunction(called)") as (called: unknown) => boolean;

const isCompiledWell = new Function("called", "return %IsTurboFanFunction(called)") as (called: unknown) => boolean;
setFlagsFromString("--wasm-sync-tier-up"); // where it would be done beside, and nobody could say when

/** A module's exports. Each path is another module. */
async function exportsOf(path: string): Promise<Record<string, unknown>> {
  const { module } = makePolicy(makeAuthz(`default allow := false\nallow if http.path == "${path}"`));
  const { wasm } = await compileModuleAside(module.wasm);
  const memory = new WebAssembly.Memory({ initial: 5 });
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(wasm)) {
    imports[from] = { ...imports[from], [name]: kind === "memory" ? memory : () => 0 };
  }
  return { ...new WebAssembly.Instance(wasm, imports).exports, memory };
}

/** How many of the functions that a module exports the engine compiles when they are called first. */
async function uncompiled(path: string): Promise<number> {
  return Object.values(await exportsOf(path)).filter((each) => typeof each === "function" && isUncompiled(each)).length;
}

const CALLS = 20_000;
const TEXT = "[1]";

/** Whether what reads JSON is compiled well once it has been called so often. */
async function isWellAfter(calls: number, path: string): Promise<boolean> {
  const exports = await exportsOf(path);
  const { opa_malloc, opa_json_parse, opa_heap_ptr_get, opa_heap_ptr_set, memory } = exports as Record<
    string,
    (...args: number[]) => number
  > & { readonly memory: WebAssembly.Memory };
  const at = opa_malloc?.(TEXT.length) ?? 0;
  new TextEncoder().encodeInto(TEXT, new Uint8Array(memory.buffer, at));
  const mark = opa_heap_ptr_get?.() ?? 0;
  for (let i = 0; i < calls; i++) {
    opa_json_parse?.(at, TEXT.length);
    opa_heap_ptr_set?.(mark);
  }
  return isCompiledWell(opa_json_parse);
}

test("from when a sidecar serves, modules are compiled whole, and well what is asked often", async () => {
  expect(await uncompiled("/before")).toBeGreaterThan(10);
  expect(await isWellAfter(CALLS, "/soon")).toBe(false);
  compileAhead();
  expect(await uncompiled("/after")).toBe(0);
  expect(await isWellAfter(CALLS, "/later")).toBe(true);
});
