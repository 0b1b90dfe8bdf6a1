/** A source that is given another name stays what it is: none of its workloads is out of the mesh meanwhile. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GitServer, hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { TestProxy } from "../../../test/make-proxy.ts";
import type { StatusBody } from "../../api/status.ts";
import { type Controller, openController } from "../controller.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";

const document = (kind: string, name: string, spec: string, namespace = "default") =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
const service = (name: string) =>
  document("MeshService", name, "{ ports: [{ port: 80 }] }") + document("Workload", name, `{ service: ${name} }`);
const sourceNamed = (name: string) =>
  document(
    "PolicySource",
    name,
    `{ url: "${server.url("team")}", namespaces: [default], interval: 1s }`,
    "regomesh-system",
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
  team.commit("team", { "mesh.yaml": service("cart") });
  root.commit("root", { "mesh.yaml": service("web"), "sources.yaml": sourceNamed("shop") });
  controller = await openController({
    state: join(folder, "state"),
    git: join(folder, "root"),
    branch: "main",
    path: "",
    allow: [],
    http: "127.0.0.1:0",
    grpc: "127.0.0.1:0",
    explainDenials: false,
    joinTokens: [],
    clock: SYSTEM_CLOCK,
    log: { log: (_, message, facts) => void logged.push(`${message} ${facts?.["reason"] ?? ""}`) },
  });
});
afterAll(async () => {
  if (!hasGitServer) return;
  await controller.close();
  server.close();
  rmSync(folder, { recursive: true });
});

const status = async () => (await (await fetch(`${controller.http}/api/status`)).json()) as StatusBody;
const until = async (isTrue: (body: StatusBody) => boolean): Promise<StatusBody> => {
  for (const deadline = AbortSignal.timeout(50_000); ; ) {
    const body = await status();
    if (isTrue(body)) return body;
    if (deadline.aborted) throw new Error(`there is ${JSON.stringify(body.sources)}`);
    await new Promise((next) => setTimeout(next, 10));
  }
};
const makeToken = async (workload: string): Promise<unknown> => {
  const authorization = `Bearer ${readFileSync(join(folder, "state/api-token"), "utf8").trim()}`;
  const headers = { authorization, "content-type": "application/json" };
  const body = JSON.stringify({ workload: `default/${workload}` });
  const answer = await fetch(`${controller.http}/api/tokens`, { method: "POST", headers, body });
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
      team.commit("more", { "more.yaml": service("more") });
      await until((body) => inForce(body)?.includes("store@more") === true && body.revision?.enforced === 1);
      expect(logged.filter((line) => /stream was refused/.test(line))).toEqual([]);
    } finally {
      cart.close();
    }
  },
);
