/** `regomesh explain`: why a request was decided as it was, or would be. */
import { parseArgs } from "node:util";
import type { ExplainBody, ExplainedBody, ExplainRequest } from "@regomesh/controller";
import { stringify } from "yaml";
import { type Answer, type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { printExplained, printWay } from "../explain-text.ts";
import { parseColor, parseView } from "../flags.ts";
import { makePaint } from "../paint.ts";

const help = `
Usage: regomesh explain DECISION [flags]
       regomesh explain --from WORKLOAD METHOD URL [-H 'NAME: VALUE']… [flags]

Says why: of each policy that was asked the rules that held, and of those that failed the
expression that did not, with its values; and who changed these lines, or the data that
they read, last. DECISION is the id that a refusal carries (x-regomesh-decision): its
policies are asked again, by the revision that decided, with what is kept of the request.
With --from nobody sends anything: the request is put to the sender's policies, and to
those of every workload that it could reach, by the revision in force. Limits are named
and not counted. Secrets are masked where they are shown. ▸ stands before the policy that
decided; in brackets behind a rule or data is the commit that changed it last.

  --from WORKLOAD       who sends: [NAMESPACE/]NAME, or outside for a client of an edge
  -H, --header 'N: V'   a header field (repeatable)
  -n, --namespace N     the namespace of WORKLOAD (default default)
${clientHelp(20)}
  -o VIEW               wide (every rule that failed), yaml or json (the body of the API)
  --color WHEN          auto, always or never

Example: regomesh explain --from web GET http://orders/refunds -H 'x-user: alice'
`;

const flags = {
  from: { type: "string" },
  header: { type: "string", short: "H", multiple: true },
  namespace: { type: "string", short: "n" },
  ...clientFlags,
  view: { type: "string", short: "o" },
  color: { type: "string" },
} as const;

export const explain: Command = {
  name: "explain",
  summary: "say why a request was refused, or would be",
  help,
  flags,
  exits: { 0: "explained", 1: "no such decision or workload, or no controller answers" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  const view = parseView(values.view);
  const style = { paint: makePaint(io, parseColor(values.color)), isWide: view === "wide" };
  const ask =
    values.from === undefined ? parseDecision(positionals, values) : parseRequest(values.from, positionals, values);
  const client = await openClient(values, io);
  if ("fault" in client) return refuse(io, client.fault);
  const answer = await ask(client);
  if ("fault" in answer) return refuse(io, answer.fault);
  const { body } = answer;
  if (view === "json") io.out(`${JSON.stringify(body, undefined, 2)}\n`);
  else if (view === "yaml") io.out(stringify(body));
  else {
    const [asked = ""] = positionals;
    const isOther = "decision" in body && body.decision.id !== asked.toUpperCase();
    if (isOther) io.out(`${asked} is the sender's record of a request that its receiver refused; the receiver's:\n`);
    io.out(`${("decision" in body ? printExplained(body, style) : printWay(body, style)).join("\n")}\n`);
  }
  return EXIT.yes;
}

type Ask = (client: Client) => Promise<Answer<ExplainBody | ExplainedBody>>;
type Values = { readonly header?: readonly string[]; readonly namespace?: string };

function parseDecision([id, ...more]: readonly string[], { header = [], namespace }: Values): Ask {
  if (id === undefined) throw new UsageError("needs a decision's id, or --from WORKLOAD METHOD URL");
  if (more.length > 0) throw new UsageError(`takes one decision's id; a request needs --from WORKLOAD`);
  if (header.length > 0 || namespace !== undefined)
    throw new UsageError("-H and -n are about --from WORKLOAD METHOD URL");
  if (!/^[0-9A-Za-z]{4,32}$/.test(id)) throw new UsageError(`${id} is no decision's id, such as AWWZY0SE08`);
  // People read them out: the alphabet has no I, L, O.
  return (client) => client.get(`/api/explain/${id.toUpperCase()}`);
}

function parseRequest(from: string, positionals: readonly string[], { header = [], namespace }: Values): Ask {
  const [method, url, ...more] = positionals;
  if (method === undefined || url === undefined || more.length > 0)
    throw new UsageError("--from WORKLOAD is followed by a method and a URL, such as GET http://orders/refunds");
  if (!/^[A-Z]+$/.test(method))
    throw new UsageError(`${method} is no method, such as GET; the method comes before the URL`);
  if (namespace !== undefined && from.includes("/")) throw new UsageError(`--from ${from} names its namespace already`);
  const request: ExplainRequest = {
    from: namespace === undefined ? from : `${namespace}/${from}`,
    method,
    url,
    headers: header.map(parseHeader),
  };
  return (client) => client.post("/api/explain", request);
}

function parseHeader(text: string): readonly [string, string] {
  const at = text.indexOf(":");
  if (at < 1) throw new UsageError(`-H takes 'NAME: VALUE', not ${text}`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function refuse(io: Io, sentence: string): number {
  io.err(`regomesh explain: ${sentence}\n`);
  return EXIT.no;
}
