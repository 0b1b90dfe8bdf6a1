/** Our module: on the fast path, and under the npm SDK. */
import * as sdk from "@open-policy-agent/opa-wasm";
import { type CompiledModule, compile, type PassName, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { type ConnectionContext, openPolicy, type Policy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { type Engine, rounds, type Timing } from "./engine.ts";
import { type EnginePolicy, type EngineRequest, headOf, inputOf } from "./policies.ts";

const opa = (sdk as unknown as { readonly default: typeof sdk }).default; // CommonJS, typed as if it were not
const runtime = await loadRuntime();
const NO_ID = new RequestId();

export function compilePolicy(
  { name, rego, data, entrypoint }: EnginePolicy,
  without: ReadonlySet<PassName> = new Set(),
): CompiledModule {
  const files = [
    { name: "policy.rego", text: rego },
    { name: "data.json", text: data },
  ];
  const { unit } = toUnit({ name: "bench", directory: "", files });
  const entrypoints = [{ unit: "bench", name: entrypoint }];
  const { module, diagnostics } = compile({ units: [unit], entrypoints, runtime, without });
  if (module === undefined) throw new Error(`${name} does not compile: ${diagnostics[0]?.message}`);
  return module;
}

export const OURS_FAST = oursWithout("regomesh", new Set());

/** On the fast path, with some passes left out. */
export function oursWithout(name: string, without: ReadonlySet<PassName>): Engine {
  return {
    name,
    given: "bytes of the head, and its table of spans",
    time(policy) {
      const module = compilePolicy(policy, without);
      const open = openPolicy({ wasm: module.wasm, data: module.data, seed: 0x5eed });
      return timeHeads(open, policy.requests);
    },
  };
}

function timeHeads(policy: Policy, requests: readonly EngineRequest[]): Timing {
  const { decide } = openDecider(policy, requests);
  const answers = requests.map((_, i) => {
    const outcome = decide(i, 1).value(0);
    return outcome.kind === "defined" ? outcome.value : outcome;
  });
  return { answers, roundsNs: rounds(requests.length, (i) => void decide(i, 1).authz(0)) };
}

/** Decides about the i-th request, as a proxy does: its head and table are made, its connection's facts may be another's. */
export function openDecider(policy: Policy, requests: readonly EngineRequest[]) {
  const heads = requests.map(headOf);
  const tables = heads.map((head) => toHeadTable(head));
  const known = new Map<string, ConnectionContext>();
  const contexts = requests.map(({ principal }) => {
    const context = known.get(principal) ?? contextOf(principal);
    known.set(principal, context);
    return context;
  });
  const decide = (i: number, mask: number) => {
    const head = heads[i]!;
    policy.setConnection(contexts[i]!);
    return policy.decide(head, head.length, tables[i]!, mask, NO_ID, 0);
  };
  return { requests: requests.length, decide };
}

function contextOf(principal: string): ConnectionContext {
  const [, trustDomain = "", , namespace = "", , serviceAccount = ""] = principal.split(/\/+/);
  return {
    scheme: "https",
    ...{ principal, trustDomain, namespace, serviceAccount },
    ...{ sourceAddress: "127.0.0.1", sourcePort: 40_000, destinationAddress: "127.0.0.1", destinationPort: 8443 },
    destinationPrincipal: undefined,
  };
}

export const OURS_SDK: Engine = {
  name: "regomesh, npm SDK",
  given: "a JavaScript object",
  time(policy) {
    const module = compilePolicy(policy);
    return timeSdk(module.wasm, module.data, policy);
  },
};

/** A module with OPA's ABI under the npm SDK. */
export function timeSdk(wasm: Uint8Array, data: string, policy: EnginePolicy): Timing {
  const ask = askSdk(wasm, data, policy);
  const { length } = policy.requests;
  return { answers: policy.requests.map((_, i) => ask(i)[0]?.result), roundsNs: rounds(length, (i) => void ask(i)) };
}

export function askSdk(wasm: Uint8Array, data: string, { requests, entrypoint }: EnginePolicy) {
  const loaded = opa.loadPolicySync(wasm as unknown as ArrayBuffer);
  loaded.setData(JSON.parse(data) as object);
  const inputs = requests.map(inputOf);
  return (i: number) => loaded.evaluate(inputs[i] as object, entrypoint) as readonly { readonly result: unknown }[];
}
