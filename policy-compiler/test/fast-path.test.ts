import {
  type ConnectionContext,
  KNOWN_FIELDS,
  openPolicy,
  type Policy,
  RequestId,
  toHeadTable,
} from "@regomesh/policy-runtime";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { emitModule } from "../src/emit/module.ts";
import type { IrPlan, IrPolicy, IrStmt } from "../src/ir/policy.ts";
import type { RuntimeModule } from "../src/link/runtime-module.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";

let runtime: RuntimeModule;
beforeAll(async () => {
  runtime = await loadRuntime();
});

const CONTEXT: ConnectionContext = {
  scheme: "https",
  principal: "spiffe://cluster.local/ns/default/sa/web",
  trustDomain: "cluster.local",
  namespace: "default",
  serviceAccount: "web",
  sourceAddress: "127.0.0.1",
  sourcePort: 40_000,
  destinationAddress: "127.0.0.1",
  destinationPort: 8080,
  destinationPrincipal: undefined,
  service: "orders.shop:80",
};
const DESTINATION = { service: "orders", namespace: "default", workload: "orders-v1", labels: { v: "1" }, port: 80 };
const STRINGS = ["result"];

function text(value: string): { readonly type: "string_index"; readonly value: number } {
  if (!STRINGS.includes(value)) STRINGS.push(value);
  return { type: "string_index", value: STRINGS.indexOf(value) };
}

/** A plan whose result is the value at `path` below input; with `whole` input is used as a value first. */
function planOf(name: string, path: readonly string[], whole = false): IrPlan {
  const local = (value: number) => ({ type: "local", value }) as const;
  const stmts: IrStmt[] = [];
  if (whole) stmts.push({ type: "AssignVarStmt", stmt: { source: local(0), target: 50 } });
  path.forEach((key, i) => {
    const source = local(i === 0 ? (whole ? 50 : 0) : i + 9);
    stmts.push({ type: "DotStmt", stmt: { source, key: text(key), target: i + 10 } });
  });
  stmts.push({ type: "MakeObjectStmt", stmt: { target: 40 } });
  const value = local(path.length === 0 ? 0 : path.length + 9);
  stmts.push({ type: "ObjectInsertStmt", stmt: { key: text("result"), value, object: 40 } });
  stmts.push({ type: "ResultSetAddStmt", stmt: { value: 40 } });
  return { name, blocks: [{ stmts }] };
}

function openPlans(plans: readonly IrPlan[]): Policy {
  const ir: IrPolicy = { static: { strings: STRINGS.map((value) => ({ value })) }, plans: { plans } };
  const policy = openPolicy({ wasm: emitModule({ ir, runtime }), data: "{}", seed: 7, destination: DESTINATION });
  policy.setConnection(CONTEXT);
  return policy;
}

function ask(policy: Policy, head: string, entrypoint = 0): unknown {
  const bytes = Buffer.from(head, "latin1");
  const outcome = policy
    .decide(bytes, bytes.length, toHeadTable(bytes), 1 << entrypoint, RequestId.of("id-1"), 1_700_000_000_123)
    .value(entrypoint);
  return outcome.kind === "defined" ? outcome.value : outcome.kind === "undefined" ? undefined : outcome.message;
}

const HEAD =
  "GET //shop/a%2Fb?x=1&x=a+b&y HTTP/1.1\r\nHost: orders:80\r\nX-User: alice\r\nAccept:text/html \r\n" +
  "accept: */*\r\nX-Latin: caf\xe9\r\nX-Utf8: caf\xc3\xa9\r\nEmpty:\r\ncontent-length: 3\r\n\r\n";
const HTTP = ["attributes", "request", "http"];

const ROWS: readonly (readonly [readonly string[], unknown])[] = [
  [[...HTTP, "method"], "GET"],
  [[...HTTP, "path"], "//shop/a%2Fb?x=1&x=a+b&y"],
  [[...HTTP, "host"], "orders:80"],
  [[...HTTP, "scheme"], "https"],
  [[...HTTP, "protocol"], "HTTP/1.1"],
  [[...HTTP, "size"], "3"],
  [[...HTTP, "id"], "id-1"],
  [[...HTTP, "headers", "x-user"], "alice"],
  [[...HTTP, "headers", "X-User"], undefined],
  [[...HTTP, "headers", "accept"], "text/html,*/*"],
  [[...HTTP, "headers", "x-latin"], "caf\ufffd"],
  [[...HTTP, "headers", "x-utf8"], "café"],
  [[...HTTP, "headers", "empty"], ""],
  [[...HTTP, "headers", "host"], undefined],
  [[...HTTP, "headers", ":authority"], "orders:80"],
  [[...HTTP, "headers", ":method"], "GET"],
  [[...HTTP, "headers", ":path"], "//shop/a%2Fb?x=1&x=a+b&y"],
  [[...HTTP, "headers", ":scheme"], "https"],
  [[...HTTP, "headers", ":other"], undefined],
  [["attributes", "request", "time"], "2023-11-14T22:13:20.123Z"],
  [["attributes", "source", "principal"], CONTEXT.principal],
  [["attributes", "source", "address", "socketAddress", "portValue"], 40_000],
  [["attributes", "destination", "principal"], undefined],
  [["attributes", "destination", "service"], "orders.shop:80"],
  [["parsed_path"], ["shop", "a", "b"]],
  [["parsed_query"], { x: ["1", "a b"], y: [""] }],
  [["parsed_body"], null],
  [["truncated_body"], false],
  [["version", "ext_authz"], "v3"],
  [["source", "serviceAccount"], "web"],
  [
    ["source"],
    { principal: CONTEXT.principal, trustDomain: "cluster.local", namespace: "default", serviceAccount: "web" },
  ],
  [["destination", "labels", "v"], "1"],
  [["destination"], DESTINATION],
  [["nothing"], undefined],
];

test.each(ROWS)("input.%j from a raw head, by slot and through the document", (path, wanted) => {
  const policy = openPlans([planOf("slot", path), planOf("document", path, true)]);
  expect([ask(policy, HEAD, 0), ask(policy, HEAD, 1)]).toEqual([wanted, wanted]);
});

const OTHER_HEAD =
  "DELETE /other/path/that/is/longer/than/the/one/before?z=9&z=8 HTTP/1.0\r\nX-Latin: zzzz\r\nUser-Agent: other\r\n" +
  "x-other: zzzzz\r\naccept: zzzzzzzzzzzzzz\r\nX-User: zzzzzz\r\nHost: zzzzzz:1\r\nempty: zzz\r\nx-utf8: zzzz\r\n\r\n";

test.each(ROWS)("input.%j alone, of whose head what it asks for is all that is copied", (path, wanted) => {
  const policy = openPlans([planOf("slot", path)]);
  for (let turn = 0; turn < 2; turn++) {
    ask(policy, OTHER_HEAD);
    expect(ask(policy, HEAD)).toEqual(wanted);
  }
});

const FIELD = [...HTTP, "headers"];
const FIELDS: readonly (readonly [paths: readonly (readonly string[])[], fields: readonly string[] | undefined])[] = [
  [[[...FIELD, "x-user"]], ["x-user"]],
  [
    [
      [...FIELD, "cookie"],
      [...HTTP, "host"],
      [...FIELD, "accept"],
    ],
    ["accept", "cookie", "host"],
  ],
  [
    [
      [...FIELD, ":authority"],
      [...FIELD, ":path"],
    ],
    [":path", "host"],
  ],
  [[["parsed_path"], ["source", "principal"]], []],
  [[FIELD], undefined],
  [[HTTP], undefined],
  [[[...HTTP, "size"]], undefined],
  [[["nothing"]], undefined],
];

test.each(FIELDS)("a module that reads %j says that it can ask for %j", (paths, fields) => {
  expect(openPlans(paths.map((path, i) => planOf(`p${i}`, path))).meta.reads.fields).toEqual(fields);
});

test("a module that takes input as a value can ask for any field", () => {
  expect(openPlans([planOf("whole", [...HTTP, "headers", "x-user"], true)]).meta.reads.fields).toBe(undefined);
});

test("whatever fields a head has and a policy asks for, a module that is given only those answers as one that has all", () => {
  const long = "x-a-name-of-more-bytes-than-lengths-are-told-apart";
  const names = ["host", "cookie", "via", "x-a", "X-A", "x-b", "x-tenant", long, `${long}-2`, "content-type"];
  const field = fc.tuple(fc.constantFrom(...names), fc.string({ unit: "grapheme-ascii", maxLength: 40 }));
  const asked = fc.uniqueArray(fc.constantFrom(":authority", ...names), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(asked, fc.array(fc.array(field, { maxLength: 12 }), { minLength: 1, maxLength: 3 }), (read, heads) => {
      const plans = read.map((name, i) => planOf(`p${i}`, [...HTTP, "headers", name]));
      const some = openPlans(plans);
      const all = openPlans([...plans, planOf("whole", [])]);
      for (const [i, fields] of heads.entries()) {
        const lines = fields.map(([name, value]) => `${name}: ${value.trim()}\r\n`).join("");
        const head = `GET /${"p/".repeat(i * 9)} HTTP/1.1\r\n${lines}\r\n`;
        expect(read.map((_, k) => ask(some, head, k))).toEqual(read.map((_, k) => ask(all, head, k)));
      }
    }),
    { numRuns: 100 },
  );
});

test("a head with every known field more than once: each is found, whatever bits its masks have", () => {
  const names = [...KNOWN_FIELDS.keys()].filter((name) => name !== "host");
  const lines = [...names, ...names].map((name, i) => `${name}: v${i}\r\n`).join("");
  const policy = openPlans(names.map((name) => planOf(name, [...HTTP, "headers", name])).slice(0, 31));
  const found = names.map((_, i) => ask(policy, `GET /known HTTP/1.1\r\nhost: a\r\n${lines}\r\n`, i));
  expect(found).toEqual(names.map((_, i) => `v${i},v${names.length + i}`));
});

test("a policy that takes input as a value gets the whole document", () => {
  const policy = openPlans([planOf("whole", [])]);
  expect(ask(policy, HEAD)).toMatchObject({
    attributes: { request: { http: { method: "GET", headers: { "x-user": "alice", ":authority": "orders:80" } } } },
    parsed_path: ["shop", "a", "b"],
    destination: DESTINATION,
  });
});

test("a request leaves nothing for the next one", () => {
  const policy = openPlans([planOf("user", [...HTTP, "headers", "x-user"]), planOf("whole", [])]);
  expect(ask(policy, HEAD, 0)).toBe("alice");
  expect(ask(policy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0)).toBe(undefined);
  policy.setConnection({ ...CONTEXT, principal: undefined, sourcePort: 2 });
  const input = ask(policy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1) as { source: object; source_principal?: string };
  expect(input.source).not.toHaveProperty("principal");
  expect(input.source_principal).toBe(undefined);
});

test.each([
  ["/a%2", ["parsed_path"]],
  ["/a?x=%zz", ["parsed_query"]],
  ["/a?x;y=1", ["parsed_query"]],
])("%s read by a policy is a bad request", (target, path) => {
  const policy = openPlans([planOf("path", path), planOf("method", [...HTTP, "method"])]);
  const bytes = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  expect(policy.decide(bytes, bytes.length, toHeadTable(bytes), 1, RequestId.of(""), 0).badRequest).toBe(true);
  expect(policy.decide(bytes, bytes.length, toHeadTable(bytes), 2, RequestId.of(""), 0).badRequest).toBe(false);
});

test("an entrypoint without fuel loses none of the other answers", () => {
  const plans = [planOf("a", [...HTTP, "method"]), planOf("b", ["parsed_path"]), planOf("c", [...HTTP, "host"])];
  const looped: IrPlan = {
    name: "b",
    blocks: [
      {
        stmts: [
          { type: "DotStmt", stmt: { source: { type: "local", value: 0 }, key: text("parsed_path"), target: 10 } },
          { type: "ScanStmt", stmt: { source: 10, key: 11, value: 12, block: { stmts: [] } } },
        ],
      },
    ],
  };
  const ir: IrPolicy = {
    static: { strings: STRINGS.map((value) => ({ value })) },
    plans: { plans: [plans[0], looped, plans[2]] as IrPlan[] },
  };
  const wasm = emitModule({ ir, runtime });
  const policy = openPolicy({ wasm, data: "{}", seed: 1, fuel: new Map([[1, 3]]) });
  policy.setConnection(CONTEXT);
  const bytes = Buffer.from(`GET /${"a/".repeat(100)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  for (let turn = 0; turn < 100; turn++) {
    const decision = policy.decide(bytes, bytes.length, toHeadTable(bytes), 7, RequestId.of(""), 0);
    expect(decision.value(0)).toEqual({ kind: "defined", value: "GET" });
    expect(decision.value(1)).toMatchObject({ kind: "fault", fault: "policy_fuel_exhausted" });
    expect(decision.value(2)).toEqual({ kind: "defined", value: "a" });
  }
});

test("a head longer than the policy takes is a fault of every entrypoint", () => {
  const policy = openPlans([planOf("a", [...HTTP, "method"])]);
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nx: ${"y".repeat(70_000)}\r\n\r\n`);
  expect(policy.decide(bytes, bytes.length, toHeadTable(bytes), 1, RequestId.of(""), 0).value(0)).toMatchObject({
    fault: "policy_memory_exhausted",
  });
  expect(ask(policy, HEAD)).toBe("GET");
});
