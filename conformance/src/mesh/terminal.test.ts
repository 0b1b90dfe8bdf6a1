/** What the terminal answers about a running mesh, as whoever sits there gets it. */
import { dispatch, type Io } from "@regomesh/cli";
import type { DecisionsBody, ExplainBody, ExplainedBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { TestMesh } from "./test-mesh.ts";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.open();
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

type Said = { readonly code: number; readonly out: string; readonly err: string };

async function regomesh(args: readonly string[], signal = new AbortController().signal): Promise<Said> {
  let [out, err] = ["", ""];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: () => undefined,
    environment: () => ({}),
    cwd: mesh.repository,
    isTerminal: false,
    columns: 80,
    signal,
    onReload: () => {},
  };
  return { code: await dispatch(args, io), out, err };
}

const state = () => ["--state", mesh.statePath(".")];

/** The decision is kept a moment after its response. */
async function reported(id: string | undefined): Promise<string> {
  return (await mesh.decision(id ?? "none")).id;
}

test("a refusal's id leads to its rules, with values and the commits of rule and data", async () => {
  const commit = await mesh.commit("Alice may see orders", {
    "examples/authz/data.yaml": (text) => text.replace("alice: [orders]", "alice: [orders, stock]"),
  });
  await mesh.inForce(commit);
  const fields = { "x-user": "alice", authorization: "Bearer secret-of-alice" };
  const { decision } = await mesh.ask("/refunds?access_token=secret-of-alice", fields);
  const id = await reported(decision);
  const { code, out } = await regomesh(["explain", id.toLowerCase(), ...state()]);
  expect(code).toBe(0);
  expect(out).toContain(`decision ${id}  denied 403`);
  expect(out).toContain("request   GET /refunds?access_token=***");
  expect(out).toContain("authorization: Bearer ***");
  expect(out).not.toContain("secret-of-alice");
  expect(out).toContain('line 19: wanted in data.users[http.headers["x-user"]] does not hold');
  expect(out).toContain('data.users[http.headers["x-user"]] is ["orders","stock"]');
  expect(out).toMatch(new RegExp(`reads data\\.users, examples/authz/data\\.yaml:2 \\(${commit.slice(0, 7)}\\)`));
  expect(out).toContain(`${commit.slice(0, 7)}  Regomesh Demo: Alice may see orders`);
  const json = JSON.parse((await regomesh(["explain", id, "-o", "json", ...state()])).out) as ExplainedBody;
  expect(json.stage?.asked.find(({ decided }) => decided)).toMatchObject({
    unit: "examples/authz",
    outcome: "defined",
    value: false,
  });
});

test("a request that nobody sends is told as it would be, over sender, route and receivers", async () => {
  const ask = async (...args: readonly string[]) =>
    JSON.parse((await regomesh(["explain", ...args, "-o", "json", ...state()])).out) as ExplainBody;
  const way = await ask("--from", "web", "GET", "http://orders/refunds", "-H", "x-version: v2");
  expect(
    way.targets.map(({ service, subset, stages }) => [
      service,
      subset,
      stages.map(({ workload, verdict }) => [workload, verdict]),
    ]),
  ).toEqual([["orders.default", "v2", [["default/orders-v2", "allowed"]]]]);
  for (const user of ["alice", "mallory"]) {
    const outside = await ask("--from", "outside", "GET", "http://web/orders", "-H", `x-user: ${user}`);
    const { status } = await mesh.ask("/orders", { "x-user": user });
    expect(outside.targets[0]?.stages[0]?.status).toBe(status);
  }
  expect((await ask("--from", "web", "GET", "http://nobody/")).reason).toBe("no_such_service");
  expect(await regomesh(["explain", "--from", "nobody", "GET", "http://orders/", ...state()])).toMatchObject({
    code: 1,
    err: "regomesh explain: the mesh has no workload nobody\n",
  });
  expect(
    (await regomesh(["explain", "--from", "web", "GET", "http://orders/", "-H", "x: a\r\nb: c", ...state()])).err,
  ).toContain("the value of field x is none");
});

test("decisions are listed by verdict and followed as they come", async () => {
  await reported((await mesh.ask("/refunds")).decision);
  const { out } = await regomesh(["decisions", "--refused", "--workload", "web", "-o", "json", ...state()]);
  const { decisions } = JSON.parse(out) as DecisionsBody;
  expect(new Set(decisions.map(({ verdict, reporter }) => `${verdict} ${reporter}`))).toEqual(
    new Set(["denied default/web"]),
  );
  const ending = new AbortController();
  const following = regomesh(["decisions", "-f", "--refused", "--limit", "1", ...state()], ending.signal);
  const id = await reported((await mesh.ask("/refunds")).decision);
  await until("the decision was followed", 5000, async () => {
    const { out: now } = await regomesh(["decisions", "--refused", ...state()]);
    return now.includes(id) ? true : undefined;
  });
  ending.abort();
  expect((await following).code).toBe(0);
});

test("get shows what is in force, wait ends where a commit is refused, and nothing is told without the token", async () => {
  expect((await regomesh(["get", "wl", ...state()])).out.split("\n").map((line) => line.split(/ +/)[1])).toEqual([
    "NAME",
    "orders-v1",
    "orders-v2",
    "payments",
    "web",
    undefined,
  ]);
  expect((await regomesh(["get", "binding", "guardrail", "-o", "yaml", ...state()])).out).toContain("tier: Mandatory");
  expect((await regomesh(["get", "service", "x", ...state()])).err).toMatch(
    /^regomesh get: revision [0-9a-f]{7} has no MeshService x\n$/,
  );
  const bad = await mesh.commit("A fault", {
    "examples/authz/orders.rego": (text) => `${text}\nallow if wanted == role\n`,
  });
  const refused = await regomesh(["wait", "--revision", bad, ...state()]);
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringMatching(/^regomesh wait: commit [0-9a-f]{7} is refused: examples\/authz\/orders\.rego:\d+/),
  ]);
  await mesh.revert();
  expect((await regomesh(["wait", ...state()])).out).toMatch(/ is in force on 4 of 4 /);
  for (const path of ["resources", "explain/AAAAAAAAAA"]) {
    expect((await fetch(`${mesh.mesh.page}/api/${path}`)).status).toBe(401);
  }
  expect((await regomesh(["decisions", "--controller", mesh.mesh.page])).err).toContain("there is no token in");
});

test("a scraper finds every proxy, and a drain from the terminal ends one that serves", async () => {
  expect(await (await fetch(`${mesh.mesh.page}/readyz`)).json()).toEqual({ ready: true });
  const targets = (await (await fetch(`${mesh.mesh.page}/api/targets`)).json()) as readonly {
    readonly targets: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
  }[];
  expect(targets.map(({ labels }) => labels["workload"])).toEqual(["orders-v1", "orders-v2", "payments", "web"]);
  const [admin = ""] = targets.find(({ labels }) => labels["workload"] === "orders-v2")?.targets ?? [];
  const own = ["--state", mesh.statePath("proxies/orders-v2")];
  expect(
    await regomesh(["drain", "orders-v2", "--admin", admin, "--state", mesh.statePath("proxies/web")]),
  ).toMatchObject({
    code: 1,
    err: expect.stringContaining("does not take the token"),
  });
  expect(await regomesh(["drain", "orders-v2", "--admin", admin, ...own])).toMatchObject({
    code: 0,
    out: "orders-v2 drains\n",
  });
  await until("the sidecar has left", 15_000, async () => {
    const { proxies } = await mesh.status();
    return proxies.some(({ workload, state: how }) => workload === "orders-v2" && how === "gone") ? true : undefined;
  });
  expect((await mesh.ask("/orders")).status).toBe(200);
});
