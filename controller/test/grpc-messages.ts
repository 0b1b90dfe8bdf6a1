/** What tests of the gRPC server publish, say and hear. */
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  CONTROLLER_SERVER_NAME,
  type ControllerMessage,
  type Hello,
  type ProxyMessage,
  type SnapshotMessage,
} from "@regomesh/protocol";
import type { MeshPlan } from "../src/build/build.ts";
import type { Release } from "../src/distribution/release.ts";
import type { WorkloadPlan } from "../src/snapshot/outbound.ts";

export const NAMED = { "grpc.ssl_target_name_override": CONTROLLER_SERVER_NAME };
export const ID = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;
export const wasm = Uint8Array.of(0, 97, 115, 109);
export const hash = "a".repeat(64);

function makeWorkload(name: string): WorkloadPlan {
  return {
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: ID(name),
    inbound: [
      {
        name: "http",
        protocol: "http",
        mode: "strict",
        listen: { address: "127.0.0.1", port: 0 },
        application: { address: "127.0.0.1", port: 0 },
      },
    ],
    policies: { inbound: { module: hash, entrypoints: [] } },
    defaultVerdict: "deny",
    pathLevel: "BASE",
  };
}

export function makeRelease(sequence: number, names: readonly string[] = ["web", "orders"]): Release {
  const plan: MeshPlan = {
    mesh: { name: "mesh", trustDomain: "cluster.local" },
    workloads: names.map(makeWorkload),
    outbound: [],
    services: names.map((name) => ({ name, namespace: "default", subsets: [], policies: [] })),
    modules: [{ hash, wasm, data: "{}" }],
  };
  return {
    revision: { epoch: "e", sequence, name: `r${sequence}` },
    plan,
    source: "test",
    builtAtMs: 0,
    issuedAtMs: 0,
    explainDenials: false,
  };
}

export const makeHello = (name: string, more: Partial<Hello> = {}): ProxyMessage => ({
  message: {
    $case: "hello",
    value: {
      workload: name,
      namespace: "default",
      instance: `${name}-1`,
      moduleAbi: MODULE_ABI,
      snapshotFormats: [1],
      features: [],
      holding: undefined,
      listen: [],
      admin: "",
      ...more,
    },
  },
});

export type Snapshots = ClientDuplexStream<ProxyMessage, ControllerMessage>;

export function next(stream: Snapshots): Promise<SnapshotMessage> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("data", ({ message }: ControllerMessage) => {
      stream.removeListener("error", reject);
      if (message?.$case === "snapshot") resolve(message.value);
    });
  });
}

export const failureOf = (stream: NodeJS.EventEmitter): Promise<ServiceError> =>
  new Promise((resolve) => void stream.once("error", resolve));

export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
