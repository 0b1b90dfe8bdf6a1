/** `regomesh get`: the resources that the revision in force is made of. */
import { parseArgs } from "node:util";
import type { ResourceBody, ResourcesBody } from "@regomesh/controller";
import { KINDS, type Kind } from "@regomesh/resources";
import { stringify } from "yaml";
import { clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseNumber, parseView } from "../flags.ts";
import { countOf } from "../report.ts";
import { parseKind, printResources } from "../resource-table.ts";
import { shortHash } from "../units.ts";

/** More than a mesh has. */
const LIMIT_MAX = 1_000_000;

const help = `
Usage: regomesh get [KIND [NAME]] [flags]

Lists resources of the revision that is in force, as its commit has them: what a resource does
not say is its kind's default, which stands in brackets. Kinds may be written as the
resource has them, in plural, or short: config (mc), service (svc), workload (wl),
binding (pb), traffic (tp), test (mt), source (src). Without KIND everything is listed.

  -n, --namespace N  of this namespace alone
  -l, --selector L   that carry all of these labels: KEY=VALUE[,…]
  --limit N          how many of a kind the table shows (default all)
${clientHelp(17)}
  -o VIEW            wide (file and line, too), yaml or json

Example: regomesh get bindings -o wide
`;

const flags = {
  namespace: { type: "string", short: "n" },
  selector: { type: "string", short: "l" },
  limit: { type: "string" },
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
  const labels = parseLabels(values.selector);
  const limit = parseNumber(values.limit, "--limit", 1, LIMIT_MAX) ?? LIMIT_MAX;
  if (more.length > 0) throw new UsageError(`takes a kind and a name, and ${more[0]} is one more`);
  const kind = word === undefined ? undefined : parseKind(word);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  const query = new URLSearchParams({ kind: kind ?? "", name: name ?? "", namespace: values.namespace ?? "" });
  const answer = await client.get<ResourcesBody>(`/api/resources?${query}`);
  if ("fault" in answer) return refuse(io, answer.fault);
  const { revision, resources: found } = answer.body;
  const resources = found.filter((each) => carries(each, labels));
  if (resources.length === 0) {
    const what = name === undefined ? (kind ?? "resource") : `${kind} ${name}`;
    const where = values.namespace === undefined ? "" : ` in namespace ${values.namespace}`;
    const which = labels.length === 0 ? "" : ` labelled ${values.selector}`;
    return refuse(io, `revision ${shortHash(revision)} has no ${what}${where}${which}`);
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
      io.out(`${printKinds(resources, { isWide: view === "wide", isNamed: kind === undefined, limit }).join("\n")}\n`);
      return EXIT.yes;
  }
}

type Shown = { readonly isWide: boolean; readonly isNamed: boolean; readonly limit: number };

function printKinds(resources: readonly ResourceBody[], { isWide, isNamed, limit }: Shown): readonly string[] {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => resources.some((each) => each.kind === kind));
  return kinds.flatMap((kind, at) => {
    const own = resources.filter((each) => each.kind === kind);
    const left = own.length - limit;
    const lines = [
      ...printResources(kind, own.slice(0, limit), isWide),
      ...(left > 0 ? [`and ${left} more: --limit ${own.length} shows all, -n, -l or a name some`] : []),
    ];
    return isNamed ? [...(at === 0 ? [] : [""]), `${kind} (${countOf(own.length, "resource")})`, ...lines] : lines;
  });
}

type Label = readonly [key: string, value: string];

function parseLabels(text: string | undefined): readonly Label[] {
  return (text?.split(",") ?? []).map((pair): Label => {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`-l takes KEY=VALUE[,…], not ${text}`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function carries({ document }: ResourceBody, labels: readonly Label[]): boolean {
  const { metadata } = document as { readonly metadata?: { readonly labels?: Readonly<Record<string, unknown>> } };
  return labels.every(([key, value]) => metadata?.labels?.[key] === value);
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh get: ${sentence}\n`);
  return EXIT.no;
}
