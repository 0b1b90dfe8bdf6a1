import { type ConnectionContext, openPolicy, type Policy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../src/compile.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";
import { toUnit } from "../src/unit/unit.ts";

const CONTEXT: ConnectionContext = {
  scheme: "https",
  ...{ principal: undefined, trustDomain: undefined, namespace: undefined, serviceAccount: undefined },
  ...{ sourceAddress: "127.0.0.1", sourcePort: 1, destinationAddress: "127.0.0.1", destinationPort: 2 },
  destinationPrincipal: undefined,
};

async function open(text: string, entrypoints: readonly string[]): Promise<Policy> {
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text }] });
  const runtime = await loadRuntime();
  const compiled = compile({ units: [unit], entrypoints: entrypoints.map((name) => ({ unit: "u", name })), runtime });
  if (compiled.module === undefined) throw new Error(compiled.diagnostics[0]?.message);
  const policy = openPolicy({ wasm: compiled.module.wasm, data: "{}", seed: 1 });
  policy.setConnection(CONTEXT);
  return policy;
}

function decide(policy: Policy, text = "") {
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nx-value: ${text}\r\n\r\n`);
  return policy.decide(
    head,
    head.length,
    toHeadTable(head),
    (1 << policy.meta.entrypoints.length) - 1,
    RequestId.of(""),
    0,
  );
}

/** Gives back what the request says, as every kind of decision. */
const ECHO = `package echo
value := json.unmarshal(input.attributes.request.http.headers["x-value"])
members contains value[_]`;

let echo: Policy;
beforeAll(async () => {
  echo = await open(ECHO, ["echo/value", "echo/members"]);
});

const PLAIN = {
  allowed: true,
  ...{ headers: [], responseHeadersToAdd: [], requestHeadersToRemove: [] },
  ...{ queryParametersToSet: [], queryParametersToRemove: [] },
  ...{ body: undefined, httpStatus: 403, dynamicMetadata: undefined },
};
const NO_ROUTE = {
  ...{ targets: undefined, timeoutMs: undefined, retry: undefined, rewrite: undefined, redirect: undefined },
  ...{ respond: undefined, requestHeaders: undefined, responseHeaders: undefined, mirrors: [], fault: undefined },
  hashKey: undefined,
};
const LIMIT = { key: "k", limit: 1, windowMs: 60_000, burst: 1, scope: "local", cost: 1 };

type Rows = Readonly<Record<string, readonly [value: unknown, wanted: unknown]>>;

const authz: Rows = {
  true: [true, PLAIN],
  false: [false, { ...PLAIN, allowed: false }],
  "an object with everything": [
    {
      allowed: true,
      headers: { "X-User": "älice", many: ["1", "2"], host: "evil" },
      response_headers_to_add: [{ a: "1" }, { b: "2", c: [] }],
      request_headers_to_remove: ["Cookie", "host"],
      query_parameters_to_set: { "q q": "1", r: ["2", "3"] },
      query_parameters_to_remove: ["s"],
      body: "b".repeat(100),
      http_status: 418,
      dynamic_metadata: { a: [1, null, { b: 0.5 }] },
    },
    {
      allowed: true,
      headers: [
        ["x-user", "älice"],
        ["many", "1"],
        ["many", "2"],
      ],
      responseHeadersToAdd: [
        ["a", "1"],
        ["b", "2"],
      ],
      requestHeadersToRemove: ["cookie"],
      queryParametersToSet: [
        ["q q", "1"],
        ["r", "2"],
        ["r", "3"],
      ],
      queryParametersToRemove: ["s"],
      body: "b".repeat(100),
      httpStatus: 418,
      dynamicMetadata: { a: [1, null, { b: 0.5 }] },
    },
  ],
  "a byte order mark that begins a text": [
    { allowed: false, body: `\ufeff${"b".repeat(100)}`, headers: { x: "\ufeffa" } },
    { ...PLAIN, allowed: false, body: `\ufeff${"b".repeat(100)}`, headers: [["x", "\ufeffa"]] },
  ],
  "keys that nobody knows": [{ allowed: true, reason: "x", id: [1] }, PLAIN],
  "metadata that is no object": [
    { allowed: true, dynamic_metadata: ["a"] },
    'dynamic_metadata must be an object, not ["a"]',
  ],
  "no object": [[true], "the decision must be an object, not [true]"],
  "no verdict": [{ body: "x" }, "allowed must be a boolean, not nothing"],
  "a verdict of another type": [{ allowed: "yes" }, 'allowed must be a boolean, not "yes"'],
  "a status out of range": [
    { allowed: false, http_status: 99 },
    "http_status must be an integer from 200 to 599, not 99",
  ],
  "half a status": [
    { allowed: false, http_status: 200.5 },
    "http_status must be an integer from 200 to 599, not 200.5",
  ],
  "a status as text": [
    { allowed: false, http_status: "403" },
    'http_status must be an integer from 200 to 599, not "403"',
  ],
  "fields that are no object": [{ allowed: true, headers: 3 }, "headers must be an object of strings, not 3"],
  "a field that is no string": [{ allowed: true, headers: { a: 1 } }, "headers.a must be a string, not 1"],
  "a list of fields with something else": [
    { allowed: true, headers: [{ a: "1" }, "b"] },
    'headers must be an object of strings, not "b"',
  ],
  "a field name with a space": [
    { allowed: true, headers: { "a b": "" } },
    'headers names "a b", which is no field name',
  ],
  "a value with a line end": [
    { allowed: true, headers: { a: "b\r\nc: d" } },
    "headers.a has a character that no field value may have",
  ],
  "a name to remove that is no string": [
    { allowed: true, request_headers_to_remove: ["a", null] },
    "request_headers_to_remove[1] must be a string, not null",
  ],
};

const limits: Rows = {
  none: [[], []],
  "one, and its defaults": [[{ key: "k", limit: 1, window: "1m" }], [LIMIT]],
  "all fields, in Rego's order": [
    [
      { key: "z", limit: 1e3, window: "500ms", burst: 0, scope: "local", cost: 2 },
      { key: "k", limit: 1, window: "1m" },
    ],
    [{ key: "z", limit: 1000, windowMs: 500, burst: 0, scope: "local", cost: 2 }, LIMIT],
  ],
  "no list": [{ key: "k" }, 'limits must be an array, not {"key":"k"}'],
  "a member that is no object": [["k"], 'limits[0] must be an object, not "k"'],
  "an unknown field": [
    [{ key: "k", limit: 1, window: "1m", windows: 1 }],
    'limits[0] has the unknown field "windows"; known are key, limit, window, burst, scope, cost',
  ],
  "no key": [[{ limit: 1, window: "1m" }], "limits[0].key must be a string, not nothing"],
  "a limit in words": [
    [{ key: "k", limit: "three", window: "1m" }],
    'limits[0].limit must be an integer from 0 to 1000000000, not "three"',
  ],
  "a window that is none": [
    [{ key: "k", limit: 1, window: "1 minute" }],
    'limits[0].window must be a duration such as "500ms" or "2s", not "1 minute"',
  ],
  "no window at all": [[{ key: "k", limit: 1, window: "0s" }], "limits[0].window must be longer than 0s"],
  "too many": [Array.from({ length: 65 }, (_, i) => ({ key: `${i}` })), "limits has more than 64 members"],
};

const route: Rows = {
  nothing: [{}, NO_ROUTE],
  "a service's name": [{ to: "orders" }, { ...NO_ROUTE, targets: [{ to: "orders", subset: undefined, weight: 1 }] }],
  everything: [
    {
      to: [
        { to: "a", weight: 0.5 },
        { to: "b.ns", subset: "v1", weight: 90 },
        { to: "c", port: 8080, headers: { request: { set: { d: "1" } } }, mirror: [{ to: "m", port: 81 }] },
        { respond: { status: 500 }, weight: 0 },
      ],
      timeout: "2s",
      perTry: "1s",
      retry: { attempts: 2, perTry: "500ms", on: ["5xx", "409"], backoff: "100ms" },
      rewrite: { prefix: "/v2", authority: "a:80" },
      headers: { request: { set: { a: "1" }, remove: ["B"] }, response: { add: { c: ["2"] } } },
      mirror: [{ to: "m", percent: 12.5 }],
      fault: { delay: "10ms", abortStatus: 503, percent: 1 },
      hashKey: "alice",
    },
    {
      targets: [
        { to: "a", subset: undefined, weight: 0.5 },
        { to: "b.ns", subset: "v1", weight: 90 },
        {
          to: "c",
          port: 8080,
          weight: 1,
          actions: {
            requestHeaders: { set: [["d", "1"]], add: [], remove: [] },
            mirrors: [{ to: "m", port: 81, percent: 100 }],
          },
        },
        { to: "", weight: 0, actions: { respond: { status: 500, body: "", headers: [] }, mirrors: [] } },
      ],
      timeoutMs: 2000,
      perTryMs: 1000,
      retry: { attempts: 2, perTryMs: 500, on: ["5xx"], statuses: [409], backoffMs: 100 },
      rewrite: { prefix: "/v2", authority: "a:80" },
      redirect: undefined,
      respond: undefined,
      requestHeaders: { set: [["a", "1"]], add: [], remove: ["b"] },
      responseHeaders: { set: [], add: [["c", "2"]], remove: [] },
      mirrors: [{ to: "m", percent: 12.5 }],
      fault: { delayMs: 10, abortStatus: 503, percent: 1 },
      hashKey: "alice",
    },
  ],
  "a redirect": [{ redirect: { path: "/x" } }, { ...NO_ROUTE, redirect: { status: 302, path: "/x" } }],
  "a redirect's parts": [
    { redirect: { host: "a.example", port: 8443, prefix: "/new", match: "/old" } },
    { ...NO_ROUTE, redirect: { status: 302, host: "a.example", port: 8443, prefix: "/new", match: "/old" } },
  ],
  "a redirect to two authorities": [
    { redirect: { authority: "a", port: 81 } },
    "redirect may have authority, or host and port, not both",
  ],
  "what a prefix replaces, and no prefix": [{ rewrite: { match: "/a" } }, "rewrite.match says what prefix replaces"],
  "a target of a wrong type further in": [
    { to: [{ to: "a", rewrite: { path: "b" } }] },
    "to[0].rewrite.path must be an absolute path of visible ASCII",
  ],
  "a target that leads nowhere": [{ to: [{ weight: 1 }] }, "to[0].to must be a string, not nothing"],
  "a port that is none": [
    { to: [{ to: "a", port: 70000 }] },
    "to[0].port must be an integer from 1 to 65535, not 70000",
  ],
  "too many mirrors": [{ mirror: Array.from({ length: 17 }, () => ({ to: "m" })) }, "mirror has more than 16 members"],
  "a response": [
    { respond: { status: 200, headers: { a: "b" } } },
    { ...NO_ROUTE, respond: { status: 200, body: "", headers: [["a", "b"]] } },
  ],
  "an unknown field": [
    { timeut: "2s" },
    'the route has the unknown field "timeut"; known are to, timeout, perTry, retry, rewrite, redirect, respond, headers, mirror, fault, hashKey',
  ],
  "an unknown field further in": [
    { retry: { tries: 1 } },
    'retry has the unknown field "tries"; known are attempts, perTry, on, backoff',
  ],
  "no targets": [{ to: [] }, "to must have from 1 to 100 targets"],
  "a target that is no object": [{ to: [3] }, "to[0] must be an object, not 3"],
  "targets that are neither": [{ to: 3 }, "to must be an array, not 3"],
  "a retry on something else": [
    { retry: { on: ["connect", "rain"] } },
    'retry.on[1] must be one of connect, reset, timeout, 5xx, gateway-error, unavailable, or a status from 400 to 599, not "rain"',
  ],
  "a path with a space": [{ rewrite: { path: "/a b" } }, "rewrite.path must be an absolute path of visible ASCII"],
  "too much": [{ mirror: [{ to: "m", percent: 101 }] }, "mirror[0].percent must be a number from 0 to 100, not 101"],
};

for (const [kind, rows] of Object.entries({ authz, limits, route })) {
  describe(kind, () => {
    for (const [name, [value, wanted]] of Object.entries(rows)) {
      test(name, () => {
        const outcome = decide(echo, JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped))[
          kind as "authz" | "limits" | "route"
        ](0);
        expect(outcome).toEqual(
          typeof wanted === "string"
            ? { kind: "fault", fault: "policy_type_error", message: wanted }
            : { kind: "defined", value: wanted },
        );
      });
    }
  });
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

test("a set's members come in Rego's order, whatever order they were added in", () => {
  const value = ["b", "c", "a"].map((key) => ({ key, limit: 1, window: "1s" }));
  const outcome = decide(echo, JSON.stringify(value)).limits(1);
  expect(outcome.kind === "defined" && outcome.value.map(({ key }) => key)).toEqual(["a", "b", "c"]);
});

test("one constant asked as two kinds of decision is read as each", async () => {
  const policy = await open("package p\nallow := {}\nroute := {}\nlimits := set()", ["p/allow", "p/route", "p/limits"]);
  const fault = { fault: "policy_type_error" };
  for (let turn = 0; turn < 2; turn++) {
    const decision = decide(policy);
    expect(decision.authz(0)).toMatchObject({ ...fault, message: "allowed must be a boolean, not nothing" });
    expect(decision.route(1)).toEqual({ kind: "defined", value: NO_ROUTE });
    expect(decision.limits(2)).toEqual({ kind: "defined", value: [] });
  }
});

test("a decision that is no constant reads no JSON", () => {
  const before = echo.jsonParses;
  for (let turn = 0; turn < 3; turn++) decide(echo, `{"allowed": true, "body": "${turn}"}`).authz(0);
  expect(echo.jsonParses).toBe(before);
});
