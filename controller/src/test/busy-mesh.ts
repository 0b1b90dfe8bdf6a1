/**
 * A mesh of any size whose proxies report all the time, behind the real HTTP API: for measuring what
 * the page and its events cost. No proxy runs: what they would say twice a second is made here.
 */
import { makeRandom, type Random, SILENT } from "@regomesh/base";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import { type DecisionReport, type EdgeReport, PROXY_FEATURES, type ProxyReport } from "@regomesh/protocol";
import type { Release } from "../distribution/release.ts";
import { Excerpts } from "../shell/git/blame.ts";
import { Distributor } from "../shell/grpc/distributor.ts";
import { type HttpOptions, serveHttp } from "../shell/http/server.ts";
import { MeshState } from "../shell/mesh.ts";
import { SYSTEM_CLOCK } from "../shell/system-clock.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";
import { Troubles } from "../status/troubles.ts";

export type BusyMeshOptions = {
  readonly services: number;
  /** Services that each calls. */
  readonly calls: number;
  readonly seed: number;
};

const REPORT_EVERY_MS = 500;
/** Layers of services: each calls some of the next. */
const LAYERS = 6;
const REQUESTS_MEAN = 50;
const REFUSED_SHARE = 0.02;
/** Of a report: a proxy samples what it decides. */
const DECISIONS = 2;
const BOUNDS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

type Call = { readonly from: string; readonly to: string; requests: number; denied: number; readonly counts: number[] };

/** Opens it on a free port of loopback. */
export async function openBusyMesh({ services, calls, seed }: BusyMeshOptions): Promise<{
  readonly url: string;
  close(): Promise<void>;
}> {
  const random = makeRandom(seed);
  const names = Array.from({ length: services }, (_, at) => `s${String(at).padStart(4, "0")}`);
  const traffic = names.flatMap((from, at) => callsOf(from, at, names, calls, random));
  const distributor: Distributor = new Distributor({
    clock: SYSTEM_CLOCK,
    sign: () => ({ signature: Buffer.alloc(0), signerPem: "" }),
    onChange: () => {},
    onHold: () => {},
    onOvertake: () => {},
  });
  const mesh = new MeshState({
    distributor,
    troubles: new Troubles(() => {}),
    clock: SYSTEM_CLOCK,
    log: SILENT,
    excerpts: new Excerpts(() => undefined),
    pin: () => undefined,
    sources: () => [],
    source: () => ({ name: "git main", allow: [] }),
  });
  mesh.publish(makeRelease(names), "proven");
  for (const [at, name] of names.entries()) connect(distributor, name, at);
  const report = () => {
    for (const call of traffic) count(call, random);
    const byCaller = Map.groupBy(traffic, ({ from }) => from);
    for (const name of names) mesh.report(`default/${name}`, toReport(name, byCaller.get(name) ?? [], random));
  };
  report();
  const timer = setInterval(report, REPORT_EVERY_MS);
  const http = await serveHttp({
    address: "127.0.0.1:0",
    mesh,
    token: "none",
    log: SILENT,
    counts: () => ({ builds: 1, refused: 0, lastBuildSeconds: 0 }),
    onHook: () => {},
    onConfirm: () => false,
    intervene: () => undefined,
    ...({} as Pick<HttpOptions, "revoker" | "attestor" | "sourceOperator">), // nobody writes
  });
  return {
    url: http.url,
    async close() {
      clearInterval(timer);
      distributor.stop();
      await http.close();
    },
  };
}

function callsOf(from: string, at: number, names: readonly string[], calls: number, random: Random): readonly Call[] {
  const next = names.filter((_, other) => other % LAYERS === (at % LAYERS) + 1);
  const called = Array.from({ length: calls }, () => next[Math.floor(random() * next.length)]);
  return [...new Set(called)].flatMap((to): Call[] =>
    to === undefined ? [] : [{ from, to, requests: 0, denied: 0, counts: [...BOUNDS_MS.map(() => 0), 0] }],
  );
}

/** Half a second of it. */
function count(call: Call, random: Random): void {
  const requests = Math.floor(random() * REQUESTS_MEAN * 2);
  call.requests += requests;
  call.denied += random() < REFUSED_SHARE ? 1 : 0;
  for (let left = requests; left > 0; left -= 5) {
    const bound = Math.floor(random() ** 2 * BOUNDS_MS.length);
    call.counts[bound] = (call.counts[bound] ?? 0) + Math.min(5, left);
  }
}

function makeRelease(names: readonly string[]): Release {
  return {
    revision: { epoch: "e", sequence: 1, name: "0123456789abcdef0123456789abcdef01234567" },
    plan: {
      mesh: { name: "busy", trustDomain: "td" },
      workloads: names.map(toWorkload),
      outbound: [],
      services: names.map((name) => ({ name, namespace: "default", subsets: [], policies: [] })),
      modules: [],
    },
    source: "git main",
    builtAtMs: SYSTEM_CLOCK.nowMs(),
    issuedAtMs: SYSTEM_CLOCK.nowMs(),
    explainDenials: false,
  };
}

function toWorkload(name: string): WorkloadPlan {
  return {
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: principalOf(name),
    inbound: [
      {
        name: "http",
        protocol: "http",
        mode: "strict",
        listen: { address: "127.0.0.1", port: 0 },
        application: { address: "127.0.0.1", port: 80 },
      },
    ],
    calls: [],
    policies: {},
    defaultVerdict: "deny",
    pathLevel: "BASE",
  };
}

function principalOf(name: string): string {
  return `spiffe://td/ns/default/sa/${name}`;
}

/** A proxy that takes what it is given. */
function connect(distributor: Distributor, name: string, at: number): void {
  const certificate = {
    workload: `default/${name}`,
    principal: principalOf(name),
    serial: String(at),
    notBeforeMs: 0,
    notAfterMs: 1e15,
  };
  const id: number = distributor.open(
    {
      write: ({ nonce, hash }) => {
        const revision = { epoch: "e", sequence: 1, name: "0123456789abcdef0123456789abcdef01234567" };
        queueMicrotask(() =>
          distributor.ack(id, { nonce, holding: { snapshotHash: hash, revision, contentHashes: [] } }),
        );
      },
      close: () => {},
      renew: () => {},
      certificate,
    },
    `default/${name}`,
    certificate,
    {
      workload: name,
      namespace: "default",
      instance: "1",
      moduleAbi: MODULE_ABI,
      snapshotFormats: [1],
      features: [...PROXY_FEATURES],
      holding: undefined,
      listen: [{ portName: "http", address: "127.0.0.1", port: 10_000 + at, transports: ["h1"] }],
      admin: "",
    },
  );
}

function toReport(name: string, calls: readonly Call[], random: Random): ProxyReport {
  const refused = calls.reduce((sum, { denied }) => sum + denied, 0);
  return {
    timeMs: SYSTEM_CLOCK.nowMs(),
    edges: calls.map(toEdge),
    decisions: calls.slice(0, DECISIONS).map((call) => toDecision(call, random)),
    decisionsDropped: 10,
    svidNotAfterMs: SYSTEM_CLOCK.nowMs() + 3_600_000,
    policyP50Ns: 1800,
    policyP99Ns: 4200,
    refusedTotal: refused,
    overBudgetTotal: 0,
    endpoints: [],
    workload: name,
    namespace: "default",
    instance: "1",
    holding: undefined,
    shadows: [],
    troubles: [],
    captured: false,
    handshakes: [],
  };
}

function toEdge({ to, requests, denied, counts }: Call): EdgeReport {
  const success = requests - denied;
  return {
    ...{
      direction: "outbound",
      peerService: `${to}.default`,
      peerPrincipal: principalOf(to),
      service: `${to}.default`,
    },
    ...{ subset: "", mtls: true, requests, success, failures: 0, denied, limited: 0 },
    boundsMs: BOUNDS_MS,
    counts: [...counts],
    revision: { epoch: "e", sequence: 1, name: "0123456789abcdef0123456789abcdef01234567" },
  };
}

function toDecision({ from, to }: Call, random: Random): DecisionReport {
  const isRefused = random() < REFUSED_SHARE;
  return {
    ...{ id: Math.floor(random() * 1e12).toString(36), timeMs: SYSTEM_CLOCK.nowMs(), direction: "outbound" },
    ...{ verdict: isRefused ? "denied" : "allowed", status: isRefused ? 403 : 200, reason: "", method: "GET" },
    ...{ path: "/orders/17", sourcePrincipal: principalOf(from), destinationService: `${to}.default` },
    ...{ destinationWorkload: to, rules: ["data.mesh.authz.allow policies/mesh/authz.rego:12:1"] },
    ...{ entrypoint: "mesh/authz/allow", revision: undefined, requestId: "r", durationMs: 1, policyNs: 1800 },
    ...{ builtinErrors: 0, shadows: [], detail: "", fields: [], endpoint: "", tries: 1 },
  };
}
