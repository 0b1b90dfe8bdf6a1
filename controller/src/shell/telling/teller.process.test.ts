/** What an author is told, by a controller that runs: of each commit what became of it, in order, signed. */
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkTree } from "../../../test/git-server.ts";
import { TestProxy } from "../../../test/make-proxy.ts";
import { makeOptions, post, readStatus } from "../../../test/running.ts";
import { openController } from "../controller.ts";
import { ControllerFailed } from "../controller-failed.ts";
import type { ControllerOptions } from "../controller-options.ts";
import { Teller } from "./teller.ts";

const SECRET = "s3cret-of-the-author";
const MESH =
  "apiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n---\n" +
  "apiVersion: regomesh.dev/v1alpha1\nkind: Workload\nmetadata: { name: web }\nspec: { service: web }\n";

type Heard = { readonly path: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

let folder: string;
let server: Server;
let url: string;
let heard: Heard[];
/** What the next requests are answered with; 201 when there is none left. */
let answers: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
let waiting: (() => void)[];
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-tell-"));
  writeFileSync(join(folder, "secret"), `${SECRET}\n`);
  [heard, answers, waiting] = [[], [], []];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      heard.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(parts).toString() });
      const { status, headers = {} } = answers.shift() ?? { status: 201 };
      response.writeHead(status, headers).end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** Waits for so many requests. */
async function hear(count: number): Promise<readonly Heard[]> {
  while (heard.length < count) await new Promise<void>((wake) => waiting.push(wake));
  return heard;
}

const news = (commit: string) => ({
  what: "refused" as const,
  source: "root",
  commit,
  subject: "s",
  author: "Ann",
  reason: "no",
  atMs: 1,
});

function makeTeller(kind: "webhook" | "github", sleeps: number[] = []) {
  const troubles: (string | undefined)[] = [];
  const teller = new Teller({
    targets: [{ kind, url: `${url}/r`, source: undefined, secretFile: join(folder, "secret") }],
    mesh: () => "demo",
    clock: { nowMs: () => 0, sleep: async (ms) => void sleeps.push(ms) },
    random: () => 1,
    log: SILENT,
    trouble: (_, message) => {
      troubles.push(message);
      for (const wake of waiting.splice(0)) wake();
    },
  });
  closers.push(() => teller.close());
  return { teller, troubles, sleeps };
}

const options = (): ControllerOptions =>
  makeOptions(folder, {
    joinTokens: [{ workload: "web", file: join(folder, "web.token") }],
    tells: [
      { kind: "webhook", url: `${url}/hook`, source: undefined, secretFile: join(folder, "secret") },
      { kind: "github", url: `${url}/repos/o/r`, source: "root", secretFile: join(folder, "secret") },
    ],
  });

test("of each commit what became of it: given, in force, refused, rolled back", async () => {
  const root = new WorkTree(folder, "root");
  const good = root.commit("good", { "mesh.yaml": MESH });
  const controller = await openController(options());
  closers.push(() => controller.close());
  const web = await TestProxy.join("web", controller.grpc, join(folder, "web.token"));
  closers.push(() => web.close());
  web.onSnapshot = (message) => web.ack(message);
  web.connect(controller.grpc);
  const hooks = async (count: number) => {
    const isHook = ({ path }: Heard) => path === "/hook";
    while (heard.filter(isHook).length < count) await hear(heard.length + 1);
    return heard.filter(isHook).map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  };
  await hooks(2);
  const bad = root.commit("bad", { "mesh.yaml": MESH.replace("port: 80", "prt: 80") });
  await hooks(3);
  const other = root.commit("other", { "mesh.yaml": MESH.replace("port: 80", "port: 81") });
  await hooks(5);
  expect((await post(controller, folder, `/api/rollback/${good}`)).status).toBe(202);
  const told = await hooks(6);
  const [first] = heard.filter(({ path }) => path === "/hook");
  const signature = createHmac("sha256", SECRET)
    .update(first?.body ?? "")
    .digest("hex");
  expect(first?.headers["x-hub-signature-256"]).toBe(`sha256=${signature}`);
  expect(told.map(({ what, commit, subject }) => [what, commit, subject])).toEqual([
    ["accepted", good, "good"],
    ["in-force", good, "good"],
    ["refused", bad, "bad"],
    ["accepted", other, "other"],
    ["in-force", other, "other"],
    ["rolled-back", other, "other"],
  ]);
  expect(told[2]?.["reason"]).toMatch(/^mesh\.yaml:4:/);
  const isOfBad = ({ path }: Heard) => path === `/repos/o/r/statuses/${bad}`;
  while (!heard.some(isOfBad)) await hear(heard.length + 1);
  const statuses = heard.filter(({ path }) => path.startsWith("/repos/"));
  expect(statuses.every(({ headers }) => headers["authorization"] === `Bearer ${SECRET}`)).toBe(true);
  const ofBad = statuses.find(isOfBad);
  expect(JSON.parse(ofBad?.body ?? "{}")).toMatchObject({ state: "failure", context: "regomesh" });
  const status = await readStatus(controller);
  expect(status.troubles).toBeUndefined();
});

test("of a first revision that it is in force, once, though its controller ended before any proxy came", async () => {
  const root = new WorkTree(folder, "root");
  const good = root.commit("good", { "mesh.yaml": MESH });
  const hooks = async (count: number) => {
    const isHook = ({ path }: Heard) => path === "/hook";
    while (heard.filter(isHook).length < count) await hear(heard.length + 1);
    return heard.filter(isHook).map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  };
  const first = await openController(options());
  await hooks(1);
  await first.close();
  let other = "";
  for (const told of [2, 4]) {
    const controller = await openController(options());
    const web = await TestProxy.join("web", controller.grpc, join(folder, "web.token"));
    web.onSnapshot = (message) => web.ack(message);
    web.connect(controller.grpc);
    // The second start has nothing to tell of it: what it tells first is of the next commit.
    if (told === 4) other = root.commit("other", { "mesh.yaml": MESH.replace("port: 80", "port: 81") });
    await hooks(told);
    web.close();
    await controller.close();
  }
  expect((await hooks(4)).map(({ what, commit }) => [what, commit])).toEqual([
    ["accepted", good],
    ["in-force", good],
    ["accepted", other],
    ["in-force", other],
  ]);
});

test("a place that is busy is asked again, with longer rests, in order; and what it asks for is given", async () => {
  answers = [{ status: 503 }, { status: 429, headers: { "retry-after": "7" } }, { status: 201 }];
  const { teller, troubles, sleeps } = makeTeller("webhook");
  teller.tell(news("a".repeat(40)));
  teller.tell(news("b".repeat(40)));
  await hear(4);
  expect(heard.map(({ body }) => (JSON.parse(body) as { commit: string }).commit[0])).toEqual(["a", "a", "a", "b"]);
  expect(sleeps).toEqual([1000, 7000]);
  expect(troubles[0]).toBe(`webhook ${url}/r is not told what becomes of commits: it answers 503`);
  while (troubles.at(-1) !== undefined) await new Promise<void>((wake) => waiting.push(wake));
});

test("a place that will never take it is asked once, elsewhere it is never sent, and its secret is not repeated", async () => {
  answers = [{ status: 302, headers: { location: `${url}/elsewhere` } }, { status: 401 }];
  const { teller, troubles, sleeps } = makeTeller("github");
  teller.tell(news("a".repeat(40)));
  await hear(1);
  teller.tell(news("b".repeat(40)));
  await hear(2);
  while (troubles.length < 2) await new Promise<void>((wake) => waiting.push(wake));
  expect(heard.map(({ path }) => path)).toEqual([`/r/statuses/${"a".repeat(40)}`, `/r/statuses/${"b".repeat(40)}`]);
  expect(sleeps).toEqual([]);
  writeFileSync(join(folder, "secret"), "two\nlines of it");
  teller.tell(news("c".repeat(40)));
  while (troubles.length < 3) await new Promise<void>((wake) => waiting.push(wake));
  expect(troubles[2]).toBe(
    `github ${url}/r is not told what becomes of commits: the file of its secret holds no token`,
  );
});

test("of a commit's status only the last word is told, of a webhook each", async () => {
  for (const [kind, count] of [
    ["github", 2],
    ["webhook", 3],
  ] as const) {
    heard = [];
    const { teller } = makeTeller(kind);
    const commit = "a".repeat(40);
    teller.tell({ ...news(commit), what: "accepted" }); // on its way at once
    teller.tell({ ...news(commit), what: "in-force" });
    teller.tell({ ...news(commit), what: "held" });
    await hear(count);
    const said = heard.map(({ body }) => JSON.parse(body) as { what?: string; state?: string });
    expect(said.map(({ what, state }) => what ?? state)).toEqual(
      kind === "github" ? ["pending", "failure"] : ["accepted", "in-force", "held"],
    );
  }
});

/** What keeps a controller from starting, though its commit is good. */
const unable: Readonly<Record<string, { more: (port: number) => Partial<ControllerOptions>; says: string }>> = {
  "a secret that is none": {
    more: () => ({ webhook: { address: "127.0.0.1:0", secretFile: join(folder, "short") } }),
    says: "the secret in FOLDER/short has fewer than 16 characters",
  },
  "a port of webhooks that is taken": {
    more: (port) => ({ webhook: { address: `127.0.0.1:${port}`, secretFile: join(folder, "secret") } }),
    says: "port PORT of 127.0.0.1 (--webhook) is in use by another process",
  },
  "a port of its page that is taken": {
    more: (port) => ({ http: `127.0.0.1:${port}` }),
    says: "port PORT of 127.0.0.1 (--http) is in use by another process",
  },
  "a port of proxies that is taken": {
    more: (port) => ({ grpc: `127.0.0.1:${port}` }),
    says: "port PORT of 127.0.0.1 (--grpc) is in use by another process",
  },
  "an address of another machine": {
    more: () => ({ grpc: "192.0.2.1:1" }),
    says: "cannot listen on 192.0.2.1:1 (--grpc): listen EADDRNOTAVAIL: address not available 192.0.2.1:1",
  },
  "a socket to join by in no folder": {
    more: () => ({ joinSocket: { path: join(folder, "none/join.sock"), rights: [] } }),
    says: "the socket FOLDER/none/join.sock cannot be made: ENOENT: no such file or directory, stat 'FOLDER/none'",
  },
};
test.each(Object.entries(unable))(
  "nobody of a commit that a controller with %s has not published",
  async (_, { more, says }) => {
    new WorkTree(folder, "root").commit("good", { "mesh.yaml": MESH });
    writeFileSync(join(folder, "short"), "too short");
    const { port } = server.address() as AddressInfo;
    const error = await openController({ ...options(), ...more(port) }).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(ControllerFailed);
    expect((error as Error).message).toBe(says.replaceAll("FOLDER", folder).replace("PORT", String(port)));
    expect(existsSync(join(folder, "state/snapshots/last-good.json"))).toBe(false);
    expect(heard).toEqual([]);
  },
);
