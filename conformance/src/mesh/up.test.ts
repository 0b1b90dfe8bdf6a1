/** `regomesh up` as a person uses it: started, ended in every way, started again, and kept from starting. */

import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRepository } from "@regomesh/cli";
import { refusedOf } from "@regomesh/controller";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "./deadline.ts";
import { livingOf } from "./processes.ts";
import { askEdge, headOf, ROOT } from "./test-mesh.ts";
import { UpProcess } from "./up-process.ts";

const run = promisify(execFile);
const FREE_PORTS = ["--page-port", "0", "--edge-port", "0"];
const ALICE = { "x-user": "alice" };
/** Controller, four sidecars, four services, the build process; and the parent itself. */
const PROCESSES = 11;
const FLIP_MS = 5000;
const SERVED_MS = 20_000;

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "regomesh-up-"));
});
afterEach(async () => await rm(state, { recursive: true, force: true }));

test("it comes up, obeys a commit, ends by Ctrl-C without a child left, and the next start keeps the commit", async () => {
  const repository = join(state, "repo");
  let commit: string;
  {
    using up = new UpProcess(state, FREE_PORTS);
    const edge = await up.edge();
    expect(up.out).toMatch(/4 sidecars, mTLS, revision [0-9a-f]{7} in force on 4 of 4/);
    expect(up.out).toMatch(/403 · decision \w+ · data\.mesh\.authz\.allow · examples\/authz\/orders\.rego:\d+/);
    expect(await askEdge(edge, "/orders", ALICE)).toMatchObject({ status: 200 });
    expect(await askEdge(edge, "/refunds", ALICE)).toMatchObject({ status: 403, reason: "denied" });
    await grantRefunds(repository);
    commit = await headOf(repository);
    await until("alice's refund passes", FLIP_MS, async () => (await status(edge, "/refunds")) === 200 || undefined);
    await allRun(up);
    expect(await up.end("SIGINT", "group")).toBe(0);
    expect(up.err).toBe("");
  }
  using up = new UpProcess(state, FREE_PORTS);
  const edge = await up.edge();
  expect(up.out).toContain(`revision ${commit.slice(0, 7)} in force on 4 of 4`);
  expect(await headOf(repository)).toBe(commit);
  expect(await status(edge, "/refunds")).toBe(200);
  expect(await status(edge, "/orders")).toBe(200);
  expect(await up.end("SIGKILL", "it")).toBe("SIGKILL");
});

test("what is killed is started again, after a pause that is shown, and serves as before", async () => {
  using up = new UpProcess(state, FREE_PORTS);
  const edge = await up.edge();
  const { pid: controller } = JSON.parse(await readFile(join(state, "lease.json"), "utf8")) as { readonly pid: number };
  const sidecar = Number(await readFile(join(state, "proxies/web/pid"), "utf8"));
  process.kill(controller, "SIGKILL");
  process.kill(sidecar, "SIGKILL");
  for (const name of ["controller", "sidecar of web"]) {
    await up.complains(new RegExp(`^${name} ended \\(SIGKILL\\); it is started again in 0\\.5 s$`, "m"));
    await up.complains(new RegExp(`^${name} runs again$`, "m"));
  }
  await until("requests pass", SERVED_MS, async () => (await served(edge)) || undefined);
  await grantRefunds(join(state, "repo"));
  await until("alice's refund passes", SERVED_MS, async () => (await status(edge, "/refunds")) === 200 || undefined);
  await allRun(up);
  expect(await up.end("SIGINT", "group")).toBe(0);
});

test("whoever commits beside the mesh's own folder speaks for the shop's namespace alone", async () => {
  const repository = join(state, "repo");
  using up = new UpProcess(state, FREE_PORTS);
  const edge = await up.edge();
  expect(up.out).toContain("Who commits where may speak for: examples/mesh=*  .=default");
  const binding = `apiVersion: regomesh.dev/v1alpha1\nkind: PolicyBinding\nmetadata: { name: open, namespace: regomesh-system }
spec: { unit: examples/authz, direction: Inbound, tier: Mandatory, selector: { namespaces: ["*"] }, entrypoints: [mesh/authz/allow] }\n`;
  await writeFile(join(repository, "examples/authz/open.yaml"), binding);
  await run("git", ["-C", repository, "add", "-A"]);
  await run("git", ["-C", repository, "commit", "-qm", "For everybody"]);
  const refused = await until("the commit is refused", SERVED_MS, async () => refusedOf(await up.status()));
  expect(refused.diagnostics.map(({ file, message }) => `${file}: ${message}`)).toContain(
    "examples/authz/open.yaml: this file may not speak for namespace regomesh-system",
  );
  expect(await served(edge)).toBe(true);
  expect(await up.end("SIGINT", "group")).toBe(0);
});

test("told to end while it comes up, it leaves no child and says nothing wrong", async () => {
  using up = new UpProcess(state, FREE_PORTS);
  await up.says(/controller ✓/);
  expect(await up.end("SIGTERM", "it")).toBe(0);
  expect(up.err).toBe("");
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "npm start, of which npm alone gets a %s, leaves no child",
  async (signal) => {
    using up = new UpProcess(state, FREE_PORTS, "npm");
    await up.says(/controller ✓/);
    await up.end(signal, "it");
  },
);

test.each(["--page-port", "--edge-port"])("a busy %s is one clear sentence", async (flag) => {
  await using busy = await listen();
  using up = new UpProcess(state, [...FREE_PORTS, flag, String(busy.port)]);
  expect(await up.exit()).toBe(1);
  expect(up.err).toBe(`regomesh up: port ${busy.port} (${flag}) is in use by another process\n`);
  expect(up.out).toBe("");
});

test("a broken policy at the first start is one clear sentence with its place and what to do, and no child is left", async () => {
  const { dir } = await openRepository(join(state, "repo"), ROOT);
  const policy = join(dir, "examples/authz/orders.rego");
  const row = (await readFile(policy, "utf8")).split("\n").length + 1;
  await appendFile(policy, "\nallow if wanted == role\n");
  await run("git", ["-C", dir, "commit", "-qam", "Broken"]);
  using up = new UpProcess(state, FREE_PORTS);
  expect(await up.exit()).toBe(1);
  const commit = (await headOf(dir)).slice(0, 7);
  expect(up.err).toBe(
    `regomesh up: commit ${commit} cannot be put in force, and there is no earlier revision: examples/authz/orders.rego:${row}:20: rego_unsafe_var_error: var role is unsafe\nhint: bind role in a positive expression, or correct the name\n`,
  );
  expect(await livingOf(up.pid)).toEqual([]);
});

/** Beside them git is run now and then, for a moment. */
async function allRun(up: UpProcess): Promise<void> {
  const count = async () => (await livingOf(up.pid)).length;
  await until(`${PROCESSES} processes run`, SERVED_MS, async () => (await count()) === PROCESSES || undefined);
}

async function status(edge: string, path: string): Promise<number> {
  return (await askEdge(edge, path, ALICE)).status;
}

async function served(edge: string): Promise<boolean> {
  return await status(edge, "/orders").then(
    (code) => code === 200,
    () => false,
  );
}

async function grantRefunds(repository: string): Promise<void> {
  const file = join(repository, "examples/authz/data.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("alice: [orders]", "alice: [orders, refunds]"));
  await run("git", ["-C", repository, "commit", "-qam", "Refunds for alice"]);
}

async function listen(): Promise<{ readonly port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const server: Server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())),
  };
}
