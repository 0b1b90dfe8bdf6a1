/** Commits that change nothing of what proxies have, counted in octets of the connection to one. */

import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestProxy } from "../../test/make-proxy.ts";
import { makeOptions } from "../../test/running.ts";
import { refusedOf } from "../api/sources.ts";
import type { StatusBody } from "../api/status.ts";
import { type Controller, openController } from "./controller.ts";

const root = resolve(import.meta.dirname, "../../..");
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));

let folder: string;
let repository: string;
let controller: Controller;
let web: TestProxy;
let relay: Server;
/** A PING frame (RFC 9113 §6.7) of 17 octets in a record of TLS 1.3. */
const PING_OCTETS = 17 + 22;
/** From the controller to the proxy. */
let octets = 0;

function git(...args: readonly string[]): string {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", repository, ...args], { env, encoding: "utf8" }).trim();
}
function commit(message: string): string {
  git("add", "-A");
  git("commit", "-q", "-m", message);
  return git("rev-parse", "HEAD");
}
function edit(file: string, change: (text: string) => string): void {
  const path = join(repository, file);
  const text = readFileSync(path, "utf8");
  if (change(text) === text) throw new Error(`${file} is as it was`);
  writeFileSync(path, change(text));
}
async function inForce(name: string): Promise<StatusBody> {
  for (;;) {
    const body = (await (await fetch(`${controller.http}/api/status`)).json()) as StatusBody;
    if (refusedOf(body) !== undefined) throw new Error(JSON.stringify(refusedOf(body)));
    if (body.revision?.name === name && body.revision.enforced === 1) return body;
    await new Promise((next) => setTimeout(next, 5));
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-unchanged-"));
  repository = join(folder, "repo");
  for (const part of ["policies", "examples/authz", "examples/mesh"]) {
    cpSync(join(root, part), join(repository, part), { recursive: true });
  }
  execFileSync("git", ["init", "-q", "--initial-branch=main", repository], { env });
  commit("The mesh as it starts");
  const file = join(folder, "web.token");
  controller = await openController(makeOptions(folder, { git: repository, joinTokens: [{ workload: "web", file }] }));
  const [, port] = controller.grpc.split(":");
  relay = createServer((client) => {
    const upstream = connect(Number(port), "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      client.write(chunk);
    });
    for (const socket of [client, upstream]) socket.on("error", () => {}).on("close", () => client.destroy());
  });
  await new Promise<void>((listening) => relay.listen(0, "127.0.0.1", listening));
  web = await TestProxy.join("web", controller.grpc, file);
  web.onSnapshot = (message) => web.ack(message);
  web.connect(`127.0.0.1:${(relay.address() as AddressInfo).port}`);
  await inForce(git("rev-parse", "HEAD"));
});
afterAll(async () => {
  web.close();
  relay.close();
  await controller.close();
  rmSync(folder, { recursive: true });
});

const unchanging: Readonly<Record<string, () => void>> = {
  "a README": () => appendFileSync(join(repository, "README.md"), "More.\n"),
  "a comment at the end": () => appendFileSync(join(repository, "examples/authz/orders.rego"), "# the end\n"),
  "a comment that moves every rule": () => edit("examples/authz/orders.rego", (text) => `# first\n\n${text}`),
  "a label of a service": () =>
    edit("examples/mesh/mesh.yaml", (text) =>
      text.replace(/(kind: MeshService\nmetadata: \{)/, "$1 labels: { team: shop },"),
    ),
  "a comment in resources": () => edit("examples/mesh/mesh.yaml", (text) => `# the mesh\n${text}`),
  "a test": () =>
    writeFileSync(join(repository, "examples/authz/more_test.rego"), "package more_test\n\ntest_one if 1 == 1\n"),
  "nothing at all": () => void git("commit", "-q", "--allow-empty", "-m", "nothing"),
};
test.each(Object.entries(unchanging))(
  "%s: the commit is in force, and no snapshot, part or word of it is sent",
  async (name, change) => {
    const { received } = web;
    const [before, snapshots] = [octets, received.length];
    change();
    const hash = name === "nothing at all" ? git("rev-parse", "HEAD") : commit(name);
    const { revision, proxies } = await inForce(hash);
    expect(revision?.inputs.map(({ source, id }) => [source, id])).toEqual([["root", hash]]);
    expect(proxies.find(({ workload }) => workload === "web")?.revision).toBe(hash);
    expect(received.length).toBe(snapshots);
    // HTTP/2 asks now and then whether the other end is there.
    expect((octets - before) % PING_OCTETS).toBe(0);
    expect(octets - before).toBeLessThan(10 * PING_OCTETS);
  },
);

test("what does change something is sent", async () => {
  const before = octets;
  edit("examples/authz/data.yaml", (text) => `${text}\nmore: 1\n`);
  const { revision } = await inForce(commit("more data"));
  expect(revision?.sent).toBe(revision?.name);
  expect(octets - before).toBeGreaterThan(1000);
});
