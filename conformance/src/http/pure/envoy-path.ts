/**
 * `parsed_path` and `parsed_query` as opa-envoy-plugin computes them, by the input builder
 * inside a module: two plans that give back what they find at these places of input.
 */
import { emitModule, type IrPolicy } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openPolicy, type Policy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import type { Outcome } from "../report.ts";
import type { EnvoyPathRow } from "../vectors.ts";

const PLANS = ["parsed_path", "parsed_query"];

export async function judgeEnvoyPaths(rows: readonly EnvoyPathRow[]): Promise<Outcome[]> {
  if (rows.length === 0) return [];
  const wasm = emitModule({ ir: inputPlans(PLANS), runtime: await loadRuntime() });
  const policy = openPolicy({ wasm, data: "{}", seed: 1 });
  policy.setConnection({
    scheme: "http",
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    sourceAddress: "127.0.0.1",
    sourcePort: 1,
    destinationAddress: "127.0.0.1",
    destinationPort: 1,
    destinationPrincipal: undefined,
  });
  return rows.map((row) => judge(row, policy));
}

function judge(row: EnvoyPathRow, policy: Policy): Outcome {
  const base = { id: row.id, name: row.path };
  const head = Uint8Array.from(Buffer.from(`GET ${row.path} HTTP/1.1\r\nHost: svc\r\n\r\n`, "utf8"));
  const decision = policy.decide(head, head.length, toHeadTable(head), 0b11, RequestId.of("id"), 0);
  if (row.error !== undefined) return decision.badRequest ? base : { ...base, why: "it is not called malformed" };
  if (decision.badRequest) return { ...base, why: "it is called malformed" };
  for (const [index, name] of PLANS.entries()) {
    const outcome = decision.value(index);
    const got = outcome.kind === "defined" ? JSON.stringify(outcome.value) : outcome.kind;
    const wanted = JSON.stringify(index === 0 ? row.parsed_path : row.parsed_query);
    if (got !== wanted) return { ...base, why: `${name} ${wanted} is built as ${got}` };
  }
  return base;
}

/** A plan a name, whose result is `input[name]`. */
function inputPlans(names: readonly string[]): IrPolicy {
  const strings = ["result", ...names].map((value) => ({ value }));
  const plans = names.map((name, index) => ({
    name,
    blocks: [
      {
        stmts: [
          {
            type: "DotStmt" as const,
            stmt: {
              source: { type: "local" as const, value: 0 },
              key: { type: "string_index" as const, value: index + 1 },
              target: 10,
            },
          },
          { type: "MakeObjectStmt" as const, stmt: { target: 11 } },
          {
            type: "ObjectInsertStmt" as const,
            stmt: {
              key: { type: "string_index" as const, value: 0 },
              value: { type: "local" as const, value: 10 },
              object: 11,
            },
          },
          { type: "ResultSetAddStmt" as const, stmt: { value: 11 } },
        ],
      },
    ],
  }));
  return { static: { strings }, plans: { plans } };
}
