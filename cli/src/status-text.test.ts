import type { RefusedBody, StatusBody } from "@regomesh/controller";
import { expect, test } from "vitest";
import { makePaint } from "./paint.ts";
import { printStatus } from "./status-text.ts";
import { printSpan, printTook } from "./units.ts";

const NOW = 1_800_000_000_000;
const paint = makePaint(
  {
    out: () => {},
    err: () => {},
    env: () => undefined,
    environment: () => ({}),
    cwd: "/",
    isTerminal: false,
    columns: 80,
    signal: AbortSignal.abort(),
    onReload: () => {},
  },
  "never",
);
const proxy = (workload: string, more: Partial<StatusBody["proxies"][number]>): StatusBody["proxies"][number] => ({
  workload,
  namespace: "default",
  service: workload,
  principal: "",
  state: "ready",
  refusedPerSecond: 0,
  isBypassable: false,
  ...more,
});
const hash = (digit: string) => digit.repeat(40);
const refused: RefusedBody = {
  commit: hash("4"),
  subject: "tighten",
  atMs: NOW,
  diagnostics: [
    {
      code: "rego_unsafe_var_error",
      severity: "error",
      message: "var role is unsafe",
      file: "policies/mesh/authz.rego",
      row: 12,
      column: 5,
    },
    {
      code: "reference_unused",
      severity: "warning",
      message: "binding b matches no workload",
      file: "mesh.yaml",
      row: 1,
      column: 1,
    },
  ],
  failedTests: [
    { name: "data.mesh.authz_test.test_x", file: "policies/mesh/authz_test.rego", row: 3, message: "x is not true" },
  ],
  source: "root",
  verdicts: [],
  resources: 0,
  refusals: [],
};

/** Of the mesh's own source. */
const sourceWith = (refused: RefusedBody): StatusBody["sources"][number] => ({
  name: "root",
  label: "git main",
  url: "/repo",
  follows: "branch main",
  path: "",
  namespaces: [],
  keys: 0,
  refused,
  resources: 0,
  troubles: [],
});
const status: StatusBody = {
  warnings: [],
  source: { name: "git main", allow: [{ path: "", namespaces: ["*"] }] },
  mesh: "demo",
  sources: [sourceWith(refused)],
  trustDomain: "cluster.local",
  nowMs: NOW,
  revision: {
    name: hash("8"),
    sent: hash("8"),
    inputs: [],
    sequence: 4,
    source: "git main",
    subject: "refunds \u001b[31mfor alice",
    author: "Ann",
    committedAtMs: NOW - 12_000,
    builtAtMs: NOW,
    enforced: 1,
    proxies: 3,
    ackP99Ms: 310,
  },
  shadows: [
    {
      direction: "inbound",
      binding: "default/stricter",
      unit: "stricter",
      entrypoint: "mesh/authz/allow",
      decisions: 340,
      differences: 12,
      would: { allow: 0, deny: 11, limit: 0, route: 0, break: 1 },
    },
    {
      direction: "inbound",
      binding: "default/idle",
      unit: "idle",
      entrypoint: "mesh/authz/allow",
      decisions: 0,
      differences: 0,
      would: { allow: 0, deny: 0, limit: 0, route: 0, break: 0 },
    },
  ],
  proxies: [
    proxy("web", { revision: hash("8"), svidNotAfterMs: NOW + 85_260_000, policyP50Ns: 1900, isBypassable: true }),
    proxy("orders-v1", {
      revision: hash("7"),
      instance: "11111111-a",
      refusal: {
        class: "local",
        reason: "listen_failed",
        problems: ["listen_failed: cannot listen on 127.0.0.1:80"],
        revision: hash("8"),
        sequence: 4,
        atMs: NOW - 2000,
        attempts: 3,
      },
      refusedPerSecond: 12.34,
    }),
    proxy("orders-v1", { revision: hash("8"), instance: "22222222-b" }),
    proxy("payments", { state: "gone", lastWordMs: NOW - 4000 }),
    proxy("idle", { state: "never" }),
  ],
};

test("printStatus tells everything at one glance", () => {
  expect(printStatus(status, paint)).toBe(
    `revision 8888888 "refunds  [31mfor alice" (git main, 12 s ago)   in force on 1 of 3, p99 310 ms
  WORKLOAD              REVISION        STATE        SVID  POLICY p50  REFUSED/s
  web                   8888888         ready     23h 41m     ≤1.9 µs          0  bypassable
  orders-v1 (11111111)  7777777 (lags)  ready           -           -       12.3
      cannot take revision 8888888, and tries again (last 2 s ago, 3 times): listen_failed: cannot listen on 127.0.0.1:80
  orders-v1 (22222222)  8888888         ready           -           -          0
  payments              -               gone 4 s        -           -          0
      is gone for 4 s: its process has ended, or cannot reach the controller
  idle                  -               never           -           -          0
      no proxy of it has joined yet
  in shadow: default/stricter mesh/authz/allow would have changed 12 of 340 decisions (deny 11, break 1)
  in shadow: default/idle mesh/authz/allow would have changed 0 of 0 decisions
last refused commit: 4444444 "tighten" — policies/mesh/authz.rego:12:5: rego_unsafe_var_error: var role is unsafe
  policies/mesh/authz_test.rego:3: data.mesh.authz_test.test_x fails: x is not true

hint: bypassable: a local process can go round a sidecar that HTTP_PROXY leads to; regomesh capture leaves no way round
`,
  );
});

test("a release that proxies have refused is told with who refused it, and a proxy that refuses alone too", () => {
  const refusal = {
    class: "content" as const,
    reason: "policy_bad_module",
    problems: ["policy_bad_module: no"],
    revision: hash("8"),
    sequence: 4,
    atMs: NOW,
    attempts: 1,
  };
  const refused = {
    commit: hash("8"),
    subject: "tighten",
    atMs: NOW,
    diagnostics: [
      {
        code: "policy_bad_module",
        severity: "error" as const,
        message: "proxy default/web refuses it: no",
        file: ".",
        row: 1,
        column: 1,
      },
    ],
    failedTests: [],
    source: "root",
    verdicts: [],
    resources: 0,
    refusals: [{ workload: "web", namespace: "default", instance: "i", reason: "policy_bad_module", problems: [] }],
  };
  const text = printStatus({ ...status, sources: [sourceWith(refused)], proxies: [proxy("web", { refusal })] }, paint);
  expect(text).toContain("refuses revision 8888888: policy_bad_module: no");
  expect(text).toContain('commit taken back: 8888888 "tighten" — policy_bad_module: proxy default/web refuses it');
});

test("a proxy whose workload is not of the mesh any more is told as such", () => {
  const orphan = proxy("old", { state: "gone", lastWordMs: NOW - 1000, isOrphan: true });
  const text = printStatus({ ...status, proxies: [orphan] }, paint);
  expect(text).toMatch(/ {2}old +- +orphan 1 s /);
  expect(text).toContain("its workload is not of the mesh, and it runs on with what it had: end it where it runs");
});

test("workloads of several namespaces are named with theirs, and a proxy without a snapshot is not ready", () => {
  const proxies = [proxy("web", { namespace: "shop", revision: hash("8") }), proxy("web", {})];
  expect(
    printStatus({ ...status, proxies }, paint)
      .split("\n")
      .slice(2, 5),
  ).toEqual([
    "  shop/web     8888888   ready         -           -          0",
    "  default/web  -         no policy     -           -          0",
    "      has no revision yet: its first snapshot is on its way",
  ]);
});

test("printStatus says what keeps the source from being read, and that its paths are not bounded", () => {
  const source = { name: "git mian", trouble: "/repo has no branch mian", allow: [] };
  const [, fault, ...lines] = printStatus({ ...status, source }, paint).split("\n");
  expect(fault).toBe("source: /repo has no branch mian");
  expect(lines.slice(-4)).toEqual([
    "",
    "hint: every path of git mian may speak for every namespace; the controller's --allow bounds them",
    "hint: bypassable: a local process can go round a sidecar that HTTP_PROXY leads to; regomesh capture leaves no way round",
    "",
  ]);
});

test.each([
  [0.0005, "500 ns"],
  [0.0019, "1.9 µs"],
  [4.26, "4.3 ms"],
  [312.4, "312 ms"],
  [4123, "4.12 s"],
])("printTook of %f ms", (ms, text) => expect(printTook(ms)).toBe(text));

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [61_000, "1 min"],
  [85_260_000, "23h 41m"],
  [10 * 86_400_000, "10 days"],
])("printSpan of %i ms", (ms, text) => expect(printSpan(ms)).toBe(text));

test("what a policy could not decide is said with its reason", () => {
  const fault = { workload: "default/orders", entrypoint: "mesh/ratelimit/limits", lastMs: NOW - 3_000 };
  const faults = [
    { ...fault, reason: "policy_type_error", detail: "limits[0].limit must be a number", decisions: 12 },
    { ...fault, reason: "policy_fuel_exhausted", detail: "", decisions: 1 },
  ];
  const lines = printStatus({ ...status, faults }, paint).split("\n");
  expect(lines.filter((line) => line.startsWith("policy fault"))).toEqual([
    "policy fault: default/orders mesh/ratelimit/limits: policy_type_error, limits[0].limit must be a number (12 times of late, last 3 s ago)",
    "policy fault: default/orders mesh/ratelimit/limits: policy_fuel_exhausted (once of late, last 3 s ago)",
  ]);
});

test.each([60, 80, 160])(
  "in a terminal of %i columns the commit, its force and hints wrap between words",
  (columns) => {
    const subject = "a subject of a length that commits have where somebody explains what for";
    const revision = { ...(status.revision as NonNullable<StatusBody["revision"]>), subject };
    const proxies = [proxy("web", { revision: hash("8"), isBypassable: true, policyP50Ns: 32_000 })];
    const lines = printStatus({ ...status, revision, proxies }, paint, { columns }).split("\n");
    const own = lines.filter((line) => /^(revision|hint| {2}in force| {6})/.test(line));
    expect(own.length).toBeGreaterThan(2);
    expect(own.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.filter((line) => line.includes("in force on")).map((line) => line.startsWith("  in"))).toEqual([
      columns < 160,
    ]);
    expect(lines.join(" ").replace(/ +/g, " ")).toContain(
      "a local process can go round a sidecar that HTTP_PROXY leads to; regomesh capture leaves no way round",
    );
  },
);

test("printStatus says of a proxy how many decisions took more than their rules allow", () => {
  const lines = printStatus(
    { ...status, proxies: [proxy("web", { overBudget: 1234 }), proxy("orders", { overBudget: 1 })] },
    paint,
  );
  expect(lines.split("\n").filter((line) => line.includes("budget"))).toEqual([
    "      budget: 1,234 decisions took more than their rules' metadata say, since it started",
    "      budget: 1 decision took more than their rules' metadata say, since it started",
  ]);
  expect(printStatus({ ...status, proxies: [proxy("web", {})] }, paint)).not.toContain("budget");
});

test("printStatus says who has a release first, how long it is watched, and that others wait for it", () => {
  const proxies = [
    proxy("web", { revision: hash("7") }),
    proxy("orders", { revision: hash("8"), isCanary: true }),
    proxy("payments", { revision: hash("7"), isCanary: true }),
  ];
  const canary = { stage: "canary", sinceMs: NOW, proxies: 2, taken: 1, deadlineMs: NOW + 60_000 } as const;
  const [, first, ...rest] = printStatus({ ...status, release: canary, proxies }, paint).split("\n");
  expect(first).toBe("release: 1 of 2 canaries have it; it is taken back in 1 min unless they take it");
  expect(rest).toContain("      is still at 7777777: its turn comes after the canaries");
  expect(rest).toContain("      is still at 7777777: it was not sent the newer one yet, or has not answered");
  const watched = { stage: "everyone", sinceMs: NOW, proxies: 3, taken: 3, bakedAtMs: NOW + 5000 } as const;
  expect(printStatus({ ...status, release: watched }, paint).split("\n")[1]).toBe(
    "release: 3 of 3 proxies have it, and it is watched for another 5 s: then it counts as proven (regomesh promote, or abort)",
  );
});

test("printStatus says how long the revision took to its effect, at half of the proxies and at nearly all", () => {
  const revision = status.revision && { ...status.revision, effectP50Ms: 120, effectP99Ms: 840 };
  expect(printStatus({ ...status, ...(revision && { revision }) }, paint)).toContain(
    "in force on 1 of 3, to effect p50 120 ms p99 840 ms",
  );
});

test("the wide view says of each edge what its ends have agreed on", () => {
  const agreed = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", group: "X25519MLKEM768", spoken: "h2" };
  const link = { from: "web.default", to: "orders.default", ...agreed, handshakes: 12 };
  const links = [link, { ...link, to: "payments.default", group: "", handshakes: 3 }];
  const text = printStatus({ ...status, links }, paint, { isWide: true });
  expect(text).toContain(`
  EDGE                            TLS      CIPHER                  KEY EXCHANGE    SPOKEN  HANDSHAKES
  web.default → orders.default    TLSv1.3  TLS_AES_256_GCM_SHA384  X25519MLKEM768  h2              12
  web.default → payments.default  TLSv1.3  TLS_AES_256_GCM_SHA384  -               h2               3
`);
  expect(printStatus({ ...status, links }, paint)).not.toContain("X25519MLKEM768");
});
