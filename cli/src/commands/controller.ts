/** `regomesh controller`: from a git repository to proxies, until it is told to end. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeLog, parseDuration } from "@regomesh/base";
import {
  type ControllerOptions,
  FETCH_EVERY_MS,
  openController,
  parseTarget,
  SYSTEM_CLOCK,
} from "@regomesh/controller";
import { ALLOW_HELP, allowFlag, parseAllows, SOURCE_ALLOW_HELP } from "../allow.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseJoinSocket, parseJoinToken } from "../controller/join-flags.ts";
import { parseCluster } from "../controller/kubernetes-flags.ts";
import { parseAddress } from "../controller/listen-address.ts";
import { parseCredential, parsePath, parseRepository, parseSources } from "../controller/source-flags.ts";
import { STATE_DEFAULT } from "../find-controller.ts";
import { parseLogFormat } from "../flags.ts";
import { followParent } from "../follow-parent.ts";
import { beat } from "../heartbeat.ts";

const DEFAULT_HTTP = "127.0.0.1:15000";
const DEFAULT_GRPC = "127.0.0.1:15010";
const SVID_TTL_LEAST_MS = 10_000;

const help = `
Usage: regomesh controller --git DIR|URL [flags]
       regomesh controller --kubernetes [flags]

Reads policies and resources from a branch of a git repository, on this machine or fetched with
your git from https:// or ssh://, tests and compiles each new commit, and distributes it to the
proxies; issues their identities; serves the page and the API. A commit that does not build
changes nothing: status says why. Prints one line of JSON with its addresses once it is ready,
then runs until SIGTERM.

  --git DIR|URL               the repository: a work tree or a bare one here, or an address
                              (https://…, ssh://…, git@host:…; http:// of this machine only)
  --kubernetes                the objects of a cluster instead, each with its own verdict: what is
                              wrong with one refuses it alone, and stands in its status
  --kubeconfig FILE           of the cluster (default $KUBECONFIG, the user's, or the Pod's own)
  --context NAME              of the kubeconfig (default its current one)
  --state-namespace NS        keep everything in Secrets of this namespace: several controllers may
                              be started, one leads, and another is in its place within 20 s
  --admission ADDR            where the API server asks about objects before it takes them (TLS, by a
                              certificate of the mesh's own): a Policy that does not compile is
                              refused with file and line. It is told of that by the controller
  --admission-service NS/NAME the Service by which it reaches that address (port 443)
  --inject IMAGE=HOST:PORT    Pods of namespaces labelled regomesh.dev/inject: enabled are given the
                              proxy of this image, which reaches the controller at HOST:PORT
  --git-token-file FILE       of an https address: a token that may read it
  --git-ssh-key FILE          of an ssh address: the private key
  --git-known-hosts FILE      of an ssh address: the hosts that are known (default: the user's)
  --git-interval DURATION     how often it is fetched (default ${FETCH_EVERY_MS / 1000}s; POST /hook at once)
  --branch NAME               the branch (default main); HEAD follows what is checked out
  --path DIR                  the directory of the repository that is the source (default all)
${ALLOW_HELP.slice(1)}${SOURCE_ALLOW_HELP}
  --source NAME=DIR|URL       one repository more: what is wrong in it refuses its own commits
                              alone; may be repeated, as may the two flags that follow
  --source-branch NAME=BRANCH its branch (default main)
  --source-path NAME=DIR      the directory of it that is the source (default all)
  --credentials URL=FILE      what addresses below URL are reached with, those of --git and of
                              PolicySources too: a token (https) or a private key (ssh); may be
                              repeated
  --webhook ADDR              where servers of git say that there is something new (POST
                              /hook/SOURCE); nothing can be read there
  --webhook-secret FILE       the secret that they sign with (GitHub, Gitea) or send (GitLab)
  --tell TARGET=FILE          where it is told what becomes of commits, and the file of its secret:
                              webhook:URL (JSON, signed as GitHub signs), or the status of commits:
                              github:https://api.github.com/repos/OWNER/NAME (Gitea and Forgejo too),
                              gitlab:https://gitlab.com/api/v4/projects/ID; SOURCE/ before it
                              for another source's; may be repeated
  --state DIR                 where everything is kept (default .regomesh)
  --http ADDR                 page and API, on loopback (default ${DEFAULT_HTTP}; port 0 is a
                              free one)
  --grpc ADDR                 for proxies (default ${DEFAULT_GRPC})
  --join-token WORKLOAD=FILE  write a token with which this workload's proxy joins the mesh;
                              may be repeated; NAMESPACE/WORKLOAD outside "default"
  --join-socket PATH          a Unix socket on which proxies of this host join by their user; they
                              name it as --join-token-file (Linux; needs --join-uid)
  --join-uid UID=WORKLOAD[,…] processes of this user may be these workloads; may be repeated
  --svid-ttl DURATION         how long identities last (default 24h)
  --explain-denials           tell clients rule and place of a denial; for demos
  --log-format FORMAT         json or text, of its log on standard error (default json)
  --heartbeat FILE            touched every 5 s while the process turns: what its age says, its ports
                              do not
  --exit-with-parent          end when standard input ends

Example: regomesh controller --git . --join-token web=web.token
`;

const flags = {
  git: { type: "string" },
  kubernetes: { type: "boolean" },
  kubeconfig: { type: "string" },
  context: { type: "string" },
  "state-namespace": { type: "string" },
  admission: { type: "string" },
  "admission-service": { type: "string" },
  inject: { type: "string" },
  "git-token-file": { type: "string" },
  "git-ssh-key": { type: "string" },
  "git-known-hosts": { type: "string" },
  "git-interval": { type: "string" },
  branch: { type: "string" },
  path: { type: "string" },
  ...allowFlag,
  source: { type: "string", multiple: true },
  "source-branch": { type: "string", multiple: true },
  "source-path": { type: "string", multiple: true },
  credentials: { type: "string", multiple: true },
  webhook: { type: "string" },
  "webhook-secret": { type: "string" },
  tell: { type: "string", multiple: true },
  state: { type: "string" },
  http: { type: "string" },
  grpc: { type: "string" },
  "join-token": { type: "string", multiple: true },
  "join-socket": { type: "string" },
  "join-uid": { type: "string", multiple: true },
  "svid-ttl": { type: "string" },
  "explain-denials": { type: "boolean" },
  "log-format": { type: "string" },
  heartbeat: { type: "string" },
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
  const { options, exitsWithParent, heartbeat } = parseFlags(args, io);
  const ending = new Promise<void>((done) => {
    if (io.signal.aborted) done();
    io.signal.addEventListener("abort", () => done(), { once: true });
    if (exitsWithParent) void followParent().then(done);
  });
  const ended = new AbortController();
  try {
    if (heartbeat !== undefined) await beat(heartbeat, ended.signal);
    const opened = await openController(options);
    io.out(`${JSON.stringify({ ready: true, grpc: opened.grpc, http: opened.http })}\n`);
    const isLost = await Promise.race([ending.then(() => false), opened.lost.then(() => true)]);
    await opened.close();
    if (isLost) {
      io.err("regomesh controller: another controller leads the mesh now\n");
      return EXIT.no;
    }
  } catch (error) {
    io.err(`regomesh controller: ${(error as Error).message}\n`);
    return EXIT.no;
  } finally {
    ended.abort();
    if (exitsWithParent) process.stdin.destroy();
  }
  return EXIT.yes;
}

function parseFlags(
  args: readonly string[],
  io: Io,
): {
  readonly options: ControllerOptions;
  readonly exitsWithParent: boolean;
  readonly heartbeat: string | undefined;
} {
  const { values } = parseArgs({
    args: [...args],
    options: flags,
  });
  const kubernetes = parseCluster(values);
  if (values.git === undefined && kubernetes === undefined)
    throw new UsageError("--git or --kubernetes is needed: the repository, or the cluster, to read from");
  const svidTtlMs = values["svid-ttl"] === undefined ? undefined : parseTtl(values["svid-ttl"]);
  const names = (values.source ?? []).map((text) => text.slice(0, Math.max(0, text.indexOf("="))));
  const allows = parseAllows(values.allow, names);
  const credentials = (values.credentials ?? []).map((text) => parseCredential(text, io.cwd));
  const knownHosts = values["git-known-hosts"];
  return {
    exitsWithParent: values["exit-with-parent"] ?? false,
    heartbeat: values.heartbeat === undefined ? undefined : resolve(io.cwd, values.heartbeat),
    options: {
      ...(kubernetes === undefined
        ? parseRepository(values.git ?? "", values, credentials, io.cwd)
        : { git: "", kubernetes }),
      branch: values.branch ?? "main",
      path: parsePath(values.path ?? "", "--path"),
      allow: allows.root,
      sources: parseSources({ ...values, credentials, allows: allows.others }, io.cwd),
      credentials,
      ...parseWebhook(values.webhook, values["webhook-secret"], io.cwd),
      ...(knownHosts === undefined ? {} : { knownHosts: resolve(io.cwd, knownHosts) }),
      tells: (values.tell ?? []).map((text) => parseTell(text, io.cwd)),
      state: resolve(io.cwd, values.state ?? STATE_DEFAULT),
      http: parseAddress(values.http ?? DEFAULT_HTTP, "--http"),
      grpc: parseAddress(values.grpc ?? DEFAULT_GRPC, "--grpc"),
      explainDenials: values["explain-denials"] ?? false,
      joinTokens: (values["join-token"] ?? []).map((text) => parseJoinToken(text, io.cwd)),
      ...parseJoinSocket(values["join-socket"], values["join-uid"] ?? [], io.cwd),
      ...(svidTtlMs === undefined ? {} : { svidTtlMs }),
      signal: io.signal,
      clock: SYSTEM_CLOCK,
      log: makeLog({ write: io.err, nowMs: Date.now, format: parseLogFormat(values["log-format"]) }),
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

function parseWebhook(
  address: string | undefined,
  secret: string | undefined,
  cwd: string,
): Pick<ControllerOptions, "webhook"> {
  if ((address === undefined) !== (secret === undefined))
    throw new UsageError("--webhook and --webhook-secret need each other: where, and by which secret");
  if (address === undefined || secret === undefined) return {};
  return { webhook: { address: parseAddress(address, "--webhook"), secretFile: resolve(cwd, secret) } };
}

function parseTell(text: string, cwd: string): NonNullable<ControllerOptions["tells"]>[number] {
  const at = text.lastIndexOf("=");
  // An address may hold a secret: it is not repeated.
  if (at < 1 || at === text.length - 1) throw new UsageError("--tell takes TARGET=FILE, the file of its secret");
  const target = parseTarget(text.slice(0, at));
  if ("fault" in target) throw new UsageError(`--tell: ${target.fault}`);
  return { ...target, secretFile: resolve(cwd, text.slice(at + 1)) };
}
