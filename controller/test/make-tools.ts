import type { parseResources } from "@regomesh/resources";
import type { PolicyTools } from "../src/build/tools.ts";

/** Stands for the compiler: every rule is there. */
export function makeTools(parse: typeof parseResources): PolicyTools {
  return {
    version: "none",
    parse,
    compile: (units, entrypoints) => ({
      diagnostics: [],
      module: {
        wasm: new TextEncoder().encode(
          JSON.stringify([units.map(({ name, directory }) => [name, directory]), entrypoints]),
        ),
        data: "{}",
        meta: {
          abi: 1,
          compiler: "none",
          entrypoints: entrypoints.map(({ unit, name }) => ({ unit, name, rules: [] })),
          rules: [],
          reads: { body: false, query: false },
          hostBuiltins: [],
        },
      },
    }),
    meaningOf: ({ files }) => JSON.stringify(files),
    test: () => ({ diagnostics: [], passed: 0, failed: [] }),
    open: () => {
      throw new Error("there is no module");
    },
    nowMs: () => 0,
    inputOf: () => "{}",
    explain: () => [],
  };
}
