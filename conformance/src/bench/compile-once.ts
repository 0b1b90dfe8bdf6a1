/** One process of `compile.ts`: compiles a policy of so many rules, so many times, and prints what each took. `RULES TIMES KIND` */
import { join } from "node:path";
import type { compile as Compile } from "@regomesh/policy-compiler";
import type { loadRuntime as LoadRuntime } from "@regomesh/policy-compiler/node";
import { COMPILE_ENTRYPOINT, type CompiledPolicy, compiledPolicy } from "./compile-policy.ts";

type Program = { readonly compile: typeof Compile; readonly loadRuntime: typeof LoadRuntime };
type ProgramLoader = {
  readonly findProgram: (root: string) => string | undefined;
  readonly openProgram: (root: string, file: string, folder: string, command: string) => Program;
};

const [rules, times] = process.argv.slice(2, 4).map(Number) as [number, number];
const kind = process.argv[4] as CompiledPolicy;

// As the command line does (cli/bin/regomesh.mjs): what an earlier process has compiled is not parsed again.
const root = join(import.meta.dirname, "../../..");
const { findProgram, openProgram } = (await import(join(root, "cli/bin/program.mjs"))) as ProgramLoader;
const file = findProgram(root);
if (file === undefined) throw new Error("the program is not built, or a source is newer: run npm run prepare");
const { compile, loadRuntime } = openProgram(root, file, join(root, "node_modules/.cache/regomesh-bench"), "build");
const runtime = await loadRuntime();
const importedMs = cpuMs();

const unit = { name: "u", modules: [{ name: "u.rego", text: compiledPolicy(rules, kind) }], data: {} };

const compiledMs = Array.from({ length: times }, () => {
  const before = cpuMs();
  const { module } = compile({ units: [unit], entrypoints: [{ unit: "u", name: COMPILE_ENTRYPOINT }], runtime });
  if (module === undefined) throw new Error("the policy does not compile");
  return cpuMs() - before;
});
const { user, system } = process.cpuUsage();
const memoryBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ importedMs, compiledMs, processMs: (user + system) / 1000, memoryBytes }));

/** The kernel adds what a thread has run since its last tick, of 4 ms, where all of the process is asked for. */
function cpuMs(): number {
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
