/** `npm run conformance:gateway-api`: the Gateway API's own conformance tests of the mesh profiles, on a mesh of real processes. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runAsMesh } from "./as-mesh.ts";
import { type Answer, askGrpc, askHttp } from "./ask.ts";
import { type Manifest, readManifests, readSuites, type Suite } from "./cases.ts";
import { Cluster } from "./cluster.ts";
import { differenceOf } from "./expect.ts";
import { type Play, playsOf } from "./plays.ts";
import { waitsFor } from "./waits.ts";

export const USAGE = `Runs the Gateway API's conformance tests: those of the mesh profiles on a controller, sidecars and
applications as processes of this machine; of all others it says what they wait for.

usage: npm run conformance:gateway-api -- [--cases DIR] [--case NAME]... [--list] [--as-mesh]
  --cases DIR  cases.jsonl and manifests/ (default gateway-api of REGOMESH_SHARED)
  --case NAME  these alone, by their short names
  --list       every suite that waits, by name
  --as-mesh    the HTTPRoute suites of the gateway profiles, too, with a Service in each Gateway's place:
               what their rules say is the same; it counts for none of those suites
exit codes: 0 all pass, 1 some fail, 64 wrong usage or no cases`;

const BASE = "mesh/manifests.yaml";
/** As upstream: so many requests, of which a share may be off by so much. */
const SPLIT_REQUESTS = 500;
const SPLIT_TOLERANCE = 0.05;
const AT_A_TIME = 10;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: "string" },
      case: { type: "string", multiple: true },
      list: { type: "boolean", default: false },
      "as-mesh": { type: "boolean", default: false },
    },
  });
  const shared = process.env["REGOMESH_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
  const directory = resolve(values.cases ?? join(shared, "gateway-api"));
  if (!existsSync(join(directory, "cases.jsonl"))) {
    console.error(`conformance:gateway-api: there is no cases.jsonl in ${directory}`);
    return 64;
  }
  const suites = readSuites(directory).filter(
    ({ short_name: name }) => values.case === undefined || values.case.includes(name),
  );
  const ofMesh = suites.filter(({ mesh }) => mesh);
  const failures = [
    ...sayWaiting(
      suites.filter(({ mesh }) => !mesh),
      values.list,
    ),
  ];
  const ran: Ran[] = ofMesh.length === 0 ? [] : await runSuites(directory, ofMesh);
  if (values["as-mesh"]) {
    const others = suites.filter(({ mesh }) => !mesh);
    ran.push(...(await runAsMesh(directory, others)));
  }
  for (const { failed } of ran) failures.push(...failed);
  const passed = ran.reduce((sum, each) => sum + each.passed, 0);
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

/** Failures: suites of which nobody knows what they wait for. */
function sayWaiting(suites: readonly Suite[], isListed: boolean): readonly string[] {
  const waiting = Map.groupBy(suites, (suite) => waitsFor(suite));
  for (const [reason, own] of waiting) {
    if (reason === undefined) continue;
    console.log(`${own.length} of the gateway profiles wait for ${reason}`);
    if (isListed) for (const { short_name: name } of own) console.log(`  ${name}`);
  }
  return (waiting.get(undefined) ?? []).map(({ short_name: name }) => `${name}: nothing says what it waits for`);
}

type Ran = { readonly passed: number; readonly failed: readonly string[] };

async function runSuites(directory: string, suites: readonly Suite[]): Promise<Ran[]> {
  const cluster = await Cluster.open(readManifests(directory, BASE));
  const ran: Ran[] = [];
  try {
    for (const suite of suites) {
      const { short_name: name } = suite;
      const one = await runSuite(directory, suite, cluster).catch((error: Error) => ({
        passed: 0,
        failed: [`${name}: ${error.message}`],
      }));
      ran.push(one);
      console.log(`${name}: ${one.passed} of ${one.passed + one.failed.length}`);
    }
  } finally {
    await cluster.close();
  }
  return ran;
}

async function runSuite(directory: string, suite: Suite, cluster: Cluster): Promise<Ran> {
  const { short_name: name } = suite;
  const addressOf = ({ name: program, namespace }: { readonly name: string; readonly namespace: string }) =>
    cluster.addressOf(program, namespace);
  // A file that is applied after another one may have the same names: rows are of the routes that stand at the end.
  const files = suite.manifests.map((file) => readManifests(directory, file));
  const plays = playsOf(suite, files.flat(), addressOf);
  if (plays.length === 0) throw new Error("it has no cases, and nobody knows them here");
  let passed = 0;
  const failed: string[] = [];
  // Where two files have one route each of them is a test of its own.
  for (const manifests of alternatives(files)) {
    await cluster.apply(manifests);
    for (const play of plays) {
      const difference = await run(play, cluster, /"URLRewrite"/.test(JSON.stringify(manifests)));
      if (difference === undefined) passed++;
      else failed.push(`${name}: ${play.name}: ${difference}`);
    }
  }
  return { passed, failed };
}

/** All files together; each by itself where they hold objects of one name. */
function alternatives(files: readonly (readonly Manifest[])[]): readonly (readonly Manifest[])[] {
  const all = files.flat();
  const names = new Set(all.map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace}/${name}`));
  return names.size === all.length ? [all] : files;
}

async function run(play: Play, cluster: Cluster, rewrites: boolean): Promise<string | undefined> {
  const { client, isGrpc } = play;
  const asked = { ...play.asked, port: cluster.outboundOf(client.name, client.namespace) };
  const ask = (): Promise<Answer> => (isGrpc ? askGrpc(asked) : askHttp(asked));
  try {
    if (play.kind === "once") return differenceOf(play.case, asked, await ask(), rewrites);
    return await splitDifference(ask, play.shares);
  } catch (error) {
    return (error as Error).message;
  }
}

async function splitDifference(
  ask: () => Promise<Answer>,
  shares: Readonly<Record<string, number>>,
): Promise<string | undefined> {
  const counts = new Map<string, number>();
  for (let sent = 0; sent < SPLIT_REQUESTS; sent += AT_A_TIME) {
    for (const { status, echo } of await Promise.all(Array.from({ length: AT_A_TIME }, ask))) {
      const who = status === 200 && echo !== undefined ? echo.workload : `status ${status}`;
      counts.set(who, (counts.get(who) ?? 0) + 1);
    }
  }
  for (const who of new Set([...counts.keys(), ...Object.keys(shares)])) {
    const [share, wanted] = [(counts.get(who) ?? 0) / SPLIT_REQUESTS, shares[who] ?? 0];
    // A weight of 0 is nobody's.
    const isFine = wanted === 0 ? share === 0 : Math.abs(share - wanted) <= SPLIT_TOLERANCE;
    if (!isFine) return `${who} has a share of ${share}, not ${wanted}`;
  }
  return undefined;
}
