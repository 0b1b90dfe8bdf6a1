/** The command line: finds the command, gives it the world, turns what it says into an exit code. */
import { type Command, EXIT, type Io, printHelp, UsageError } from "./command.ts";
import { COMMANDS, findNear } from "./commands.ts";

/** Runs one command and sets the process's exit code; the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<void> {
  followLauncher();
  process.exitCode = await dispatch(args, makeIo());
}

/** The exit code of a command line. */
export async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return await help(rest, io);
  if (name === "--version" || name === "-v") return await dispatch(["version"], io);
  const row = COMMANDS.find((command) => command.name === name);
  if (row === undefined) {
    const { sayOpaCommand } = await import("./opa-words.ts");
    const opa = sayOpaCommand(name);
    const near = opa === undefined ? await findNear(name) : undefined;
    const hint = opa !== undefined ? `: ${opa}` : near === undefined ? "" : `; did you mean ${near}?`;
    io.err(`regomesh: no command ${name}${hint} (regomesh --help lists them)\n`);
    return EXIT.usage;
  }
  return await runCommand(await row.load(), rest, io);
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    io.out(printHelp(command));
    return EXIT.yes;
  }
  try {
    return await command.run(args, io);
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) {
      const sentence = error instanceof UsageError ? error.message : await sayFlag(error, command);
      io.err(`regomesh ${command.name}: ${sentence} (regomesh ${command.name} --help)\n`);
      return EXIT.usage;
    }
    if (!isSystemError(error)) throw error;
    io.err(`regomesh ${command.name}: ${error.message}\n`);
    return EXIT.no;
  }
}

async function help(args: readonly string[], io: Io): Promise<number> {
  const row = COMMANDS.find((command) => command.name === args[0]);
  if (row !== undefined) {
    io.out(printHelp(await row.load()));
    return EXIT.yes;
  }
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  const list = COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`).join("\n");
  io.out(
    `Regomesh: a service mesh whose every decision is Rego.\n\nUsage: regomesh COMMAND [flags]\n\n${list}\n\nregomesh COMMAND --help shows flags, an example and exit codes.\n`,
  );
  return EXIT.yes;
}

/** Exit codes of a process that a signal ended, as a shell says it. */
const ENDED_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function makeIo(): Io {
  // Whoever read has had enough, as head has: that is no fault of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  const signals = makeSignals();
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: (name) => process.env[name],
    environment: () => ({ ...process.env }) as Record<string, string>,
    cwd: process.cwd(),
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns || 100, // 0 of a terminal that does not know its size
    get signal() {
      return signals().ending;
    },
    onReload: (action) => void signals().reloads.push(action),
  };
}

type Signals = { readonly ending: AbortSignal; readonly reloads: (() => void)[] };

/** Listened to from when a command first asks: one that never does, or whose thread is busy, is ended by them at once. */
function makeSignals(): () => Signals {
  let made: Signals | undefined;
  return () => {
    made ??= listen();
    return made;
  };
}

function listen(): Signals {
  const ending = new AbortController();
  const reloads: (() => void)[] = [];
  const end = (signal: keyof typeof ENDED_BY): void => {
    if (ending.signal.aborted) process.exit(ENDED_BY[signal]);
    ending.abort(new Error(signal));
  };
  const reload = (): void => {
    for (const action of reloads) action();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // Of a terminal that is gone, where there is nothing to read anew.
  process.on("SIGHUP", () => (reloads.length === 0 ? end("SIGHUP") : reload()));
  process.on("SIGUSR1", reload);
  // Without a meaning here; left to the system it would end the process.
  process.on("SIGUSR2", () => {});
  return { ending: ending.signal, reloads };
}

/** Started by an older Node that only waits for us: its end is ours. */
function followLauncher(): void {
  if (process.env.REGOMESH_LAUNCHER === undefined || process.channel === undefined) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel?.unref();
}

/** What the system refused, as a file that may not be written: its message names the call and the path. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code ?? "").startsWith("ERR_PARSE_ARGS");
}

/** A flag that there is not, with what to do where it is opa's, or with the near one; else what `parseArgs` says. */
async function sayFlag(error: Error, { name, flags }: Command): Promise<string> {
  const [, flag] = /^Unknown option '(-[^']*)'/.exec(error.message) ?? [];
  if (flag === undefined) return firstSentence(error.message);
  const { sayOpaFlag } = await import("./opa-words.ts");
  const opa = sayOpaFlag(name, flag);
  if (opa !== undefined) return `there is no flag ${flag}: ${opa}`;
  const names = Object.entries(flags).flatMap(([each, { short }]) => (each === "view" ? [`-${short}`] : [`--${each}`]));
  const near = flag.startsWith("--") ? await findNear(flag, names) : undefined;
  return `there is no flag ${flag}${near === undefined ? "" : `; did you mean ${near}?`}`;
}

/** What `parseArgs` says goes on with advice about "--" that is about no flag of ours. */
function firstSentence(message: string): string {
  return (message.split(/\.[ \n]/)[0] ?? message).replace(/^[A-Z]/, (c) => c.toLowerCase());
}
