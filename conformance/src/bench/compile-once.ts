/** One process of `compile.ts`: compiles a policy of so many rules, so many times, and prints what each took. */
import nodeModule from "node:module";
import { join } from "node:path";

const [rules, times] = process.argv.slice(2).map(Number) as [number, number];

// As the command line does: what was compiled by an earlier process is not parsed again.
nodeModule.enableCompileCache(join(import.meta.dirname, "../../../node_modules/.cache/regomesh"));
const { compile } = await import("@regomesh/policy-compiler");
const { loadRuntime } = await import("@regomesh/policy-compiler/node");
const runtime = await loadRuntime();
const importedMs = cpuMs();

const text = [
  "package t\ndefault allow := false\n",
  ...Array.from(
    { length: rules },
    (_, i) => `allow if {
	input.attributes.request.http.method == "GET"
	input.parsed_path == ["service-${i}", user]
	some role in data.roles[user]
	role == "reader-${i % 7}"
}
`,
  ),
].join("\n");
const unit = { name: "u", modules: [{ name: "u.rego", text }], data: {} };

const compiledMs = Array.from({ length: times }, () => {
  const before = cpuMs();
  const { module } = compile({ units: [unit], entrypoints: [{ unit: "u", name: "t/allow" }], runtime });
  if (module === undefined) throw new Error("the policy does not compile");
  return cpuMs() - before;
});
console.log(JSON.stringify({ importedMs, compiledMs, memoryBytes: process.resourceUsage().maxRSS * 1024 }));

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
