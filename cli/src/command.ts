/**
 * What a command is: a row of the table in `commands.ts`. A command names its flags and what
 * its exit codes mean, writes through `io`, and gives its exit code. The words are those of
 * docs/cli.md, for every command the same.
 */
import type { ParseArgsConfig } from "node:util";

/** Flags as `parseArgs` takes them. */
export type Flags = NonNullable<ParseArgsConfig["options"]>;

export type Command = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown by `--help`: usage, flags, an example. Exit codes are added to it. */
  readonly help: string;
  readonly flags: Flags;
  readonly exits: Exits;
  run(args: readonly string[], io: Io): Promise<number>;
};

/** What the codes of a command mean; 64 means the same in all of them. */
export type Exits = { readonly 0: string; readonly 1: string; readonly 2?: string };

/** The world as a command sees it; tests pass their own. */
export type Io = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: (name: string) => string | undefined;
  /** All of the environment, which `opa.runtime` shows to policies. */
  readonly environment: () => Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly columns: number;
  /**
   * Aborted by the first SIGINT or SIGTERM (and SIGHUP, where nothing is read anew); a second one ends the process at once,
   * and so does the first where the command has never asked for this.
   */
  readonly signal: AbortSignal;
  /** At SIGHUP and SIGUSR1: log files are opened anew, what was read from files is read again. */
  readonly onReload: (action: () => void) => void;
};

/** `opa` is what opa exits with for a failed test or evaluation; 64 is EX_USAGE (sysexits.h). */
export const EXIT = { yes: 0, no: 1, opa: 2, usage: 64 } as const;

/** A command line that cannot be understood: one sentence, exit code 64. */
export class UsageError extends Error {
  readonly code = "usage";
}

/** The help of a command, whole. */
export function printHelp({ help, exits }: Command): string {
  const codes = Object.entries({ ...exits, [EXIT.usage]: "wrong usage" });
  return `${help.trim()}\n\nExit codes: ${codes.map(([code, meaning]) => `${code} ${meaning}`).join(", ")}\n`;
}
