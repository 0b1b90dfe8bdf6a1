/** `regomesh version`: what this is, and what it speaks. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { COMPILER } from "@regomesh/policy-compiler";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import { SNAPSHOT_FORMAT } from "@regomesh/protocol";
import { stringify } from "yaml";
import { type Command, EXIT, type Io } from "../command.ts";
import { parseView } from "../flags.ts";

const help = `
Usage: regomesh version [flags]

Shows the version, and the versions of what modules and proxies have in common.

  -o VIEW  yaml or json

Example: regomesh version -o json | jq -r .version
`;

const flags = { view: { type: "string", short: "o" } } as const;

export const version: Command = {
  name: "version",
  summary: "show the version, and what it speaks",
  help,
  flags,
  exits: { 0: "shown", 1: "never" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: flags });
  const view = parseView(values.view);
  const facts = {
    version: ownVersion(),
    compiler: COMPILER,
    moduleAbi: MODULE_ABI,
    snapshotFormat: SNAPSHOT_FORMAT,
    node: process.versions.node,
    platform: `${process.platform}/${process.arch}`,
  };
  if (view === "json") io.out(`${JSON.stringify(facts, undefined, 2)}\n`);
  else if (view === "yaml") io.out(stringify(facts));
  else {
    io.out(`regomesh ${facts.version}\n`);
    io.out(
      `module ABI ${facts.moduleAbi}, snapshot format ${facts.snapshotFormat}, Node ${facts.node} on ${facts.platform}\n`,
    );
  }
  return EXIT.yes;
}

/** Of the package that this is. */
export function ownVersion(): string {
  const file = join(resolve(import.meta.dirname, "../../.."), "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}
