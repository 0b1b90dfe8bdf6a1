/** The policies that the mesh ships, bound as the demo binds them, read no JSON at request time. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Source } from "@regomesh/base";
import { type ConnectionContext, openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { AUTHZ, type Binding, LIMITS, makeBoundPolicy, ROUTE } from "./stand/policy.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const REQUESTS = 5000;
const KINDS = [AUTHZ, LIMITS, ROUTE];

type Bound = { readonly direction: string; readonly binding: Binding };

/** What examples/mesh/bindings.yaml binds. */
function readBindings(): readonly Bound[] {
  const text = readFileSync(join(ROOT, "examples/mesh/bindings.yaml"), "utf8");
  const fieldOf = (part: string, field: string): string => new RegExp(`^  ${field}: (.*)$`, "m").exec(part)?.[1] ?? "";
  return text.split(/^---$/m).flatMap((part) => {
    const names = fieldOf(part, "entrypoints")
      .replace(/[[\]\s]/g, "")
      .split(",");
    return names.map((name) => {
      const kind = KINDS.find((each) => each.name === name)?.kind;
      if (kind === undefined) throw new Error(`${name} is of no kind that this test knows`);
      return { direction: fieldOf(part, "direction"), binding: { name, kind, unit: fieldOf(part, "unit") } };
    });
  });
}

function readUnit(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder)).map((name) => ({
    name: `${folder}/${name}`,
    text: readFileSync(join(ROOT, folder, name), "utf8"),
  }));
}

const CALLERS = [undefined, "web", "orders", "payments", "stranger"].map((name): ConnectionContext => {
  const common = {
    sourceAddress: "10.0.0.1",
    sourcePort: 40_000,
    destinationAddress: "10.0.0.2",
    destinationPort: 8443,
    destinationPrincipal: undefined,
  };
  return name === undefined
    ? {
        ...common,
        scheme: "http",
        ...{ principal: undefined, trustDomain: undefined },
        ...{ namespace: undefined, serviceAccount: undefined },
      }
    : {
        ...common,
        scheme: "https",
        principal: `spiffe://cluster.local/ns/default/sa/${name}`,
        trustDomain: "cluster.local",
        namespace: "default",
        serviceAccount: name,
      };
});
const TARGETS = ["/", "/orders/7", "/refunds?reason=late&n=1", "/internal/caches", "/orders/%7Bx%7D?q=%22%5B1%5D%22"];
const FIELDS = [
  "",
  "X-User: alice\r\n",
  "X-User: bob\r\nX-Version: v2\r\n",
  'X-Json: {"a": [1, 2]}\r\nX-Version: v9\r\n',
];

function headOf(index: number): Uint8Array {
  const method = ["GET", "POST", "DELETE"][index % 3];
  const host = ["orders", "web.default", "payments:80"][(index >> 1) % 3];
  const target = TARGETS[index % TARGETS.length];
  return Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${FIELDS[index % FIELDS.length]}\r\n`);
}

test.each(["Inbound", "Outbound"])("%s: thousands of decisions, and not one parse of JSON", async (direction) => {
  const bound = readBindings().filter((each) => each.direction === direction);
  const names = [...new Set(bound.map(({ binding }) => binding.unit ?? ""))];
  const { module } = await makeBoundPolicy(
    Object.fromEntries(names.map((name) => [name, readUnit(name)])),
    bound.map(({ binding }) => binding),
  );
  const policy = openPolicy({
    wasm: module.wasm,
    data: module.data,
    destination: {
      service: "orders",
      namespace: "default",
      workload: "orders-v1",
      labels: { version: "v1" },
      port: 80,
    },
    seed: 7,
  });
  const mask = 2 ** policy.meta.entrypoints.length - 1;
  const before = policy.jsonParses;
  const verdicts = new Set<string>();
  for (let index = 0; index < REQUESTS; index++) {
    policy.setConnection(CALLERS[index % CALLERS.length] as ConnectionContext);
    const head = headOf(index);
    const decision = policy.decide(head, head.length, toHeadTable(head), mask, RequestId.of(`r${index}`), index);
    policy.meta.entrypoints.forEach(({ name }, bit) => {
      const outcome = name.endsWith("/route")
        ? decision.route(bit)
        : name.endsWith("/limits")
          ? decision.limits(bit)
          : decision.authz(bit);
      verdicts.add(`${name} ${outcome.kind}`);
      expect(outcome.kind).not.toBe("fault");
    });
  }
  expect(verdicts.size).toBeGreaterThan(direction === "Inbound" ? 2 : 1);
  // Once to load: the data and the destination.
  expect([before, policy.jsonParses - before]).toEqual([2, 0]);
});
