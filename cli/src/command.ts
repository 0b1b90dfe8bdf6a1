/**
 * What a command is: a row of the table in `commands.ts`. A command parses its own
 * flags, writes through `io`, and gives its exit code.
 */
export type Command = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown by `--help`: usage, flags, an example, exit codes. */
  readonly help: string;
  run(args: readonly string[], io: Io): Promise<number>;
};

/** The world as a command sees it; tests pass their own. */
export type Io = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: (name: string) => string | undefined;
  readonly cwd: string;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
  readonly signal: AbortSignal;
};

/** Exit codes that mean the same in every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** A command line that cannot be understood: one sentence, exit code 2. */
export class UsageError extends Error {
  readonly code = "usage";
}
