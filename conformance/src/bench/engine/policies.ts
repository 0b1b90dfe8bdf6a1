/**
 * What every engine is asked: the two policies of the shared benchmark, and path rules in each shape that
 * indexes are made for, in several numbers, where the rule that holds is among the last.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type EngineRequest = {
  readonly method: string;
  readonly path: string;
  readonly principal: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
};

export type EnginePolicy = {
  readonly name: string;
  readonly rego: string;
  /** JSON text. */
  readonly data: string;
  /** `mesh/authz/allow` */
  readonly entrypoint: string;
  readonly requests: readonly EngineRequest[];
  /** The decision of each request. */
  readonly wanted: readonly unknown[];
};

type Line = EngineRequest & { readonly want: Readonly<Record<string, unknown>> };

export function sharedPolicies(folder: string): readonly EnginePolicy[] {
  const text = (path: string) => readFileSync(join(folder, path), "utf8");
  const requests = text("requests.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const wanted = (name: string) => requests.map(({ want }) => want[name]);
  const [rbac, roles] = [text("rbac/policy.rego"), text("roles/policy.rego")];
  return [
    { name: "rbac", rego: rbac, data: "{}", entrypoint: "envoy/authz/allow", requests, wanted: wanted("rbac") },
    {
      ...{ name: "roles", rego: roles, data: text("roles/data.json"), entrypoint: "mesh/authz/allow" },
      ...{ requests, wanted: wanted("roles") },
    },
  ];
}

const PRINCIPAL = "spiffe://cluster.local/ns/a/sa/b";

/** One rule of two equalities. */
export function simplePolicy(): EnginePolicy {
  const paths = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? "/status" : `/p/${i}`));
  return {
    name: "simple",
    rego: `package mesh.authz
import input.attributes.request.http
default allow := false
allow if { http.method == "GET"; http.path == "/status" }
`,
    data: "{}",
    entrypoint: "mesh/authz/allow",
    requests: paths.map((path) => ({ method: "GET", path, principal: PRINCIPAL, fields: [["host", "a"]] })),
    wanted: paths.map((path) => path === "/status"),
  };
}

/** Relations of users to documents, in data: one is looked up. */
export function tuplesPolicy(tuples: number): EnginePolicy {
  const keyOf = (i: number) => `user-${i}#document:${(i * 7919) % tuples}`;
  const asked = Array.from({ length: 256 }, (_, i) => Math.floor((i * tuples) / 256));
  const held = Array.from({ length: tuples }, (_, i) => [keyOf(i), i % 2 === 0 ? ["viewer"] : ["owner"]]);
  return {
    name: `tuples ${tuples}`,
    rego: `package mesh.authz
import input.attributes.request.http
default allow := false
allow if "viewer" in data.tuples[http.headers["x-tuple"]]
`,
    data: JSON.stringify({ tuples: Object.fromEntries(held) }),
    entrypoint: "mesh/authz/allow",
    requests: asked.map((i) => ({
      ...{ method: "GET", path: "/", principal: PRINCIPAL },
      fields: [
        ["host", "a"],
        ["x-tuple", keyOf(i)],
      ],
    })),
    wanted: asked.map((i) => i % 2 === 0),
  };
}

type Shape = { readonly rule: (i: number) => string; readonly path: (i: number) => string };

const SHAPES: Readonly<Record<string, Shape>> = {
  equality: {
    rule: (i) => `allow if { http.method == "GET"; http.path == "/p/${i}/x"; http.headers["x-user"] == "u${i}" }`,
    path: (i) => `/p/${i}/x`,
  },
  membership: {
    rule: (i) => `allow if { http.path in {"/p/${i}", "/q/${i}"}; http.headers["x-user"] == "u${i}" }`,
    path: (i) => `/p/${i}`,
  },
  prefix: {
    rule: (i) => `allow if { http.method == "GET"; startswith(http.path, "/p/${i}/") }`,
    path: (i) => `/p/${i}/x`,
  },
  suffix: {
    rule: (i) => `allow if { http.method == "GET"; endswith(http.path, "/${i}/end") }`,
    path: (i) => `/p/${i}/end`,
  },
  glob: {
    rule: (i) => `allow if { http.method == "GET"; glob.match("/p/${i}/*", ["/"], http.path) }`,
    path: (i) => `/p/${i}/x`,
  },
  segments: {
    rule: (i) => `allow if { input.parsed_path = ["api", "r${i}", id]; id == http.headers["x-user"] }`,
    path: (i) => `/api/r${i}/u${i}`,
  },
};

export const SHAPE_NAMES = Object.keys(SHAPES);
const REQUESTS = 64;
/** Rules that hold for some request: the last ones. */
const ASKED = 8;

export function shapePolicy(name: string, rules: number): EnginePolicy {
  const shape = SHAPES[name] as Shape;
  const asked = Array.from({ length: REQUESTS }, (_, i) => rules - 1 - (i % Math.min(rules, ASKED)));
  const lines = Array.from({ length: rules }, (_, i) => shape.rule(i));
  const head = ["package mesh.authz", "import input.attributes.request.http", "default allow := false"];
  return {
    name: `${name} ${rules}`,
    rego: [...head, ...lines, ""].join("\n"),
    data: "{}",
    entrypoint: "mesh/authz/allow",
    requests: asked.map((i) => ({
      ...{ method: "GET", path: shape.path(i), principal: PRINCIPAL },
      fields: [
        ["host", "a"],
        ["x-user", `u${i}`],
      ],
    })),
    wanted: asked.map(() => true),
  };
}

export function headOf({ method, path, fields }: EngineRequest): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1");
}

/** opa-envoy-plugin's document of the request. */
export function inputOf({ method, path, principal, fields }: EngineRequest): object {
  const headers = Object.fromEntries(fields.filter(([name]) => name !== "host"));
  const host = fields.find(([name]) => name === "host")?.[1] ?? "";
  const pseudo = { ":authority": host, ":method": method, ":path": path, ":scheme": "https" };
  const http = { method, path, host, scheme: "https", protocol: "HTTP/1.1", headers: { ...pseudo, ...headers } };
  return {
    attributes: { source: { principal }, request: { http } },
    parsed_path: path.replace(/^\/+/, "").split("/"),
    parsed_query: {},
  };
}
