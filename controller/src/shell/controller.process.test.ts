import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bodyOf, holdingOf, TestProxy } from "../../test/make-proxy.ts";
import { makeOptions } from "../../test/running.ts";
import type { DecisionBody } from "../api/decisions.ts";
import type { GraphBody } from "../api/graph.ts";
import type { RevisionBody } from "../api/releases.ts";
import { refusedOf } from "../api/sources.ts";
import type { StatusBody } from "../api/status.ts";
import { type Controller, openController } from "./controller.ts";
import type { ControllerOptions } from "./controller-options.ts";

const root = resolve(import.meta.dirname, "../../..");
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));

let folder: string;
let repository: string;
let controller: Controller;
let web: TestProxy;

function git(...args: readonly string[]): string {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", repository, ...args], { env, encoding: "utf8" }).trim();
}
function commit(message: string): string {
  git("add", "-A");
  git("commit", "-q", "-m", message);
  return git("rev-parse", "HEAD");
}
function edit(file: string, from: string, to: string): void {
  const path = join(repository, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(path, text.replace(from, to));
}
const token = (workload: string) => join(folder, `${workload}.token`);
const options = (more: Partial<ControllerOptions> = {}): ControllerOptions =>
  makeOptions(folder, {
    git: repository,
    explainDenials: true,
    joinTokens: ["web", "orders-v1"].map((workload) => ({ workload, file: token(workload) })),
    ...more,
  });
async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${controller.http}${path}`)).json()) as T;
}
const status = () => get<StatusBody>("/api/status");
async function until<T>(read: () => Promise<T>, isTrue: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (isTrue(value)) return value;
    await new Promise((next) => setTimeout(next, 5));
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-controller-"));
  repository = join(folder, "repo");
  for (const part of ["policies", "examples/authz", "examples/mesh"]) {
    cpSync(join(root, part), join(repository, part), { recursive: true });
  }
  execFileSync("git", ["init", "-q", "--initial-branch=main", repository], { env });
  commit("The mesh as it starts");
  controller = await openController(options());
  web = await TestProxy.join("web", controller.grpc, token("web"));
  const snapshot = web.next();
  web.connect(controller.grpc, {
    listen: [{ portName: "http", address: "127.0.0.1", port: 4001, transports: ["h1"] }],
  });
  web.ack(await snapshot);
  await until(status, (body) => body.revision?.enforced === 1);
});
afterAll(async () => {
  web.close();
  await controller.close();
  rmSync(folder, { recursive: true });
});

describe("a commit", () => {
  test("is in force where it was ACKed", async () => {
    const body = await status();
    const { revision, proxies } = body;
    expect(refusedOf(body)).toBeUndefined();
    expect(revision).toMatchObject({
      name: git("rev-parse", "HEAD"),
      sequence: 1,
      source: "git main",
      subject: "The mesh as it starts",
      author: "Ann",
      enforced: 1,
      proxies: 1,
    });
    expect(proxies.map(({ workload, state }) => [workload, state])).toEqual([
      ["orders-v1", "never"],
      ["orders-v2", "never"],
      ["payments", "never"],
      ["web", "ready"],
    ]);
    const [first] = web.received;
    expect(first && bodyOf(first).mesh.explainDenials).toBe(true);
    expect(first?.modules.length).toBe(2);
  });

  test("reaches proxies, ten times in a row", async () => {
    for (let turn = 0; turn < 10; turn++) {
      appendFileSync(join(repository, "examples/authz/data.yaml"), `\n# ${turn}\n`);
      edit("examples/authz/data.yaml", "bob: [", `user${turn}: [orders]\n  bob: [`);
      const arrived = web.next();
      commit(`user ${turn}`);
      web.ack(await arrived);
      const { revision } = await until(status, (body) => body.revision?.enforced === 1);
      expect(revision?.subject).toBe(`user ${turn}`);
    }
  });

  const refusals: Record<
    string,
    { file: string; from: string; to: string; says: (body: StatusBody) => unknown; is: unknown }
  > = {
    "that does not parse": {
      file: "examples/authz/orders.rego",
      from: "default allow := false",
      to: "default allow := := false",
      says: (body) => refusedOf(body)?.diagnostics.map(({ file, row, severity }) => [file, row, severity])[0],
      is: ["examples/authz/orders.rego", 14, "error"],
    },
    "with an unsafe variable": {
      file: "policies/mesh/authz.rego",
      from: "default allow := false",
      to: "default allow := false\n\nallow if input.x == nobody",
      says: (body) => refusedOf(body)?.diagnostics[0]?.code,
      is: "rego_unsafe_var_error",
    },
    "whose test fails": {
      file: "examples/authz/orders.rego",
      from: "default allow := false",
      to: "default allow := true",
      says: (body) => refusedOf(body)?.failedTests.map(({ name, file }) => [name, file])[0],
      is: ["data.mesh.authz_test.test_alice_may_not_refund", "examples/authz/orders_test.rego"],
    },
    "with a slip in a resource": {
      file: "examples/mesh/bindings.yaml",
      from: "tier: Mandatory",
      to: "teir: Mandatory",
      says: (body) => refusedOf(body)?.diagnostics.map(({ file, row, column, hint }) => [file, row, column, hint])[0],
      is: ["examples/mesh/bindings.yaml", 11, 3, "did you mean tier?"],
    },
  };
  for (const [name, { file, from, to, says, is }] of Object.entries(refusals)) {
    test(`${name} changes no proxy's version, and status says why`, async () => {
      const before = await status();
      edit(file, from, to);
      const hash = commit(name);
      const body = await until(status, (body) => refusedOf(body)?.commit === hash);
      expect(says(body)).toEqual(is);
      // A refusal may be long: it is told once.
      expect(JSON.stringify(body).split(`"commit":"${hash}"`)).toHaveLength(2);
      expect(body.revision).toMatchObject({ name: before.revision?.name, enforced: 1 });
      git("revert", "--no-edit", "HEAD");
      const reverted = git("rev-parse", "HEAD");
      const after = await until(status, ({ revision }) => revision?.name === reverted);
      expect(refusedOf(after)).toBeUndefined();
      // What is reverted to is in force already: nothing was sent.
      expect(after.revision).toMatchObject({ sequence: before.revision?.sequence, enforced: 1 });
    });
  }
});

describe("reports", () => {
  test("become edges, decisions and their source", async () => {
    const { sent, sequence } = (await status()).revision as RevisionBody;
    const revision = { epoch: "e", sequence, name: sent };
    const edge = {
      direction: "inbound",
      peerService: "",
      peerPrincipal: "",
      service: "web",
      subset: "",
      mtls: false,
      revision,
      requests: 3,
      success: 2,
      failures: 0,
      denied: 1,
      limited: 0,
      boundsMs: [1],
      counts: [3, 0],
    };
    const decision = {
      id: "7QK2M",
      timeMs: Date.now(),
      direction: "inbound",
      verdict: "denied",
      status: 403,
      reason: "",
      method: "GET",
      path: "/refunds",
      sourcePrincipal: "",
      destinationService: "web",
      destinationWorkload: "web",
      rules: ["data.mesh.authz.allow examples/authz/orders.rego:14:1"],
      entrypoint: "mesh/authz/allow",
      revision,
      requestId: "r",
      durationMs: 1,
      policyNs: 1900,
      builtinErrors: 0,
      shadows: [],
      detail: "",
      fields: [],
      endpoint: "",
      tries: 0,
    };
    const isOneCaptured = async () => (await status()).proxies.some(({ isBypassable }) => !isBypassable);
    expect(await isOneCaptured()).toBe(false);
    web.report({ edges: [edge], decisions: [decision], captured: true, overBudgetTotal: 3 });
    const graph = await until(
      () => get<GraphBody>("/api/graph"),
      ({ edges }) => edges.length > 0,
    );
    expect(graph.edges.map(({ id, state }) => [id, state])).toEqual([["outside web.default", "ready"]]);
    // It has tried itself that nobody goes round it.
    expect(await isOneCaptured()).toBe(true);
    expect((await status()).proxies.find(({ workload }) => workload === "web")?.overBudget).toBe(3);
    const { rules } = await get<DecisionBody>("/api/decisions/7QK2M");
    expect(rules[0]?.excerpt?.find(({ row }) => row === 14)?.text).toBe("default allow := false");
    expect(rules[0]?.commit).toMatchObject({ author: "Ann" });
    expect((await fetch(`${controller.http}/api/decisions/none`)).status).toBe(404);
  });
});

describe("the API", () => {
  test("answers this machine's names only, and runs nothing that is not the page's own", async () => {
    const { hostname, port } = new URL(controller.http);
    const foreign = await new Promise<number>((done, fail) => {
      request({ hostname, port, path: "/api/status", headers: { host: "evil.example" } }, (response) => {
        response.resume();
        done(response.statusCode ?? 0);
      })
        .on("error", fail)
        .end();
    });
    expect(foreign).toBe(403);
    const { headers } = await fetch(`${controller.http}/api/status`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("changes nothing without the token", async () => {
    const hook = (authorization: string) =>
      fetch(`${controller.http}/hook`, { method: "POST", headers: { authorization }, body: "anything" });
    expect((await hook("Bearer guess")).status).toBe(401);
    const file = join(folder, "state/api-token");
    expect((await hook(`Bearer ${readFileSync(file, "utf8").trim()}`)).status).toBe(202);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("sends events as they come", async () => {
    const leave = new AbortController();
    const response = await fetch(`${controller.http}/api/events`, { signal: leave.signal });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk as Uint8Array);
      if (["status", "graph", "decisions"].every((name) => text.includes(`event: ${name}\ndata: {`))) break;
    }
    leave.abort();
    expect(text).toMatch(/^retry: 1000$/m);
  });

  test("is watched: health and metrics", async () => {
    expect((await fetch(`${controller.http}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${controller.http}/readyz`)).json()).toEqual({ ready: true });
    const metrics = await (await fetch(`${controller.http}/metrics`)).text();
    expect(metrics).toMatch(/^regomesh_controller_proxies\{state="ready"\} 1$/m);
    expect(metrics).toMatch(/^regomesh_controller_builds_total\{result="refused"\} 4$/m);
  });

  test("takes no more connections than a machine's people need, and ends those that never say what they want", async () => {
    const { port } = new URL(controller.http);
    const sockets = Array.from({ length: 300 }, () => {
      const socket = connect(Number(port), "127.0.0.1");
      const ended = new Promise<void>((done) => socket.once("close", () => done()));
      socket.on("error", () => {});
      socket.resume();
      socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-");
      return { socket, ended };
    });
    // Forty-four at once, the others when their time is over.
    await Promise.all(sockets.map(({ ended }) => ended));
    expect((await fetch(`${controller.http}/healthz`)).status).toBe(200);
  });
});

describe("a controller that starts anew", () => {
  test("serves the last good revision though the branch is broken, and sends nothing that is in force", async () => {
    const before = await status();
    const held = web.received.at(-1);
    edit("policies/mesh/authz.rego", "package mesh.authz", "package mesh.");
    const broken = commit("broken");
    await until(status, (body) => refusedOf(body)?.commit === broken);
    await controller.close();
    web.close();
    controller = await openController(options());
    const count = web.received.length;
    web.connect(controller.grpc, { holding: held && holdingOf(held), instance: "2" });
    const body = await until(status, ({ revision }) => revision?.enforced === 1);
    expect(body.revision?.sequence).toBe(before.revision?.sequence);
    expect(refusedOf(body)?.commit).toBe(broken);
    expect(web.received.length).toBe(count);
  });

  test("tells endpoints before their proxies are back", async () => {
    const orders = await TestProxy.join("orders-v1", controller.grpc, token("orders-v1"));
    const listen = [{ portName: "http", address: "127.0.0.1", port: 4002, transports: ["h1"] }];
    const snapshot = orders.next();
    orders.connect(controller.grpc, { listen });
    orders.ack(await snapshot);
    const endpointsOf = (service: string) =>
      web.endpoints.flatMap(({ services }) => services.filter((each) => each.service === service)).at(-1)?.endpoints;
    await until(
      async () => endpointsOf("orders.default"),
      (endpoints) => endpoints?.length === 1,
    );
    await controller.close();
    web.close();
    orders.close();
    web.endpoints.length = 0;
    controller = await openController(options());
    web.connect(controller.grpc);
    const found = await until(
      async () => endpointsOf("orders.default"),
      (endpoints) => endpoints !== undefined,
    );
    expect(found?.map(({ port, principal }) => [port, principal])).toEqual([
      [4002, "spiffe://cluster.local/ns/default/sa/orders"],
    ]);
  });

  test("shows a proxy whose sockets closed as gone", async () => {
    const body = await until(status, ({ proxies }) =>
      proxies.some(({ workload, state }) => workload === "web" && state !== "never"),
    );
    expect(body.proxies.find(({ workload }) => workload === "web")?.state).toBe("ready");
    web.close();
    await until(status, ({ proxies }) => proxies.find(({ workload }) => workload === "web")?.state === "gone");
  });
});

/** Mistyped flags at another start: what was in force stays, and status says what is wrong. */
test.each<readonly [string, Partial<ControllerOptions>, (body: StatusBody) => unknown, unknown]>([
  [
    "path",
    { path: "nope" },
    (body) => refusedOf(body)?.diagnostics.map(({ message }) => message)[0],
    "the commit has no directory nope, which is the source",
  ],
  [
    "path that is a file",
    { path: "policies/mesh/authz.rego" },
    (body) => refusedOf(body)?.diagnostics[0]?.code,
    "source_loss",
  ],
  [
    "branch",
    { branch: "mian" },
    ({ source }) => source.trouble?.replace(/^\S+ /, ""),
    "has no branch mian with a commit; it has main",
  ],
  ["repository", { git: "/nonexistent" }, ({ source }) => source.trouble, "there is no directory /nonexistent"],
  [
    "workload of a join token",
    { joinTokens: [{ workload: "gone", file: "/dev/null" }] },
    ({ proxies }) => proxies.length > 0,
    true,
  ],
])("a controller that starts anew with a mistyped %s serves what was in force", async (_, more, says, is) => {
  const before = await status();
  await controller.close();
  controller = await openController(options(more));
  const body = await until(status, (each) => says(each) !== undefined);
  expect(says(body)).toEqual(is);
  expect(body.revision).toMatchObject({ name: before.revision?.name, sequence: before.revision?.sequence });
  expect(body.trustDomain).toBe(before.trustDomain);
  await controller.close();
  controller = await openController(options());
});

test("the same commit is built again under other rights, and refused where they do not hold it", async () => {
  await controller.close();
  controller = await openController(options({ allow: [{ path: "examples", namespaces: ["default"] }] }));
  const body = await until(status, (body) => refusedOf(body) !== undefined);
  expect(new Set(refusedOf(body)?.diagnostics.map(({ code }) => code))).toEqual(new Set(["resource_namespace"]));
  await controller.close();
  controller = await openController(options());
});

test("a controller on an empty repository waits for its first commit", async () => {
  const empty = mkdtempSync(join(tmpdir(), "regomesh-empty-"));
  const state = mkdtempSync(join(tmpdir(), "regomesh-start-"));
  execFileSync("git", ["init", "-q", "--bare", "--initial-branch=main", empty], { env });
  const opening = openController(options({ state, git: empty, joinTokens: [] }));
  const outcome = await Promise.race([opening, new Promise((next) => setImmediate(next))]);
  expect(outcome).toBeUndefined();
  execFileSync("git", ["-C", repository, "push", "-q", empty, "HEAD~1:refs/heads/main"], { env });
  const opened = await opening;
  const body = (await (await fetch(`${opened.http}/api/status`)).json()) as StatusBody;
  expect(body.revision?.name).toBe(git("rev-parse", "HEAD~1"));
  await opened.close();
  for (const each of [empty, state]) rmSync(each, { recursive: true });
});

describe("a controller cannot start", () => {
  test("on a path that the first commit has not", async () => {
    const state = mkdtempSync(join(tmpdir(), "regomesh-start-"));
    await expect(openController(options({ state, path: "nope", joinTokens: [] }))).rejects.toThrow(
      "the commit has no directory nope, which is the source",
    );
    rmSync(state, { recursive: true });
  });

  const fresh = () => mkdtempSync(join(tmpdir(), "regomesh-start-"));

  test.each(["0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "example.org:80"])(
    "with the page on %s, where it would ask nobody who they are",
    async (http) => {
      const state = fresh();
      await expect(openController(options({ state, http }))).rejects.toThrow("are served on this machine alone");
      rmSync(state, { recursive: true });
    },
  );

  test("where the first commit does not build", async () => {
    const state = fresh();
    await expect(openController(options({ state, joinTokens: [] }))).rejects.toThrow(
      /^commit [0-9a-f]{7} cannot be put in force, and there is no earlier revision: policies\/mesh\/authz\.rego:\d+:\d+: rego_parse_error: /,
    );
    rmSync(state, { recursive: true });
  });

  test("on a folder without a repository, or a branch without a commit", async () => {
    const state = fresh();
    await expect(openController(options({ state, git: state }))).rejects.toThrow("is not a git repository");
    await expect(openController(options({ state, branch: "none" }))).rejects.toThrow(
      "has no branch none with a commit",
    );
    rmSync(state, { recursive: true });
  });

  test("on the state folder of one that runs, which it leaves as it was", async () => {
    await expect(openController(options())).rejects.toThrow(
      new RegExp(
        `^the state folder ${join(folder, "state")} belongs to a controller that runs: process ${process.pid} `,
      ),
    );
    expect((await status()).revision).toBeDefined();
  });

  test("without the root key that its mesh has", async () => {
    await controller.close();
    const key = join(folder, "state/ca/root_key.pem");
    renameSync(key, `${key}.away`);
    await expect(openController(options())).rejects.toThrow("the root key ca/root_key.pem is lost");
    renameSync(`${key}.away`, key);
    controller = await openController(options());
  });

  test("with a token for a workload that is not there", async () => {
    const state = fresh();
    git("branch", "-f", "good", "HEAD~1");
    const joinTokens = [{ workload: "wbe", file: token("wbe") }];
    await expect(openController(options({ state, branch: "good", joinTokens }))).rejects.toThrow(
      "no Workload of that name",
    );
    rmSync(state, { recursive: true });
  });
});
