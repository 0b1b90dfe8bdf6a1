/** One proxy process with several inbound ports, each before a recording application of its own. */
import { makeSnapshotFile, type Snapshot } from "@regomesh/protocol";
import { type CompiledPolicy, compileAuthz } from "../../compiled-policy.ts";
import { openProxyProcess } from "../../proxy-process.ts";
import type { Lane } from "./drive.ts";
import { POLICY_SAW } from "./policy-saw.ts";
import { RecordingBackend } from "./recording-backend.ts";

/** More would only queue: proxy and referee share the machine's cores. */
const LANES = 6;

export type Lanes = { readonly lanes: readonly Lane[]; [Symbol.asyncDispose](): Promise<void> };

export async function openLanes(): Promise<Lanes> {
  const backends = await Promise.all(Array.from({ length: LANES }, () => RecordingBackend.open()));
  const closeBackends = async () => {
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  };
  try {
    const policy = await compileAuthz("echo", ECHO);
    const proxy = await openProxyProcess(makeSnapshotFile(snapshotOf(backends, policy), [policy.module], []));
    return {
      lanes: backends.map((backend, index) => ({ backend, port: proxy.inbound[`lane-${index}`] ?? 0 })),
      [Symbol.asyncDispose]: async () => {
        await proxy[Symbol.asyncDispose]();
        await closeBackends();
      },
    };
  } catch (error) {
    await closeBackends();
    throw error;
  }
}

/** Allows everything, and tells the application what it was asked about (invariant 5). */
const ECHO = `package mesh.authz

allow := {"allowed": true, "headers": {"${POLICY_SAW}": base64.encode(json.marshal(input.attributes.request.http))}}
`;

function snapshotOf(backends: readonly RecordingBackend[], policy: CompiledPolicy): Snapshot {
  return {
    format: 1,
    revision: { epoch: "conformance", sequence: 1, name: "http" },
    issuedAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    mesh: { name: "conformance", trustDomain: "conformance.local", explainDenials: false },
    workloads: [
      {
        name: "svc",
        namespace: "default",
        service: "svc",
        labels: {},
        principal: "spiffe://conformance.local/ns/default/sa/svc",
        inbound: backends.map((backend, index) => ({
          name: `lane-${index}`,
          protocol: "http",
          mode: "edge",
          listen: { address: "127.0.0.1", port: 0 },
          application: { address: "127.0.0.1", port: backend.port },
        })),
        outbound: [],
        policies: { inbound: policy.ref },
        defaultVerdict: "deny",
        pathLevel: "BASE",
      },
    ],
  };
}
