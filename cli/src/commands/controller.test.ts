import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Io } from "../command.ts";
import { dispatch } from "../main.ts";
import { freePort } from "../up/ports.ts";

const folder = mkdtempSync(join(tmpdir(), "regomesh-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: () => undefined,
    environment: () => ({}),
    cwd: folder,
    isTerminal: false,
    columns: 80,
    signal: AbortSignal.abort(),
    onReload: () => {},
  };
  return { code: await dispatch(args, io), out, err };
}

describe("regomesh controller", () => {
  test.each([
    [[], "--git or --kubernetes is needed"],
    [["--git", ".", "--kubernetes"], "--kubernetes takes the place of --git"],
    [["--git", ".", "--context", "c"], "--context is for --kubernetes"],
    [["--kubernetes", "--inject", "i=c:1"], "--admission-service and --inject need --admission"],
    [["--kubernetes", "--admission", "127.0.0.1:0", "--inject", "i"], "--inject takes IMAGE=HOST:PORT, not i"],
    [["--kubernetes", "--admission", "127.0.0.1:0", "--admission-service", "a"], "takes NAMESPACE/NAME, not a"],
    [["--git", ".", "--http", "nowhere"], "--http takes HOST:PORT, not nowhere"],
    [["--git", ".", "--grpc", "127.0.0.1:70000"], "--grpc takes HOST:PORT"],
    [["--git", ".", "--join-token", "web"], "--join-token takes WORKLOAD=FILE, not web"],
    [["--git", ".", "--path", "../up"], "--path takes a directory of the repository, not ../up"],
    [["--git", ".", "--svid-ttl", "1s"], "--svid-ttl takes a duration of at least 10s"],
    [["--git", "https://user:hunter2@git.example/mesh.git"], "an address holds no password or token"],
    [["--git", "http://git.example/mesh.git"], "http:// is read from this machine alone"],
    [["--git", ".", "--git-token-file", "t"], "--git-token-file is for an address"],
    [["--git", "git@git.example:mesh.git", "--git-token-file", "t"], "--git-token-file is not for ssh addresses"],
    [["--git", "https://git.example/mesh.git", "--git-interval", "1ms"], "--git-interval takes a duration from 1s"],
    [["--git", ".", "--credentials", "https://user:hunter2@git.example=t"], "--credentials takes URL=FILE"],
    [["--gti", "."], "there is no flag --gti; did you mean --git?"],
  ])("refuses %j in one sentence", async (args, says) => {
    const { code, err } = await run("controller", ...args);
    expect([code, err.split("\n").length]).toEqual([64, 2]);
    expect(err).toContain(says);
  });

  test("says in one sentence that there is no repository", async () => {
    const { code, err } = await run("controller", "--git", ".", "--state", "state");
    expect(code).toBe(1);
    expect(err).toBe(`regomesh controller: ${folder} is not a git repository\n`);
  });
});

describe("regomesh status", () => {
  test("says where it looked when nobody is there", async () => {
    expect((await run("status")).err).toContain(`no controller has run with ${join(folder, ".regomesh")}`);
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, err } = await run("status", "--controller", url);
    expect([code, err]).toEqual([
      1,
      `regomesh status: the controller at ${url} does not answer: nothing listens there\n`,
    ]);
    expect((await run("status", "-o", "xml")).code).toBe(64);
  });

  test("finds the controller by its state folder, and gives its answer as JSON", async () => {
    const body = {
      mesh: "m",
      trustDomain: "td",
      nowMs: 1,
      proxies: [],
      shadows: [],
      source: { name: "git main", allow: [{ path: "", namespaces: ["*"] }] },
      warnings: [],
      sources: [],
    };
    const server = createServer((_, response) => response.end(JSON.stringify(body)));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, "controller.json"), JSON.stringify({ http: `http://127.0.0.1:${port}` }));
    const { code, out } = await run("status", "--state", ".", "-o", "json");
    expect([code, JSON.parse(out)]).toEqual([0, body]);
    expect((await run("status", "--state", ".", "-o", "yaml")).out).toBe(
      'mesh: m\ntrustDomain: td\nnowMs: 1\nproxies: []\nshadows: []\nsource:\n  name: git main\n  allow:\n    - path: ""\n      namespaces:\n        - "*"\nwarnings: []\nsources: []\n',
    );
    expect((await run("status", "--controller", `127.0.0.1:${port}`, "--format", "json")).out).toBe(out);
    expect((await run("status", "--state", ".")).out).toBe("no revision yet\n");
    server.close();
  });
});
