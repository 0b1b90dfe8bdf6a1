/**
 * Runs git on a repository that may be hostile: no hooks, no command out of its
 * configuration, no network, nothing of the caller's environment, bounded output and time.
 */
import { spawn } from "node:child_process";

export type GitErrorCode = "git_missing" | "git_failed" | "git_limit" | "git_repository";

export class GitError extends Error {
  readonly code: GitErrorCode;
  constructor(code: GitErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const TIMEOUT_MS = 10_000;
const STDERR_BYTES_MAX = 4096;

/** Read commands need none of these; a repository's own configuration may set each to a command. */
const NEUTRAL = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "core.pager=cat",
  "core.sshCommand=false",
  "core.alternateRefsCommand=false",
  "protocol.allow=never",
  "gc.auto=0",
  "log.showSignature=false",
  "blame.ignoreRevsFile=",
].flatMap((setting) => ["-c", setting]);

export type GitOptions = {
  readonly gitDir: string;
  /** Where a command needs one: the directory that it is about. */
  readonly workTree?: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly bytesMax: number;
  /** Of a command that reaches a remote: settings and environment beside and above the neutral ones, and more time. */
  readonly network?: {
    readonly settings: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    /** Of each file that it writes: a server may have no end. */
    readonly fileBytesMax: number;
    readonly signal: AbortSignal;
  };
  /** Of a command of this machine that works on the whole of a repository, or has helpers. */
  readonly timeoutMs?: number;
  /** Beside and above the neutral one. */
  readonly environment?: Readonly<Record<string, string>>;
};

/** POSIX: the unit of `ulimit -f`. */
const BLOCK_BYTES = 512;
/** Sets the bound of files, then becomes the command. */
const BOUNDED = 'ulimit -f "$0" && exec "$@"';

/** Standard output of a git command; throws GitError where it fails, is too long or takes too long. */
export function runGit(options: GitOptions): Promise<Buffer> {
  const { gitDir, workTree, args, input, bytesMax, network, environment } = options;
  const timeoutMs = network?.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
  const hasHelpers = network !== undefined || options.timeoutMs !== undefined;
  const settings = (network?.settings ?? []).flatMap((setting) => ["-c", setting]);
  return new Promise((resolve, reject) => {
    const place = workTree === undefined ? [] : [`--work-tree=${workTree}`];
    const all = ["git", "--no-pager", `--git-dir=${gitDir}`, ...place, ...NEUTRAL, ...settings, ...args];
    const blocks = network === undefined ? 0 : Math.max(1, Math.floor(network.fileBytesMax / BLOCK_BYTES));
    const [file = "", ...rest] = network === undefined ? all : ["sh", "-c", BOUNDED, String(blocks), ...all];
    const child = spawn(file, rest, {
      cwd: workTree ?? gitDir,
      env: { ...gitEnvironment(), ...network?.environment, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: hasHelpers,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let stderr = "";
    let failure: GitError | undefined;
    const stop = (error: GitError) => {
      failure ??= error;
      // Such a command has helpers below it, which its end would leave behind.
      if (!hasHelpers || child.pid === undefined) child.kill("SIGKILL");
      else killGroup(child.pid);
    };
    const timer = setTimeout(
      () => stop(new GitError("git_limit", `git ${args[0]} took longer than ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const onEnd = () => stop(new GitError("git_limit", `git ${args[0]} was ended`));
    network?.signal.addEventListener("abort", onEnd, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) stop(new GitError("git_limit", `git ${args[0]} gave more than ${bytesMax} bytes`));
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString();
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT";
      failure = isMissing
        ? new GitError("git_missing", "git is not on the PATH")
        : new GitError("git_failed", `git could not be started: ${error.message}`);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      network?.signal.removeEventListener("abort", onEnd);
      if (failure !== undefined) reject(failure);
      else if (code !== 0) reject(new GitError("git_failed", `git ${args[0]}: ${firstLine(stderr) || `exit ${code}`}`));
      else resolve(Buffer.concat(chunks));
    });
    child.stdin.on("error", () => {}); // it ended before it had read everything; its exit code says why
    child.stdin.end(input ?? "");
  });
}

/** PATH and nothing else of ours: neither GIT_DIR of an outer hook, nor tokens, nor a home with configuration. */
function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_ATTR_NOSYSTEM: "1",
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** What a program says first; of ssh, which draws a frame around what it warns of, what stands in that. */
function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.replace(/^@+ *| *@*\s*$/g, ""));
  return lines.find((line) => line !== "") ?? "";
}
