/** Two sidecars as processes of their own, mutual TLS between them: `web` asks, `orders` answers. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSnapshotFile, type TrafficSettings } from "@regomesh/protocol";
import type { Identity } from "@regomesh/proxy";
import { makeService, makeSnapshot, makeWorkload, TestAuthority } from "@regomesh/proxy/test";
import { openProxyProcess, type ProxyProcess } from "../../proxy-process.ts";
import { endpointAt } from "./stand.ts";

export type MeshPair = {
  readonly web: ProxyProcess;
  readonly orders: ProxyProcess;
  [Symbol.asyncDispose](): Promise<void>;
};

const ID = (workload: string): string => `spiffe://cluster.local/ns/default/sa/${workload}`;

/** `application` is the port behind the sidecar of orders. */
export async function openMeshPair(application: number, traffic: Partial<TrafficSettings> = {}): Promise<MeshPair> {
  const folder = await mkdtemp(join(tmpdir(), "regomesh-pair-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const authority = new TestAuthority("cluster.local");
  const orders = stack.use(
    await openProxyProcess(
      makeSnapshotFile(makeSnapshot(makeWorkload({ name: "orders", service: "orders", principal: ID("orders") }))),
      ["--app", String(application), ...(await identityFlags(folder, "orders", authority.identity(ID("orders"))))],
    ),
  );
  const service = makeService("orders");
  const workload = makeWorkload({ outbound: [{ ...service, traffic: { ...service.traffic, ...traffic } }] });
  const endpoint = endpointAt(orders.inbound["http"] ?? 0, { principal: ID("orders") });
  const web = stack.use(
    await openProxyProcess(
      makeSnapshotFile(makeSnapshot(workload), [], [endpoint]),
      await identityFlags(folder, "web", authority.identity(ID("web"))),
    ),
  );
  const opened = stack.move();
  return { web, orders, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** An identity's folder, and the flags that name it. */
export async function identityFlags(folder: string, name: string, identity: Identity): Promise<readonly string[]> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "svid.pem"), identity.chainPem);
  await writeFile(join(place, "svid_key.pem"), identity.keyPem, { mode: 0o600 });
  await writeFile(join(place, "svid_bundle.pem"), identity.bundlePem);
  return ["--identity", place];
}
