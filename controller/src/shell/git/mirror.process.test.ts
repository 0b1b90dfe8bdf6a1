/** A remote over HTTP, served by git itself: what is fetched, and what is said when it cannot be. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { createDeflate } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answerByGit, hasGitServer } from "../../../test/git-server.ts";
import { parsePlace } from "../../git/remote.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Mirror } from "./mirror.ts";

const run = promisify(execFile);
const TOKEN = "s3cret-token";
const AUTHORIZATION = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString("base64")}`;

let folder: string;
let server: Server;
/** Answers in the place of git's own program, where a test sets it. */
let mode: "git" | "redirect" | "garbage" | "unavailable" | "endless" | "hang";
/** Told when a request hangs. */
let asked: () => void = () => {};
const ENOUGH_BYTES = 64 * 1024 * 1024;
let told: { fetched: number; trouble: string | undefined; rewritten: string | undefined };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-mirror-"));
  mode = "git";
  told = { fetched: 0, trouble: undefined, rewritten: undefined };
  await git("init", "--quiet", "--initial-branch=main", "work");
  await commit("one");
  await git("clone", "--quiet", "--bare", "work", "policies.git");
  server = await serve();
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(!hasGitServer).each([
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
    "asked for twice at once, it is fetched one after the other",
    async (mirror: Mirror) => {
      expect(await Promise.all([mirror.fetch(), mirror.fetch()])).toEqual([true, true]);
      expect(told).toEqual({ fetched: 1, trouble: undefined, rewritten: undefined });
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
      expect(told.trouble).toContain("the server wants another token (--git-token-file, or --credentials http");
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
      expect(told.trouble).toContain("token cannot be read: there is none");
    },
  ],
  [
    "a server that is away, leads elsewhere or talks nonsense changes nothing but what is said",
    async (mirror: Mirror) => {
      await mirror.fetch();
      const before = await refs(mirror);
      for (const [next, sentence] of [
        ["unavailable", /503/],
        ["redirect", /cannot be fetched: unable to access it: /],
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
  [
    "a branch is renamed to one below its name, and back",
    async (mirror: Mirror) => {
      await push("main:feature");
      await mirror.fetch();
      for (const [gone, next] of [
        ["feature", "feature/more"],
        ["feature/more", "feature"],
      ]) {
        await push(`:${gone}`);
        await commit(`to ${next}`);
        await push("main");
        await push(`main:${next}`);
        expect([await mirror.fetch(), told.trouble]).toEqual([true, undefined]);
        expect(await refs(mirror)).toEqual({ "refs/heads/main": await head(), [`refs/heads/${next}`]: await head() });
      }
    },
  ],
  [
    "what is kept of many fetches is packed together, and what a broken one left goes",
    async (mirror: Mirror) => {
      await mirror.fetch();
      const packs = join(mirror.gitDir, "objects/pack");
      await writeFile(join(packs, "tmp_pack_left01"), "x".repeat(1000));
      for (let n = 0; n < 24; n++) {
        await commit(`commit ${n}`);
        await push("main");
        expect(await mirror.fetch()).toBe(true);
      }
      const files = await readdir(packs);
      expect(files.filter((file) => file.startsWith("tmp_"))).toEqual([]);
      expect(files.filter((file) => file.endsWith(".pack")).length).toBeLessThanOrEqual(20);
      expect(await git("--git-dir", mirror.gitDir, "rev-list", "--count", "main")).toBe("25");
    },
  ],
  [
    "a server that never ends its pack is ended at the mirror's bound, and leaves nothing",
    async (mirror: Mirror) => {
      await mirror.fetch();
      const before = await refs(mirror);
      await commit("two");
      await push("main");
      mode = "endless";
      expect(await mirror.fetch()).toBe(false);
      expect(told.trouble).toMatch(/cannot be fetched: it is larger than 8 MiB/);
      expect(await readdir(join(mirror.gitDir, "objects"))).not.toContainEqual(expect.stringMatching(/^tmp_/));
      expect((await readdir(join(mirror.gitDir, "objects/pack"))).filter((file) => file.startsWith("tmp_"))).toEqual(
        [],
      );
      expect(await refs(mirror)).toEqual(before);
      mode = "git";
      expect([await mirror.fetch(), told.trouble]).toEqual([true, undefined]);
    },
  ],
  [
    "a fetch that hangs keeps nobody from ending, and goes with its end",
    async (mirror: Mirror) => {
      mode = "hang";
      mirror.start();
      mirror.wake();
      await new Promise<void>((resolve) => {
        asked = resolve;
      });
      await mirror.close();
      expect(told.trouble).toBeUndefined();
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
    follow: { kind: "branch", name: "main" },
    state: join(folder, "state"),
    tokenFile: join(folder, "token"),
    everyMs: 1000,
    bytesMax: 8 * 1024 * 1024,
    clock: SYSTEM_CLOCK,
    log: { log: () => {} },
    onFetched: () => {
      told.fetched++;
    },
    onTrouble: (trouble) => {
      told.trouble = trouble?.message;
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
  const lines = await git("--git-dir", gitDir, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads");
  return Object.fromEntries(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ")),
  );
}

/** git's own server program behind Node's, for whoever has the token. */
async function serve(): Promise<Server> {
  const http = createServer((request, response) => {
    if (mode === "redirect")
      return void response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere.git" }).end();
    if (mode === "garbage") return void response.writeHead(200, { "content-type": "text/html" }).end("<p>hello");
    if (mode === "unavailable") return void response.writeHead(503).end();
    if (mode === "hang") return asked();
    if (mode === "endless" && request.method === "POST" && /upload-pack$/.test(request.url ?? "")) {
      request.setEncoding("latin1");
      let body = "";
      request.on("data", (chunk: string) => {
        body += chunk;
      });
      request.on("end", () => {
        if (body.includes("command=fetch")) return sendEndless(response);
        answerByGit(folder, request, response, Readable.from([Buffer.from(body, "latin1")]));
      });
      return;
    }
    if (request.headers.authorization !== AUTHORIZATION)
      return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    answerByGit(folder, request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return http;
}

/** A pack with one object that has no end, in side-band packets. */
function sendEndless(response: ServerResponse): void {
  const packet = (content: Buffer) =>
    Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, "0")), content]);
  response.writeHead(200, { "content-type": "application/x-git-upload-pack-result" });
  for (const line of ["acknowledgments\n", "ready\n"]) response.write(packet(Buffer.from(line)));
  response.write("0001");
  response.write(packet(Buffer.from("packfile\n")));
  const band = (content: Buffer) => packet(Buffer.concat([Buffer.of(1), content]));
  // Version 2, one object: a blob of 2^39 octets.
  response.write(
    band(Buffer.from([...Buffer.from("PACK"), 0, 0, 0, 2, 0, 0, 0, 1, 0xb0, 0x80, 0x80, 0x80, 0x80, 0x08])),
  );
  const deflate = createDeflate({ level: 0 });
  deflate.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += 60_000) response.write(band(chunk.subarray(at, at + 60_000)));
  });
  const block = randomBytes(1024 * 1024);
  for (let sent = 0; sent < ENOUGH_BYTES; sent += block.length) deflate.write(block);
}
