/** Repositories as tests need them: work trees that commit and sign, and git's own server program behind Node's HTTP. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Part of git; Debian and others put it here, and git tells where. */
const backend = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
export const hasGitServer = existsSync(backend);

const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));

/** A work tree, and the bare repository that it pushes to and that is served as `NAME.git`. */
export class WorkTree {
  readonly name: string;
  readonly folder: string;
  /** Settings of each commit, such as those that sign it. */
  signing: readonly string[] = ["-c", "commit.gpgsign=false"];
  /** Of the environment, for those. */
  environment: Readonly<Record<string, string>> = {};

  constructor(folder: string, name: string) {
    this.folder = folder;
    this.name = name;
    execFileSync("git", ["init", "-q", "--initial-branch=main", join(folder, name)], { env });
    execFileSync("git", ["init", "-q", "--bare", "--initial-branch=main", join(folder, `${name}.git`)], { env });
    this.git("remote", "add", "origin", join(folder, `${name}.git`));
    execFileSync("git", ["-C", join(folder, `${name}.git`), "config", "receive.denyDeleteCurrent", "ignore"], { env });
  }

  git(...args: readonly string[]): string {
    const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", ...this.signing];
    return execFileSync("git", [...own, "-C", join(this.folder, this.name), ...args], {
      env: { ...env, ...this.environment },
      encoding: "utf8",
    }).trim();
  }

  /** Writes files, commits and pushes; gives the hash. */
  commit(message: string, files: Readonly<Record<string, string>> = {}): string {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, this.name, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", message);
    this.push("main");
    return this.git("rev-parse", "HEAD");
  }

  push(ref: string): void {
    this.git("push", "-q", "--force", "origin", ref);
  }
}

/** Makes a key of SSH, and has the tree sign with it; gives the public key's line. */
export async function signWithSsh(tree: WorkTree, file: string): Promise<string> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", file]);
  const format = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${file}`];
  tree.signing = [...format, "-c", "commit.gpgsign=true", "-c", "tag.gpgsign=true"];
  return (await run("cat", [`${file}.pub`])).stdout.trim();
}

/** The same with OpenPGP; undefined where there is no gpg that makes keys. */
export async function signWithPgp(tree: WorkTree, home: string): Promise<string | undefined> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const gpg = ["--homedir", home, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"];
  try {
    await run("gpg", [...gpg, "--quick-generate-key", "ann@example.org", "ed25519", "sign", "never"]);
    tree.environment = { GNUPGHOME: home };
    tree.signing = ["-c", "user.signingkey=ann@example.org", "-c", "commit.gpgsign=true"];
    return (await run("gpg", [...gpg, "--armor", "--export", "ann@example.org"])).stdout;
  } catch {
    return undefined;
  }
}

export type GitServer = {
  readonly url: (name: string) => string;
  /** Answers in the place of git's own program: a status, or `cut` in the middle of what it sends. */
  fail: number | "cut" | undefined;
  readonly close: () => void;
};

export async function serveGit(folder: string): Promise<GitServer> {
  const http: Server = createServer((request, response) => {
    if (typeof server.fail === "number") return void response.writeHead(server.fail).end();
    answerByGit(folder, request, response, request, () => server.fail === "cut" && request.method === "POST");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const server: GitServer = {
    url: (name) => `http://127.0.0.1:${port}/${name}.git`,
    fail: undefined,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
  return server;
}

/** By git's own program, of the repositories in a folder; `content` is the request's, where somebody has read it already. */
export function answerByGit(
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
  content: Readable = request,
  isCut: () => boolean = () => false,
): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://git");
  const program = spawn(backend, {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  program.stdin.on("error", () => {});
  // Whoever goes away in the middle of what he asks would leave a program that waits for the rest for ever.
  response.on("close", () => program.kill("SIGKILL"));
  program.on("error", () => response.destroy());
  content.pipe(program.stdin);
  const chunks: Buffer[] = [];
  program.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  program.on("close", () => {
    const output = Buffer.concat(chunks);
    const split = output.indexOf("\r\n\r\n");
    // It was ended because nobody waits for its answer, or it had none.
    if (split < 0) return void response.destroy();
    const fields = output
      .subarray(0, split)
      .toString()
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]);
    const status = Number(fields.find(([name]) => name === "Status")?.[1]?.slice(0, 3) ?? 200);
    const answer = output.subarray(split + 4);
    response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== "Status")));
    if (isCut() && answer.includes("PACK")) {
      response.write(answer.subarray(0, answer.length >> 1));
      response.destroy();
    } else response.end(answer);
  });
}
