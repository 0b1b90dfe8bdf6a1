/** `regomesh controller`: from a git repository to proxies, until it is told to end. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeLog, parseDuration } from "@regomesh/base";
import { ControllerFailed, type ControllerOptions, openController, SYSTEM_CLOCK } from "@regomesh/controller";
import { ALLOW_HELP, allowFlag, parseAllow } from "../allow.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { STATE_DEFAULT } from "../find-controller.ts";
import { followParent } from "../follow-parent.ts";

const DEFAULT_HTTP = "127.0.0.1:15000";
const DEFAULT_GRPC = "127.0.0.1:15010";
const SVID_TTL_LEAST_MS = 10_000;

const help = `
Usage: regomesh controller --git DIR [flags]

Reads policies and resources from a branch of a local git repository, tests and compiles
each new commit, and distributes it to the proxies; issues their identities; serves the
page and the API. A commit that does not build changes nothing: status says why. Prints
one line of JSON with its addresses once it is ready, then runs until SIGTERM.

  --git DIR                   the repository: a work tree or a bare one
  --branch NAME               the branch (default main); HEAD follows what is checked out
  --path DIR                  the directory of the repository that is the source (default all)
${ALLOW_HELP.slice(1)}
  --state DIR                 where everything is kept (default .regomesh)
  --http ADDR                 page and API (default ${DEFAULT_HTTP}; port 0 is a free one)
  --grpc ADDR                 for proxies (default ${DEFAULT_GRPC})
  --join-token WORKLOAD=FILE  write a token with which this workload's proxy joins the mesh;
                              may be repeated; NAMESPACE/WORKLOAD outside "default"
  --svid-ttl DURATION         how long identities last (default 24h)
  --explain-denials           tell clients rule and place of a denial; for demos
  --exit-with-parent          end when standard input ends

Example: regomesh controller --git . --join-token web=web.token
`;

const flags = {
  git: { type: "string" },
  branch: { type: "string" },
  path: { type: "string" },
  ...allowFlag,
  state: { type: "string" },
  http: { type: "string" },
  grpc: { type: "string" },
  "join-token": { type: "string", multiple: true },
  "svid-ttl": { type: "string" },
  "explain-denials": { type: "boolean" },
  "exit-with-parent": { type: "boolean" },
} as const;

export const controller: Command = {
  name: "controller",
  summary: "run the controller of a mesh",
  help,
  flags,
  exits: { 0: "ended by a signal", 1: "could not start" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { options, exitsWithParent } = parseFlags(args, io);
  const ending = new Promise<void>((done) => {
    if (io.signal.aborted) done();
    io.signal.addEventListener("abort", () => done(), { once: true });
    if (exitsWithParent) void followParent().then(done);
  });
  try {
    const opened = await openController(options);
    io.out(`${JSON.stringify({ ready: true, grpc: opened.grpc, http: opened.http })}\n`);
    await ending;
    await opened.close();
  } catch (error) {
    io.err(`regomesh controller: ${sentenceOf(error)}\n`);
    return EXIT.no;
  } finally {
    if (exitsWithParent) process.stdin.destroy();
  }
  return EXIT.yes;
}

function sentenceOf(error: unknown): string {
  if (error instanceof ControllerFailed) return error.message;
  const { code, port, address, message } = error as Error & { code?: string; port?: number; address?: string };
  return code === "EADDRINUSE" ? `port ${port} of ${address} (--http) is in use by another process` : message;
}

function parseFlags(
  args: readonly string[],
  io: Io,
): { readonly options: ControllerOptions; readonly exitsWithParent: boolean } {
  const { values } = parseArgs({
    args: [...args],
    options: flags,
  });
  if (values.git === undefined) throw new UsageError("--git DIR is needed: the repository to read from");
  const svidTtlMs = values["svid-ttl"] === undefined ? undefined : parseTtl(values["svid-ttl"]);
  return {
    exitsWithParent: values["exit-with-parent"] ?? false,
    options: {
      git: resolve(io.cwd, parseRepository(values.git)),
      branch: values.branch ?? "main",
      path: parsePath(values.path ?? ""),
      allow: parseAllow(values.allow),
      state: resolve(io.cwd, values.state ?? STATE_DEFAULT),
      http: parseAddress(values.http ?? DEFAULT_HTTP, "--http"),
      grpc: parseAddress(values.grpc ?? DEFAULT_GRPC, "--grpc"),
      explainDenials: values["explain-denials"] ?? false,
      joinTokens: (values["join-token"] ?? []).map((text) => parseJoinToken(text, io.cwd)),
      ...(svidTtlMs === undefined ? {} : { svidTtlMs }),
      signal: io.signal,
      clock: SYSTEM_CLOCK,
      log: makeLog({ write: io.err, nowMs: Date.now }),
    },
  };
}

function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < SVID_TTL_LEAST_MS) {
    throw new UsageError(`--svid-ttl takes a duration of at least 10s such as 24h, not ${text}`);
  }
  return ms;
}

/** A directory inside the repository, without the slashes and dots that mean the same. */
function parsePath(text: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (text.startsWith("/") || parts.includes("..")) {
    throw new UsageError(`--path takes a directory of the repository, not ${text}`);
  }
  return parts.join("/");
}

function parseAddress(text: string, flag: string): string {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError(`${flag} takes HOST:PORT, not ${text}`);
  return text;
}

function parseJoinToken(text: string, cwd: string): ControllerOptions["joinTokens"][number] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new UsageError(`--join-token takes WORKLOAD=FILE, not ${text}`);
  return { workload: text.slice(0, at), file: resolve(cwd, text.slice(at + 1)) };
}

/** Only a repository on this machine is read; an address is told from a mistyped directory. */
function parseRepository(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\/|^[^/:]+@[^/:]+:/i.test(text)) return text;
  // An address may hold a password.
  throw new UsageError("--git takes a directory on this machine, not an address: clone it, and fetch into the clone");
}
