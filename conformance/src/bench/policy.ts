/** The policy that the proxies under test ask for every request: method and tenant, as a plan. */
import { emitModule, type IrPolicy } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { moduleHash, type PolicyRef, type SnapshotModule } from "@regomesh/protocol";

export type BenchPolicy = { readonly ref: PolicyRef; readonly module: SnapshotModule };

const ENTRYPOINT = "mesh/authz/allow";
const STRINGS = ["result", "attributes", "request", "http", "method", "GET", "headers", "x-tenant", "tenant-0042"];

export async function makeBenchPolicy(): Promise<BenchPolicy> {
  const wasm = emitModule({
    ir: plan(),
    runtime: await loadRuntime(),
    meta: { entrypoints: [{ name: ENTRYPOINT, unit: "bench" }], reads: { body: false, query: false } },
  });
  const data = "{}";
  const hash = moduleHash(wasm, data);
  return {
    module: { hash, wasm, data },
    ref: {
      module: hash,
      entrypoints: [
        {
          name: ENTRYPOINT,
          kind: "authz",
          unit: "bench",
          binding: "bench",
          tier: "workload",
          mode: "enforce",
          fuel: 1_000_000,
          onFault: "deny",
        },
      ],
    },
  };
}

/** `allow if { input…http.method == "GET"; input…http.headers["x-tenant"] == "tenant-0042" }` */
function plan(): IrPolicy {
  const text = (value: string) => ({ type: "string_index" as const, value: STRINGS.indexOf(value) });
  const local = (value: number) => ({ type: "local" as const, value });
  const dot = (source: number, key: string, target: number) => ({
    type: "DotStmt" as const,
    stmt: { source: local(source), key: text(key), target },
  });
  const equal = (a: number, b: string) => ({ type: "EqualStmt" as const, stmt: { a: local(a), b: text(b) } });
  const stmts = [
    dot(0, "attributes", 10),
    dot(10, "request", 11),
    dot(11, "http", 12),
    dot(12, "method", 13),
    equal(13, "GET"),
    dot(12, "headers", 14),
    dot(14, "x-tenant", 15),
    equal(15, "tenant-0042"),
    { type: "MakeObjectStmt" as const, stmt: { target: 16 } },
    {
      type: "ObjectInsertStmt" as const,
      stmt: { key: text("result"), value: { type: "bool" as const, value: true }, object: 16 },
    },
    { type: "ResultSetAddStmt" as const, stmt: { value: 16 } },
  ];
  return {
    static: { strings: STRINGS.map((value) => ({ value })) },
    plans: { plans: [{ name: ENTRYPOINT, blocks: [{ stmts }] }] },
  };
}
