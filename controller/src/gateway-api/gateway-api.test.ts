import { beforeAll, describe, expect, test } from "vitest";
import { build, type MeshPlan } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { type Rehearsal, rehearse } from "../rehearse/rehearse.ts";
import { loadTools } from "../shell/build/compiler.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

const service = (name: string, namespace = "shop") => `
---
apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ports: [{ name: http, port: 80 }, { name: alt, port: 8080 }] }
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: ${name}, namespace: ${namespace} }
spec: { service: ${name} }
`;
const MESH =
  ["echo", "v1", "v2"].map((name) => service(name)).join("") + service("web", "front") + service("v3", "front");

const route = (
  name: string,
  rules: string,
  { kind = "HTTPRoute", namespace = "shop", parent = "name: echo", metadata = "" } = {},
) => `
---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace}${metadata} }
spec:
  parentRefs: [{ group: "", kind: Service, ${parent} }]
  rules: ${rules}
`;

function planOf(yaml: string): MeshPlan {
  const built = build([{ path: "", files: [{ name: "mesh.yaml", text: MESH + yaml }] }], { rights: ALL_RIGHTS }, tools);
  if (built.plan === undefined) throw new Error(JSON.stringify(built.diagnostics));
  return built.plan;
}

type Asked = {
  readonly from?: string;
  readonly method?: string;
  readonly url: string;
  readonly fields?: Record<string, string>;
};

function ask(plan: MeshPlan, { from = "front/web", method = "GET", url, fields = {} }: Asked): Rehearsal {
  const { host, pathname, search } = new URL(url.startsWith("/") ? `http://echo.shop${url}` : url);
  const request = { method, authority: host, target: `${pathname}${search}`, fields: Object.entries(fields) };
  const found = rehearse({ from, request, nowMs: 0 }, plan, tools);
  if (typeof found === "string") throw new Error(found);
  return found;
}

/** Where a request goes, or what it is answered. */
function answerTo(plan: MeshPlan, asked: Asked): string {
  const { route: decided, outbound, reached, reason } = ask(plan, asked);
  if (outbound?.verdict !== "allowed") return `${reason ?? outbound?.reason}: ${outbound?.detail}`;
  if (decided?.respond !== undefined) return String(decided.respond.status);
  if (decided?.redirect !== undefined) return JSON.stringify(decided.redirect);
  return reached.map(({ service: to, weight }) => `${to} ${weight}`).join(", ");
}

const to = (name: string, more = "") => `backendRefs: [{ name: ${name}, port: 8080${more} }]`;

describe("which match of which rule counts", () => {
  const rules = `
    - { matches: [{ path: { value: /a } }], ${to("v1", ", weight: 1")} }
    - { matches: [{ path: { value: /a/b/ } }], ${to("v1", ", weight: 2")} }
    - { matches: [{ path: { type: Exact, value: /a/b } }], ${to("v1", ", weight: 3")} }
    - { matches: [{ path: { type: RegularExpression, value: "/a/[0-9]+" } }], ${to("v1", ", weight: 4")} }
    - { matches: [{ path: { value: /a }, method: POST }], ${to("v1", ", weight: 5")} }
    - { matches: [{ path: { value: /a }, headers: [{ name: X-One, value: "1" }] }], ${to("v1", ", weight: 6")} }
    - { matches: [{ path: { value: /a }, headers: [{ name: x-one, value: "1" }, { name: x-two, value: "2.*", type: RegularExpression }] }], ${to("v1", ", weight: 7")} }
    - { matches: [{ path: { value: /a }, queryParams: [{ name: q, value: "1" }] }], ${to("v1", ", weight: 8")} }
    - { matches: [{ headers: [{ name: Host, value: echo.shop:8080 }] }, { headers: [{ name: x-n, value: a }, { name: X-N, value: b }] }], ${to("v1", ", weight: 9")} }`;
  let plan: MeshPlan;
  beforeAll(() => {
    plan = planOf(route("r", rules));
  });
  test.each<readonly [string, Asked, string]>([
    ["a prefix", { url: "/a" }, "1"],
    ["and what is below it", { url: "/a/c?x=/a/b" }, "1"],
    ["a prefix is of whole segments", { url: "/ab" }, "404"],
    ["the longer prefix", { url: "/a/b/c" }, "2"],
    ["a slash at its end says nothing", { url: "/a/b/" }, "2"],
    ["an exact path", { url: "/a/b?x" }, "3"],
    ["an expression, of the whole path", { url: "/a/12" }, "4"],
    ["which is not of a part of it", { url: "/a/12x" }, "1"],
    ["a method", { url: "/a", method: "POST", fields: { "x-one": "1" } }, "5"],
    ["a field", { url: "/a?q=1", fields: { "X-ONE": "1" } }, "6"],
    ["more fields", { url: "/a?q=1", fields: { "x-one": "1", "x-two": "22" } }, "7"],
    ["a parameter", { url: "/a?q=1&q=2" }, "8"],
    ["of a parameter the first value", { url: "/a?q=2&q=1" }, "1"],
    ["the authority as a field", { url: "http://echo.shop:8080/" }, "9"],
    ["of two entries of one field the first", { url: "/", fields: { "x-n": "a" } }, "9"],
    ["and not the second", { url: "/", fields: { "x-n": "b" } }, "404"],
    ["nothing", { url: "/" }, "404"],
  ])("%s", (_, asked, weight) => {
    expect(answerTo(plan, asked)).toBe(weight === "404" ? "404" : `v1.shop ${weight}`);
  });

  test("the older route, then the one whose name is first, then the first rule", () => {
    const rule = (weight: number) => `[{ ${to("v1", `, weight: ${weight}`)} }, { ${to("v2")} }]`;
    const made = (at: string) => ({ metadata: `, creationTimestamp: "${at}"` });
    const old = route("z", rule(1), made("2020-01-01T00:00:00Z"));
    const young = route("a", rule(2), made("2021-01-01T00:00:00Z"));
    expect(answerTo(planOf(route("b", rule(3)) + young + old), { url: "/" })).toBe("v1.shop 1");
    expect(answerTo(planOf(route("b", rule(3)) + young), { url: "/" })).toBe("v1.shop 2");
    expect(answerTo(planOf(route("b", rule(3)) + route("a", rule(4))), { url: "/" })).toBe("v1.shop 4");
  });
});

describe("for whom a route holds", () => {
  test("a consumer's is for clients of its namespace, in the place of the producer's", () => {
    const plan = planOf(
      route("producer", `[{ ${to("v1")} }]`) +
        route("consumer", "[{ backendRefs: [{ name: v3, port: 80 }] }]", {
          namespace: "front",
          parent: "name: echo, namespace: shop, port: 80",
        }),
    );
    expect(answerTo(plan, { url: "/" })).toBe("v3.front 1");
    expect(answerTo(plan, { url: "http://echo.shop:8080/" })).toBe("v1.shop 1");
    expect(answerTo(plan, { url: "/", from: "shop/v2" })).toBe("v1.shop 1");
  });

  test("a port's route is for that port, by whatever name it is asked", () => {
    const plan = planOf(route("r", `[{ ${to("v1")} }]`, { parent: "name: echo, port: 8080" }));
    expect(answerTo(plan, { url: "/" })).toBe("echo.shop 1");
    for (const name of ["echo.shop", "echo.shop.svc", "echo.shop.svc.cluster.local"])
      expect(answerTo(plan, { url: `http://${name}:8080/` })).toBe("v1.shop 1");
    const named = planOf(route("r", `[{ ${to("v1")} }]`, { parent: "name: echo, sectionName: http" }));
    expect(answerTo(named, { url: "/" })).toBe("v1.shop 1");
    expect(answerTo(named, { url: "http://echo.shop:8080/" })).toBe("echo.shop 1");
  });

  test("where GRPCRoutes hold HTTPRoutes do not", () => {
    const calls = `[{ matches: [{ method: { service: shop.Echo, method: Say } }], ${to("v1")} }, { matches: [{ method: { service: shop.Echo } }], ${to("v2")} }]`;
    const plan = planOf(
      route("http", `[{ ${to("v1", ", weight: 7")} }]`) +
        route("grpc", calls, { kind: "GRPCRoute", parent: "name: echo, port: 80" }),
    );
    expect(
      ["/shop.Echo/Say", "/shop.Echo/Other", "/other"].map((url) => answerTo(plan, { url, method: "POST" })),
    ).toEqual(["v1.shop 1", "v2.shop 1", "404"]);
    expect(answerTo(plan, { url: "http://echo.shop:8080/other" })).toBe("v1.shop 7");
  });

  test("a workload that names what it calls may reach what a route makes of that", () => {
    const caller = service("caller", "front").replace("service: caller", "service: caller, calls: [echo.shop]");
    const plan = planOf(caller + route("r", `[{ ${to("v1")} }]`));
    expect(answerTo(plan, { url: "/", from: "front/caller" })).toBe("v1.shop 1");
  });
});

describe("what a rule does", () => {
  test.each([
    ["no backend", "{ matches: [{}] }", "500"],
    ["backends without weight", `{ ${to("v1", ", weight: 0")} }`, "500"],
    ["a backend that is not there", `{ ${to("nobody")} }`, ""],
    [
      "a filter that nobody knows",
      `{ filters: [{ type: ExtensionRef, extensionRef: { group: a.b, kind: C, name: d } }], ${to("v1")} }`,
      "500",
    ],
    [
      "a redirect",
      "{ filters: [{ type: RequestRedirect, requestRedirect: { hostname: a.example, port: 8443, scheme: https } }] }",
      '{"status":302,"scheme":"https","host":"a.example","port":8443}',
    ],
    [
      "a redirect of a prefix",
      "{ matches: [{ path: { value: /a/ } }], filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 308, path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } }] }",
      '{"status":308,"prefix":"/b","match":"/a"}',
    ],
  ])("%s", (_, rule, wanted) => {
    expect(answerTo(planOf(route("r", `[${rule}]`)), { url: "/a" })).toBe(wanted);
  });

  test("times, tries, fields, copies and paths", () => {
    const rule = `
    - matches: [{ path: { value: /old } }]
      timeouts: { request: 2s500ms, backendRequest: 0s }
      retry: { attempts: 3, codes: [500, 409], backoff: 100ms }
      filters:
      - { type: URLRewrite, urlRewrite: { hostname: a.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: "" } } }
      - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-A, value: a }], add: [{ name: X-B, value: "1" }, { name: x-b, value: "2" }], remove: [X-C] } }
      - { type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 }, fraction: { numerator: 1, denominator: 200 } } }
      - { type: RequestMirror, requestMirror: { backendRef: { name: nobody, port: 80 } } }
      backendRefs:
      - name: v1
        port: 80
        filters: [{ type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-D, value: d }] } }]`;
    expect(ask(planOf(route("r", rule)), { url: "/old/x" }).route).toMatchObject({
      targets: [{ to: "v1.shop", port: 80, actions: { responseHeaders: { set: [["x-d", "d"]] } } }],
      timeoutMs: 2500,
      perTryMs: 0,
      retry: { attempts: 3, on: ["connect", "reset", "timeout"], statuses: [500, 409], backoffMs: 100 },
      rewrite: { authority: "a.example", prefix: "/", match: "/old" },
      requestHeaders: {
        set: [["x-a", "a"]],
        add: [
          ["x-b", "1"],
          ["x-b", "2"],
        ],
        remove: ["x-c"],
      },
      mirrors: [{ to: "v2.shop", port: 80, percent: 0.5 }],
    });
  });
});

test("a share of requests is broken that a backend which is not there would get", () => {
  const rule =
    "[{ backendRefs: [{ name: v1, port: 80, weight: 3 }, { name: v1, port: 81 }, { kind: Bucket, group: a.b, name: c }] }]";
  expect(ask(planOf(route("r", rule)), { url: "/" }).route?.targets).toMatchObject([
    { to: "v1.shop", weight: 3 },
    { weight: 1, actions: { respond: { status: 500 } } },
    { weight: 1, actions: { respond: { status: 500 } } },
  ]);
});

test("pages of origins that are allowed may read, and browsers are answered before they ask", () => {
  const plan = planOf(
    route(
      "r",
      `[{ filters: [{ type: CORS, cors: { allowOrigins: ["https://*.shop.example", "http://a.example:8000"], allowMethods: [PUT], allowHeaders: [x-a], exposeHeaders: [x-b], allowCredentials: true } }], ${to("v1")} }]`,
    ),
  );
  const preflight = (origin: string) =>
    ask(plan, { url: "/", method: "OPTIONS", fields: { origin, "access-control-request-method": "PUT" } }).route
      ?.respond;
  expect(preflight("https://a.b.shop.example")).toEqual({
    status: 204,
    body: "",
    headers: [
      ["access-control-allow-credentials", "true"],
      ["access-control-allow-headers", "x-a"],
      ["access-control-allow-methods", "GET, HEAD, POST, PUT"],
      ["access-control-allow-origin", "https://a.b.shop.example"],
      ["access-control-max-age", "5"],
      ["vary", "Origin"],
    ],
  });
  for (const origin of [
    "https://shop.example",
    "http://a.shop.example",
    "http://a.example",
    "https://a.shop.example.evil",
  ])
    expect(preflight(origin)?.headers).toEqual([["vary", "Origin"]]);
  const get = (origin: string) => ask(plan, { url: "/", fields: { origin } }).route;
  expect(get("http://a.example:8000")?.responseHeaders?.set).toEqual([
    ["access-control-allow-credentials", "true"],
    ["access-control-allow-origin", "http://a.example:8000"],
    ["access-control-expose-headers", "x-b"],
  ]);
  expect(get("http://b.example")).toMatchObject({ responseHeaders: undefined, targets: [{ to: "v1.shop" }] });
});

test("many matches are asked to the last", () => {
  const many = Array.from({ length: 60 }, (_, i) => `{ path: { type: Exact, value: /p${i} } }`).join(", ");
  const plan = planOf(route("r", `[{ matches: [${many}], ${to("v1")} }]`));
  expect(["/p0", "/p24", "/p59", "/p60"].map((url) => answerTo(plan, { url }))).toEqual([
    "v1.shop 1",
    "v1.shop 1",
    "v1.shop 1",
    "404",
  ]);
});
