/** What becomes of a release that proxies refuse: a real controller, over real gRPC, with proxies that answer as told. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SnapshotMessage } from "@regomesh/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { bodyOf, TestProxy } from "../../test/make-proxy.ts";
import { makeOptions, readStatus, untilStatus } from "../../test/running.ts";
import type { ProxyBody } from "../api/proxies.ts";
import { refusedOf } from "../api/sources.ts";
import type { StatusBody } from "../api/status.ts";
import { type Controller, openController } from "./controller.ts";

const root = resolve(import.meta.dirname, "../../..");
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
const NAMES = ["web", "orders-v1", "payments"] as const;
type Name = (typeof NAMES)[number];

let folder: string;
let repository: string;
let controller: Controller;
let proxies: Readonly<Record<Name, TestProxy>>;
let commits = 0;

function git(...args: readonly string[]): string {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", repository, ...args], { env, encoding: "utf8" }).trim();
}

/** A commit that every workload gets: its data has one user more. */
function commit(subject: string): string {
  const file = join(repository, "examples/authz/data.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("bob: [", `user${commits++}: [orders]\n  bob: [`));
  git("commit", "-qam", subject);
  return git("rev-parse", "HEAD");
}

async function open(): Promise<Controller> {
  return await openController(
    makeOptions(folder, {
      git: repository,
      joinTokens: NAMES.map((workload) => ({ workload, file: join(folder, workload) })),
    }),
  );
}

const status = () => readStatus(controller);
const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);

const proxyOf = (body: StatusBody, name: Name): ProxyBody | undefined =>
  body.proxies.find(({ workload }) => workload === name);
const nameOf = (message: SnapshotMessage) => bodyOf(message).revision.name;
const next = () => ({ web: proxies.web.next(), v1: proxies["orders-v1"].next(), payments: proxies.payments.next() });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-refusals-"));
  repository = join(folder, "repo");
  for (const part of ["policies", "examples/authz", "examples/mesh"]) {
    cpSync(join(root, part), join(repository, part), { recursive: true });
  }
  execFileSync("git", ["init", "-q", "--initial-branch=main", repository], { env });
  git("add", "-A");
  git("commit", "-qm", "The mesh as it starts");
  controller = await open();
  const joined = NAMES.map(async (name) => [name, await TestProxy.join(name, controller.grpc, join(folder, name))]);
  proxies = Object.fromEntries(await Promise.all(joined)) as Record<Name, TestProxy>;
  for (const name of NAMES) {
    const snapshot = proxies[name].next();
    proxies[name].connect(controller.grpc);
    proxies[name].ack(await snapshot);
  }
});
beforeEach(async () => {
  await until(({ revision }) => revision?.enforced === 3);
});
afterAll(async () => {
  for (const proxy of Object.values(proxies)) proxy.close();
  await controller.close();
  rmSync(folder, { recursive: true });
});

test("refused by two as to its content, a release is taken back where it was taken, and status names them", async () => {
  const before = (await status()).revision;
  const sent = next();
  const bad = commit("Nobody can run this");
  const back = Promise.all([sent.web, sent.v1, sent.payments]).then(async ([web, v1, payments]) => {
    const again = next();
    proxies.web.ack(web);
    await until((body) => proxyOf(body, "web")?.revision === bad);
    proxies["orders-v1"].nack(v1, "content", "policy_missing_builtin");
    proxies.payments.nack(payments, "content", "policy_missing_builtin");
    return await Promise.all([again.web, again.v1, again.payments]);
  });
  const [web, v1, payments] = await back;
  expect([web, v1, payments].map(nameOf)).toEqual(Array(3).fill(before?.name));
  proxies.web.ack(web);
  proxies["orders-v1"].ack(v1);
  proxies.payments.ack(payments);
  const after = await until(({ revision }) => revision?.enforced === 3);
  expect(after.revision).toMatchObject({ name: before?.name, sequence: (before?.sequence ?? 0) + 2 });
  expect(refusedOf(after)).toMatchObject({ commit: bad, subject: "Nobody can run this" });
  expect(refusedOf(after)?.refusals.map(({ workload, reason }) => [workload, reason])).toEqual([
    ["orders-v1", "policy_missing_builtin"],
    ["payments", "policy_missing_builtin"],
  ]);
  expect(refusedOf(after)?.diagnostics[0]?.message).toBe("proxy default/orders-v1 refuses it: this proxy says no");
});

test("a controller that starts anew does not try again what was taken back, and goes on with the next commit", async () => {
  const before = await status();
  await controller.close();
  for (const name of NAMES) proxies[name].close();
  controller = await open();
  const counts = NAMES.map((name) => proxies[name].received.length);
  for (const name of NAMES) proxies[name].connect(controller.grpc, { instance: "2", holding: proxies[name].holding });
  const after = await until(({ revision }) => revision?.enforced === 3);
  expect(after.revision).toMatchObject({ name: before.revision?.name, sequence: before.revision?.sequence });
  expect(refusedOf(after)).toMatchObject({ commit: refusedOf(before)?.commit, refusals: refusedOf(before)?.refusals });
  expect(NAMES.map((name) => proxies[name].received.length)).toEqual(counts);
  const sent = next();
  const good = commit("All is well again");
  for (const [name, message] of [
    ["web", sent.web],
    ["orders-v1", sent.v1],
    ["payments", sent.payments],
  ] as const) {
    proxies[name].ack(await message);
  }
  expect(await until(({ revision }) => revision?.enforced === 3)).toMatchObject({ revision: { name: good } });
  expect(refusedOf(await status())).toBeUndefined();
});

test("a controller that was restored from a backup goes on from the numbers that its proxies know", async () => {
  const [snapshots, backup] = [join(folder, "state/snapshots"), join(folder, "backup")];
  cpSync(snapshots, backup, { recursive: true });
  for (const turn of [1, 2, 3]) {
    const sent = next();
    const good = commit(`after the backup, ${turn}`);
    proxies.web.ack(await sent.web);
    proxies["orders-v1"].ack(await sent.v1);
    proxies.payments.ack(await sent.payments);
    await until(({ revision }) => revision?.name === good && revision.enforced === 3);
  }
  const before = (await status()).revision;
  await controller.close();
  for (const name of NAMES) proxies[name].close();
  rmSync(snapshots, { recursive: true });
  cpSync(backup, snapshots, { recursive: true });
  // One of an earlier version, or so old that more numbers were given since than were reserved then.
  rmSync(join(snapshots, "numbers.json"));
  controller = await open();
  expect((await status()).revision?.sequence).toBeLessThan(before?.sequence ?? 0);
  for (const name of NAMES) {
    proxies[name].onSnapshot = (message) => {
      const isOlder = bodyOf(message).revision.sequence < (proxies[name].holding?.revision?.sequence ?? 0);
      if (isOlder) proxies[name].nack(message, "local", "snapshot_sequence");
      else proxies[name].ack(message);
    };
    proxies[name].connect(controller.grpc, { instance: "3", holding: proxies[name].holding });
  }
  const after = await until(({ revision }) => revision?.enforced === 3);
  expect(after.revision?.sequence).toBeGreaterThan(before?.sequence ?? 0);
  expect(after.revision?.name).toBe(before?.name);
  for (const name of NAMES) proxies[name].onSnapshot = undefined;
});

test("refused by one for a reason of its machine, a release stands, the proxy is named, and it is sent again", async () => {
  const before = (await status()).revision;
  const sent = next();
  const good = commit("A disk is full somewhere");
  proxies.web.ack(await sent.web);
  proxies.payments.ack(await sent.payments);
  const again = proxies["orders-v1"].next();
  proxies["orders-v1"].nack(await sent.v1, "local", "disk");
  const body = await until(
    (each) => proxyOf(each, "orders-v1")?.refusal !== undefined && each.revision?.enforced === 2,
  );
  expect(refusedOf(body)).toBeUndefined();
  expect(proxyOf(body, "orders-v1")).toMatchObject({
    revision: before?.name,
    refusal: { class: "local", reason: "disk", revision: good, problems: ["disk: this proxy says no"] },
  });
  const message = await again;
  expect(nameOf(message)).toBe(good);
  proxies["orders-v1"].ack(message);
  expect(proxyOf(await until(({ revision }) => revision?.enforced === 3), "orders-v1")?.refusal).toBeUndefined();
});

test("a revert while every answer is out ends on the revert, ten times in a row, and status never says otherwise", async () => {
  for (let turn = 0; turn < 10; turn++) {
    const before = (await status()).revision?.name;
    const sent = next();
    const bad = commit(`turn ${turn}`);
    const late = await Promise.all([sent.web, sent.v1, sent.payments]);
    git("revert", "--no-edit", "HEAD");
    const good = git("rev-parse", "HEAD");
    const body = await until(({ revision }) => revision?.name === good);
    expect(body.proxies.flatMap(({ revision }) => revision ?? [])).toEqual(Array(3).fill(before));
    const reverted = next();
    proxies.web.ack(late[0]);
    proxies["orders-v1"].ack(late[1]);
    proxies.payments.ack(late[2]);
    const last = await Promise.all([reverted.web, reverted.v1, reverted.payments]);
    expect(last.map(nameOf)).toEqual(Array(3).fill(good));
    expect((await status()).proxies.flatMap(({ revision }) => revision ?? [])).toEqual(Array(3).fill(bad));
    proxies.web.ack(last[0]);
    proxies["orders-v1"].ack(last[1]);
    proxies.payments.ack(last[2]);
    const after = await until(({ revision }) => revision?.enforced === 3);
    expect(after.proxies.flatMap(({ revision }) => revision ?? [])).toEqual(Array(3).fill(good));
  }
});

test("a release that was not proven when its controller ended is taken back after the next start, to what was before it", async () => {
  const before = (await status()).revision;
  const sent = next();
  const bad = commit("It ends in the middle");
  proxies.web.ack(await sent.web);
  await Promise.all([sent.v1, sent.payments]);
  await until((body) => proxyOf(body, "web")?.revision === bad);
  await controller.close();
  for (const name of NAMES) proxies[name].close();
  controller = await open();
  for (const name of NAMES) {
    proxies[name].onSnapshot = (message) => {
      if (nameOf(message) === bad && name !== "web") proxies[name].nack(message, "content", "policy_missing_builtin");
      else proxies[name].ack(message);
    };
    proxies[name].connect(controller.grpc, { instance: "4", holding: proxies[name].holding });
  }
  const after = await until(({ revision }) => revision?.name === before?.name && revision?.enforced === 3);
  expect(refusedOf(after)).toMatchObject({ commit: bad });
  for (const name of NAMES) proxies[name].onSnapshot = undefined;
});
