/** What the policy reads is what the application gets: the same head, and nobody else's word in it. */
import { makeSnapshotFile, type SnapshotModule, type WorkloadSnapshot } from "@regomesh/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { type Bench, exchange, makeOrders, openBackend, openBench, readAll, statuses } from "../test/bench.ts";
import { type MadePolicy, makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import type { ProxyOptions } from "./proxy.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Got = {
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
};

type Setting = { readonly bench: Bench; readonly got: readonly Got[] };

type Policies = { readonly inbound?: MadePolicy; readonly outbound?: MadePolicy };

async function setUp(
  { inbound, outbound }: Policies = {},
  change: Partial<WorkloadSnapshot> = {},
  options: Partial<ProxyOptions> = {},
): Promise<Setting> {
  const got: Got[] = [];
  const backend = await openBackend((request, response) => {
    const { rawHeaders } = request;
    const fields = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ""] as const] : [],
    );
    void readAll(request).then(() => {
      got.push({ target: request.url ?? "", fields, trailers: { ...request.trailers } });
      const trailers = Object.entries(request.trailers).map(([name, value = ""]): [string, string] => [name, value]);
      if (trailers.length > 0) response.write("hi");
      response.addTrailers(trailers);
      response.end();
    });
  });
  const bench = await openBench(backend.port, [backend.port], options);
  open.push(backend, bench);
  const policies = { ...(inbound && { inbound: inbound.ref }), ...(outbound && { outbound: outbound.ref }) };
  const workload = makeWorkload({ outbound: [makeService("orders")], ...change, policies });
  const modules: readonly SnapshotModule[] = [inbound, outbound].flatMap((made) => (made ? [made.module] : []));
  await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), modules, [makeOrders(backend.port)]));
  return { bench, got };
}

const ask = (port: number, target: string, fields = "", host = "orders"): Promise<string> =>
  exchange(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);

function valuesOf({ got }: Setting, name: string): readonly string[] {
  return (got.at(-1)?.fields ?? []).filter(([other]) => other.replaceAll("_", "-") === name).map(([, value]) => value);
}

const authz = (rules: string): { readonly inbound: MadePolicy } => ({ inbound: makePolicy(makeAuthz(rules)) });
const route = (rules: string): { readonly outbound: MadePolicy } => ({
  outbound: makePolicy({
    name: "routes",
    rego: `package mesh.routing\n\n${rules}\n`,
    entrypoints: [{ name: "mesh/routing/route", kind: "route" }],
  }),
});

describe("a field that a policy sets", () => {
  test.each([
    ["with white space around it", '"mallory "', "mallory"],
    ["with tabs around it", '"\\tmallory\\t"', "mallory"],
    ["of white space alone", '"  "', ""],
  ])("%s replaces the client's, in whatever spelling", async (_, value, expected) => {
    const setting = await setUp(authz(`allow := {"allowed": true, "headers": {"x-user": ${value}}}`));
    await ask(setting.bench.inbound, "/", "X-User: admin\r\nX_User: admin\r\nx-User: admin\r\n");
    expect(valuesOf(setting, "x-user")).toEqual([expected]);
  });

  test("may have several values", async () => {
    const setting = await setUp(authz('allow := {"allowed": true, "headers": {"x-role": ["a", "b"]}}'));
    await ask(setting.bench.inbound, "/", "x-role: root\r\n");
    expect(valuesOf(setting, "x-role")).toEqual(["a", "b"]);
  });

  test("does not come back as a trailer", async () => {
    const setting = await setUp(authz('allow := {"allowed": true, "headers": {"x-user": "alice"}}'));
    const message = "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    await exchange(setting.bench.inbound, `${message}X-User: admin\r\nX_User: admin\r\nX-Sum: 1\r\n\r\n`);
    expect(setting.got[0]?.trailers).toEqual({ "x-sum": "1" });
  });

  test("in responses does not come back as a trailer, nor does one that a route removes", async () => {
    const rules = 'route := {"headers": {"response": {"set": {"x-user": "route"}, "remove": ["x_debug"]}}}';
    const setting = await setUp(route(rules));
    const message = "POST / HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    const text = await exchange(setting.bench.outbound, `${message}X_User: admin\r\nX-Debug: 1\r\nX-Sum: 1\r\n\r\n`);
    expect(text).toMatch(/x-user: route\r\n[\s\S]*\r\n0\r\nx-sum: 1\r\n\r\n$/i);
  });

  test.each(["proxy-connection", "Proxy_Connection", "http2-settings", "expect", "te", "keep-alive", "Content_Length"])(
    "concerns no single connection, nor the message's frame: %s",
    async (name) => {
      const setting = await setUp(authz(`allow := {"allowed": true, "headers": {"${name}": "7", "x-user": "a"}}`));
      expect(statuses(await ask(setting.bench.inbound, "/"))).toEqual([200]);
      expect([valuesOf(setting, "x-user"), valuesOf(setting, name.toLowerCase().replace("_", "-"))]).toEqual([
        ["a"],
        [],
      ]);
    },
  );

  test("takes the place of one that the mesh added", async () => {
    const setting = await setUp(authz('allow := {"allowed": true, "headers": {"x-request-id": "by policy"}}'));
    await ask(setting.bench.inbound, "/");
    expect(valuesOf(setting, "x-request-id")).toEqual(["by policy"]);
  });

  test("is the first unit's, in the order in which units count", async () => {
    const unit = (name: string, tier: "mandatory" | "workload", field: string) =>
      makeAuthz(`allow := {"allowed": true, "headers": {"${field}": "${name}"}}`, { unit: name, tier });
    const inbound = makePolicy(unit("team", "workload", "X_User"), unit("mesh", "mandatory", "x-user"));
    const setting = await setUp({ inbound });
    await ask(setting.bench.inbound, "/", "x-user: admin\r\n");
    expect(valuesOf(setting, "x-user")).toEqual(["mesh"]);
  });

  test("outbound, too, where a route sets it otherwise", async () => {
    const outbound = makePolicy(makeAuthz('allow := {"allowed": true, "headers": {"x-user": "authz"}}'), {
      name: "routes",
      rego: 'package mesh.routing\n\nroute := {"headers": {"request": {"set": {"x-user": "route", "x-other": "route"}}}}\n',
      entrypoints: [{ name: "mesh/routing/route", kind: "route" }],
    });
    const setting = await setUp({ outbound });
    await ask(setting.bench.outbound, "http://orders/");
    expect([valuesOf(setting, "x-user"), valuesOf(setting, "x-other")]).toEqual([["authz"], ["route"]]);
  });
});

describe("Connection options", () => {
  const denyAdmin = authz(
    'default allow := true\n\nallow := false if http.headers["x-forwarded-for"] == "10.0.0.66"\n\nallow := false if http.headers.authorization == "stolen"',
  );

  test.each([
    ["X-Forwarded-For: 10.0.0.66", "x-forwarded-for"],
    ["Authorization: stolen", "authorization"],
  ])("that name a field for every recipient hide nothing: %s", async (field, name) => {
    const setting = await setUp(denyAdmin);
    const text = await ask(setting.bench.inbound, "/", `Connection: ${name}, close\r\n${field}\r\n`);
    expect([statuses(text), setting.got]).toEqual([[403], []]);
  });

  test("take other fields away, before the policy looks", async () => {
    const setting = await setUp(authz('default allow := true\n\nallow := false if http.headers["x-hop"]'));
    const text = await ask(setting.bench.inbound, "/", "Connection: x-hop\r\nX-Hop: 1\r\nCache-Control: no-store\r\n");
    expect([statuses(text), valuesOf(setting, "x-hop"), valuesOf(setting, "cache-control")]).toEqual([
      [200],
      [],
      ["no-store"],
    ]);
  });
});

describe("spellings with underscores of what the mesh says never reach the application", () => {
  test.each(["X_Forwarded_Client_Cert", "x-forwarded_client-cert", "X_Forwarded_For", "X_Regomesh_Decision"])(
    "%s",
    async (name) => {
      const setting = await setUp();
      await ask(setting.bench.inbound, "/", `${name}: forged\r\nX_Own: kept\r\n`);
      expect(setting.got[0]?.fields.map(([, value]) => value)).not.toContain("forged");
      expect(valuesOf(setting, "x-own")).toEqual(["kept"]);
    },
  );
});

describe("at the edge", () => {
  const [inbound] = makeWorkload().inbound;
  const edge: Partial<WorkloadSnapshot> = { inbound: inbound ? [{ ...inbound, mode: "edge" }] : [] };
  const FORGED =
    "X-Forwarded-For: 10.0.0.66, 10.0.0.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\nX-Forwarded-User: root\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Client-Cert: URI=spiffe://a/b\r\n";

  test("the client is whom the edge sees", async () => {
    const setting = await setUp({}, edge);
    await ask(setting.bench.inbound, "/", FORGED);
    const said = setting.got[0]?.fields.filter(([name]) => /forwarded|real-ip/.test(name));
    expect(said).toEqual([
      ["x-forwarded-for", "127.0.0.1"],
      ["x-forwarded-proto", "http"],
    ]);
  });

  test("the policy sees that, too", async () => {
    const setting = await setUp(authz('allow if http.headers["x-forwarded-for"] == "127.0.0.1"'), edge);
    expect(statuses(await ask(setting.bench.inbound, "/", FORGED))).toEqual([200]);
  });

  test("behind trusted proxies, what they said of it stays", async () => {
    const setting = await setUp({}, edge, { trustedHops: 1 });
    await ask(setting.bench.inbound, "/", FORGED);
    expect(setting.got[0]?.fields.filter(([name]) => /forwarded|real-ip/.test(name))).toEqual([
      ["x-forwarded-for", "10.0.0.7, 127.0.0.1"],
      ["x-forwarded-proto", "https"],
    ]);
  });

  test.each([
    ["X-Forwarded-Proto: https, http\r\n", "http"],
    ["X-Forwarded-Proto: http\r\nX-Forwarded-Proto: HTTPS\r\n", "https"],
    ["X-Forwarded-Proto: javascript\r\n", "http"],
    ["", "http"],
  ])("of several protocols the last proxy's counts: %j", async (fields, proto) => {
    const setting = await setUp({}, edge, { trustedHops: 1 });
    await ask(setting.bench.inbound, "/", fields);
    expect(valuesOf(setting, "x-forwarded-proto")).toEqual([proto]);
  });

  test("inside the mesh what a peer says of it stays", async () => {
    const setting = await setUp();
    await ask(setting.bench.inbound, "/", "X-Forwarded-For: 10.0.0.66\r\n");
    expect(valuesOf(setting, "x-forwarded-for")).toEqual(["10.0.0.66"]);
  });
});

describe("the host that policies and application see", () => {
  const allowing = (host: string): MadePolicy => makePolicy(makeAuthz(`allow if http.host == "${host}"`));

  test.each(["orders", "ORDERS", "Orders.", "orders:", "orders:80", "ORDERS.:080"])(
    "outbound is the one by which the mesh routes: %s",
    async (host) => {
      const setting = await setUp({ outbound: allowing("orders") });
      expect(statuses(await ask(setting.bench.outbound, "/", "", host))).toEqual([200]);
      expect(statuses(await ask(setting.bench.outbound, `http://${host}/`, "", "other"))).toEqual([200]);
      expect(setting.got.map(({ fields }) => fields.filter(([name]) => name === "host"))).toEqual(
        Array(2).fill([["host", "orders"]]),
      );
    },
  );

  test.each([
    ["ORDERS", "orders"],
    ["Orders.:80", "orders.:80"],
  ])("inbound has one letter case: %s", async (host, seen) => {
    const setting = await setUp({ inbound: allowing(seen) });
    expect(statuses(await ask(setting.bench.inbound, "/", "", host))).toEqual([200]);
    expect(valuesOf(setting, "host")).toEqual([seen]);
  });
});

describe("paths", () => {
  test.each([
    ["/scope%2Fname/-/a", 200],
    ["/a/..%2Fb", 400],
    ["/a%2f../b", 400],
    ["/a%2f%2e%2e", 400],
    ["/a%5Cb", 400],
  ])("a level that keeps escaped slashes: %s is %d", async (path, status) => {
    const setting = await setUp(authz(`allow if http.path == "${path}"`), { pathLevel: "KEEP_ESCAPED_SLASHES" });
    expect(statuses(await ask(setting.bench.inbound, path))).toEqual([status]);
    expect(setting.got.map(({ target }) => target)).toEqual(status === 200 ? [path] : []);
  });

  test.each(["/a/..;/admin", "/a/..;x=1/admin", "/a/%2e.;/b", "/.;/b", "/..%3b/b"])(
    "a dot segment with parameters is refused: %s",
    async (path) => {
      const setting = await setUp();
      expect(statuses(await ask(setting.bench.inbound, path))).toEqual([400]);
    },
  );

  test.each([
    ['"rewrite": {"path": "no slash"}', 503],
    ['"rewrite": {"path": "/a b"}', 503],
    ['"rewrite": {"prefix": "/a%2Fb"}', 503],
    ['"rewrite": {"authority": "a b"}', 503],
    ['"rewrite": {"authority": "a:99999"}', 503],
    ['"redirect": {"status": 302, "path": "/a b"}', 503],
    ['"rewrite": {"path": "/v2"}', 200],
  ])("a route with %s: %d, and never the path that was asked for", async (rewrite, status) => {
    const setting = await setUp(route(`route := {${rewrite}}`));
    expect(statuses(await ask(setting.bench.outbound, "http://orders/asked"))).toEqual([status]);
    expect(setting.got.map(({ target }) => target)).toEqual(status === 200 ? ["/v2"] : []);
  });

  test("a redirect names the path and host as they would go on", async () => {
    const setting = await setUp(route('route := {"redirect": {"status": 301, "scheme": "https"}}'));
    const text = await ask(setting.bench.outbound, "http://Orders./a/../b?c");
    expect(text).toContain("location: https://orders/b?c\r\n");
  });
});

describe("Via", () => {
  test("is kept, and gets the listener's own member, by what the request was received as", async () => {
    const setting = await setUp(authz("allow := true"));
    await ask(setting.bench.inbound, "/", "Via: 1.1 fred (a, b)\r\n");
    expect(valuesOf(setting, "via")).toEqual(["1.1 fred (a, b)", "1.1 in.web.default"]);
    await exchange(setting.bench.inbound, "GET / HTTP/1.0\r\nHost: orders\r\n\r\n");
    expect(valuesOf(setting, "via")).toEqual(["1.0 in.web.default"]);
    await ask(setting.bench.outbound, "/");
    expect(valuesOf(setting, "via")).toEqual(["1.1 out.web.default"]);
  });

  test("ends a request that an application sends round and round", async () => {
    let asked = 0;
    let inbound = 0;
    const backend = await openBackend((request, response) => {
      asked++;
      const fields = request.rawHeaders.flatMap((name, i) =>
        i % 2 === 0 && name.toLowerCase() === "via" ? [`Via: ${request.rawHeaders[i + 1]}\r\n`] : [],
      );
      void ask(inbound, "/", fields.join("")).then((text) => response.end(text));
    });
    const bench = await openBench(backend.port, []);
    open.push(backend, bench);
    inbound = bench.inbound;
    const made = makePolicy(makeAuthz("allow := true"));
    const workload = makeWorkload({ policies: { inbound: made.ref } });
    await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), [made.module], []));
    const text = await ask(inbound, "/");
    expect([asked, text.match(/HTTP\/1\.1 (\d+)/g)?.at(-1)]).toEqual([4, "HTTP/1.1 508"]);
    expect(text).toContain('"reason":"loop_detected"');
  });
});
