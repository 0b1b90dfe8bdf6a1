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
  /** The same policy in other languages, as far as they can express it: Cedar's and SAPL's (documents) decide, CEL's gives the value. */
  readonly others?: { readonly cedar?: string; readonly cel?: string; readonly sapl?: readonly string[] };
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
      ...{ requests, wanted: wanted("roles"), others: { cel: ROLES_CEL } },
    },
  ];
}

/** Cedar has no maps whose keys a request names; CEL has no base64 and no split, which `rbac` needs. */
const ROLES_CEL = `request.path == "/healthz" ? {"allowed": dyn(true)} :
!(request.headers["x-tenant"] in data.tenants && request.principal in data.tenants[request.headers["x-tenant"]])
  ? {"allowed": dyn(false), "http_status": dyn(403), "body": dyn("not a member of the tenant")} :
request.principal in data.bindings && data.bindings[request.principal].exists(role, data.roles[role].exists(grant,
    request.method in grant.methods && size(grant.path) == size(request.segments) &&
    [0, 1, 2, 3, 4, 5].all(i, grant.path[i] == "*" || grant.path[i] == request.segments[i])))
  ? {"allowed": dyn(true), "headers": dyn({"x-granted-by": "roles"})}
  : {"allowed": dyn(false), "http_status": dyn(403), "body": dyn("no grant")}`;

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
    others: {
      cedar: 'permit(principal, action, resource) when { context.method == "GET" && context.path == "/status" };',
      cel: 'request.method == "GET" && request.path == "/status"',
      sapl: [saplPermit(0, 'action == "GET" & resource == "/status"')],
    },
  };
}

/** What a token claims decides: 256 tokens, none of which is verified. */
export function claimsPolicy(): EnginePolicy {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const scopes = ["orders.read orders.write", "orders.read", "users.read", "orders.write"];
  const requests = Array.from({ length: 256 }, (_, i): EngineRequest => {
    const claims = {
      iss: "https://issuer.example",
      sub: `user-${i}`,
      aud: ["orders"],
      exp: 1_900_000_000,
      scope: scopes[i % 4],
    };
    const token = [part({ alg: "ES256", typ: "JWT", kid: "k1" }), part(claims), "c2lnbmF0dXJl"].join(".");
    return {
      method: "GET",
      path: `/orders/${i}`,
      principal: PRINCIPAL,
      fields: [
        ["host", "a"],
        ["authorization", `Bearer ${token}`],
      ],
    };
  });
  return {
    name: "claims",
    rego: `package mesh.authz
import input.attributes.request.http
default allow := false
claims := payload if {
	[_, token] := split(http.headers.authorization, " ")
	[_, payload, _] := io.jwt.decode(token)
}
allow if {
	http.method == "GET"
	startswith(http.path, "/orders/")
	claims.iss == "https://issuer.example"
	"orders.read" in split(claims.scope, " ")
}
`,
    data: "{}",
    entrypoint: "mesh/authz/allow",
    ...{ requests, wanted: requests.map((_, i) => i % 4 < 2) },
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
    others: {
      cel: '"viewer" in data.tuples[request.headers["x-tuple"]]',
      sapl: ['policy "tuples" permit where "viewer" in tuples[(environment.headers["x-tuple"])];'],
    },
  };
}

type Shape = {
  readonly rule: (i: number) => string;
  /** Rules that stand before those. */
  readonly head?: readonly string[];
  readonly path: (i: number) => string;
  /** Document of the data, for so many rules. */
  readonly data?: (rules: number) => object;
  /** Conditions of the rule in other languages; CEL's and Cedar's operators are the same for most. */
  readonly cedar?: (i: number) => string;
  readonly cel?: (i: number) => string;
  /** A target expression: what it says is tried before anything else of a document. */
  readonly sapl?: (i: number) => string;
};

const SHAPES: Readonly<Record<string, Shape>> = {
  equality: {
    rule: (i) => `allow if { http.method == "GET"; http.path == "/p/${i}/x"; http.headers["x-user"] == "u${i}" }`,
    path: (i) => `/p/${i}/x`,
    cedar: (i) => `context.method == "GET" && context.path == "/p/${i}/x" && context.headers["x-user"] == "u${i}"`,
    cel: (i) => `request.method == "GET" && request.path == "/p/${i}/x" && request.headers["x-user"] == "u${i}"`,
    sapl: (i) => `action == "GET" & resource == "/p/${i}/x" & environment.headers["x-user"] == "u${i}"`,
  },
  membership: {
    rule: (i) => `allow if { http.path in {"/p/${i}", "/q/${i}"}; http.headers["x-user"] == "u${i}" }`,
    path: (i) => `/p/${i}`,
    cedar: (i) => `["/p/${i}", "/q/${i}"].contains(context.path) && context.headers["x-user"] == "u${i}"`,
    cel: (i) => `request.path in ["/p/${i}", "/q/${i}"] && request.headers["x-user"] == "u${i}"`,
    sapl: (i) => `resource in ["/p/${i}", "/q/${i}"] & environment.headers["x-user"] == "u${i}"`,
  },
  prefix: {
    rule: (i) => `allow if { http.method == "GET"; startswith(http.path, "/p/${i}/") }`,
    path: (i) => `/p/${i}/x`,
    cedar: (i) => `context.method == "GET" && context.path like "/p/${i}/*"`,
    cel: (i) => `request.method == "GET" && request.path.startsWith("/p/${i}/")`,
  },
  suffix: {
    rule: (i) => `allow if { http.method == "GET"; endswith(http.path, "/${i}/end") }`,
    path: (i) => `/p/${i}/end`,
    cedar: (i) => `context.method == "GET" && context.path like "*/${i}/end"`,
    cel: (i) => `request.method == "GET" && request.path.endsWith("/${i}/end")`,
  },
  glob: {
    rule: (i) => `allow if { http.method == "GET"; glob.match("/p/${i}/*", ["/"], http.path) }`,
    path: (i) => `/p/${i}/x`,
  },
  segments: {
    rule: (i) => `allow if { input.parsed_path = ["api", "r${i}", id]; id == http.headers["x-user"] }`,
    path: (i) => `/api/r${i}/u${i}`,
    cel: (i) => `request.segments == ["api", "r${i}", request.headers["x-user"]]`,
  },
  data: {
    rule: (i) => `allow if { http.method == "GET"; data.teams[http.headers["x-user"]] == "team-${i}" }`,
    path: (i) => `/p/${i}`,
    data: (rules) => ({ teams: Object.fromEntries(Array.from({ length: rules }, (_, i) => [`u${i}`, `team-${i}`])) }),
    cel: (i) => `request.method == "GET" && data.teams[request.headers["x-user"]] == "team-${i}"`,
  },
  local: {
    rule: (i) => `allow if { user := http.headers["x-user"]; http.method == "GET"; user == "u${i}" }`,
    path: (i) => `/p/${i}`,
    cedar: (i) => `context.method == "GET" && context.headers["x-user"] == "u${i}"`,
    cel: (i) => `request.method == "GET" && request.headers["x-user"] == "u${i}"`,
    sapl: (i) => `action == "GET" & environment.headers["x-user"] == "u${i}"`,
  },
  argument: {
    rule: (i) => `may(path, user) if { path == "/p/${i}"; user == "u${i}" }`,
    head: ['allow if may(http.path, http.headers["x-user"])'],
    path: (i) => `/p/${i}`,
    cedar: (i) => `context.path == "/p/${i}" && context.headers["x-user"] == "u${i}"`,
    cel: (i) => `request.path == "/p/${i}" && request.headers["x-user"] == "u${i}"`,
    sapl: (i) => `resource == "/p/${i}" & environment.headers["x-user"] == "u${i}"`,
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
  const imports = ["package mesh.authz", "import input.attributes.request.http", "default allow := false"];
  return {
    name: `${name} ${rules}`,
    rego: [...imports, ...(shape.head ?? []), ...lines, ""].join("\n"),
    data: JSON.stringify(shape.data?.(rules) ?? {}),
    entrypoint: "mesh/authz/allow",
    requests: asked.map((i) => ({
      ...{ method: "GET", path: shape.path(i), principal: PRINCIPAL },
      fields: [
        ["host", "a"],
        ["x-user", `u${i}`],
      ],
    })),
    wanted: asked.map(() => true),
    others: {
      ...(shape.cedar === undefined ? {} : { cedar: manyRules(rules, shape.cedar, permitIf, "\n") }),
      ...(shape.cel === undefined ? {} : { cel: manyRules(rules, shape.cel, (when) => `(${when})`, " ||\n") }),
      ...(shape.sapl === undefined
        ? {}
        : { sapl: Array.from({ length: rules }, (_, i) => saplPermit(i, shape.sapl?.(i) ?? "")) }),
    },
  };
}

function manyRules(
  rules: number,
  when: (i: number) => string,
  rule: (when: string) => string,
  between: string,
): string {
  return Array.from({ length: rules }, (_, i) => rule(when(i))).join(between);
}

function permitIf(when: string): string {
  return `permit(principal, action, resource) when { ${when} };`;
}

function saplPermit(i: number, when: string): string {
  return `policy "${i}" permit ${when}`;
}

export function headOf({ method, path, fields }: EngineRequest): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1");
}

/** The request for languages that have a model of their own. */
export function flatInputOf({ method, path, principal, fields }: EngineRequest): object {
  const segments = path.replace(/^\/+/, "").split("/");
  return { method, path, principal, segments, headers: Object.fromEntries(fields) };
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
