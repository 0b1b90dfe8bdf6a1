/** Objects that a CRD must refuse, and the field that it must name. */

export type Invalid = {
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly field: string;
  readonly body: object;
};

type Spec = Readonly<Record<string, unknown>>;
/** A path below spec, a value that is wrong there, and where the server says so, if not at the path. */
type Row = readonly [path: string, value: unknown, field?: string];

const LONG = "a".repeat(5000);
const many = (count: number, make: (at: number) => unknown) => Array.from({ length: count }, (_, at) => make(at));
const manyKeys = (count: number, value: unknown) =>
  Object.fromEntries(many(count, (at) => [`k${at}`, value]) as [string, unknown][]);

const durations = (path: string, most: string): readonly Row[] => [
  [path, "5"],
  [path, "5 s"],
  [path, -1],
  [path, most],
];
const choice = (path: string): readonly Row[] => [
  [path, "Whatever"],
  [path, 1],
];
const number = (path: string, least: number, most: number): readonly Row[] => [
  [path, least - 1],
  [path, most + 1],
  [path, "1"],
  [path, 1.5],
];

const TRAFFIC: readonly Row[] = [
  ["services", undefined],
  ["services", "orders"],
  ["services", ["Not A Name"], "services[0]"],
  ["services", many(257, (at) => `s${at}`)],
  ...choice("balancer"),
  ...durations("timeouts.connect", "61s"),
  ...durations("timeouts.request", "2h"),
  ...durations("timeouts.idle", "2h"),
  ...durations("retries.perTry", "2h"),
  ...number("retries.attempts", 0, 10),
  ...number("retries.budgetPercent", 0, 100),
  ...number("retries.budgetMin", 0, 1000),
  ["retries.on", ["sometimes"], "retries.on[0]"],
  ["retries.true", ["connect"], "retries"],
  ["retries.on", many(6, () => "connect")],
  ...number("breaker.failures", 1, 1_000_000),
  ...durations("breaker.open", "2h"),
  ...durations("breaker.openMax", "2h"),
  ...number("pool.connectionsMax", 1, 1_000_000),
  ...number("pool.pendingMax", 0, 1_000_000),
];

const BINDING: readonly Row[] = [
  ["policy", undefined, ""],
  ["unit", "policies/a", ""],
  ["policy", "Not A Name"],
  ["direction", undefined],
  ...choice("direction"),
  ...choice("tier"),
  ...choice("mode"),
  ...choice("onFault"),
  ...number("fuel", 1000, 10_000_000_000),
  ["entrypoints", undefined],
  ["entrypoints", many(17, (at) => `mesh/authz/a${at}`)],
  ["selector.namespaces", ["Not A Namespace"], "selector.namespaces[0]"],
  ["selector.namespaces", many(65, (at) => `n${at}`)],
  ["selector.services", ["a.b"], "selector.services[0]"],
  ["selector.services", many(257, (at) => `s${at}`)],
  ["selector.labels", manyKeys(33, "v")],
  ["selector.labels", { app: "a".repeat(257) }, "selector.labels.app"],
  ["selector", "orders"],
];

const POLICY: readonly Row[] = [
  ["modules", undefined],
  ["modules", "package a"],
  ["modules", { "authz.txt": "package a" }],
  ["modules", { "../authz.rego": "package a" }],
  ["modules", manyKeys(65, "package a")],
  ["modules", { "a.rego": 1 }, "modules.a.rego"],
  ["tests", { "authz.rego": "package a" }],
  ["tests", { "../a_test.rego": "package a" }],
  ["data", "x"],
  ["data", ["x"]],
];

const SOURCE: readonly Row[] = [
  ["url", undefined],
  ["url", "https://a b"],
  ["url", `https://${LONG}`],
  ["namespaces", undefined],
  ["namespaces", ["A"], "namespaces[0]"],
  ["namespaces", many(257, (at) => `n${at}`)],
  ["branch", "-x"],
  ["tag", "a b"],
  ["commit", "abc"],
  ["commit", "g".repeat(40)],
  ["path", "../x"],
  ["path", "/x"],
  ...durations("interval", "25h"),
  ["interval", "1ms"],
  ["suspend", "yes"],
  ["verify", {}, "verify.keys"],
  ["verify", { keys: ["no key"] }, "verify.keys[0]"],
  ["verify", { keys: [], what: "Nothing" }, "verify.what"],
  ["verify", { keys: ["ssh-ed25519 AAAA a"], what: "Tag" }, "verify.what"],
];

const CONFIG: readonly Row[] = [
  ["trustDomain", "Not A Domain"],
  ["trustDomain", "a".repeat(256)],
  ["trustDomain", 5],
  ...choice("defaultVerdict"),
  ...choice("pathLevel"),
  ["release.canary.percent", 100],
  ["release.canary.percent", 0],
  ["release.bake", "7h"],
  ["release.bake", "soon"],
];

const TEST: readonly Row[] = [
  ["request", undefined],
  ["request.url", undefined],
  ["request.url", "https://orders/"],
  ["request.url", "http:// x"],
  ["request.method", "get"],
  ["request.headers", manyKeys(65, "v")],
  ["request.headers", { a: LONG }, "request.headers.a"],
  ["expect", undefined],
  ["expect.verdict", undefined],
  ...choice("expect.verdict"),
  ...number("expect.status", 100, 599),
  ["expect.rule", "allow"],
  ["expect.targets", [{ weight: 1 }], "expect.targets[0].service"],
  ["expect.targets", many(65, () => ({ service: "a" }))],
  ["expect.targets", [{ service: "A" }], "expect.targets[0].service"],
  ["expect.targets", [{ service: "a", weight: -1 }], "expect.targets[0].weight"],
  ["expect.limits", [{ key: "a", limit: 1, window: "25h" }], "expect.limits[0].window"],
  ["expect.limits", [{ key: "a", limit: -1, window: "1s" }], "expect.limits[0].limit"],
  ["expect.limits", [{ key: "a", window: "1s" }], "expect.limits[0].limit"],
  ["caller", "A B"],
  ["expect.targets", [{ service: "a", subset: "B" }], "expect.targets[0].subset"],
  ["expect.targets", [{ service: "a", namespace: "B" }], "expect.targets[0].namespace"],
  ["expect.limits", [{ limit: 1, window: "1s" }], "expect.limits[0].key"],
  ["expect.limits", many(65, () => ({ key: "a", limit: 1, window: "1s" }))],
  ["request.url", `http://${LONG}`],
];

const KINDS: readonly (readonly [
  kind: string,
  plural: string,
  isNamespaced: boolean,
  spec: Spec,
  rows: readonly Row[],
])[] = [
  ["TrafficPolicy", "trafficpolicies", true, { services: ["orders"] }, TRAFFIC],
  [
    "PolicyBinding",
    "policybindings",
    true,
    { policy: "a", direction: "Inbound", entrypoints: ["mesh/authz/allow"] },
    BINDING,
  ],
  ["Policy", "policies", true, { modules: { "a.rego": "package a" } }, POLICY],
  ["PolicySource", "policysources", true, { url: "https://git.example.org/a", namespaces: ["a"] }, SOURCE],
  ["MeshConfig", "meshconfigs", false, {}, CONFIG],
  ["MeshTest", "meshtests", true, { request: { url: "http://orders/" }, expect: { verdict: "Allowed" } }, TEST],
];

/** Every one, as it is posted; the right ones that they are made of pass. */
export function invalidObjects(): readonly Invalid[] {
  return KINDS.flatMap(([kind, plural, isNamespaced, spec, rows]) =>
    rows.map(([path, value, field = path]) => ({
      kind,
      plural,
      isNamespaced,
      field: field === "" ? "spec" : `spec.${field}`,
      body: documentOf(kind, set(spec, path.split("."), value)),
    })),
  );
}

export function validObjects(): readonly Omit<Invalid, "field">[] {
  return KINDS.map(([kind, plural, isNamespaced, spec]) => ({
    kind,
    plural,
    isNamespaced,
    body: documentOf(kind, spec),
  }));
}

function documentOf(kind: string, spec: unknown): object {
  return { apiVersion: "regomesh.dev/v1alpha1", kind, metadata: { name: "x" }, spec };
}

/** `undefined` takes the field away. */
function set(value: unknown, [name, ...rest]: readonly string[], to: unknown): unknown {
  if (name === undefined) return to;
  const record = (value ?? {}) as Record<string, unknown>;
  const { [name]: before, ...others } = record;
  const inner = set(before, rest, to);
  return inner === undefined ? others : { ...others, [name]: inner };
}
