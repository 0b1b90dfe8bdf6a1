/** Two sidecars in this process, mTLS between them, before an application that speaks gRPC. */
import { SILENT } from "@regomesh/base";
import { freePort } from "@regomesh/cli";
import { makeSnapshotFile, type WorkloadSnapshot } from "@regomesh/protocol";
import { openProxy, type Sidecar } from "@regomesh/proxy";
import { makeService, makeSnapshot, makeWorkload, TestAuthority } from "@regomesh/proxy/test";

export type GrpcMesh = {
  /** Where clients ask: all of it is for the application. */
  readonly port: number;
  /** Where the application is to listen. */
  readonly application: number;
  readonly sidecars: readonly Sidecar[];
  [Symbol.asyncDispose](): Promise<void>;
};

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

/** `change`: of the receiver's workload; `modules` are its policies. */
export async function openGrpcMesh(
  change: Partial<WorkloadSnapshot> = {},
  modules: Parameters<typeof makeSnapshotFile>[1] = [],
): Promise<GrpcMesh> {
  const authority = new TestAuthority("cluster.local");
  const application = await freePort();
  const open = async (name: string): Promise<Sidecar> => {
    const sidecar = await openProxy({
      log: SILENT,
      workload: undefined,
      namespace: "default",
      appPort: application,
      edge: undefined,
      outboundPort: 0,
      outboundServices: name === "web" ? [{ service: "orders", port: 0 }] : [],
      accessLog: undefined,
      workers: 1,
      state: undefined,
    });
    await sidecar.setIdentity(authority.identity(ID(name)));
    return sidecar;
  };
  const orders = await open("orders");
  const web = await open("web");
  const [port] = makeWorkload().inbound;
  const inbound = port === undefined ? [] : [{ ...port, protocol: "grpc" as const }];
  const receiver = makeWorkload({ name: "orders", service: "orders", principal: ID("orders"), inbound, ...change });
  await orders.applyFile(makeSnapshotFile(makeSnapshot(receiver), modules, []));
  const sender = makeWorkload({ principal: ID("web"), outbound: [makeService("orders")] });
  const endpoint = {
    service: "orders.default",
    address: "127.0.0.1",
    port: orders.addresses.inbound["http"]?.port ?? 0,
    workload: "orders",
    principal: ID("orders"),
    labels: {},
    portName: "http",
  };
  await web.applyFile(makeSnapshotFile(makeSnapshot(sender), [], [endpoint]));
  return {
    port: web.addresses.outboundServices["orders"]?.port ?? 0,
    application,
    sidecars: [web, orders],
    [Symbol.asyncDispose]: async () => {
      await web.close();
      await orders.close();
    },
  };
}
