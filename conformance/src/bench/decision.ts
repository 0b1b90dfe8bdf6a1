/**
 * Nanoseconds a decision, raw head in, over the 1,024 requests of the shared benchmark: the
 * policies `rbac` (a boolean) and `roles` (an object; 200 principals, 24 roles). Every decision
 * must be the one wanted before anything is timed; requests rotate, so that no branch is trained.
 * Beside it, in the same run, the npm SDK on the same module, JSON in and out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as sdk from "@open-policy-agent/opa-wasm";
import { type CompiledModule, compile, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import {
  type ConnectionContext,
  type HeadTable,
  openPolicy,
  type Policy,
  RequestId,
  toHeadTable,
} from "@regomesh/policy-runtime";

const opa = (sdk as unknown as { readonly default: typeof sdk }).default; // CommonJS, typed as if it were not

const NO_ID = new RequestId();

export type DecisionTiming = {
  readonly policy: string;
  readonly requests: number;
  /** Decisions that were not the one wanted. */
  readonly wrong: number;
  /** Nanoseconds a decision, median of the rounds, and the fastest and slowest round. */
  readonly fastNs: { readonly median: number; readonly least: number; readonly most: number };
  readonly sdkNs: { readonly median: number; readonly least: number; readonly most: number };
};

type Request = {
  readonly method: string;
  readonly path: string;
  readonly principal: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly want: Readonly<Record<string, unknown>>;
};

const POLICIES = [
  { name: "rbac", entrypoint: "envoy/authz/allow" },
  { name: "roles", entrypoint: "mesh/authz/allow" },
] as const;
const ROUNDS = 9;
const TURNS = 60;
const SDK_TURNS = 4;

export async function timeDecisions(folder: string): Promise<readonly DecisionTiming[]> {
  const requests = readFileSync(join(folder, "requests.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Request);
  const timings: DecisionTiming[] = [];
  for (const { name, entrypoint } of POLICIES) {
    const module = await compilePolicy(join(folder, name), entrypoint);
    timings.push(await timePolicy(name, entrypoint, module, requests));
  }
  return timings;
}

async function compilePolicy(folder: string, entrypoint: string): Promise<CompiledModule> {
  const files = ["policy.rego", "data.json"].flatMap((name) => {
    try {
      return [{ name, text: readFileSync(join(folder, name), "utf8") }];
    } catch {
      return [];
    }
  });
  const { unit } = toUnit({ name: "bench", directory: "", files });
  const runtime = await loadRuntime();
  const { module, diagnostics } = compile({
    units: [unit],
    entrypoints: [{ unit: "bench", name: entrypoint }],
    runtime,
  });
  if (module === undefined) throw new Error(`${folder} does not compile: ${diagnostics[0]?.message}`);
  return module;
}

async function timePolicy(
  name: string,
  entrypoint: string,
  module: CompiledModule,
  requests: readonly Request[],
): Promise<DecisionTiming> {
  const policy = openPolicy({ wasm: module.wasm, data: module.data, seed: 0x5eed });
  const heads = requests.map(headOf);
  // In a proxy the codec has made them, while it wrote the head.
  const tables = heads.map((head) => toHeadTable(head));
  const contexts = contextsOf(requests);
  const wrong = requests.filter((request, i) => {
    policy.setConnection(contexts[i] as ConnectionContext);
    const head = heads[i] as Uint8Array;
    const outcome = policy.decide(head, head.length, tables[i] as HeadTable, 1, NO_ID, 0).value(0);
    return outcome.kind !== "defined" || !isDeepStrictEqual(outcome.value, request.want[name]);
  }).length;
  const fast = () => timeFast(policy, heads, tables, contexts);
  const loaded = await opa.loadPolicy(module.wasm as unknown as ArrayBuffer);
  loaded.setData(JSON.parse(module.data) as object);
  const inputs = requests.map(inputOf);
  const slow = () => timeSdk(loaded, inputs, entrypoint);
  for (let i = 0; i < 3; i++) fast();
  slow();
  const fastRounds: number[] = [];
  const slowRounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    fastRounds.push(fast());
    slowRounds.push(slow());
  }
  return { policy: name, requests: requests.length, wrong, fastNs: summary(fastRounds), sdkNs: summary(slowRounds) };
}

function timeFast(
  policy: Policy,
  heads: readonly Uint8Array[],
  tables: readonly HeadTable[],
  contexts: readonly ConnectionContext[],
): number {
  let allowed = 0;
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < TURNS; turn++) {
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i] as Uint8Array;
      policy.setConnection(contexts[i] as ConnectionContext);
      const outcome = policy.decide(head, head.length, tables[i] as HeadTable, 1, NO_ID, 0).authz(0);
      if (outcome.kind === "defined" && outcome.value.allowed) allowed++;
    }
  }
  const ns = Number(process.hrtime.bigint() - start);
  if (allowed === 0) throw new Error("no request was allowed");
  return ns / (TURNS * heads.length);
}

function timeSdk(
  policy: { evaluate(input: object, entrypoint?: string): unknown },
  inputs: readonly object[],
  entrypoint: string,
): number {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < SDK_TURNS; turn++) for (const input of inputs) policy.evaluate(input, entrypoint);
  return Number(process.hrtime.bigint() - start) / (SDK_TURNS * inputs.length);
}

function headOf({ method, path, fields }: Request): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1");
}

/** One object a principal, as a proxy has one a connection. */
function contextsOf(requests: readonly Request[]): readonly ConnectionContext[] {
  const known = new Map<string, ConnectionContext>();
  return requests.map(({ principal }) => {
    const [, trustDomain = "", , namespace = "", , serviceAccount = ""] = principal.split(/\/+/);
    const context: ConnectionContext = known.get(principal) ?? {
      scheme: "https",
      ...{ principal, trustDomain, namespace, serviceAccount },
      ...{ sourceAddress: "127.0.0.1", sourcePort: 40_000, destinationAddress: "127.0.0.1", destinationPort: 8443 },
      destinationPrincipal: undefined,
    };
    known.set(principal, context);
    return context;
  });
}

/** opa-envoy-plugin's document of the same request. */
function inputOf({ method, path, principal, fields }: Request): object {
  const headers = Object.fromEntries(fields.filter(([name]) => name !== "host"));
  const host = fields.find(([name]) => name === "host")?.[1] ?? "";
  const pseudo = { ":authority": host, ":method": method, ":path": path, ":scheme": "https" };
  const http = { method, path, host, scheme: "https", protocol: "HTTP/1.1", headers: { ...pseudo, ...headers } };
  return {
    attributes: { source: { principal }, request: { http } },
    parsed_path: path.replace(/^\/+/, "").split("/"),
    parsed_query: {},
  };
}

function summary(rounds: readonly number[]): DecisionTiming["fastNs"] {
  const sorted = [...rounds].sort((a, b) => a - b);
  const at = (place: number) => sorted[Math.min(sorted.length - 1, Math.max(0, place))] ?? 0;
  return { median: at(sorted.length >> 1), least: at(0), most: at(sorted.length - 1) };
}

/** A table of the timings. */
export function printDecisions(timings: readonly DecisionTiming[]): string {
  const ns = ({ median, least, most }: DecisionTiming["fastNs"]) =>
    `${median.toFixed(0).padStart(7)} (${least.toFixed(0)}–${most.toFixed(0)})`;
  const rows = timings.map(
    ({ policy, requests, wrong, fastNs, sdkNs }) =>
      `  ${policy.padEnd(8)}${ns(fastNs).padEnd(26)}${ns(sdkNs).padEnd(28)}${(sdkNs.median / fastNs.median).toFixed(1)} ×     ${requests - wrong} of ${requests} right`,
  );
  return [
    "one decision, nanoseconds: median (fastest–slowest round)",
    "  policy  raw head in               npm SDK, JSON in and out",
    ...rows,
  ].join("\n");
}
