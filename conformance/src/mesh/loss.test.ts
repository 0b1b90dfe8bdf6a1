/** What is missing is never taken for a wish: a mesh keeps what it has until an operator says otherwise. */

import { execFile } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nextEvent } from "./events.ts";
import { headOf, IN_FORCE_MS, ROOT, TestMesh } from "./test-mesh.ts";

const run = promisify(execFile);
const MESH = "examples/mesh/mesh.yaml";
const BINDINGS = "examples/mesh/bindings.yaml";

/** Documents of a file but those that a pattern finds. */
const without = (pattern: RegExp) => (text: string) =>
  text
    .split(/^---$/m)
    .filter((part) => !pattern.test(part))
    .join("---");

let mesh: TestMesh;
beforeAll(async () => {
  const move = (text: string) => text.replaceAll("cluster.local", "example.org");
  mesh = await TestMesh.open({ [MESH]: move, "policies/mesh/data.yaml": move, "policies/mesh/authz_test.rego": move });
});
afterAll(async () => await mesh?.[Symbol.asyncDispose]());

const serves = async (): Promise<number> => (await mesh.ask("/orders")).status;
const git = async (...args: readonly string[]): Promise<string> =>
  (await run("git", ["-C", mesh.repository, ...args])).stdout.trim();
/** The hash that a refused commit's hint asks for. */
const hashIn = (status: StatusBody): string =>
  /regomesh confirm ([0-9a-f]{12})/.exec(refusedOf(status)?.diagnostics[0]?.hint ?? "")?.[1] ?? "none";
const confirm = async (hash: string): Promise<number> =>
  await run(process.execPath, [
    join(ROOT, "cli/bin/regomesh.mjs"),
    "confirm",
    hash,
    "--state",
    mesh.statePath("."),
  ]).then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  );
const withRevision = (name: string) =>
  nextEvent<StatusBody>(mesh.mesh.page, "status", {
    what: `revision ${name.slice(0, 7)}`,
    withinMs: IN_FORCE_MS,
    wanted: ({ revision }) => revision?.name === name,
  });

describe("a commit that takes away", () => {
  test("the mesh's settings waits for a word, and never changes the trust domain", async () => {
    const commit = await mesh.commit("No settings", { [MESH]: without(/kind: MeshConfig/) });
    const status = await mesh.refused(commit);
    expect(refusedOf(status)?.diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ["source_loss", "the commit takes away the mesh's MeshConfig"],
    ]);
    expect(await serves()).toBe(200);

    await git("checkout", "--quiet", "-b", "meant");
    await git("commit", "--quiet", "--amend", "-m", `No settings\n\nMeant: ${hashIn(status)}`);
    await git("checkout", "--quiet", "-B", "main", "HEAD~1");
    await git("merge", "--quiet", "--no-ff", "-m", "Merge what is meant", "meant");
    const { trustDomain } = await mesh.inForce(await headOf(mesh.repository));
    expect([trustDomain, await serves()]).toEqual(["example.org", 200]);
    await mesh.mesh.restart("controller");
    expect((await mesh.inForce(await headOf(mesh.repository))).trustDomain).toBe("example.org");
    expect(await serves()).toBe(200);
    await git("revert", "--no-edit", "-m", "1", "HEAD");
    await mesh.inForce(await headOf(mesh.repository));
    expect(await serves()).toBe(200);
  });

  test("everything waits for a word by its hash, that counts once", async () => {
    await git("rm", "-r", "--quiet", "examples", "policies");
    await git("commit", "--quiet", "-m", "Nothing");
    const nothing = await headOf(mesh.repository);
    const status = await mesh.refused(nothing);
    expect(refusedOf(status)?.diagnostics.map(({ message }) => message.split(":")[0])).toEqual([
      "the commit takes away the mesh's MeshConfig",
      "the commit takes away every workload",
      "the commit takes away 4 of 4 bindings",
    ]);
    expect(await serves()).toBe(200);
    expect(await confirm("0123456789ab")).toBe(1);
    expect(await serves()).toBe(200);

    expect(await confirm(hashIn(status))).toBe(0);
    expect((await withRevision(nothing)).revision?.name).toBe(nothing);
    expect(await confirm(hashIn(status))).toBe(1);
    await mesh.revert();
    expect(await serves()).toBe(200);
    await git("revert", "--no-edit", "HEAD");
    await mesh.refused(await headOf(mesh.repository));
    expect(await serves()).toBe(200);
    await git("reset", "--quiet", "--hard", "HEAD~1");
    await mesh.inForce(await headOf(mesh.repository));
  });

  test("most of the bindings waits for a word; one of them does not", async () => {
    const most = await mesh.commit("One binding", { [BINDINGS]: without(/name: (limits|versions|shop)/) });
    const refused = await mesh.refused(most);
    const [first] = refusedOf(refused)?.diagnostics ?? [];
    expect(first?.message).toBe(
      "the commit takes away 3 of 4 bindings: default/limits, default/shop, default/versions",
    );
    await git("reset", "--quiet", "--hard", "HEAD~1");
    await nextEvent<StatusBody>(mesh.mesh.page, "status", {
      what: "nothing refused",
      withinMs: IN_FORCE_MS,
      wanted: (status) => refusedOf(status) === undefined,
    });
    expect(await confirm(hashIn(refused))).toBe(1);
    await mesh.inForce(await mesh.commit("No limits", { [BINDINGS]: without(/name: limits/) }));
    await mesh.revert();
  });
});

test("a controller that has lost what was in force serves what is kept of its source, or compares with the proxies that it knew", async () => {
  await mesh.mesh.process("controller").close();
  await rm(mesh.statePath("snapshots/last-good.json"));
  const before = await headOf(mesh.repository);
  await git("rm", "-r", "--quiet", "examples", "policies");
  await git("commit", "--quiet", "-m", "Nothing");
  await mesh.mesh.restart("controller");
  const { revision } = await mesh.refused(await headOf(mesh.repository));
  expect([revision?.name, await serves()]).toEqual([before, 200]);

  await mesh.mesh.process("controller").close();
  await rm(mesh.statePath("snapshots/last-good.json"));
  await rm(mesh.statePath("sources/root.json"));
  const why = await mesh.mesh.restart("controller").then(
    () => "it started",
    (error: Error) => error.message,
  );
  expect(why).toContain(
    "the commit takes away every workload: default/orders-v1, default/orders-v2, default/payments, default/web",
  );
  expect(await serves()).toBe(200);
  const [, hash] = /hint: if that is meant, put ([0-9a-f]{12}) in a commit's message/.exec(why) ?? [];
  await git("commit", "--quiet", "--amend", "-m", `Nothing, and that is meant: ${hash}`);
  await mesh.mesh.restart("controller");
  expect((await mesh.status()).revision?.name).toBe(await headOf(mesh.repository));
  await mesh.revert();
  expect(await serves()).toBe(200);
});

test("what a commit in force was warned of is in status, until it is right", async () => {
  const edit = { [BINDINGS]: (text: string) => text.replace("{ name: shop }", "{ name: shop, namespace: defualt }") };
  const { warnings } = await mesh.inForce(await mesh.commit("A slip", edit));
  expect(warnings.map(({ file, message }) => `${file}: ${message}`)).toEqual([
    `${BINDINGS}: binding shop matches no workload`,
  ]);
  await mesh.revert();
  expect((await mesh.status()).warnings).toEqual([]);
});

test("without its repository a controller that starts anew serves what was in force, and says what is missing", async () => {
  const away = `${mesh.repository}-away`;
  await rename(mesh.repository, away);
  try {
    await mesh.mesh.restart("controller");
    const { source } = await mesh.inForce(await headOf(away));
    expect(source.trouble).toBe(`there is no directory ${mesh.repository}`);
    expect(await serves()).toBe(200);
  } finally {
    await rm(mesh.repository, { recursive: true, force: true });
    await rename(away, mesh.repository);
  }
  await mesh.inForce(await mesh.commit("Back again", { "README.md": () => "back\n" }));
  expect((await mesh.status()).source.trouble).toBeUndefined();
});
