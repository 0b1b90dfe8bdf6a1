import type { BoundEntrypoint, SnapshotModule, WorkloadSnapshot } from "@regomesh/protocol";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { Counter } from "../metrics/counters.ts";
import { printMetrics } from "../metrics/print-metrics.ts";
import {
  type Backend,
  type Bench,
  exchange,
  makeOrders,
  openBackend,
  openBench,
  readAll,
  statuses,
} from "../test/bench.ts";
import { type MadePolicy, makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import type { ProxyOptions } from "./proxy.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Setting = { readonly backend: Backend; readonly bench: Bench };

async function setUp(
  change: Partial<WorkloadSnapshot>,
  policies: { readonly inbound?: MadePolicy; readonly outbound?: MadePolicy },
  options: { readonly explain?: boolean; readonly proxy?: Partial<ProxyOptions> } = {},
): Promise<Setting> {
  const backend = await openBackend((request, response) => {
    response.setHeader("x-backend", String(request.headers["x-given"] ?? "none"));
    response.end(`${request.method} ${request.url} ${request.headers.host} ${request.headers["x-version"] ?? ""}`);
  });
  const bench = await openBench(backend.port, [backend.port], options.proxy);
  open.push(backend, bench);
  const { inbound, outbound } = policies;
  const workload = makeWorkload({
    outbound: [makeService("orders")],
    ...change,
    policies: {
      ...(inbound === undefined ? {} : { inbound: inbound.ref }),
      ...(outbound === undefined ? {} : { outbound: outbound.ref }),
    },
  });
  const mesh = { name: "test", trustDomain: "cluster.local", explainDenials: options.explain ?? false };
  const modules: readonly SnapshotModule[] = [inbound, outbound].flatMap((made) =>
    made === undefined ? [] : [made.module],
  );
  const endpoints = [makeOrders(backend.port)];
  await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload, { mesh }), modules, endpoints));
  return { backend, bench };
}

const get = (bench: Bench, path: string, fields = ""): Promise<string> =>
  exchange(bench.inbound, `GET ${path} HTTP/1.1\r\nHost: svc\r\n${fields}\r\n`);
const out = (bench: Bench, path: string, fields = ""): Promise<string> =>
  exchange(bench.outbound, `GET http://orders${path} HTTP/1.1\r\nHost: orders\r\n${fields}\r\n`);

test("a policy decides on the normalised path and the fields, and nothing else goes on", async () => {
  const inbound = makePolicy(
    makeAuthz('default allow := false\n\nallow if {\n\thttp.path == "/ok"\n\thttp.headers["x-user"] == "alice"\n}'),
  );
  const { backend, bench } = await setUp({}, { inbound });
  expect(statuses(await get(bench, "/a/../ok", "X-User: alice\r\n"))).toEqual([200]);
  const refused = await get(bench, "/ok", "X-User: bob\r\n");
  expect(statuses(refused)).toEqual([403]);
  expect(refused).toMatch(/x-regomesh-decision: ([0-9A-Z]{10})\r\n[\s\S]*"decision":"\1"/);
  expect(refused).not.toContain(".rego");
  expect(backend.seen).toEqual(["GET /ok"]);
});

test("a demo's denials name rule and place", async () => {
  const inbound = makePolicy(makeAuthz("default allow := false"));
  const { bench } = await setUp({}, { inbound }, { explain: true });
  const refused = await get(bench, "/");
  expect(refused).toContain('"rule":"data.mesh.authz.allow","place":"authz-one.rego:5"');
});

test("an object gives the status, fields and content of a denial, and the fields of a request", async () => {
  const rules = [
    'allow := {"allowed": true, "headers": {"x-given": "by policy"}, "response_headers_to_add": {"x-added": "1"}} if http.path == "/ok"',
    'allow := {"allowed": false, "http_status": 418, "headers": {"x-why": "tea"}, "body": "no coffee"} if http.path != "/ok"',
  ];
  const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz(rules.join("\n\n"))) });
  const allowed = await get(bench, "/ok");
  expect(allowed).toContain("x-backend: by policy");
  expect(allowed).toContain("x-added: 1");
  const refused = await get(bench, "/tea");
  expect(statuses(refused)).toEqual([418]);
  expect(refused).toMatch(/x-why: tea[\s\S]*\r\n\r\nno coffee$/);
});

test("a policy adds no word of the mesh's own to a response", async () => {
  const added = '{"x-regomesh-decision": "forged", "X_Regomesh_Reason": "forged", "x-added": "1"}';
  const rules = `allow := {"allowed": true, "response_headers_to_add": ${added}}`;
  const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz(rules)) });
  const response = await get(bench, "/");
  expect(response).toContain("x-added: 1");
  expect(response).not.toContain("forged");
});

test("a denial says by itself which decision it is and how long its content, whatever its policy says", async () => {
  const headers =
    '{"X-Regomesh-Decision": "forged", "x_regomesh_decision": "forged", "Content_Length": "1", "x-why": "tea"}';
  const { bench } = await setUp(
    {},
    { inbound: makePolicy(makeAuthz(`allow := {"allowed": false, "headers": ${headers}}`)) },
  );
  const refused = await get(bench, "/tea");
  expect(refused).toMatch(/x-why: tea/);
  expect(refused).not.toMatch(/forged|content_length/i);
  expect(refused.match(/x-regomesh-decision: [0-9A-Z]+\r/g)).toHaveLength(1);
});

test.each([
  ["is not defined", 'allow if http.path == "/never"', 403, "denied"],
  [
    "has two values",
    'allow := true if http.path == "/"\n\nallow := false if http.method == "GET"',
    503,
    "policy_conflict",
  ],
  ["is of the wrong type", 'allow := "yes"', 503, "policy_type_error"],
  [
    "runs away",
    "allow if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\ta * b < 0\n}",
    503,
    "policy_fuel_exhausted",
  ],
  ["runs away in a built-in", "allow if count(numbers.range(1, 1000000000)) > 0", 503, "policy_"],
])("a policy that %s denies, and the next request is decided anew", async (_, rules, status, reason) => {
  const { bench, backend } = await setUp({}, { inbound: makePolicy(makeAuthz(rules)) });
  for (let i = 0; i < 2; i++) {
    const text = await get(bench, "/");
    expect(statuses(text)).toEqual([status]);
    expect(text).toContain(`"reason":"${reason}`);
  }
  expect(backend.seen).toEqual([]);
});

test("a built-in error leaves the policy's default to decide, and is counted", async () => {
  const inbound = makePolicy(makeAuthz('default allow := false\n\nallow if to_number(http.headers["x-n"]) == 1'));
  const { bench } = await setUp({}, { inbound });
  expect(statuses(await get(bench, "/", "X-N: 1\r\n"))).toEqual([200]);
  expect(statuses(await get(bench, "/", "X-N: one\r\n"))).toEqual([403]);
  const { recent } = await bench.proxy.plane.read();
  expect(recent.map(({ builtinErrors }) => builtinErrors)).toEqual([1, 0]);
});

test("every mandatory unit and the most specific other tier must allow", async () => {
  const when = (unit: string, path: string, tier: "mandatory" | "workload" | "default") =>
    makeAuthz(`allow if startswith(http.path, "${path}")`, { unit, tier });
  const inbound = makePolicy(
    when("a", "/m", "mandatory"),
    when("b", "/m/w", "workload"),
    when("c", "/never", "default"),
  );
  const { bench } = await setUp({}, { inbound });
  const answers = await Promise.all(["/m/w", "/m", "/w", "/never"].map((path) => get(bench, path)));
  expect(answers.flatMap(statuses)).toEqual([200, 403, 403, 403]);
});

describe("a unit in shadow decides nothing, and what it would have changed is counted and recorded", () => {
  const inShadow = (rules: string, change: Partial<BoundEntrypoint> = {}) =>
    makeAuthz(rules, { unit: "s", mode: "shadow", ...change });
  const shadowsOf = async (bench: Bench) => (await bench.proxy.plane.read()).shadows;

  test("where it would deny what passes, and agree with what does not", async () => {
    const inbound = makePolicy(
      makeAuthz('allow if startswith(http.path, "/open")'),
      inShadow('allow if http.path == "/open"'),
    );
    const { bench } = await setUp({}, { inbound });
    const answers = await Promise.all(["/open", "/open/b", "/open/c", "/other"].map((path) => get(bench, path)));
    expect(answers.flatMap(statuses)).toEqual([200, 200, 200, 403]);
    const reading = await bench.proxy.plane.read();
    expect(reading.shadows).toEqual([
      {
        direction: "inbound",
        binding: "authz-s-binding",
        unit: "s",
        entrypoint: "authz-s/mesh/authz/allow",
        decisions: 4,
        changes: { allow: 0, deny: 2, limit: 0, route: 0, break: 0 },
      },
    ]);
    const differing = reading.recent.filter(({ shadows }) => shadows.length > 0);
    expect(
      differing.map(({ path, verdict, shadows: [one] }) => [path, verdict, one?.binding, one?.would]).sort(),
    ).toEqual([
      ["/open/b", "allowed", "authz-s-binding", "deny"],
      ["/open/c", "allowed", "authz-s-binding", "deny"],
    ]);
    const label = 'direction="inbound",binding="authz-s-binding",entrypoint="authz-s/mesh/authz/allow"';
    const metrics = printMetrics(reading, undefined);
    expect(metrics).toContain(`regomesh_shadow_decisions_total{${label},would="deny"} 2`);
    expect(metrics).toContain(`regomesh_shadow_decisions_total{${label},would="same"} 2`);
  });

  test("where it would allow, as the most specific of its tiers, what another denies", async () => {
    const inbound = makePolicy(makeAuthz("allow := false", { tier: "default" }), inShadow("allow := true"));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([403]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ allow: 1 });
  });

  test("nothing, where its tier would not count", async () => {
    const inbound = makePolicy(makeAuthz("allow := true"), inShadow("allow := false", { tier: "default" }));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 1, changes: { deny: 0 } });
  });

  test("where it would go wrong", async () => {
    const inbound = makePolicy(makeAuthz("allow := true"), inShadow('allow := "yes"'));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ break: 1 });
  });

  test("where all that is bound is in shadow: the mesh's default verdict stands", async () => {
    const { bench } = await setUp({ defaultVerdict: "deny" }, { inbound: makePolicy(inShadow("allow := true")) });
    expect(statuses(await get(bench, "/"))).toEqual([403]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ allow: 1 });
  });

  test("a limit counts in a bucket of its own", async () => {
    const shadow = { ...limited, entrypoints: [{ ...limited.entrypoints[0], mode: "shadow" as const }] };
    const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz("allow := true"), shadow) });
    for (let i = 0; i < 5; i++) expect(statuses(await get(bench, "/", "X-User: alice\r\n"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 5, changes: { limit: 2 } });
  });

  test("a route that would lead elsewhere", async () => {
    const unit = (name: string, rules: string, mode: "enforce" | "shadow") => ({
      name,
      rego: `package mesh.routing\n\nimport input.attributes.request.http\n\n${rules}\n`,
      entrypoints: [{ name: "mesh/routing/route", kind: "route" as const, mode }],
    });
    const outbound = makePolicy(
      unit("now", 'route := {"to": "orders", "timeout": "3s"}', "enforce"),
      unit("next", 'route := {"to": "orders", "timeout": "2s"} if http.path == "/other"', "shadow"),
    );
    const { bench } = await setUp({}, { outbound });
    for (const path of ["/same", "/other"]) expect(statuses(await out(bench, path))).toEqual([200]);
    expect(await shadowsOf(bench)).toMatchObject([{ direction: "outbound", decisions: 2 }]);
  });

  test("a route that would lead elsewhere, as the only one", async () => {
    const outbound = makePolicy({
      name: "next",
      rego: 'package mesh.routing\n\nroute := {"to": "orders"} if input.attributes.request.http.path == "/other"\n',
      entrypoints: [{ name: "mesh/routing/route", kind: "route", mode: "shadow" }],
    });
    const { bench } = await setUp({}, { outbound });
    for (const path of ["/same", "/other"]) expect(statuses(await out(bench, path))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 2, changes: { route: 1 } });
  });
});

const limited = {
  name: "limits",
  rego: 'package mesh.ratelimit\n\nlimits contains {"key": input.attributes.request.http.headers["x-user"], "limit": 3, "window": "1h", "burst": 3}\n',
  entrypoints: [{ name: "mesh/ratelimit/limits", kind: "limits" }],
} as const;

test.each([1, 2])("a limit holds over all connections and %d threads", async (workers) => {
  const inbound = makePolicy(makeAuthz("allow := true"), limited);
  const { bench } = await setUp({}, { inbound }, { proxy: { workers, sockets: undefined } });
  const texts = await Promise.all(Array.from({ length: 12 }, () => get(bench, "/", "X-User: alice\r\n")));
  expect(texts.flatMap(statuses).sort()).toEqual([200, 200, 200, ...Array(9).fill(429)]);
  expect(texts.find((text) => text.includes("429"))).toMatch(/retry-after: \d+/);
  expect(statuses(await get(bench, "/", "X-User: bob\r\n"))).toEqual([200]);
});

const routing = (rules: string): MadePolicy =>
  makePolicy({
    name: "routing",
    rego: `package mesh.routing\n\nimport input.attributes.request.http\n\n${rules}\n`,
    entrypoints: [{ name: "mesh/routing/route", kind: "route" }],
  });

test.each([
  ["rewrites", 'route := {"rewrite": {"path": "/new", "authority": "other"}}', [200], "GET /new?x=1 other"],
  ["puts a prefix in its place", 'route := {"rewrite": {"prefix": "/v2"}}', [200], "GET /v2/b?x=1 orders"],
  ["sets a field", 'route := {"headers": {"request": {"set": {"x-version": "v9"}}}}', [200], "orders v9"],
  [
    "answers itself",
    'route := {"respond": {"status": 203, "body": "here", "headers": {"x-a": "b"}}}',
    [203],
    "\r\n\r\nhere",
  ],
  [
    "redirects",
    'route := {"redirect": {"status": 308, "authority": "shop", "path": "/there"}}',
    [308],
    "location: http://shop/there",
  ],
  [
    "puts a prefix in the place of another",
    'route := {"rewrite": {"match": "/a/b/", "prefix": "/"}}',
    [200],
    "GET /?x=1 orders",
  ],
  [
    "replaces what is not there",
    'route := {"rewrite": {"match": "/a/", "prefix": "/"}} if false else := {"rewrite": {"match": "/b", "prefix": "/"}}',
    [503],
    '"reason":"policy_type_error"',
  ],
  [
    "redirects to another host and prefix",
    'route := {"redirect": {"host": "shop", "match": "/a", "prefix": "/c/"}}',
    [302],
    "location: http://shop/c/b?x=1\r\n",
  ],
  [
    "redirects to another port",
    'route := {"redirect": {"port": 8083, "status": 301}}',
    [301],
    "location: http://orders:8083/a/b?x=1\r\n",
  ],
  [
    "redirects to the port that a scheme means",
    'route := {"redirect": {"port": 443, "scheme": "https"}}',
    [302],
    "location: https://orders/a/b?x=1\r\n",
  ],
  [
    "has a target that answers",
    'route := {"to": [{"to": "orders", "weight": 0}, {"respond": {"status": 500}}]}',
    [500],
    "",
  ],
  [
    "has a target that redirects",
    'route := {"to": [{"redirect": {"host": "a.example"}}]}',
    [302],
    "location: http://a.example/a/b?x=1",
  ],
  [
    "changes the path for a target alone",
    'route := {"rewrite": {"path": "/all", "authority": "all"}, "to": [{"to": "orders", "port": 80, "rewrite": {"path": "/one"}}]}',
    [200],
    "GET /one?x=1 all",
  ],
  [
    "changes fields for a target alone",
    'route := {"headers": {"request": {"set": {"x-version": "all"}}}, "to": [{"to": "orders", "headers": {"request": {"set": {"x-version": "one"}}, "response": {"set": {"x-back": "one"}}}}]}',
    [200],
    "orders one",
  ],
  [
    "knows the service by what is asked, not by the name that was used",
    'route := {"respond": {"status": 203, "body": input.attributes.destination.service}}',
    [203],
    "\r\n\r\norders.default:80",
  ],
  ["names a port that is not there", 'route := {"to": [{"to": "orders", "port": 81}]}', [503], '"reason":"no_route"'],
  ["names nothing of the mesh", 'route := {"to": "nobody"}', [503], '"reason":"no_route"'],
  ["is of the wrong type", 'route := {"too": "orders"}', [503], '"reason":"policy_type_error"'],
  ["aborts", 'route := {"fault": {"abortStatus": 555, "percent": 100}}', [555], '"reason":"fault_injected"'],
  ["is not defined", 'route := {"to": "nobody"} if http.path == "/never"', [200], "GET /a/b?x=1 orders"],
])("a route that %s", async (_, rules, wanted, part) => {
  const { bench } = await setUp({}, { outbound: routing(rules) });
  const text = await out(bench, "/a/b?x=1");
  expect(statuses(text)).toEqual(wanted);
  expect(text).toContain(part);
});

test("an endpoint that is asked for by its address is no service to a route; another address is nobody", async () => {
  const { bench } = await setUp(
    {},
    { outbound: routing('route := {"respond": {"status": 203}} if input.attributes.destination.service') },
  );
  const direct = await openBackend((_, response) => response.end("direct"));
  open.push(direct);
  const { port } = direct;
  await bench.proxy.plane.setEndpoints([makeOrders(port, "v1")], ["orders.default"], true);
  expect(statuses(await out(bench, "/"))).toEqual([203]);
  const ask = (authority: string) =>
    exchange(bench.outbound, `GET http://${authority}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(await ask(`127.0.0.1:${port}`)).toContain("direct");
  expect(await ask(`127.0.0.1:${port + 1}`)).toContain("no_such_service");
});

test("a route splits by weight and by what the request says", async () => {
  const orders = {
    ...makeService("orders"),
    subsets: [
      { name: "v1", labels: { version: "v1" } },
      { name: "v2", labels: { version: "v2" } },
    ],
  };
  const rules = [
    'route := {"to": [{"to": "orders", "subset": http.headers["x-version"], "weight": 1}]} if http.headers["x-version"]',
    'route := {"to": [{"to": "orders", "subset": "v1", "weight": 3}, {"to": "orders", "subset": "v2", "weight": 1}]} if not http.headers["x-version"]',
  ];
  const { bench } = await setUp({ outbound: [orders] }, { outbound: routing(rules.join("\n\n")) });
  const second = await openBackend((_, response) => response.end("second"));
  open.push(second);
  const first = await openBackend((_, response) => response.end("first"));
  open.push(first);
  const facts = [makeOrders(first.port, "v1"), makeOrders(second.port, "v2")];
  await bench.proxy.plane.setEndpoints(facts, ["orders.default"], true);
  expect(await out(bench, "/", "X-Version: v2\r\n")).toContain("second");
  const texts = await Promise.all(Array.from({ length: 80 }, () => out(bench, "/")));
  const firsts = texts.filter((text) => text.includes("first")).length;
  expect(firsts).toBeGreaterThan(40);
  expect(firsts).toBeLessThan(76);
});

test("a mirror gets a copy, content too, and nobody waits for its answer", async () => {
  const rules = 'route := {"mirror": [{"to": "shadow", "percent": 100}]}';
  const outbound = [makeService("orders"), makeService("shadow")];
  const { bench, backend } = await setUp({ outbound }, { outbound: routing(rules) });
  let hear: (text: string) => void = () => {};
  const heard = new Promise<string>((done) => {
    hear = done;
  });
  const shadow = await openBackend((request) => void readAll(request).then((body) => hear(`${request.url} ${body}`)));
  open.push(shadow);
  const endpoints = [makeOrders(backend.port), { ...makeOrders(shadow.port), service: "shadow.default" }];
  await bench.proxy.plane.setEndpoints(endpoints, ["orders.default", "shadow.default"], true);
  const text = await exchange(
    bench.outbound,
    "POST http://orders/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
  );
  expect(statuses(text)).toEqual([200]);
  expect(await heard).toBe("/a hello");
});

test("copies to a target that hangs leave its real requests their connections", async () => {
  const rules = 'route := {"mirror": [{"to": "shadow", "percent": 100}]} if http.host == "orders"';
  const few = makeService("shadow");
  const outbound = [makeService("orders"), { ...few, traffic: { ...few.traffic, connectionsMax: 4, pendingMax: 0 } }];
  const { bench, backend } = await setUp({ outbound }, { outbound: routing(rules) });
  const shadow = await openBackend((request, response) => {
    request.resume();
    if (request.url === "/real") response.end("real");
  });
  open.push(shadow);
  const endpoints = [makeOrders(backend.port), { ...makeOrders(shadow.port), service: "shadow.default" }];
  await bench.proxy.plane.setEndpoints(endpoints, ["orders.default", "shadow.default"], true);
  for (let turn = 0; turn < 8; turn++) expect(statuses(await out(bench, "/copied"))).toEqual([200]);
  const text = await exchange(bench.outbound, "GET http://shadow/real HTTP/1.1\r\nHost: shadow\r\n\r\n");
  expect(text).toMatch(/real$/);
  const { counters } = await bench.proxy.plane.read();
  expect(counters[Counter.mirrors]).toBeLessThanOrEqual(2);
});

test("an injected fault waits first, and then aborts, and the wait eats nothing of the deadline", async () => {
  const rules = [
    'route := {"fault": {"delay": "300ms", "abortStatus": 555, "percent": 100}} if http.path == "/both"',
    'route := {"timeout": "150ms", "fault": {"delay": "300ms", "percent": 100}} if http.path == "/late"',
    'route := {"timeout": "150ms"} if http.path == "/hang"',
  ];
  const { bench } = await setUp({}, { outbound: routing(rules.join("\n\n")) });
  const backend = await openBackend((request, response) => {
    request.resume();
    if (request.url !== "/hang") response.end("served");
  });
  open.push(backend);
  await bench.proxy.plane.setEndpoints([makeOrders(backend.port)], ["orders.default"], true);
  const order: string[] = [];
  const note = async (name: string, asked: Promise<string>): Promise<string> => {
    const text = await asked;
    order.push(name);
    return text;
  };
  // The deadline of one request tells the time for the other.
  const [both, late] = await Promise.all([
    note("both", out(bench, "/both")),
    note("late", out(bench, "/late")),
    note("deadline", out(bench, "/hang")),
  ]);
  expect([statuses(both), statuses(late), order[0]]).toEqual([[555], [200], "deadline"]);
});

test("a refusal by one unit's limit takes nothing of another's", async () => {
  const limit = (unit: string, rule: string) => ({
    name: unit,
    rego: `package mesh.ratelimit\n\nimport input.attributes.request.http\n\nlimits contains ${rule}\n`,
    entrypoints: [{ name: "mesh/ratelimit/limits", kind: "limits" as const }],
  });
  const inbound = makePolicy(
    limit("a", '{"key": "all", "limit": 3, "window": "1h", "burst": 3}'),
    limit("b", '{"key": "none", "limit": 0, "window": "1h", "burst": 1} if http.path == "/refused"'),
  );
  const { bench } = await setUp({}, { inbound });
  for (let turn = 0; turn < 6; turn++) {
    const text = await get(bench, "/refused");
    expect(statuses(text)).toEqual([429]);
    // No time comes at which it would pass.
    expect(text).not.toMatch(/retry-after/i);
  }
  const passed = [await get(bench, "/"), await get(bench, "/"), await get(bench, "/"), await get(bench, "/")];
  expect(passed.flatMap(statuses)).toEqual([200, 200, 200, 429]);
  expect(passed[3]).toMatch(/retry-after: \d+/i);
});

test("requests of one hash key go to one endpoint", async () => {
  const { bench } = await setUp({}, { outbound: routing('route := {"hashKey": http.headers["x-user"]}') });
  const backends = await Promise.all(
    ["a", "b", "c"].map((name) => openBackend((_, response) => response.end(`from ${name}`))),
  );
  open.push(...backends);
  await bench.proxy.plane.setEndpoints(
    backends.map(({ port }) => makeOrders(port)),
    ["orders.default"],
    true,
  );
  const seen = new Set<string | undefined>();
  for (let user = 0; user < 12; user++) {
    const texts = await Promise.all([1, 2, 3].map(() => out(bench, "/", `X-User: ${user}\r\n`)));
    const froms = new Set(texts.map((text) => /from (\w)/.exec(text)?.[1]));
    expect(froms.size).toBe(1);
    for (const from of froms) seen.add(from);
  }
  expect(seen.size).toBeGreaterThan(1);
});

test("a policy that reads the body is refused, and the old snapshot stays", async () => {
  const { bench } = await setUp({}, {});
  const made = makePolicy(makeAuthz('allow if input.parsed_body.user == "alice"'));
  const workload = makeWorkload({ policies: { inbound: made.ref } });
  const file = makeSnapshotFile(makeSnapshot(workload), [made.module]);
  await expect(bench.proxy.applyFile(file)).rejects.toThrow("reads the request's body");
  expect(statuses(await get(bench, "/"))).toEqual([200]);
});

test("of 200 swaps between two policies no request mixes", async () => {
  const version = (name: string): MadePolicy =>
    makePolicy(
      makeAuthz(
        `allow := {"allowed": true, "headers": {"x-given": "${name}"}, "response_headers_to_add": {"x-version": "${name}"}}`,
      ),
    );
  const versions = [version("one"), version("two")];
  const { bench } = await setUp({}, {});
  let isDone = false;
  const asking = (async () => {
    const texts: string[] = [];
    while (!isDone) texts.push(await get(bench, "/"));
    return texts;
  })();
  for (let turn = 0; turn < 200; turn++) {
    const made = versions[turn % 2] as MadePolicy;
    const workload = makeWorkload({ policies: { inbound: made.ref } });
    await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), [made.module]));
  }
  isDone = true;
  const texts = (await asking).slice(1);
  const pairs = texts.map((text) => [/x-backend: (\w+)/.exec(text)?.[1], /x-version: (\w+)/.exec(text)?.[1]]);
  for (const [given, said] of pairs) if (said !== undefined) expect(given).toBe(said);
  expect(texts.flatMap(statuses).every((status) => status === 200)).toBe(true);
});
