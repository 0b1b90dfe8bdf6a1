/** One object's fault refuses that object alone: played with the build that the controller has. */
import { beforeAll, expect, test } from "vitest";
import { changed, makeObject, makePod, makeService } from "../../test/make-object.ts";
import { build } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { loadTools } from "../shell/build/compiler.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { Objects } from "./cluster-tree.ts";
import { settleObjects } from "./settle-objects.ts";

let tools: PolicyTools;
beforeAll(async () => {
  tools = await loadTools();
});

const objects = (...all: readonly ClusterObject[]): Objects => new Map(all.map((each) => [objectKey(each), each]));

async function play(newest: Objects, inForce: Objects = new Map(), using: PolicyTools = tools) {
  const builds: string[] = [];
  const settled = await settleObjects(newest, inForce, async (files) => {
    const built = build([{ path: "", files }], { rights: ALL_RIGHTS }, using);
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

test("a binding that names a Service which is not there is refused alone", async () => {
  const stray = binding("stray", "authz", { selector: { services: ["order"] } });
  const found = await play(objects(...mesh, policy("authz", RULE), binding("authz"), stray));
  expect([found.isAccepted, found.inForce.has("PolicyBinding/shop/authz")]).toEqual([true, true]);
  expect(found.said).toEqual(["PolicyBinding/shop/stray: no MeshService order in reach"]);
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

test("what is too much for one module beside the root's puts none of the root's out of force", async () => {
  // The compiler's own bound, told as it tells it, where no test waits for megabytes.
  const narrow: PolicyTools = {
    ...tools,
    compile(units, entrypoints, role) {
      const files = units.flatMap((unit) => unit.files);
      const [source] = files;
      if (source === undefined || files.reduce((sum, { text }) => sum + text.length, 0) < 10_000)
        return tools.compile(units, entrypoints, role);
      const at = { source, span: { start: 0, end: 0 } };
      return { diagnostics: [{ code: "policy_too_large", severity: "error", message: "the policy is too large", at }] };
    },
  };
  const { spec } = binding("all", "all", { selector: { namespaces: ["*"] }, tier: "Mandatory" });
  const root = [
    makeObject("Policy/regomesh-system/all", { modules: { "a.rego": RULE } }),
    makeObject("PolicyBinding/regomesh-system/all", spec),
  ];
  const before = objects(...mesh, ...root, policy("authz", RULE), binding("authz"));
  const large = [policy("large", `${RULE}\n# ${"x".repeat(9900)}\n`), binding("large")];
  const found = await play(objects(...before.values(), ...large), before, narrow);
  expect([found.isAccepted, [...before.keys()].filter((key) => !found.inForce.has(key))]).toEqual([true, []]);
  expect(found.said).toEqual([expect.stringContaining("PolicyBinding/shop/large: beside what else is bound")]);
});
