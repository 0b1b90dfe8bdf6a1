/** A source that is given another name stays what it is: none of its workloads is out of the mesh meanwhile. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { document, service } from "../../../test/documents.ts";
import { type GitServer, hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { TestProxy } from "../../../test/make-proxy.ts";
import { makeOptions, post, readStatus, untilStatus } from "../../../test/running.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";

const sourceNamed = (name: string) =>
  document(
    "PolicySource",
    name,
    "regomesh-system",
    `{ url: "${server.url("team")}", namespaces: [default], interval: 1s }`,
  );

let folder: string;
let server: GitServer;
let root: WorkTree;
let team: WorkTree;
let controller: Controller;
const logged: string[] = [];
beforeAll(async () => {
  if (!hasGitServer) return;
  folder = mkdtempSync(join(tmpdir(), "regomesh-renamed-"));
  server = await serveGit(folder);
  [root, team] = [new WorkTree(folder, "root"), new WorkTree(folder, "team")];
  team.commit("team", { "mesh.yaml": service("cart", "default") });
  root.commit("root", { "mesh.yaml": service("web", "default"), "sources.yaml": sourceNamed("shop") });
  controller = await openController(
    makeOptions(folder, {
      log: { log: (_, message, facts) => void logged.push(`${message} ${facts?.["reason"] ?? ""}`) },
    }),
  );
});
afterAll(async () => {
  if (!hasGitServer) return;
  await controller.close();
  server.close();
  rmSync(folder, { recursive: true });
});

const status = () => readStatus(controller);
const until = (isTrue: (status: StatusBody) => boolean) => untilStatus(controller, isTrue);
const makeToken = async (workload: string): Promise<unknown> => {
  const answer = await post(controller, folder, "/api/tokens", { workload: `default/${workload}` });
  return ((await answer.json()) as { readonly file: unknown }).file;
};
const inForce = (body: StatusBody) => body.revision?.inputs.map(({ source, subject }) => `${source}@${subject}`);

test.skipIf(!hasGitServer)(
  "its workloads stay, and are what they were, until it is read under its new name",
  async () => {
    await until((body) => inForce(body)?.includes("shop@team") === true);
    const token = join(folder, "cart.token");
    writeFileSync(token, JSON.stringify(await makeToken("cart")));
    const cart = await TestProxy.join("cart", controller.grpc, token);
    try {
      cart.onSnapshot = (message) => cart.ack(message);
      cart.connect(controller.grpc);
      await until(({ revision }) => revision?.enforced === 1);
      server.fail = 503;
      root.commit("renamed", { "sources.yaml": sourceNamed("store") });
      await until((body) => body.sources.some(({ name, troubles }) => name === "store" && troubles.length > 0));
      expect(inForce(await status())).toEqual(["root@renamed", "store@team"]);
      server.fail = undefined;
      team.commit("more", { "more.yaml": service("more", "default") });
      await until((body) => inForce(body)?.includes("store@more") === true && body.revision?.enforced === 1);
      expect(logged.filter((line) => /stream was refused/.test(line))).toEqual([]);
    } finally {
      cart.close();
    }
  },
);
