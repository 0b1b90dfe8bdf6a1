/** `regomesh completion`: a script with which a shell completes commands and flags. */
import { parseArgs } from "node:util";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { printCompletion, SHELLS, type Shell } from "../completion-script.ts";

const help = `
Usage: regomesh completion SHELL

Prints a script for bash, zsh or fish that completes commands, flags, and the words that some
flags take, such as -o. It holds the words of this version: make it anew after an update.

Example: source <(regomesh completion bash)
`;

const flags = {} as const;

type Row = { readonly summary: string; load(): Promise<Command> };

/** Of the commands of a table, which holds this one, too. */
export function makeCompletion(table: () => readonly Row[]): Command {
  return {
    name: "completion",
    summary: "print a script with which a shell completes this command line",
    help,
    flags,
    exits: { 0: "printed", 1: "never" },
    run: (args, io) => run(args, io, table()),
  };
}

async function run(args: readonly string[], io: Io, rows: readonly Row[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError(`takes one shell: ${SHELLS.join(", ")}`);
  if (!isShell(name)) throw new UsageError(`takes one of ${SHELLS.join(", ")}, not ${name}`);
  const commands = await Promise.all(rows.map(async ({ summary, load }) => ({ ...(await load()), summary })));
  io.out(printCompletion(name, commands));
  return EXIT.yes;
}

function isShell(name: string): name is Shell {
  return (SHELLS as readonly string[]).includes(name);
}
