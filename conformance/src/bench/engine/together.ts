/**
 * Several questions in one call, on our module's fast path: one policy bound as one, two and three units,
 * authorization, routing and limits together, and one question more on input that is read already.
 */
import { type CompiledModule, compile, type Entrypoint, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openPolicy, type PolicyDecision } from "@regomesh/policy-runtime";
import { type Asked, median, medianRatio, pairedRounds } from "./engine.ts";
import { openDecider } from "./ours.ts";
import type { EnginePolicy, EngineRequest } from "./policies.ts";

export type Together = {
  readonly name: string;
  readonly ns: number;
  /** What it is compared with, and how much that takes. */
  readonly beside: string;
  readonly besideNs: number;
  /** Median of the rounds' ratios. */
  readonly ratio: number;
};

const AUTHZ = "mesh/authz/allow";
const ROUTE = `package mesh.routing
import input.attributes.request.http
route := {"to": [{"service": "orders", "subset": "v2"}]} if http.headers["x-user"] == "u1"
else := {"to": [{"service": "orders", "subset": "v1"}]}
`;
const LIMITS = `package mesh.ratelimit
import input.attributes.request.http
limits contains {"key": http.headers["x-user"], "limit": 1000000, "window": "1s"} if startswith(http.path, "/p/")
`;

const runtime = await loadRuntime();

/** The same policy as two and three units, beside as many times what one of it takes. */
export function timeUnits({ name, rego, data, requests, entrypoint }: EnginePolicy): readonly Together[] {
  const files = { "policy.rego": rego, "data.json": data };
  const asked = [1, 2, 3].map((number) => {
    const units = Array.from({ length: number }, (_, i) => `unit-${i}`);
    const module = compileUnits(
      units,
      files,
      units.map((unit) => ({ unit, name: entrypoint })),
    );
    return askedOf(module, requests, (1 << number) - 1);
  });
  const [one = [], ...others] = pairedRounds(asked);
  return others.map((rounds, i) => ({
    ...{ name: `${name} as ${i + 2} units`, ns: median(rounds), beside: `${i + 2} times one unit` },
    ...{ besideNs: (i + 2) * median(one), ratio: medianRatio(rounds, one) / (i + 2) },
  }));
}

/** Authorization, routing and limits in one call, beside the dearest of them alone. */
export function timeQuestions({ name, rego, data, requests }: EnginePolicy): Together {
  const files = { "policy.rego": rego, "route.rego": ROUTE, "limits.rego": LIMITS, "data.json": data };
  const names = [AUTHZ, "mesh/routing/route", "mesh/ratelimit/limits"];
  const module = compileUnits(
    ["bench"],
    files,
    names.map((each) => ({ unit: "bench", name: each })),
  );
  const [whole = [], ...alone] = pairedRounds([7, 1, 2, 4].map((mask) => askedOf(module, requests, mask)));
  const dearest = alone.reduce((most, rounds, i) => (median(rounds) > median(alone[most] ?? []) ? i : most), 0);
  const beside = alone[dearest] ?? [];
  return {
    ...{ name: `${name}, authorization, routing and limits`, ns: median(whole) },
    ...{ beside: `${["authorization", "routing", "limits"][dearest]} alone`, besideNs: median(beside) },
    ratio: medianRatio(whole, beside),
  };
}

const MORE = 8;

/** What one more question of the same takes, where all that it reads of the request is read: nanoseconds, beside the first. */
export function timeOneMore({ name, rego, data, requests, entrypoint }: EnginePolicy): Together {
  const [folder, rule] = [entrypoint.slice(0, entrypoint.lastIndexOf("/")), entrypoint.split("/").at(-1) ?? ""];
  const names = Array.from({ length: MORE + 1 }, (_, i) => (i === 0 ? entrypoint : `${folder}/${rule}_${i}`));
  // Rules of their own, alike: nothing that one has found out is of use to another but what it has read.
  const text = names
    .slice(1)
    .map((_, i) =>
      rego.slice(rego.indexOf(`default ${rule}`)).replaceAll(new RegExp(`\\b${rule}\\b`, "g"), `${rule}_${i + 1}`),
    );
  const module = compileUnits(
    ["bench"],
    { "policy.rego": [rego, ...text].join("\n"), "data.json": data },
    names.map((each) => ({ unit: "bench", name: each })),
  );
  const [all = [], one = []] = pairedRounds([2 ** (MORE + 1) - 1, 1].map((mask) => askedOf(module, requests, mask)));
  const more = all.map((ns, i) => (ns - (one[i] ?? 0)) / MORE);
  return {
    ...{ name: `${name} once more, with slots filled`, ns: median(more) },
    ...{ beside: "the first", besideNs: median(one), ratio: medianRatio(more, one) },
  };
}

function compileUnits(
  names: readonly string[],
  texts: Readonly<Record<string, string>>,
  entrypoints: readonly Entrypoint[],
): CompiledModule {
  const files = Object.entries(texts).map(([name, text]) => ({ name, text }));
  const units = names.map((name) => toUnit({ name, directory: "", files }).unit);
  const { module, diagnostics } = compile({ units, entrypoints, runtime });
  if (module === undefined) throw new Error(`${names.join(", ")}: ${diagnostics[0]?.message}`);
  return module;
}

/** All of the mask asked in one call, each answer read. */
function askedOf(module: CompiledModule, requests: readonly EngineRequest[], mask: number): Asked {
  const policy = openPolicy({ wasm: module.wasm, data: module.data, seed: 0x5eed });
  const readers = policy.meta.entrypoints
    .map(({ name }, bit) => readerOf(name, bit))
    .filter((_, bit) => (mask >> bit) & 1);
  const { decide } = openDecider(policy, requests);
  const ask = (i: number) => {
    const decision = decide(i, mask);
    for (const read of readers) read(decision);
  };
  return { requests: requests.length, ask };
}

function readerOf(name: string, bit: number): (decision: PolicyDecision) => void {
  if (name.endsWith("route")) return (decision) => void decision.route(bit);
  if (name.endsWith("limits")) return (decision) => void decision.limits(bit);
  return (decision) => void decision.authz(bit);
}
