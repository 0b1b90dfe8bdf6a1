/** `regomesh capabilities`: what a policy may use here, in OPA's format. */
import { parseArgs } from "node:util";
import { printCapabilities } from "@regomesh/policy-compiler";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const help = `
Usage: regomesh capabilities [--current]

Prints what a policy may use: built-ins, keywords that may be imported, features of the language,
as opa capabilities does. Flags --capabilities of other commands take such a file.

  --current  those of this version, as it always prints

Example: regomesh capabilities > capabilities.json
`;

const flags = { current: { type: "boolean" } } as const;

export const capabilities: Command = {
  name: "capabilities",
  summary: "print what policies may use, in OPA's format",
  help,
  flags,
  exits: { 0: "printed", 1: "never" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  if (positionals.length > 0) throw new UsageError("takes no arguments");
  io.out(printCapabilities());
  return EXIT.yes;
}
