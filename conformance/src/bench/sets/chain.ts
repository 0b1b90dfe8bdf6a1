/** Two sidecars with mutual TLS between (A: plain in, mTLS out; B: mTLS in, plain out), CPU of both. */
import { join } from "node:path";
import { freePort } from "@regomesh/cli";
import { type Authorization, openEnvoy } from "../peers/envoy.ts";
import type { Hop, Spoken, TlsFiles } from "../peers/hop.ts";
import { makeIdentities, spiffeIdOf } from "../peers/identities.ts";
import { openNginx } from "../peers/nginx.ts";
import { openOpaPlugin } from "../peers/opa-plugin.ts";
import { openOurs, serviceOf, workloadOf } from "../peers/ours.ts";
import type { PeerProcess } from "../peers/peer-process.ts";
import { makeBenchPolicy } from "../peers/policy.ts";
import { type Contender, PROXY_CORE, type Stage } from "./scene.ts";

/** What clients speak, and the application. */
export type ChainShape = { readonly client: Spoken; readonly upstream: Spoken };

type Identities = Readonly<Record<string, string>>;

/** `installed`: root of a package that is another contender, the last. */
export async function openChain(stage: Stage, shape: ChainShape, installed?: string): Promise<readonly Contender[]> {
  const { tools, folder, stack } = stage;
  const { envoy } = tools.peers;
  const opa = tools.peers["opa-envoy-plugin"];
  const identities = makeIdentities(tools, folder, ["web", "svc"]);
  const contenders = [await openPair(stage, shape, identities, "nginx", (hop) => openNginx(tools, hop))];
  if (envoy !== undefined) {
    const pair = (name: string, authorization: Authorization) =>
      openPair(stage, shape, identities, name, (hop, isReceiver) =>
        openEnvoy(tools, envoy, hop, isReceiver ? authorization : undefined),
      );
    contenders.push(await pair("Envoy, RBAC, log", { kind: "rbac" }));
    if (opa !== undefined) {
      const plugin = stack.use(await openOpaPlugin(tools, opa, { folder, name: "opa", cores: PROXY_CORE }));
      const opened = await pair("Envoy, OPA, log", { kind: "opa", port: plugin.port });
      const { receiver } = opened;
      contenders.push({
        ...opened,
        pids: [...opened.pids, plugin.pid],
        ...(receiver === undefined ? {} : { receiver: { ...receiver, pids: [...receiver.pids, plugin.pid] } }),
      });
    }
  }
  contenders.push(await openOurPair(stage, shape, identities));
  if (installed !== undefined) contenders.push(await openOurPair(stage, shape, identities, installed));
  return contenders;
}

/** Between two nginx goes HTTP/1.1, or HTTP/2 where calls of gRPC do; between two Envoys HTTP/2. */
async function openPair(
  { folder, stack, upstream }: Stage,
  shape: ChainShape,
  identities: Identities,
  name: string,
  open: (hop: Hop, isReceiver: boolean) => Promise<PeerProcess>,
): Promise<Contender> {
  const [front, back] = [await freePort(), await freePort()];
  const between: Spoken = name === "nginx" && shape.upstream === "http1" ? "http1" : "http2";
  const common = { folder, cores: PROXY_CORE, workers: 1 };
  const file = name.replace(/\W+/g, "-");
  const receiver: Hop = {
    ...common,
    name: `${file}-receiver`,
    port: back,
    listens: between,
    upstream: { port: upstream.ports[shape.upstream], speaks: shape.upstream },
    downstreamTls: filesOf(identities, "svc"),
  };
  const sender: Hop = {
    ...common,
    name: `${file}-sender`,
    port: front,
    listens: shape.client,
    upstream: { port: back, speaks: between },
    upstreamTls: filesOf(identities, "web"),
  };
  const b = stack.use(await open(receiver, true));
  const a = stack.use(await open(sender, false));
  const [program = name, ...extras] = name.split(", ");
  return {
    name: [`${program} + ${program}`, ...extras].join(", "),
    pids: [a.pid, b.pid],
    port: front,
    receiver: { name, pids: [b.pid], port: back, tls: filesOf(identities, "web") },
  };
}

async function openOurPair(stage: Stage, shape: ChainShape, identities: Identities, root?: string): Promise<Contender> {
  const { tools, folder, stack, upstream } = stage;
  const application = { port: upstream.ports[shape.upstream], speaks: shape.upstream };
  const common = { folder, cores: PROXY_CORE, workers: 1, root };
  const [program, file] = root === undefined ? ["regomesh", ""] : ["regomesh, installed", "-installed"];
  const policy = await makeBenchPolicy();
  const receiver = stack.use(
    await openOurs(tools, {
      ...common,
      name: `receiver${file}`,
      workload: workloadOf("svc", { application, policy, mode: "strict" }),
      policy,
      identity: identities["svc"] ?? "",
    }),
  );
  const endpoint = {
    service: "svc.default",
    address: "127.0.0.1",
    port: receiver.inbound["http"] ?? 0,
    workload: "svc",
    principal: spiffeIdOf("svc"),
    labels: {},
    portName: "http",
  };
  const port = await freePort();
  const sender = stack.use(
    await openOurs(tools, {
      ...common,
      name: `sender${file}`,
      workload: workloadOf("web", { application, mode: "strict", outbound: [serviceOf("svc")] }),
      identity: identities["web"] ?? "",
      endpoints: [endpoint],
      flags: ["--outbound-service", `svc=${port}`],
    }),
  );
  return {
    name: "regomesh + regomesh, policy, log",
    pids: [sender.pid, receiver.pid],
    port,
    receiver: {
      name: `${program}, policy, log`,
      pids: [receiver.pid],
      port: endpoint.port,
      tls: filesOf(identities, "web"),
    },
  };
}

function filesOf(identities: Identities, workload: string): TlsFiles {
  const file = (name: string) => join(identities[workload] ?? "", name);
  return { certificate: file("svid.pem"), key: file("svid_key.pem"), authority: file("svid_bundle.pem") };
}
