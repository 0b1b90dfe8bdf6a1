/** Bars of a module that runs away, of a new revision's first decisions, and of sizes. */
import { emitModule, type ModuleSource } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { CAPABILITIES, openPolicy } from "@regomesh/policy-runtime";
import { EVALUATION_CLOCK } from "@regomesh/policy-runtime/node";
import { compileAhead } from "@regomesh/proxy/test";
import { compilePolicy, openDecider } from "../ours.ts";
import { type EnginePolicy, shapePolicy, simplePolicy } from "../policies.ts";
import { atMost, type Bar } from "./bar.ts";

const { fuel } = CAPABILITIES.inbound;
const FUEL_MS = fuel / 1e6;

/** Ways to run away: what stands in a body that would take minutes. */
const RUNAWAYS: Readonly<Record<string, { readonly body: string; readonly rules?: string }>> = {
  iterations: { body: "some a in data.n; some b in data.n; some c in data.n; a + b + c < 0" },
  calls: {
    body: "f0(1) == 0",
    rules: `${Array.from({ length: 40 }, (_, i) => `f${i}(x) := f${i + 1}(x * 2) + f${i + 1}((x * 2) + 1)`).join("\n")}\nf40(x) := x`,
  },
  "regular expressions": {
    body: 'some a in data.n; some b in data.n; regex.match(sprintf("(a|b)*c%d", [a]), sprintf("%0500d", [b]))',
  },
  texts: { body: 'some a in data.n; some b in data.n; contains(concat("-", data.words), sprintf("%d+%d", [a, b]))' },
  comprehensions: { body: "count({[a, b, c] | some a in data.n; some b in data.n; some c in data.n}) < 0" },
};
const NUMBERS = JSON.stringify({
  n: Array.from({ length: 1000 }, (_, i) => i),
  words: Array.from({ length: 1000 }, (_, i) => `w${i}`),
});
const RUNS = 5;

/** How long beyond its default a module runs that would never end, and whether it decides rightly afterwards. */
export function runaways(): readonly Bar[] {
  return Object.entries(RUNAWAYS).map(([name, { body, rules = "" }]) => {
    const made: EnginePolicy = {
      ...simplePolicy(),
      ...{ name, data: NUMBERS },
      rego: `package mesh.authz\ndefault allow := false\nallow if input.attributes.request.http.path == "/status"\nallow if { ${body} }\n${rules}\n`,
      requests: ["/p", "/status"].map((path) => ({
        method: "GET",
        path,
        principal: "spiffe://t/ns/a/sa/b",
        fields: [["host", "a"]],
      })),
    };
    const { wasm, data } = compilePolicy(made);
    const { decide } = openDecider(
      openPolicy({ wasm, data, seed: 0x5eed, fuel: new Map([[0, fuel]]), clock: EVALUATION_CLOCK }),
      made.requests,
    );
    const timesMs = Array.from({ length: RUNS }, () => {
      let outcome: unknown;
      const us = elapsedUs(() => {
        outcome = decide(0, 1).authz(0);
      });
      const { kind, fault } = outcome as { readonly kind: string; readonly fault?: string };
      if (kind !== "fault" || fault !== "policy_fuel_exhausted")
        throw new Error(`${name} was not stopped: ${JSON.stringify(outcome)}`);
      return us / 1000;
    });
    const after = decide(1, 1).authz(0);
    if (after.kind !== "defined" || !after.value.allowed) throw new Error(`${name}: the next decision is wrong`);
    const beyond = Math.max(...timesMs) - FUEL_MS;
    return atMost(`${name} without end, stopped beyond its ${FUEL_MS} ms`, Math.max(0, beyond), 10, "ms");
  });
}

/** Calls that a sidecar makes before it gives a module requests, and whose answers it reads. */
const WARM_CALLS = 20;
const STEADY = 1.25;

/** A revision whose code no engine has seen: its first decision, and when it is as fast as it will be, under load. */
export async function swap(shared: readonly EnginePolicy[]): Promise<readonly Bar[]> {
  compileAhead(); // as a sidecar that serves
  // A process that waits for the engine's threads alone is taken for ended.
  using _held = holdLoop();
  const bars: Bar[] = [];
  for (const policy of [...shared, shapePolicy("equality", 1000)]) {
    const firstsUs: number[] = [];
    let fullMs = 0;
    for (let run = 0; run < RUNS; run++) {
      // Other bytes: nothing is known of them. What nothing reaches would be left out, and they would be the same.
      const { wasm, data } = compilePolicy({
        ...policy,
        rego: `${policy.rego}\n${policy.entrypoint.split("/").at(-1)} if input.attributes.request.http.path == "/run-${run}"\n`,
      });
      const open = openPolicy({ wasm: await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>), data, seed: run });
      const { requests, decide } = openDecider(open, policy.requests);
      for (let i = 0; i < WARM_CALLS; i++) decide(0, 1).authz(0);
      firstsUs.push(elapsedUs(() => void decide(1, 1).authz(0)));
      const stretches: { readonly atMs: number; readonly us: number }[] = [];
      const begin = performance.now();
      while (performance.now() - begin < 400) {
        const us = elapsedUs(() => {
          for (let i = 0; i < 256; i++) void decide(i % requests, 1).authz(0);
        });
        stretches.push({ atMs: performance.now() - begin, us });
      }
      const steady = [...stretches]
        .slice(stretches.length >> 1)
        .map(({ us }) => us)
        .sort((a, b) => a - b);
      const usual = steady[steady.length >> 1] ?? Number.NaN;
      fullMs = Math.max(fullMs, stretches.find(({ us }) => us <= usual * STEADY)?.atMs ?? Number.POSITIVE_INFINITY);
    }
    firstsUs.sort((a, b) => a - b);
    bars.push(atMost(`${policy.name}, first decision of a new revision`, firstsUs[RUNS >> 1] ?? Number.NaN, 100, "µs"));
    bars.push(atMost(`${policy.name}, from its first decision to full speed`, fullMs, 100, "ms"));
  }
  return bars;
}

/** By the clock, or by the process's CPU time where that is less: other processes lengthen the one, the engine's other threads the other. */
function elapsedUs(work: () => void): number {
  const [start, used] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(used);
  return Math.min((performance.now() - start) * 1000, user + system);
}

/** A module of the usual policy, and one that carries every built-in of the runtime. */
export async function sizes(shared: readonly EnginePolicy[]): Promise<readonly Bar[]> {
  const runtime = await loadRuntime();
  const everything = emitModule({ ir: callAll(runtime), runtime });
  return [
    ...shared.slice(0, 1).map((rbac) => atMost("rbac, its module", compilePolicy(rbac).wasm.length / 1000, 40, "kB")),
    atMost("a module with all built-ins", everything.length / 1000, 110, "kB"),
  ];
}

/** A plan that calls each of the runtime's built-ins, so that all that they reach is linked: code, texts and tables. */
function callAll(runtime: Awaited<ReturnType<typeof loadRuntime>>): ModuleSource["ir"] {
  const found = [...runtime.exports.values()].filter(({ name }) => name.startsWith("b$"));
  const builtins = found.map(({ name, index }) => ({
    name: name.slice(2).replaceAll("$", "."),
    operands: runtime.signatureOf(index).params,
  }));
  const blocks = builtins.map(({ name, operands }) => ({
    stmts: [
      {
        type: "CallStmt" as const,
        stmt: {
          ...{ func: name, result: 2, file: 0, col: 0, row: 0 },
          args: Array.from({ length: operands }, () => ({ type: "local" as const, value: 0 })),
        },
      },
    ],
  }));
  return { plans: { plans: [{ name: "all", blocks }] } };
}

function holdLoop(): Disposable {
  const timer = setInterval(() => {}, 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
