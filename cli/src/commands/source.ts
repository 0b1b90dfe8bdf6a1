/** `regomesh source`: where revisions come from, and what became of what each source holds. */
import { parseArgs } from "node:util";
import type { SourceStateBody, StatusBody } from "@regomesh/controller";
import { stringify } from "yaml";
import { noAction } from "../actions.ts";
import { type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { parseView } from "../flags.ts";
import { printTable } from "../table.ts";
import { cut, plain, printSpan, shortHash } from "../units.ts";

const help = `
Usage: regomesh source list [NAME] [flags]
       regomesh source reconcile NAME [flags]
       regomesh source suspend NAME [flags]
       regomesh source resume NAME [flags]

Sources are the repositories that policies and resources come from: root is what --git of the
controller names, the others are named by --source or by PolicySource resources. Each has
its own last good commit: what is wrong in one refuses its commits alone. list shows what is
in force of each, what is refused and which resource is at fault, and what keeps it from being
read, since when. reconcile looks at once. While a source is suspended nothing new of it is
taken, and what is in force stays.

${clientHelp(17)}
  -o VIEW            wide (addresses and namespaces, too), yaml or json

Example: regomesh source list shop
`;

const flags = { ...clientFlags, view: { type: "string", short: "o" } } as const;

export const source: Command = {
  name: "source",
  summary: "show, look at, suspend and resume where revisions come from",
  help,
  flags,
  exits: { 0: "done", 1: "no such source, it cannot be done, or no controller answers" },
  run,
};

const DONE: Readonly<Record<string, (name: string) => string>> = {
  reconcile: (name) => `source ${name} is looked at now: regomesh source list ${name} shows what comes of it`,
  suspend: (name) => `source ${name} is suspended: what is in force of it stays`,
  resume: (name) => `source ${name} is followed again`,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const [action = "", name, ...more] = positionals;
  const said = Object.hasOwn(DONE, action) ? DONE[action] : undefined;
  if (action !== "list" && said === undefined)
    throw new UsageError(await noAction(action, ["list", ...Object.keys(DONE)]));
  if (more.length > 0 || (said !== undefined && name === undefined))
    throw new UsageError(`${action} takes the name of a source`);
  if (name !== undefined && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw new UsageError(`${name} is no name of a source`);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  if (said === undefined) return await list(client, name, values.view, io);
  const answer = await client.post(`/api/sources/${name}/${action}`);
  if ("fault" in answer) return refuse(io, answer.fault);
  io.out(`${said(name ?? "")}\n`);
  return EXIT.yes;
}

async function list(client: Client, name: string | undefined, text: string | undefined, io: Io): Promise<number> {
  const view = parseView(text);
  const answer = await client.get<StatusBody>("/api/status");
  if ("fault" in answer) return refuse(io, answer.fault);
  const sources = answer.body.sources.filter((each) => name === undefined || each.name === name);
  if (sources.length === 0) return refuse(io, `there is no source ${name}`);
  if (view === "json") io.out(`${JSON.stringify(sources, undefined, 2)}\n`);
  else if (view === "yaml") io.out(stringify(sources));
  else io.out(`${printSources(answer.body, sources, view === "wide", name !== undefined).join("\n")}\n`);
  return EXIT.yes;
}

const FAULTS_SHOWN = 3;
const SUBJECT_LENGTH_MAX = 40;

/** A row for each, and below it what is wrong: a few faults, or all of them where one source is asked for. */
export function printSources(
  { nowMs, pin }: Pick<StatusBody, "nowMs" | "pin">,
  sources: readonly SourceStateBody[],
  isWide: boolean,
  isWhole: boolean,
): readonly string[] {
  const columns = [
    { name: "SOURCE" },
    { name: "FOLLOWS" },
    { name: "IN FORCE" },
    { name: "STATE" },
    { name: "RESOURCES", isNumber: true },
    ...(isWide ? [{ name: "NAMESPACES" }, { name: "SIGNED BY" }, { name: "FROM" }] : []),
  ];
  const rows = sources.map((each) => {
    const { name, follows, inForce, resources, namespaces, keys, url, path } = each;
    return [
      plain(name),
      plain(follows),
      inForce === undefined ? "-" : `${shortHash(inForce.id)} "${cut(plain(inForce.subject), SUBJECT_LENGTH_MAX)}"`,
      stateOf(each, pin !== undefined),
      resources === undefined ? "-" : String(resources),
      ...(isWide
        ? [
            namespaces.length === 0 ? "-" : plain(namespaces.join(",")),
            keys === 0 ? "-" : `one of ${keys}`,
            plain(path === "" ? url : `${url} ${path}`),
          ]
        : []),
    ];
  });
  const [header = "", ...lines] = printTable(columns, rows);
  return [
    ...(pin === undefined
      ? []
      : [
          `pinned to ${shortHash(pin.revision)} for ${printSpan(nowMs - pin.sinceMs)}: nothing newer is taken (regomesh rollback --lift)`,
        ]),
    header,
    ...lines.flatMap((line, at) => {
      const each = sources[at];
      return each === undefined ? [] : [line, ...detailsOf(each, nowMs, isWhole).map((detail) => `    ${detail}`)];
    }),
  ];
}

function stateOf({ suspended, refused, newest, troubles, inForce }: SourceStateBody, isPinned: boolean): string {
  if (suspended !== undefined) return `suspended by ${suspended === "operator" ? "an operator" : "its resource"}`;
  const bad = troubles.filter(({ reason }) => reason !== "rewritten");
  if (bad[0] !== undefined) return bad[0].reason;
  if (refused !== undefined) return `refused ${shortHash(refused.commit)}`;
  if (newest !== undefined)
    return isPinned ? `held by the pin: ${shortHash(newest.id)}` : `taking ${shortHash(newest.id)}`;
  return inForce === undefined ? "not read yet" : "in force";
}

function detailsOf({ troubles, refused }: SourceStateBody, nowMs: number, isWhole: boolean): readonly string[] {
  const said = troubles.map(
    ({ reason, message, sinceMs }) => `${reason} for ${printSpan(nowMs - sinceMs)}: ${plain(message)}`,
  );
  if (refused === undefined) return said;
  const { verdicts, resources, diagnostics } = refused;
  const faults =
    verdicts.length > 0
      ? verdicts.map(({ kind, namespace, name, message }) => {
          const whose = namespace === "" ? name : `${namespace}/${name}`;
          return `Refused ${kind} ${plain(whose)}: ${plain(message)}`;
        })
      : diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => plain(message));
  const shown = isWhole ? faults : faults.slice(0, FAULTS_SHOWN);
  const more = faults.length - shown.length;
  const held = resources - verdicts.filter(({ kind }) => kind !== "file").length;
  return [
    ...said,
    ...shown,
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(held > 0 ? [`${held} more of commit ${shortHash(refused.commit)} are held with it, without fault`] : []),
  ];
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh source: ${sentence}\n`);
  return EXIT.no;
}
