/** One hop, plain in and plain out: every peer, then ours without and with policy. */
import { freePort } from "@regomesh/cli";
import { openEnvoy } from "../peers/envoy.ts";
import { openHaproxy } from "../peers/haproxy.ts";
import type { Hop, Spoken } from "../peers/hop.ts";
import { openNginx } from "../peers/nginx.ts";
import { openOpaPlugin } from "../peers/opa-plugin.ts";
import { openOurs, workloadOf } from "../peers/ours.ts";
import { makeBenchPolicy } from "../peers/policy.ts";
import { BOTH_CORES, type Contender, PROXY_CORE, type Stage } from "./scene.ts";

export type HopShape = { readonly client: Spoken; readonly upstream: Spoken; readonly workers: number };

/** `installed`: root of a package whose two are the last contenders. */
export async function openHop(stage: Stage, shape: HopShape, installed?: string): Promise<readonly Contender[]> {
  const { tools, stack } = stage;
  const { haproxy, envoy } = tools.peers;
  const opa = tools.peers["opa-envoy-plugin"];
  const contenders: Contender[] = [];
  const add = async (
    name: string,
    open: (hop: Hop) => Promise<Pick<Contender, "pids">>,
    file = name.replace(/\W+/g, "-"),
  ): Promise<void> => {
    const hop = await hopOf(stage, shape, file);
    contenders.push({ name, port: hop.port, ...(await open(hop)) });
  };
  await add("nginx", async (hop) => pidsOf(stack.use(await openNginx(tools, hop))));
  if (haproxy !== undefined)
    await add("HAProxy", async (hop) => pidsOf(stack.use(await openHaproxy(tools, haproxy, hop))));
  if (envoy !== undefined) {
    await add("Envoy", async (hop) => pidsOf(stack.use(await openEnvoy(tools, envoy, hop))));
    await add("Envoy, RBAC, log", async (hop) =>
      pidsOf(stack.use(await openEnvoy(tools, envoy, hop, { kind: "rbac" }))),
    );
    if (opa !== undefined)
      await add("Envoy, OPA, log", async (hop) => {
        const plugin = stack.use(await openOpaPlugin(tools, opa, hop));
        return pidsOf(stack.use(await openEnvoy(tools, envoy, hop, { kind: "opa", port: plugin.port })), plugin);
      });
  }
  contenders.push(...(await openBoth(stage, shape)));
  if (installed !== undefined) contenders.push(...(await openBoth(stage, shape, installed)));
  return contenders;
}

/** Ours without and with policy; `installed`: of the package with this root, in place of the checkout. */
async function openBoth(
  stage: Stage,
  { upstream, workers }: HopShape,
  installed?: string,
): Promise<readonly Contender[]> {
  const { tools, folder, stack } = stage;
  const application = { port: stage.upstream.ports[upstream], speaks: upstream };
  const common = { folder, cores: coresOf(workers), workers, root: installed };
  const [name, file] = installed === undefined ? ["regomesh", ""] : ["regomesh, installed", "-installed"];
  const policy = await makeBenchPolicy();
  const bare = stack.use(
    await openOurs(tools, { ...common, name: `bare${file}`, workload: workloadOf("svc", { application }) }),
  );
  const workload = workloadOf("svc", { application, policy });
  const full = stack.use(await openOurs(tools, { ...common, name: `full${file}`, workload, policy }));
  return [
    { name, pids: [bare.pid], port: bare.inbound["http"] ?? 0 },
    { name: `${name}, policy, log`, pids: [full.pid], port: full.inbound["http"] ?? 0 },
  ];
}

async function hopOf({ folder, upstream }: Stage, shape: HopShape, name: string): Promise<Hop> {
  return {
    folder,
    name,
    cores: coresOf(shape.workers),
    workers: shape.workers,
    port: await freePort(),
    listens: shape.client,
    upstream: { port: upstream.ports[shape.upstream], speaks: shape.upstream },
  };
}

function coresOf(workers: number): string {
  return workers === 1 ? PROXY_CORE : BOTH_CORES;
}

function pidsOf(...processes: readonly { readonly pid: number }[]): Pick<Contender, "pids"> {
  return { pids: processes.map(({ pid }) => pid) };
}
