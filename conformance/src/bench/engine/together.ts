/**
 * Several questions in one call, on our module's fast path: one policy bound as one, two and three units, and
 * authorization, routing and limits together, each beside its parts.
 */
import { compile, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { rounds } from "./engine.ts";
import { contextOf } from "./ours.ts";
import { type EnginePolicy, type EngineRequest, headOf } from "./policies.ts";

export type Together = {
  readonly name: string;
  readonly ns: number;
  /** What it is compared with, and how much that takes. */
  readonly beside: string;
  readonly besideNs: number;
};

const AUTHZ = "mesh/authz/allow";
const COMMON = `package mesh.routing
import input.attributes.request.http
route := {"to": [{"service": "orders", "subset": "v2"}]} if http.headers["x-user"] == "u1"
else := {"to": [{"service": "orders", "subset": "v1"}]}
`;
const LIMITS = `package mesh.ratelimit
import input.attributes.request.http
limits contains {"key": http.headers["x-user"], "limit": 1000000, "window": "1s"} if startswith(http.path, "/p/")
`;

const runtime = await loadRuntime();

export function timeTogether(policy: EnginePolicy, alike: EnginePolicy): readonly Together[] {
  return [...timeUnits(policy), ...timeQuestions(alike)];
}

function timeUnits({ name, rego, data, requests, entrypoint }: EnginePolicy): readonly Together[] {
  const files = [
    { name: "policy.rego", text: rego },
    { name: "data.json", text: data },
  ];
  const timed = [1, 2, 3].map((number) => {
    const units = Array.from({ length: number }, (_, i) => toUnit({ name: `unit-${i}`, directory: "", files }).unit);
    const { module } = compile({
      units,
      entrypoints: units.map((unit) => ({ unit: unit.name, name: entrypoint })),
      runtime,
    });
    if (module === undefined) throw new Error(`${name} does not compile as ${number} units`);
    return time(module, requests, [(1 << number) - 1])[0] ?? Number.NaN;
  });
  const one = timed[0] ?? Number.NaN;
  return [2, 3].map((number) => ({
    ...{ name: `${name} as ${number} units`, ns: timed[number - 1] ?? Number.NaN },
    ...{ beside: `${number} times one unit`, besideNs: number * one },
  }));
}

function timeQuestions({ name, rego, data, requests }: EnginePolicy): readonly Together[] {
  const texts = { "policy.rego": rego, "route.rego": COMMON, "limits.rego": LIMITS, "data.json": data };
  const files = Object.entries(texts).map(([file, text]) => ({ name: file, text }));
  const { unit } = toUnit({ name: "bench", directory: "", files });
  const names = [AUTHZ, "mesh/routing/route", "mesh/ratelimit/limits"];
  const { module } = compile({
    units: [unit],
    entrypoints: names.map((each) => ({ unit: "bench", name: each })),
    runtime,
  });
  if (module === undefined) throw new Error(`${name} does not compile with routing and limits`);
  const [whole = Number.NaN, ...alone] = time(module, requests, [7, 1, 2, 4]);
  const dearest = alone.indexOf(Math.max(...alone));
  return [
    {
      ...{ name: `${name}, authorization, routing and limits`, ns: whole },
      ...{ beside: `${["authorization", "routing", "limits"][dearest]} alone`, besideNs: alone[dearest] ?? Number.NaN },
    },
  ];
}

/** Medians, in the order of the masks of entrypoints. */
function time(
  module: { readonly wasm: Uint8Array; readonly data: string },
  requests: readonly EngineRequest[],
  masks: readonly number[],
): readonly number[] {
  const policy = openPolicy({ wasm: module.wasm, data: module.data, seed: 0x5eed });
  const heads = requests.map(headOf);
  const tables = heads.map((head) => toHeadTable(head));
  const contexts = new Map(requests.map(({ principal }) => [principal, contextOf(principal)]));
  const id = new RequestId();
  return masks.map((mask) => {
    const timed = rounds(requests.length, (i) => {
      const head = heads[i] as Uint8Array;
      policy.setConnection(contexts.get(requests[i]?.principal ?? "") as ReturnType<typeof contextOf>);
      const decision = policy.decide(head, head.length, tables[i] as ReturnType<typeof toHeadTable>, mask, id, 0);
      for (let bit = 0; bit < 3; bit++) {
        if ((mask >> bit) & 1) read(decision, bit, policy.meta.entrypoints[bit]?.name ?? "");
      }
    });
    return [...timed].sort((a, b) => a - b)[timed.length >> 1] ?? Number.NaN;
  });
}

function read(decision: ReturnType<ReturnType<typeof openPolicy>["decide"]>, bit: number, name: string): void {
  if (name.endsWith("route")) decision.route(bit);
  else if (name.endsWith("limits")) decision.limits(bit);
  else decision.authz(bit);
}
