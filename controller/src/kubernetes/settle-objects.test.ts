/** One object's fault refuses that object alone: played with the build that the controller has. */
import { beforeAll, expect, test } from "vitest";
import { changed, makeObject, makePod, makeService } from "../../test/make-object.ts";
import { build } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { freshIn } from "../index/seniority.ts";
import { loadTools } from "../shell/build/compiler.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { Objects } from "./cluster-tree.ts";
import { filesOf, settleObjects } from "./settle-objects.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

const objects = (...all: readonly ClusterObject[]): Objects => new Map(all.map((each) => [objectKey(each), each]));

async function play(newest: Objects, inForce: Objects = new Map(), using: PolicyTools = tools) {
  const builds: string[] = [];
  const before = inForce.size === 0 ? undefined : filesOf(inForce);
  const settled = await settleObjects(newest, inForce, async (files) => {
    const fresh = freshIn(files, before) ?? [];
    const built = build([{ path: "", files, fresh, inPieces: true }], { rights: ALL_RIGHTS }, using);
    builds.push(files.map(({ name }) => name).join(" "));
    const revision = { id: String(builds.length), subject: "", author: "", committedAtMs: 0 };
    return { revision, isAccepted: built.plan !== undefined, refused: built.verdicts };
  });
  const said = [...settled.verdicts].flatMap(([key, verdict]) =>
    verdict.kind === "accepted"
      ? []
      : [`${key}: ${verdict.message}${verdict.kind === "refused" && verdict.hasBefore ? " (as it was)" : ""}`],
  );
  return { ...settled, said: said.sort(), builds: builds.length };
}

const RULE = 'package mesh.authz\n\ndefault allow := false\n\nallow if input.source.serviceAccount == "web"\n';
const ROUTING = 'package mesh.routing\n\nroute := {"timeout": "2s"} if input.attributes.request.http.method == "GET"\n';
const BROKEN = "package mesh.authz\n\nallow if undefined_thing\n";
const policy = (name: string, rego: string) => makeObject(`Policy/shop/${name}`, { modules: { "authz.rego": rego } });
const binding = (name: string, of = name, more: object = {}) =>
  makeObject(`PolicyBinding/shop/${name}`, {
    policy: of,
    direction: "Inbound",
    entrypoints: ["mesh/authz/allow"],
    ...more,
  });
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
const mesh = [
  makeService("shop/orders", "orders"),
  makePod("shop/orders-1", { app: "orders" }),
  makeService("shop/web", "web"),
  makePod("shop/web-1", { app: "web" }),
];
const meshTest = (verdict: string, key = "MeshTest/shop/web-may") =>
  makeObject(key, { caller: "shop/web-1", request: { url: "http://orders.shop/" }, expect: { verdict } });

test("all that is right goes in force at once", async () => {
  const newest = objects(...mesh, policy("authz", RULE), binding("authz"), meshTest("Allowed"));
  const found = await play(newest);
  expect([found.said, found.isAccepted, found.builds, found.inForce]).toEqual([[], true, 1, newest]);
});

test("however many are at fault, all others go in force, and two builds do", async () => {
  const bad = Array.from({ length: 1200 }, (_, at) =>
    makeObject(`TrafficPolicy/shop/t-${at}`, { services: [`s-${at}`] }),
  );
  const good = [...mesh, policy("authz", RULE), binding("authz")];
  const found = await play(objects(...bad, ...good));
  expect([found.said.length, found.isAccepted, found.builds, found.inForce]).toEqual([1200, true, 2, objects(...good)]);
});

test.each([
  ["larger than a text may be", { data: { a: "x".repeat(1_100_000) } }],
  ["nested deeper than is read", { data: { a: nested(300) } }],
])("a Policy that is %s is refused alone", async (_, more) => {
  const huge = makeObject("Policy/evil/huge", { modules: { "authz.rego": RULE }, ...more });
  const good = [...mesh, policy("authz", RULE), binding("authz")];
  const found = await play(objects(huge, ...good));
  expect([[...found.said].map((each) => each.slice(0, 17)), found.inForce]).toEqual([
    ["Policy/evil/huge:"],
    objects(...good),
  ]);
});

test("a Policy that does not compile is refused alone, at its line, and stays as it was", async () => {
  const [good, other] = [policy("authz", RULE), policy("other", RULE)];
  const before = objects(...mesh, good, binding("authz"), other, binding("other", "other", { tier: "Workload" }));
  const bad = changed(good, { modules: { "authz.rego": BROKEN } });
  const moved = changed(other, { modules: { "authz.rego": `${RULE}\n# more\n` } });
  const found = await play(objects(...before.values(), bad, moved), before);
  expect(found.said).toEqual([
    "Policy/shop/authz: authz.rego:3:10: rego_unsafe_var_error: var undefined_thing is unsafe (as it was)",
  ]);
  expect([found.inForce.get("Policy/shop/authz"), found.inForce.get("Policy/shop/other")]).toEqual([good, moved]);
});

test("a new one that does not compile is left out, and what binds it fails closed", async () => {
  const found = await play(objects(...mesh, policy("authz", BROKEN), binding("authz"), meshTest("Broken")));
  expect(found.isAccepted).toBe(true);
  expect(found.said).toEqual([
    "Policy/shop/authz: authz.rego:3:10: rego_unsafe_var_error: var undefined_thing is unsafe",
    "PolicyBinding/shop/authz: no Policy authz in namespace shop: what it would decide is refused with 503",
  ]);
});

test("who deletes a Policy opens nothing", async () => {
  const before = objects(
    ...mesh,
    policy("authz", RULE),
    binding("authz"),
    policy("open", "package mesh.authz\n\nallow := true\n"),
    binding("open"),
  );
  const after = objects(
    ...[...before.values()].filter((each) => objectKey(each) !== "Policy/shop/authz"),
    meshTest("Broken"),
  );
  const found = await play(after, before);
  expect([found.isAccepted, found.said]).toEqual([
    true,
    ["PolicyBinding/shop/authz: no Policy authz in namespace shop: what it would decide is refused with 503"],
  ]);
});

test("a change by which a test of all that is bound fails waits, and the test stays", async () => {
  const good = policy("authz", RULE);
  const before = objects(...mesh, good, binding("authz"), meshTest("Allowed"));
  const closed = changed(good, { modules: { "authz.rego": "package mesh.authz\n\nallow := false\n" } });
  const found = await play(objects(...before.values(), closed), before);
  expect(found.inForce.get("Policy/shop/authz")).toBe(good);
  expect(found.said).toEqual([expect.stringContaining("Policy/shop/authz: refused by MeshTest/shop/web-may")]);
});

const closed = () =>
  changed(policy("authz", RULE), { modules: { "authz.rego": "package mesh.authz\n\nallow := false\n" } });

test.each([
  ["MeshTest/evil/stays-open", true],
  ["MeshTest/regomesh-system/stays-open", false],
  ["MeshTest/shop/stays-open", false],
])("%s holds what its namespace may speak for, and no other's change", async (key, goesOn) => {
  const before = objects(...mesh, policy("authz", RULE), binding("authz"), meshTest("Allowed", key));
  const found = await play(objects(...before.values(), closed()), before);
  const inForce = [found.inForce.get("Policy/shop/authz")?.metadata.generation, found.inForce.has(key)];
  expect([found.isAccepted, ...inForce]).toEqual([true, goesOn ? 2 : 1, !goesOn]);
  const one = goesOn ? `${key}: ` : `Policy/shop/authz: refused by ${key}: `;
  expect(found.said).toEqual([expect.stringContaining(one)]);
});

test.each(["MeshTest/shop/web-may", "MeshTest/evil/web-may", "MeshTest/regomesh-system/web-may"])(
  "what is deleted was meant: %s, which held by it, is refused, and others' changes are not held",
  async (key) => {
    const authz = policy("authz", RULE);
    const before = objects(...mesh, authz, binding("authz"), meshTest("Allowed", key));
    const others = [makeService("team/pay", "pay"), makeService("shop/more", "more"), policy("more", RULE)];
    const left = [...before.values()].filter((each) => each !== authz);
    const found = await play(objects(...left, ...others), before);
    expect([found.isAccepted, [...found.inForce.keys()].sort()]).toEqual([
      true,
      [...left, ...others]
        .map(objectKey)
        .filter((each) => each !== key)
        .sort(),
    ]);
    expect(found.said).toEqual([
      expect.stringContaining(`${key}: `),
      expect.stringContaining("PolicyBinding/shop/authz: no Policy authz"),
    ]);
  },
);

test("a new test that fails is refused, and holds nothing up", async () => {
  const found = await play(objects(...mesh, policy("authz", RULE), binding("authz"), meshTest("Denied")));
  expect([found.isAccepted, found.inForce.has("PolicyBinding/shop/authz")]).toEqual([true, true]);
  expect(found.said).toEqual([expect.stringContaining("MeshTest/shop/web-may: ")]);
});

const made = (object: ClusterObject, creationTimestamp: string): ClusterObject => ({
  ...object,
  metadata: { ...object.metadata, creationTimestamp },
});
const [OLD, NEW] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];

test.each([
  ["what is in force before what is new", [], { a: undefined, z: undefined }, true],
  ["what is in force, were it the younger one", [], { a: OLD, z: NEW }, true],
  ["the older of two that come together", [], { a: NEW, z: OLD }, false],
])("of two bindings of one entrypoint stays %s, whatever they are called", async (_, __, { a, z }, isInForce) => {
  const at = (name: string, time: string | undefined) =>
    time === undefined ? binding(name, "authz") : made(binding(name, "authz"), time);
  const before = [...mesh, policy("authz", RULE), at("z", z)];
  const found = await play(objects(...before, at("a", a)), isInForce ? objects(...before) : new Map());
  expect([found.isAccepted, found.inForce]).toEqual([true, objects(...before)]);
  expect(found.said).toEqual([expect.stringContaining("PolicyBinding/shop/a: mesh/authz/allow of ")]);
});

test("who comes later with a TrafficPolicy for a service that has one, or with more than fits, puts nobody out of force", async () => {
  const traffic = (name: string) => makeObject(`TrafficPolicy/shop/${name}`, { services: ["orders"] });
  const many = (name: string) => [policy(name, RULE), binding(name, name, { tier: "Workload" })];
  const older = Array.from({ length: 31 }, (_, at) => many(`z-${at}`)).flat();
  const before = objects(...mesh, ...older, traffic("z"));
  const found = await play(objects(...before.values(), ...many("a"), traffic("a")), before);
  expect([found.isAccepted, [...before.keys()].filter((key) => !found.inForce.has(key))]).toEqual([true, []]);
  expect(found.said).toEqual([
    "PolicyBinding/shop/a: a workload has more than 31 entrypoints of one direction",
    "TrafficPolicy/shop/a: orders has a TrafficPolicy already",
  ]);
});

test("what does not fit beside what was there takes no room from what comes after it", async () => {
  const rules = Array.from({ length: 16 }, (_, at) => `r${at}`);
  const large = (name: string, time: string) => [
    policy(name, `package mesh.authz\n\n${rules.map((rule) => `${rule} := true`).join("\n\n")}\n`),
    made(
      binding(name, name, { entrypoints: rules.map((rule) => ({ name: `mesh/authz/${rule}`, kind: "Authz" })) }),
      time,
    ),
  ];
  const small = [policy("small", RULE), made(binding("small"), "2026-03-01T00:00:00Z")];
  const found = await play(objects(...mesh, ...large("a", OLD), ...large("b", NEW), ...small));
  expect([found.isAccepted, found.said]).toEqual([
    true,
    ["PolicyBinding/shop/b: a workload has more than 31 entrypoints of one direction"],
  ]);
});

test("a binding that names a Service which is not there is refused alone", async () => {
  const stray = binding("stray", "authz", { selector: { services: ["order"] } });
  const found = await play(objects(...mesh, policy("authz", RULE), binding("authz"), stray));
  expect([found.isAccepted, found.inForce.has("PolicyBinding/shop/authz")]).toEqual([true, true]);
  expect(found.said).toEqual(["PolicyBinding/shop/stray: no service order in reach"]);
});

const rootPolicy = makeObject("Policy/regomesh-system/floor", { modules: { "a.rego": RULE } });
/** What the root binds to these services of all namespaces. */
const rootBinding = (services: readonly string[]) => {
  const { spec } = binding("floor", "floor", { tier: "Mandatory", selector: { namespaces: ["*"], services } });
  return makeObject("PolicyBinding/regomesh-system/floor", spec);
};
/** Of each Pod which bindings decide, as the build of what is in force says. */
const decidingIn = (inForce: Objects) => {
  const { plan } = build([{ path: "", files: filesOf(inForce), inPieces: true }], { rights: ALL_RIGHTS }, tools);
  return plan?.workloads.map(({ name, policies }) => [name, policies.inbound?.entrypoints.map((each) => each.binding)]);
};

test("who deletes a Service takes a binding of the root's from no other that it names", async () => {
  const root = [rootPolicy, rootBinding(["orders", "web"])];
  const before = objects(...mesh, ...root);
  const gone = objects(
    ...[...before.values()].filter(({ kind, metadata }) => kind !== "Service" || metadata.name !== "web"),
  );
  for (const inForce of [before, objects()]) {
    const found = await play(gone, inForce);
    expect([found.isAccepted, found.said]).toEqual([
      true,
      [
        "PolicyBinding/regomesh-system/floor: no Service web of the mesh in reach: it is about the others that it names",
      ],
    ]);
    expect(decidingIn(found.inForce)).toEqual([
      ["orders-1", ["regomesh-system/floor"]],
      ["web-1", undefined],
    ]);
  }
});

test("a TrafficPolicy goes on for the Services that are left of those that it names", async () => {
  const traffic = makeObject("TrafficPolicy/shop/both", { services: ["orders", "mail"], timeouts: { request: "7s" } });
  const found = await play(objects(...mesh, traffic));
  const { plan } = build([{ path: "", files: filesOf(found.inForce), inPieces: true }], { rights: ALL_RIGHTS }, tools);
  expect(plan?.outbound.find(({ name }) => name === "orders")?.traffic.requestTimeoutMs).toBe(7000);
  expect(found.said).toEqual([
    "TrafficPolicy/shop/both: no Service mail of the mesh in reach: it is about the others that it names",
  ]);
});

test("who has another Service answer for its Pods takes no binding from them", async () => {
  const before = objects(...mesh, rootPolicy, rootBinding(["orders"]));
  const found = await play(objects(...before.values(), makeService("shop/aa", "orders")), before);
  expect([found.isAccepted, found.said]).toEqual([true, []]);
  expect(decidingIn(found.inForce)).toEqual([
    ["orders-1", ["regomesh-system/floor"]],
    ["web-1", undefined],
  ]);
});

test("whose Pods were the canaries, and are gone, puts the MeshConfig out of force no more than a release", async () => {
  const config = makeObject("MeshConfig/mesh", {
    trustDomain: "cluster.local",
    maxStaleness: "1h",
    onStale: "Deny",
    release: { canary: { labels: { app: "web" } } },
  });
  const before = objects(...mesh, config);
  const gone = objects(...[...before.values()].filter(({ metadata }) => metadata.name !== "web-1"));
  for (const inForce of [before, objects()]) {
    const found = await play(gone, inForce);
    expect([found.isAccepted, found.said, found.inForce.has("MeshConfig/mesh")]).toEqual([true, [], true]);
    const { plan } = build(
      [{ path: "", files: filesOf(found.inForce), inPieces: true }],
      { rights: ALL_RIGHTS },
      tools,
    );
    expect([plan?.mesh.behindMaxMs, plan?.rules?.canary]).toEqual([3_600_000, undefined]);
  }
});

test("whoever binds more to his Pods than there may be, or routes beside the mesh, puts no binding of the root's out of force", async () => {
  const route = { direction: "Outbound", entrypoints: ["mesh/routing/route"] };
  const root = ["all", "floor", "route"].flatMap((name) => {
    const more = name === "all" ? { tier: "Mandatory" } : name === "route" ? route : {};
    const { spec } = binding(name, name, { selector: { namespaces: ["*"] }, ...more });
    return [
      makeObject(`Policy/regomesh-system/${name}`, { modules: { "a.rego": name === "route" ? ROUTING : RULE } }),
      makeObject(`PolicyBinding/regomesh-system/${name}`, spec),
    ];
  });
  const before = objects(...mesh, ...root);
  const many = Array.from({ length: 40 }, (_, at) => [
    policy(`p-${at}`, RULE),
    binding(`p-${at}`, `p-${at}`, { tier: "Workload" }),
  ]).flat();
  // Its name comes before the root's.
  const rival = [
    makeObject("Policy/evil/route", { modules: { "a.rego": ROUTING } }),
    makeObject("PolicyBinding/evil/route", { policy: "route", ...route }),
    makeService("evil/web", "web"),
    makePod("evil/web-1", { app: "web" }),
  ];
  const found = await play(objects(...before.values(), ...many, ...rival), before);
  expect([found.isAccepted, [...before.keys()].filter((key) => !found.inForce.has(key))]).toEqual([true, []]);
  expect(found.said.map((each) => each.split("/").slice(0, 2).join("/"))).toEqual([
    "PolicyBinding/evil",
    ...Array.from({ length: 11 }, () => "PolicyBinding/shop"),
  ]);
});

/** The compiler's own bound, told as it tells it, where no test waits for megabytes. */
const narrow = (): PolicyTools => ({
  ...tools,
  compile(units, entrypoints, role) {
    const files = units.flatMap((unit) => unit.files);
    const [source] = files;
    if (source === undefined || files.reduce((sum, { text }) => sum + text.length, 0) < 10_000)
      return tools.compile(units, entrypoints, role);
    const at = { source, span: { start: 0, end: 0 } };
    return { diagnostics: [{ code: "policy_too_large", severity: "error", message: "the policy is too large", at }] };
  },
});

test("what is too much for one module beside the root's puts none of the root's out of force", async () => {
  const { spec } = binding("all", "all", { selector: { namespaces: ["*"] }, tier: "Mandatory" });
  const root = [
    makeObject("Policy/regomesh-system/all", { modules: { "a.rego": RULE } }),
    makeObject("PolicyBinding/regomesh-system/all", spec),
  ];
  const before = objects(...mesh, ...root, policy("authz", RULE), binding("authz"));
  const large = [policy("large", `${RULE}\n# ${"x".repeat(9900)}\n`), binding("large")];
  const found = await play(objects(...before.values(), ...large), before, narrow());
  expect([found.isAccepted, [...before.keys()].filter((key) => !found.inForce.has(key))]).toEqual([true, []]);
  expect(found.said).toEqual([expect.stringContaining("PolicyBinding/shop/large: beside what else is bound")]);
});

test("what is too much for one module together puts none of those out of force that were there, however large they are", async () => {
  const sized = (name: string, length: number) => [
    policy(name, `${RULE}\n# ${"x".repeat(length)}\n`),
    binding(name, name, { tier: "Workload" }),
  ];
  const before = objects(...mesh, ...sized("y", 8000), ...sized("z", 1000));
  const found = await play(objects(...before.values(), ...sized("a", 900), ...sized("b", 10)), before, narrow());
  expect([found.isAccepted, [...before.keys()].filter((key) => !found.inForce.has(key))]).toEqual([true, []]);
  expect(found.said).toEqual([
    "PolicyBinding/shop/a: beside what else is bound to a workload it does not fit one module: the policy is too large",
  ]);
});

test("whoever writes more slow tests than his namespace may has the youngest refused, and keeps nobody waiting", async () => {
  let ran = 0;
  const slow: PolicyTools = {
    ...tools,
    test: (unit) => {
      const isSlow = unit.name.includes("/evil/");
      if (isSlow) ran++;
      return { ...tools.test(unit), cpuMs: isSlow ? 4900 : 1 };
    },
  };
  const evil = Array.from({ length: 20 }, (_, at) =>
    made(
      makeObject(`Policy/evil/p-${at}`, { modules: { "a.rego": `${RULE}\ntest_a := true\n` } }),
      `2026-01-01T00:00:${59 - at}Z`,
    ),
  );
  const good = [...mesh, policy("authz", RULE), binding("authz")];
  const found = await play(objects(...evil, ...good), new Map(), slow);
  expect([found.isAccepted, [...found.inForce.keys()].filter((key) => key.startsWith("Policy/"))]).toEqual([
    true,
    ["Policy/evil/p-18", "Policy/evil/p-19", "Policy/shop/authz"],
  ]);
  // Once in each of two builds, where nothing is remembered.
  expect([found.said.length, found.builds, ran]).toEqual([18, 2, 5]);
  expect(found.said[0]).toContain(
    "the tests of namespace evil take more than the 10 s of a processor that they may: p-19 4.9 s, p-18 4.9 s, p-17 4.9 s",
  );
});

test("a MeshTest's caller may be a Service or a service account: a Pod's name is made up", async () => {
  const asking = (name: string, caller: string, verdict: string) =>
    makeObject(`MeshTest/shop/${name}`, { caller, request: { url: "http://orders.shop/" }, expect: { verdict } });
  const runner = makePod("shop/runner-5f7-x2", { app: "runner" });
  const found = await play(
    objects(
      ...[...mesh, runner, policy("authz", RULE), binding("authz")],
      ...[asking("service", "web", "Allowed"), asking("account", "runner", "Denied")],
      ...[asking("wrong", "runner", "Allowed"), asking("nobody", "nobody", "Allowed")],
    ),
  );
  expect(found.said).toEqual([
    "MeshTest/shop/nobody: the mesh has no workload, service or service account shop/nobody",
    "MeshTest/shop/wrong: asked by shop/runner-5f7-x2: it is Denied inbound at shop/orders-1, not Allowed: Policy/shop/authz/authz.rego:3 data.mesh.authz.allow held",
  ]);
});

test("a MeshTest of a namespace asks about requests from it or to it, and is told of others' policies what a caller sees", async () => {
  const asking = (key: string, caller: string, url: string, expect: object) =>
    makeObject(`MeshTest/${key}`, { caller, request: { url }, expect });
  const team = [makeService("team/pay", "pay"), makePod("team/pay-1", { app: "pay" })];
  const [denied, held] = [{ verdict: "Denied" }, { verdict: "Denied", rule: "data.mesh.authz.allow" }];
  const found = await play(
    objects(
      ...[...mesh, ...team, policy("authz", RULE), binding("authz")],
      asking("evil/probe", "team/pay", "http://orders.shop/", denied),
      asking("evil/edge", "outside", "http://orders.shop/", denied),
      asking("shop/asked", "team/pay", "http://orders/", denied),
      asking("shop/asked-whole", "team/pay", "http://orders.shop.svc:80/", held),
      asking("shop/asking", "web", "http://pay.team/", denied),
      asking("team/asking", "pay", "http://orders.shop/", denied),
      asking("team/asking-rule", "pay", "http://orders.shop/", held),
      asking("team/asking-wrong", "pay", "http://orders.shop/", { verdict: "Allowed" }),
      asking("regomesh-system/all", "team/pay", "http://orders.shop/", held),
    ),
  );
  expect(found.said).toEqual([
    "MeshTest/evil/edge: a MeshTest of namespace evil asks about requests from or to namespace evil alone",
    "MeshTest/evil/probe: a MeshTest of namespace evil asks about requests from or to namespace evil alone",
    "MeshTest/shop/asked: a MeshTest of namespace shop asks about requests from or to namespace shop alone",
    "MeshTest/team/asking-rule: asked by team/pay-1: the rules of namespace shop are told to MeshTests of its own alone",
    "MeshTest/team/asking-wrong: asked by team/pay-1: it is Denied inbound at shop/orders-1, not Allowed",
  ]);
});

test("a namespace's MeshTests that take too long are refused, the youngest first, and no other's", async () => {
  let tookMs = 0;
  const slow: PolicyTools = {
    ...tools,
    cpuMs: () => tookMs,
    open: (module, destination) => {
      tookMs += 900;
      return tools.open(module, destination);
    },
  };
  const asking = (name: string, at: number) =>
    made(meshTest("Allowed", `MeshTest/shop/${name}`), `2026-01-01T00:00:0${at}Z`);
  const tests = [asking("c", 1), asking("b", 2), asking("a", 3), asking("d", 4)];
  const other = meshTest("Allowed", "MeshTest/regomesh-system/web-may");
  const found = await play(objects(...mesh, policy("authz", RULE), binding("authz"), ...tests, other), new Map(), slow);
  expect(found.said).toEqual([
    "MeshTest/shop/d: the MeshTests of namespace shop take more than the 2 s of a processor that they may",
  ]);
});

test("what was put in force before nothing more was said is in force", async () => {
  const service = (name: string) => makeObject(`TrafficPolicy/shop/${name}`, { services: [name] });
  const before = objects(...mesh);
  const newest = objects(...mesh, service("a"), service("b"), service("c"), service("d"));
  const tried: string[] = [];
  const settled = await settleObjects(newest, before, async (files) => {
    const named = files.flatMap(({ name }) => /TrafficPolicy.shop.(\w)/.exec(name)?.[1] ?? []).join("");
    tried.push(named);
    // Nobody is named: d is at fault, and of c there is no answer.
    if (named === "abc") return undefined;
    const isAccepted = !named.includes("d");
    return { revision: { id: named, subject: "", author: "", committedAtMs: 0 }, isAccepted, refused: [] };
  });
  expect(tried).toEqual(["abcd", "", "ab", "abcd", "abc"]);
  expect([settled.isAnswered, [...settled.inForce.keys()].filter((key) => key.startsWith("TrafficPolicy"))]).toEqual([
    false,
    ["TrafficPolicy/shop/a", "TrafficPolicy/shop/b"],
  ]);
});
