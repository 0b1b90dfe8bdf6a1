import { expect, test } from "vitest";
import { Counter } from "../metrics/counters.ts";
import { exchange, makeOrders, openBackend, readAll, statuses } from "../test/bench.ts";
import { type MadePolicy, makePolicy } from "../test/make-policy.ts";
import { makeService } from "../test/make-snapshot.ts";
import { open, out, setUp } from "../test/policy-bench.ts";

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
