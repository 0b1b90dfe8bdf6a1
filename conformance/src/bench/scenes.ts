/**
 * What is measured: one hop (plain in, plain out), and the chain of two sidecars with mTLS
 * between (A: plain in, mTLS out; B: mTLS in, plain out). Proxies share core 0, load and
 * upstream core 1. Each proxy of ours asks a policy, counts, and writes an access log.
 */
import { join } from "node:path";
import { freePort } from "@regomesh/cli";
import { makeSnapshotFile, type OutboundService, type Snapshot, type WorkloadSnapshot } from "@regomesh/protocol";
import type { CompiledPolicy } from "../compiled-policy.ts";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";
import { runH2Load } from "./h2-load.ts";
import { makeIdentities, spiffeIdOf, TRUST_DOMAIN } from "./identities.ts";
import { runLoad } from "./load.ts";
import { openNginx, requestsAt, upstreamServer } from "./nginx.ts";
import type { Candidate } from "./paired.ts";
import { makeBenchPolicy } from "./policy.ts";
import type { Tools } from "./tools.ts";

export type Scene = { readonly title: string; readonly candidates: readonly Candidate[] };
/** Where a scene is built: everything opened is put on the stack, which closes it. */
export type Stage = { readonly tools: Tools; readonly folder: string; readonly stack: AsyncDisposableStack };

const PROXY_CORE = 0;
const LOAD_CORE = 1;
const ADDED = `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_set_header X-Request-Id $request_id; proxy_set_header traceparent "00-$request_id-0123456789abcdef-01";`;

async function openUpstream({ tools, folder, stack }: Stage): Promise<number> {
  const port = await freePort();
  const options = { folder, name: "upstream", core: LOAD_CORE, servers: upstreamServer(port), port };
  stack.use(await openNginx(tools, options));
  return port;
}

/** `client`: what the load speaks; the upstream is asked in HTTP/1.1. */
export async function oneHop(stage: Stage, client: "http1" | "http2"): Promise<Scene> {
  const { tools, folder, stack } = stage;
  const upstream = await openUpstream(stage);
  const port = await freePort();
  const servers = `upstream u { server 127.0.0.1:${upstream}; keepalive 128; }
  server { listen 127.0.0.1:${port}${client === "http2" ? " http2" : ""}; location / { proxy_pass http://u; ${ADDED}
    proxy_set_header X-Forwarded-Client-Cert "By=${spiffeIdOf("svc")}"; } }`;
  const nginx = stack.use(await openNginx(tools, { folder, name: "hop", core: PROXY_CORE, servers, port }));
  const policy = await makeBenchPolicy();
  const bare = await openProxy(stage, "bare", snapshotOf(workloadOf("svc", { application: upstream })), undefined);
  const full = await openProxy(stage, "full", snapshotOf(workloadOf("svc", { application: upstream, policy })), policy);
  const run = client === "http2" ? runH2Load : runLoad;
  const load = (port: number) => (seconds: number) =>
    run(tools, { folder, core: LOAD_CORE, port, target: "/api/orders/42", host: "svc", seconds });
  const passed = () => requestsAt(upstream);
  return {
    title: client === "http2" ? "one hop: HTTP/2 in, HTTP/1.1 out" : "one hop: plain in, plain out",
    candidates: [
      { name: "nginx", pids: [nginx.pid], passed, load: load(port) },
      { name: "regomesh, metrics", pids: [bare.pid], passed, load: load(bare.inbound["http"] ?? 0) },
      { name: "regomesh, policy, metrics, log", pids: [full.pid], passed, load: load(full.inbound["http"] ?? 0) },
    ],
  };
}

export async function chain(stage: Stage): Promise<Scene> {
  const { tools, folder } = stage;
  const upstream = await openUpstream(stage);
  const identities = makeIdentities(tools, folder, ["web", "svc"]);
  const nginxes = await openNginxChain(stage, upstream, identities);
  const policy = await makeBenchPolicy();
  const svc = workloadOf("svc", { application: upstream, policy, mode: "strict" });
  const receiver = await openProxy(stage, "receiver", snapshotOf(svc), policy, identities["svc"]);
  const web = workloadOf("web", { application: upstream, mode: "strict", outbound: [serviceOf("svc")] });
  const sender = await openProxy(stage, "sender", snapshotOf(web), undefined, identities["web"], [
    {
      service: "svc.default",
      address: "127.0.0.1",
      port: receiver.inbound["http"] ?? 0,
      workload: "svc",
      principal: spiffeIdOf("svc"),
      labels: {},
      portName: "http",
    },
  ]);
  const common = { folder, core: LOAD_CORE, host: "svc" };
  const passed = () => requestsAt(upstream);
  return {
    title: "chain: plain → A → mTLS → B → plain, CPU of A and B",
    candidates: [
      {
        name: "nginx + nginx",
        pids: nginxes.pids,
        passed,
        load: (seconds) => runLoad(tools, { ...common, port: nginxes.port, target: "/api/orders/42", seconds }),
      },
      {
        name: "regomesh + regomesh, policy, metrics, log",
        pids: [sender.pid, receiver.pid],
        passed,
        load: (seconds) =>
          runLoad(tools, { ...common, port: sender.outbound, target: "http://svc/api/orders/42", seconds }),
      },
    ],
  };
}

/** TLS 1.3, client certificates demanded and verified, connections kept: as the sidecars do. */
async function openNginxChain(
  { tools, folder, stack }: Stage,
  upstream: number,
  identities: Readonly<Record<string, string>>,
): Promise<{ readonly pids: readonly number[]; readonly port: number }> {
  const [front, back] = [await freePort(), await freePort()];
  const file = (workload: string, name: string) => join(identities[workload] ?? "", name);
  const receiver = `upstream u { server 127.0.0.1:${upstream}; keepalive 128; }
  server { listen 127.0.0.1:${back} ssl; ssl_protocols TLSv1.3; ssl_verify_client on;
    ssl_certificate ${file("svc", "svid.pem")}; ssl_certificate_key ${file("svc", "svid_key.pem")};
    ssl_client_certificate ${file("svc", "svid_bundle.pem")};
    location / { proxy_pass http://u; ${ADDED} proxy_set_header X-Forwarded-Client-Cert "By=${spiffeIdOf("svc")}"; } }`;
  const sender = `upstream u { server 127.0.0.1:${back}; keepalive 128; }
  server { listen 127.0.0.1:${front}; location / { proxy_pass https://u; ${ADDED}
    proxy_ssl_protocols TLSv1.3; proxy_ssl_certificate ${file("web", "svid.pem")};
    proxy_ssl_certificate_key ${file("web", "svid_key.pem")}; } }`;
  const common = { folder, core: PROXY_CORE };
  const b = stack.use(await openNginx(tools, { ...common, name: "receiver", servers: receiver, port: back }));
  const a = stack.use(await openNginx(tools, { ...common, name: "sender", servers: sender, port: front }));
  return { pids: [a.pid, b.pid], port: front };
}

async function openProxy(
  { tools, folder, stack }: Stage,
  name: string,
  snapshot: Snapshot,
  policy: CompiledPolicy | undefined,
  identity?: string,
  endpoints: Parameters<typeof makeSnapshotFile>[2] = [],
): Promise<ProxyProcess> {
  const flags = [
    ...(policy === undefined ? [] : ["--access-log", join(folder, `${name}.log`)]),
    ...(identity === undefined ? [] : ["--identity", identity]),
  ];
  const file = makeSnapshotFile(snapshot, policy === undefined ? [] : [policy.module], endpoints);
  return stack.use(await openProxyProcess(file, flags, [tools.taskset, "-c", String(PROXY_CORE)]));
}

function snapshotOf(workload: WorkloadSnapshot): Snapshot {
  return {
    format: 1,
    revision: { epoch: "bench", sequence: 1, name: "bench" },
    issuedAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    mesh: { name: "bench", trustDomain: TRUST_DOMAIN, explainDenials: false },
    workloads: [workload],
  };
}

function workloadOf(
  name: string,
  options: {
    readonly application: number;
    readonly policy?: CompiledPolicy;
    readonly mode?: "strict" | "edge";
    readonly outbound?: readonly OutboundService[];
  },
): WorkloadSnapshot {
  return {
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: spiffeIdOf(name),
    inbound: [
      {
        name: "http",
        protocol: "http",
        mode: options.mode ?? "edge",
        listen: { address: "127.0.0.1", port: 0 },
        application: { address: "127.0.0.1", port: options.application },
      },
    ],
    outbound: options.outbound ?? [],
    policies: options.policy === undefined ? {} : { inbound: options.policy.ref },
    defaultVerdict: "allow",
    pathLevel: "BASE",
  };
}

function serviceOf(name: string): OutboundService {
  return {
    name,
    namespace: "default",
    hosts: [name],
    port: 80,
    portName: "http",
    subsets: [],
    principals: [spiffeIdOf(name)],
    defaultRoute: [],
    traffic: {
      balancer: "least-request",
      connectTimeoutMs: 1000,
      requestTimeoutMs: 15_000,
      idleTimeoutMs: 60_000,
      connectionsMax: 1000,
      pendingMax: 1000,
      retry: { attempts: 1, perTryMs: undefined, on: ["connect", "reset"], budgetPercent: 20, budgetMin: 3 },
      breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
    },
  };
}
