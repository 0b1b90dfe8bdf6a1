/** How workloads join a mesh that runs, by the command line, and how identities are shown, renewed and taken back. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Child } from "@regomesh/cli";
import type { IdentitiesBody, StatusBody, TokenBody } from "@regomesh/controller";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { IN_FORCE_MS, ROOT, TestMesh } from "./test-mesh.ts";

const run = promisify(execFile);
const BIN = join(ROOT, "cli/bin/regomesh.mjs");
const MORE = `---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: payments-v2 }
spec: { service: payments }
`;
const SVID_TTL_MS = 20_000;
/** The issue: a certificate that is taken back is refused by everybody within so long. */
const REVOKED_MS = 5000;
/** A proxy comes up, on a machine that runs much else. */
const UP_MS = 60_000;

let mesh: TestMesh;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-joining-"));
  mesh = await TestMesh.open(WITHOUT_LIMITS, { svidTtl: `${SVID_TTL_MS}ms` });
  await mesh
    .inForce(await mesh.commit("A second one of payments", { "examples/mesh/more.yaml": () => MORE }))
    .catch(() => {});
  // Its identity ends while the other tests run.
  await regomesh("token", "create", "payments-v2", "--out", join(folder, "ended.token"));
  const before = await proxy("ended", join(folder, "ended.token"));
  await statusWhere("it is there", (status) => replicas(status) === 1);
  await before.kill();
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const started: Child[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child.close();
});

type Said = { readonly code: number; readonly out: string; readonly err: string };

async function regomesh(...args: readonly string[]): Promise<Said> {
  const all = [BIN, ...args, "--state", mesh.statePath(".")];
  return await run(process.execPath, all, { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      out: stdout,
      err: stderr,
    }),
  );
}

/** The sidecar of payments-v2, without an application behind it; `name` is its state folder's. */
async function proxy(
  name: string,
  token: string,
  until: "ready" | "started" = "ready",
  address?: string,
  workload = "payments-v2",
): Promise<Child> {
  const word = JSON.parse(await readFile(mesh.statePath("controller.json"), "utf8")) as { readonly grpc: string };
  const grpc = address ?? word.grpc;
  const child = new Child({
    name,
    args: [
      BIN,
      "proxy",
      ...["--workload", workload, "--controller", grpc, "--join-token-file", token],
      ...["--state", join(folder, name), "--app", "1", "--outbound", "0", "--exit-with-parent"],
    ],
    cwd: folder,
    onExit: () => {},
  });
  started.push(child);
  const ready = child.ready(UP_MS);
  if (until === "ready") await ready;
  else ready.catch(() => {});
  return child;
}

const statusWhere = (what: string, wanted: (status: StatusBody) => boolean): Promise<StatusBody> =>
  nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: IN_FORCE_MS, wanted });
const replicas = (status: StatusBody) =>
  status.proxies.filter(({ workload, state }) => workload === "payments-v2" && state === "ready").length;

async function identities(workload = "payments-v2"): Promise<IdentitiesBody["proxies"]> {
  const { out } = await regomesh("identity", "show", workload, "-o", "json");
  return out === "" ? [] : (JSON.parse(out) as IdentitiesBody).proxies;
}

test("a workload joins a controller that runs, by a file for its proxy alone; its replica needs a use of its own", async () => {
  const controller = mesh.mesh.process("controller").pid;
  const made = await regomesh("token", "create", "payments-v2", "--uses", "2", "--out", "join.token");
  expect([made.code, made.err]).toEqual([0, ""]);
  expect(made.out).toMatch(
    /^join\.token: 2 proxies may join as default\/payments-v2 with it, until \S+Z \(token [0-9a-f]{12}\)\n$/,
  );
  const file = join(folder, "join.token");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  for (const name of ["one", "two"]) await proxy(name, file);
  await statusWhere("both replicas", (status) => replicas(status) === 2);
  const third = await proxy("three", file, "started");
  await until(
    "the third one is refused",
    UP_MS,
    () => third.lastWords().some((line) => line.includes("the join token was used by 2 other keys")) || undefined,
  );
  expect(mesh.mesh.process("controller").pid).toBe(controller);
  const { out } = await regomesh("token", "list");
  expect(out).toMatch(/^ID +WORKLOAD +USED +UNTIL\n/);
  expect(out).toMatch(/^[0-9a-f]{12} +default\/payments-v2 +2 of 2 +\S+Z$/m);
});

test("a token that was taken back lets nobody in", async () => {
  const { out } = await regomesh("token", "create", "payments-v2");
  const token = JSON.parse(out) as { readonly token: string; readonly spiffeId: string };
  expect(token.spiffeId).toBe("spiffe://cluster.local/ns/default/sa/payments");
  const [, id] = /^([0-9a-f]{12}) +default\/payments-v2 +0 of 1 /m.exec((await regomesh("token", "list")).out) ?? [];
  expect((await regomesh("token", "revoke", id ?? "")).out).toBe(
    `token ${id} of default/payments-v2 lets nobody in any more\n`,
  );
  const file = join(folder, "back.token");
  await run("sh", ["-c", `umask 077; printf %s "$1" > "$2"`, "sh", out, file]);
  const late = await proxy("late", file, "started");
  await until(
    "it is refused",
    UP_MS,
    () => late.lastWords().some((line) => line.includes("the join token is unknown")) || undefined,
  );
});

test("an identity is renewed when told so, taken back by its serial, and joined anew by another token in the same file", async () => {
  const file = join(folder, "again.token");
  await regomesh("token", "create", "payments-v2", "--out", file);
  await proxy("again", file);
  const [first] = await until("its certificate is shown", UP_MS, async () => {
    const shown = await identities();
    return shown.length > 0 ? shown : undefined;
  });
  const rotated = await regomesh("identity", "rotate", "payments-v2", "--timeout", "30s");
  expect([rotated.code, rotated.err]).toEqual([0, ""]);
  expect(rotated.out).toContain("default/payments-v2");
  const [second] = await identities();
  expect(second?.serial).not.toBe(first?.serial);
  expect((await mesh.ask("/orders")).status).toBe(200);

  const revoked = await regomesh("identity", "revoke", "--serial", second?.serial ?? "");
  expect([revoked.code, revoked.err]).toEqual([0, ""]);
  await until("nobody has the certificate that was taken back", REVOKED_MS, async () => {
    return (await identities()).every(({ serial }) => serial !== second?.serial) || undefined;
  });
  expect((await regomesh("identity", "show")).out).toMatch(
    new RegExp(`^taken back: certificate ${second?.serial} `, "m"),
  );
  await regomesh("token", "create", "payments-v2", "--out", file);
  await statusWhere("it is back", (status) => replicas(status) === 1);
});

test("a proxy of this host joins by whose process it is, as the workloads that its user may be", async () => {
  const socket = join(folder, "join.sock");
  const uid = process.getuid?.() ?? 0;
  const state = join(folder, "unix");
  const controller = new Child({
    name: "controller",
    args: [
      BIN,
      "controller",
      ...["--git", mesh.repository, "--state", state, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"],
      ...[
        "--join-socket",
        socket,
        "--join-uid",
        `${uid}=payments-v2`,
        "--join-uid",
        `${uid + 1}=web`,
        "--exit-with-parent",
      ],
    ],
    cwd: folder,
    onExit: () => {},
  });
  started.push(controller);
  const { grpc } = await controller.ready(UP_MS);
  await proxy("unix-one", socket, "ready", String(grpc));
  const other = await proxy("unix-other", socket, "started", String(grpc), "web");
  await until(
    "the other workload is refused",
    UP_MS,
    () => other.lastWords().some((line) => line.includes(`user ${uid} may not be workload default/web`)) || undefined,
  );
});

test("an identity that has ended while its proxy was away is joined anew by another token", async () => {
  // As it is kept: nobody renews it.
  const kept = JSON.parse(await readFile(join(folder, "ended/identity.json"), "utf8")) as { readonly chain: string };
  const endMs = new X509Certificate(kept.chain).validToDate.getTime();
  await until("its identity has ended", SVID_TTL_MS, () => Date.now() > endMs || undefined);
  await regomesh("token", "create", "payments-v2", "--out", join(folder, "ended.token"));
  await proxy("ended", join(folder, "ended.token"));
  await statusWhere("it is there again", (status) => replicas(status) === 1);
});

test.each<readonly [string, readonly string[], number, string]>([
  [
    "a workload that is not there",
    ["token", "create", "paymets"],
    1,
    "regomesh token: the mesh has no workload default/paymets: it has default/orders-v1, ",
  ],
  ["no action", ["token"], 64, "regomesh token: takes create, list or revoke"],
  ["an action that is none", ["token", "creat", "web"], 64, "did you mean create?"],
  ["no workload", ["token", "create"], 64, "create takes a workload's name"],
  ["no uses", ["token", "create", "web", "--uses", "0"], 64, "--uses takes a whole number from 1 to 64, not 0"],
  ["a time that is none", ["token", "create", "web", "--ttl", "soon"], 64, "--ttl takes a duration"],
  ["too long a time", ["token", "create", "web", "--ttl", "1000h"], 64, "--ttl takes a duration"],
  ["a flag of another action", ["token", "list", "--uses", "2"], 64, "list has no --uses"],
  ["an id that is none", ["token", "revoke", "web"], 64, "revoke takes the id of a token"],
  ["an unknown token", ["token", "revoke", "0123456789ab"], 1, "there is no join token 0123456789ab"],
  [
    "a file that cannot be written",
    ["token", "create", "web", "--out", "/dev/null/t"],
    1,
    "/dev/null/t cannot be written",
  ],
  ["a serial that is none", ["identity", "revoke", "--serial", "web"], 1, "a serial number is hexadecimal"],
  ["both ways to take back", ["identity", "revoke", "web", "--serial", "01"], 64, "either a workload or --serial"],
  ["a rotation of nobody", ["identity", "rotate", "nobody"], 1, "the mesh has no workload default/nobody"],
  ["an identity of nobody", ["identity", "show", "nobody"], 1, "no proxy of default/nobody is connected"],
])("the command line says what is wrong: %s", async (_, args, code, says) => {
  const said = await regomesh(...args);
  expect([said.code, said.out]).toEqual([code, ""]);
  expect(said.err).toContain(says);
  const { tokens } = (await (
    await fetch(`${mesh.mesh.page}/api/tokens`, {
      headers: { authorization: `Bearer ${(await readFile(mesh.statePath("api-token"), "utf8")).trim()}` },
    })
  ).json()) as { readonly tokens: readonly TokenBody[] };
  expect(tokens.filter(({ workload, used }) => workload === "default/web" && used === 0)).toEqual([]);
});

test("nobody without the controller's token makes or sees one", async () => {
  for (const [method, path] of [
    ["GET", "/api/tokens"],
    ["POST", "/api/tokens"],
    ["POST", "/api/tokens/revoke"],
    ["GET", "/api/identity"],
    ["POST", "/api/identity/rotate"],
  ] as const) {
    expect((await fetch(`${mesh.mesh.page}${path}`, { method })).status).toBe(401);
  }
});
