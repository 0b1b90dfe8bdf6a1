/** `regomesh doctor`: whether an installation is well, in groups, and what to do where it is not. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { IdentitiesBody, StatusBody } from "@regomesh/controller";
import { stringify } from "yaml";
import { type Client, clientFlags, clientHelp, openClient } from "../client.ts";
import { asksCluster, CLUSTER_HELP, clusterFlags, openCluster } from "../cluster-flags.ts";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { lookAtInstalled, lookAtPods, lookBefore } from "../doctor/cluster.ts";
import { fail, type Group, hasFailures, ok, printGroups } from "../doctor/finding.ts";
import { lookAtMachine } from "../doctor/machine.ts";
import { lookAtController, lookAtProxies } from "../doctor/mesh.ts";
import { STATE_DEFAULT } from "../find-controller.ts";
import { parseColor, parseFormat, parseView } from "../flags.ts";
import { makePaint } from "../paint.ts";

const help = `
Usage: regomesh doctor [--pre | --proxy] [flags]

Says whether a mesh is well: its controller, what it keeps, its proxies. Each thing that is not
well has a way out. Of a cluster its API server is asked, and nothing else.

  --pre             before anything is installed: what this machine, or the cluster, must have
  --proxy           proxies alone, each of them
  -n, --namespace N of this namespace alone
${clientHelp(17)}
${CLUSTER_HELP}
  -o VIEW           wide (the same, as everything is shown), yaml or json
  --format FORMAT   pretty (default) or json, as -o json
  --color WHEN      auto, always or never

Example: regomesh doctor --pre --context production
`;

const flags = {
  pre: { type: "boolean" },
  proxy: { type: "boolean" },
  namespace: { type: "string", short: "n" },
  ...clientFlags,
  ...clusterFlags,
  view: { type: "string", short: "o" },
  format: { type: "string" },
  color: { type: "string" },
} as const;

export const doctor: Command = {
  name: "doctor",
  summary: "say whether an installation is well, and what to do where it is not",
  help,
  flags,
  exits: { 0: "well (there may be warnings)", 1: "something is not" },
  run,
};

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: flags }).values;
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const values = parse(args);
  const format = parseFormat(values.format);
  const view = parseView(values.view ?? (format === "json" ? "json" : undefined));
  const paint = makePaint(io, parseColor(values.color));
  const { pre = false, proxy = false } = values;
  if (pre && proxy) throw new UsageError("takes --pre or --proxy, not both");
  const isCluster = asksCluster(values, io, values.controller !== undefined || values.state !== undefined);
  const groups = isCluster ? await ofCluster(values) : await ofMesh(values, io);
  const body = { isWell: !hasFailures(groups), groups };
  if (view === "json") io.out(`${JSON.stringify(body, undefined, 2)}\n`);
  else if (view === "yaml") io.out(stringify(body));
  else io.out(printGroups(groups, paint));
  return hasFailures(groups) ? EXIT.no : EXIT.yes;
}

async function ofCluster(values: Values): Promise<readonly Group[]> {
  try {
    await using cluster = await openCluster(values);
    if (values.pre === true) return await lookBefore(cluster);
    return values.proxy === true
      ? await lookAtPods(cluster, values)
      : await lookAtInstalled(cluster, values, Date.now());
  } catch (error) {
    const finding = fail(
      "the cluster can be looked at",
      (error as Error).message,
      "see --kubeconfig and --context, and what you may read",
    );
    return [{ name: "cluster", findings: [finding] }];
  }
}

async function ofMesh(values: Values, io: Io): Promise<readonly Group[]> {
  const { pre = false, proxy = false, namespace, state = STATE_DEFAULT } = values;
  if (pre) return [await lookAtMachine(resolve(io.cwd, state))];
  const client = await openClient(values, io);
  if ("fault" in client) return [unreached(client.fault)];
  const answer = await client.get<StatusBody>("/api/status");
  if ("fault" in answer) return [unreached(answer.fault)];
  const whole = answer.body;
  const status =
    namespace === undefined
      ? whole
      : { ...whole, proxies: whole.proxies.filter((each) => each.namespace === namespace) };
  const reached: Group = { name: "access", findings: [ok("the controller answers", client.url)] };
  if (proxy) return [reached, lookAtProxies(status, true)];
  return [reached, lookAtController(status, await identitiesOf(client)), lookAtProxies(status, false)];
}

async function identitiesOf(client: Client): Promise<IdentitiesBody | { readonly fault: string }> {
  const answer = await client.get<IdentitiesBody>("/api/identity");
  return "fault" in answer ? { fault: answer.fault } : answer.body;
}

function unreached(fault: string): Group {
  const fix = "start one (regomesh controller), or name it: --controller URL and --state DIR";
  return { name: "access", findings: [fail("the controller answers", fault, fix)] };
}
