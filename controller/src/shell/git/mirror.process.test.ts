/** A remote over HTTP, served by git itself: what is fetched, and what is said when it cannot be. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parsePlace } from "../../git/remote.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Mirror } from "./mirror.ts";

const run = promisify(execFile);
/** Part of git; Debian and others put it here, and git tells where. */
const backend = join((await run("git", ["--exec-path"])).stdout.trim(), "git-http-backend");
const TOKEN = "s3cret-token";
const AUTHORIZATION = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString("base64")}`;

let folder: string;
let server: Server;
/** Answers in the place of git's own program, where a test sets it. */
let mode: "git" | "redirect" | "garbage" | "unavailable";
let told: { fetched: number; trouble: string | undefined; rewritten: string | undefined };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-mirror-"));
  mode = "git";
  told = { fetched: 0, trouble: undefined, rewritten: undefined };
  await git("init", "--quiet", "--initial-branch=main", "work");
  await commit("one");
  await git("clone", "--quiet", "--bare", "work", "policies.git");
  server = await serve(join(folder));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(!existsSync(backend)).each([
  [
    "a new commit comes, and a branch that is gone goes",
    async (mirror: Mirror) => {
      expect([await mirror.fetch(), told.fetched]).toEqual([true, 1]);
      expect([await mirror.fetch(), told.fetched]).toEqual([true, 1]);
      await commit("two");
      await push("main");
      expect([await mirror.fetch(), told]).toEqual([true, { fetched: 2, trouble: undefined, rewritten: undefined }]);
      expect(await refs(mirror)).toEqual({ "refs/heads/main": await head() });
      await push("main:other");
      await push(":main");
      await mirror.fetch();
      expect(await refs(mirror)).toEqual({ "refs/heads/other": await head() });
    },
  ],
  [
    "a branch that was rewritten is said, until it moves on",
    async (mirror: Mirror) => {
      await mirror.fetch();
      await git("-C", "work", "commit", "--quiet", "--amend", "-m", "another");
      await push("+main");
      await mirror.fetch();
      expect(told.rewritten).toMatch(/^main was rewritten: [0-9a-f]{7} is not in the history of [0-9a-f]{7}$/);
      await commit("two");
      await push("main");
      await mirror.fetch();
      expect(told.rewritten).toBeUndefined();
    },
  ],
  [
    "a wrong token is said, without it; the right one is read anew",
    async (mirror: Mirror) => {
      await writeFile(join(folder, "token"), "wrong-token\n");
      expect(await mirror.fetch()).toBe(false);
      expect(told.trouble).toContain("the server wants another token (--git-token-file)");
      expect(told.trouble).not.toContain("wrong-token");
      await writeFile(join(folder, "token"), `${TOKEN}\n`);
      expect([await mirror.fetch(), told.trouble]).toEqual([true, undefined]);
      const config = await readFile(join(mirror.gitDir, "config"), "utf8");
      expect(config).not.toContain(TOKEN);
    },
  ],
  [
    "a token file that is gone, or holds none",
    async (mirror: Mirror) => {
      await writeFile(join(folder, "token"), "");
      await mirror.fetch();
      expect(told.trouble).toContain("token is empty");
      await rm(join(folder, "token"));
      await mirror.fetch();
      expect(told.trouble).toContain("token cannot be read: ENOENT");
    },
  ],
  [
    "a server that is away, leads elsewhere or talks nonsense changes nothing but what is said",
    async (mirror: Mirror) => {
      await mirror.fetch();
      const before = await refs(mirror);
      for (const [next, sentence] of [
        ["unavailable", /503/],
        ["redirect", /cannot be fetched/],
        ["garbage", /it shows no branch/],
      ] as const) {
        mode = next;
        expect(await mirror.fetch()).toBe(false);
        expect(told.trouble).toMatch(sentence);
        expect(await refs(mirror)).toEqual(before);
      }
      mode = "git";
      expect([await mirror.fetch(), told.trouble]).toEqual([true, undefined]);
    },
  ],
] as const)("%s", async (_, play) => {
  await writeFile(join(folder, "token"), `${TOKEN}\n`);
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const place = parsePlace(`http://127.0.0.1:${port}/policies.git`);
  if (place.kind !== "remote") throw new Error(place.kind);
  const mirror = await Mirror.open({
    remote: place.remote,
    branch: "main",
    state: join(folder, "state"),
    tokenFile: join(folder, "token"),
    everyMs: 1000,
    clock: SYSTEM_CLOCK,
    log: { log: () => {} },
    onFetched: () => {
      told.fetched++;
    },
    onTrouble: (trouble) => {
      told.trouble = trouble;
    },
    onRewritten: (sentence) => {
      told.rewritten = sentence;
    },
  });
  await play(mirror);
});

async function git(...args: readonly string[]): Promise<string> {
  const identity = ["-c", "user.name=You", "-c", "user.email=you@example.org", "-c", "commit.gpgsign=false"];
  return (await run("git", [...identity, ...args], { cwd: folder })).stdout.trim();
}

async function commit(text: string): Promise<void> {
  await writeFile(join(folder, "work/file"), text);
  await git("-C", "work", "add", ".");
  await git("-C", "work", "commit", "--quiet", "-m", text);
}

async function push(ref: string): Promise<void> {
  await git("-C", "policies.git", "config", "receive.denyDeleteCurrent", "ignore");
  await git("-C", "work", "push", "--quiet", "../policies.git", ref);
}

async function head(): Promise<string> {
  return await git("-C", "work", "rev-parse", "HEAD");
}

async function refs({ gitDir }: Mirror): Promise<Readonly<Record<string, string>>> {
  const lines = await git("--git-dir", gitDir, "for-each-ref", "--format=%(refname) %(objectname)");
  return Object.fromEntries(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ")),
  );
}

/** git's own server program behind Node's, for whoever has the token. */
async function serve(root: string): Promise<Server> {
  const http = createServer((request, response) => {
    if (mode === "redirect")
      return void response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere.git" }).end();
    if (mode === "garbage") return void response.writeHead(200, { "content-type": "text/html" }).end("<p>hello");
    if (mode === "unavailable") return void response.writeHead(503).end();
    if (request.headers.authorization !== AUTHORIZATION)
      return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    const { pathname, search } = new URL(request.url ?? "/", "http://git");
    const program = spawn(backend, {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
    });
    request.pipe(program.stdin);
    const chunks: Buffer[] = [];
    program.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    program.on("close", () => {
      const output = Buffer.concat(chunks);
      const split = output.indexOf("\r\n\r\n");
      const fields = output
        .subarray(0, split)
        .toString()
        .split("\r\n")
        .map((line) => line.split(": ") as [string, string]);
      const status = Number(fields.find(([name]) => name === "Status")?.[1]?.slice(0, 3) ?? 200);
      response
        .writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== "Status")))
        .end(output.subarray(split + 4));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return http;
}
