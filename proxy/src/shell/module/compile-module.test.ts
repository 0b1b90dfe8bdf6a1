import { setFlagsFromString } from "node:v8";
import { expect, test } from "vitest";
import { makeAuthz, makePolicy } from "../../test/make-policy.ts";
import { compileAhead, compileModuleAside } from "./compile-module.ts";

setFlagsFromString("--allow-natives-syntax");
const isUncompiled = new Function("called", "return %IsUncompiledWasmFunction(called)") as (called: unknown) => boolean;

/** How many of the functions that a module exports the engine compiles when they are called first. Each path is another module. */
async function uncompiled(path: string): Promise<number> {
  const { module } = makePolicy(makeAuthz(`default allow := false\nallow if http.path == "${path}"`));
  const { wasm } = await compileModuleAside(module.wasm);
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(wasm)) {
    const given = kind === "memory" ? new WebAssembly.Memory({ initial: 5 }) : () => 0;
    imports[from] = { ...imports[from], [name]: given };
  }
  const { exports } = new WebAssembly.Instance(wasm, imports);
  return Object.values(exports).filter((each) => typeof each === "function" && isUncompiled(each)).length;
}

test("from when a sidecar serves, modules are compiled whole", async () => {
  expect(await uncompiled("/before")).toBeGreaterThan(10);
  compileAhead();
  expect(await uncompiled("/after")).toBe(0);
});
