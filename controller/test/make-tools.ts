import { parseResources } from "@regomesh/resources";
import { makeAnew, type PolicyTools } from "../src/build/tools.ts";

/** Stands for the compiler where only what is around it is tested: every rule is there, nothing is withheld. */
export function makeTools(): PolicyTools {
  return {
    version: "none",
    parse: parseResources,
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
          entrypoints: entrypoints.map(({ unit, name }) => ({
            unit,
            name: units.length > 1 ? `${unit}/${name}` : name,
            rules: [],
          })),
          rules: [],
          reads: { body: false, query: false },
          hostBuiltins: [],
        },
      },
    }),
    meaningOf: ({ files }) => JSON.stringify(files),
    digest: (value) => JSON.stringify(value),
    again: makeAnew,
    test: () => ({ diagnostics: [], passed: 0, failed: [], cpuMs: 0 }),
    open: () => {
      throw new Error("there is no module");
    },
    nowMs: () => 0,
    cpuMs: () => 0,
    inputOf: () => "{}",
    explain: () => [],
  };
}
