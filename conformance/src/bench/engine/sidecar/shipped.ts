/** What the demo's front decides by: the shipped guardrail and limits, and the shop's own policy, in one module. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { CAPABILITIES } from "@regomesh/policy-runtime";
import {
  type BoundEntrypoint,
  makeSnapshotFile,
  moduleHash,
  type SnapshotFile,
  type WorkloadSnapshot,
} from "@regomesh/protocol";

const ROOT = join(import.meta.dirname, "../../../../..");
const [MESH, SHOP] = ["policies/mesh", "examples/authz"];
const BOUND = [
  { unit: MESH, name: "mesh/authz/allow", kind: "authz", tier: "mandatory" },
  { unit: MESH, name: "mesh/ratelimit/limits", kind: "limits", tier: "namespace" },
  { unit: SHOP, name: "mesh/authz/allow", kind: "authz", tier: "namespace" },
] as const;

export type Revised = {
  /** Of the port of the application. */
  readonly port: number;
  /** Another number makes another module: nothing is known of its bytes. */
  readonly revision: number;
  /** A policy of one's own in place of the shop's, with its data. */
  readonly shop?: { readonly rego: string; readonly data: string };
};

const runtime = await loadRuntime();

/** A snapshot of the demo's `web`, on a port of plaintext. */
export function shippedSnapshot({ port, revision, shop }: Revised): SnapshotFile {
  const files = shop === undefined ? filesIn(SHOP) : [text("shop.rego", shop.rego), text("data.json", shop.data)];
  const marked = files.map(({ name, text: own }) =>
    name.endsWith(".rego")
      ? text(name, `${own}\nallow if http.headers["x-revision"] == "${revision}"\n`)
      : text(name, own),
  );
  const units = [
    toUnit({ name: MESH, directory: "", files: filesIn(MESH) }).unit,
    toUnit({ name: SHOP, directory: "", files: marked }).unit,
  ];
  const { module, diagnostics } = compile({
    units,
    entrypoints: BOUND.map(({ unit, name }) => ({ unit, name })),
    runtime,
  });
  if (module === undefined) throw new Error(`the shipped policies do not compile: ${diagnostics[0]?.message}`);
  const entrypoints = BOUND.map(
    (bound): BoundEntrypoint => ({
      ...bound,
      name: `${bound.unit}/${bound.name}`,
      ...{ binding: `default/${bound.unit}`, mode: "enforce", fuel: CAPABILITIES.inbound.fuel, onFault: "deny" },
    }),
  );
  const address = "127.0.0.1";
  const workload: WorkloadSnapshot = {
    ...{ name: "web", namespace: "default", service: "web", labels: {} },
    principal: "spiffe://cluster.local/ns/default/sa/web",
    inbound: [
      { name: "http", protocol: "http", mode: "edge", listen: { address, port: 0 }, application: { address, port } },
    ],
    ...{ outbound: [], defaultVerdict: "deny", pathLevel: "BASE" },
    policies: { inbound: { module: moduleHash(module.wasm, module.data), entrypoints } },
  };
  return makeSnapshotFile(
    {
      format: 1,
      revision: { epoch: "bench", sequence: revision, name: `revision ${revision}` },
      ...{ issuedAtMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER },
      mesh: { name: "bench", trustDomain: "cluster.local", explainDenials: false },
      workloads: [workload],
    },
    [module],
  );
}

function filesIn(folder: string) {
  return readdirSync(join(ROOT, folder))
    .filter((name) => !name.includes("_test."))
    .map((name) => text(name, readFileSync(join(ROOT, folder, name), "utf8")));
}

function text(name: string, content: string) {
  return { name, text: content };
}
