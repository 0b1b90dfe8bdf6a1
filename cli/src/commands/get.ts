/** `regomesh get`: the resources that the revision in force is made of. */
import { parseArgs } from "node:util";
import type { ResourceBody, ResourcesBody } from "@regomesh/controller";
import { KINDS, type Kind } from "@regomesh/resources";
import { stringify } from "yaml";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseView } from "../flags.ts";
import { countOf } from "../report.ts";
import { parseKind, printResources } from "../resource-table.ts";
import { shortHash } from "../units.ts";

const help = `
Usage: regomesh get [KIND [NAME]] [flags]

Lists resources of the revision that is in force, as its commit has them: what a resource does
not say is its kind's default, which stands in brackets. Kinds may be written as the
resource has them, in plural, or short: config (mc), service (svc), workload (wl),
binding (pb), traffic (tp), test (mt), source (src). Without KIND everything is listed.

  -n, --namespace N  of this namespace alone
${clientHelp(17)}
  -o VIEW            wide (file and line, too), yaml or json

Example: regomesh get bindings -o wide
`;

const flags = {
  namespace: { type: "string", short: "n" },
  ...clientFlags,
  view: { type: "string", short: "o" },
} as const;

export const get: Command = {
  name: "get",
  summary: "list the resources that are in force",
  help,
  flags,
  exits: { 0: "shown", 1: "there is none of that name, or no controller answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const view = parseView(values.view);
  const [word, name, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`takes a kind and a name, and ${more[0]} is one more`);
  const kind = word === undefined ? undefined : parseKind(word);
  const client = await openClient(values, io.cwd);
  if ("fault" in client) return refuse(io, client.fault);
  const query = new URLSearchParams({ kind: kind ?? "", name: name ?? "", namespace: values.namespace ?? "" });
  const answer = await client.get<ResourcesBody>(`/api/resources?${query}`);
  if ("fault" in answer) return refuse(io, answer.fault);
  const { revision, resources } = answer.body;
  if (resources.length === 0) {
    const what = name === undefined ? (kind ?? "resource") : `${kind} ${name}`;
    const where = values.namespace === undefined ? "" : ` in namespace ${values.namespace}`;
    return refuse(io, `revision ${shortHash(revision)} has no ${what}${where}`);
  }
  switch (view) {
    case "json": {
      const documents = resources.map(({ document }) => document);
      io.out(
        `${JSON.stringify(name !== undefined && documents.length === 1 ? documents[0] : { items: documents }, undefined, 2)}\n`,
      );
      return EXIT.yes;
    }
    case "yaml":
      io.out(resources.map(({ document }) => stringify(document)).join("---\n"));
      return EXIT.yes;
    case "table":
    case "wide":
      io.out(`${printKinds(resources, view === "wide", kind === undefined).join("\n")}\n`);
      return EXIT.yes;
  }
}

function printKinds(resources: readonly ResourceBody[], isWide: boolean, isNamed: boolean): readonly string[] {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => resources.some((each) => each.kind === kind));
  return kinds.flatMap((kind, at) => {
    const own = resources.filter((each) => each.kind === kind);
    const lines = printResources(kind, own, isWide);
    return isNamed ? [...(at === 0 ? [] : [""]), `${kind} (${countOf(own.length, "resource")})`, ...lines] : lines;
  });
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh get: ${sentence}\n`);
  return EXIT.no;
}
