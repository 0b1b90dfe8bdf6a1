/**
 * The HTTPRoute suites of the gateway profiles, with a Service in the place of each Gateway: what their
 * rules say is the same wherever a route is attached. It counts for none of those suites, which ask for
 * Gateways; it asks whether matches and filters do here what they do there.
 */
import { type Asked, askHttp } from "./ask.ts";
import { type Case, isExpression, type Manifest, readManifests, type Suite } from "./cases.ts";
import { Cluster } from "./cluster.ts";
import { differenceOf } from "./expect.ts";

const BASE = "base/manifests.yaml";
const NAMESPACE = "gateway-conformance-infra";
/** Those to which nearly all suites send; the others hang on other things than routes. */
const PROGRAMS: readonly string[] = ["infra-backend-v1", "infra-backend-v2", "infra-backend-v3"];
const CLIENT = "infra-backend-v3";

/** What these suites are about is the Gateway's, or a backend's that does not run here. */
const OTHERS =
  /^(ListenerSet|BackendTLS|Gateway(Port|Frontend|Backend|HTTP)|ReferenceGrant|HTTPRouteBackendProtocol|TLSRoute|HTTPRouteParentRefPort|HTTPRouteDestinationPort)/;

type Ran = { readonly passed: number; readonly failed: readonly string[] };

export async function runAsMesh(directory: string, suites: readonly Suite[]): Promise<readonly Ran[]> {
  const ours = suites.filter(
    ({ features, cases }) =>
      features.includes("HTTPRoute") && !features.some((name) => OTHERS.test(name)) && cases.length > 0,
  );
  const base = readManifests(directory, BASE);
  const programs = base.filter(
    ({ kind, metadata }) => (kind === "Service" || kind === "Deployment") && PROGRAMS.includes(metadata.name),
  );
  const gateways = base.filter(({ kind }) => kind === "Gateway").map(toService);
  const cluster = await Cluster.open([...programs, ...gateways]);
  const ran: Ran[] = [];
  try {
    for (const suite of ours) {
      const one = await runSuite(directory, suite, cluster);
      ran.push(one);
      console.log(`${suite.short_name}, as mesh: ${one.passed} of ${one.passed + one.failed.length}`);
    }
  } finally {
    await cluster.close();
  }
  return ran;
}

/** A Service that nobody answers for: its routes say where requests go. */
function toService({ metadata }: Manifest): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  };
}

type Parent = { readonly name: string };

function toMeshRoute({ metadata, spec = {}, ...manifest }: Manifest): Manifest {
  const [{ name } = { name: "" }] = spec["parentRefs"] as readonly Parent[];
  const parentRefs = [{ group: "", kind: "Service", name, namespace: NAMESPACE }];
  return { ...manifest, metadata: { ...metadata, namespace: NAMESPACE }, spec: { ...spec, parentRefs } };
}

async function runSuite(directory: string, suite: Suite, cluster: Cluster): Promise<Ran> {
  const { short_name: name, cases } = suite;
  const routes = suite.manifests
    .flatMap((file) => readManifests(directory, file))
    .filter(({ kind }) => kind === "HTTPRoute")
    .map(toMeshRoute);
  const [parent = { name: "" }] = (routes[0]?.spec?.["parentRefs"] ?? []) as readonly Parent[];
  let passed = 0;
  const failed: string[] = [];
  try {
    await cluster.apply(routes);
    for (const each of cases) {
      const asked = toAsked(each, parent.name, cluster.outboundOf(CLIENT, NAMESPACE));
      if (asked === undefined) continue;
      const difference = await run(each, asked);
      if (difference === undefined) passed++;
      else failed.push(`${name}, as mesh: ${asked.method} ${asked.path}: ${difference}`);
    }
  } catch (error) {
    failed.push(`${name}, as mesh: ${(error as Error).message}`);
  }
  return { passed, failed };
}

/** Undefined where Go works out what is asked. */
function toAsked({ Request, ...each }: Case, parent: string, port: number): Asked | undefined {
  if (isExpression(Request) || isExpression(Request.Host) || isExpression(Request.Path)) return undefined;
  const { Host, Method = "GET", Path = "/", Headers = {} } = Request;
  const set = Object.entries(each.BackendSetResponseHeaders ?? {}).map(([name, value]) => `${name}:${value}`);
  const headers = {
    ...Headers,
    ...(Host === undefined || Host === "" ? {} : { Host }),
    ...(set.length === 0 ? {} : { "X-Echo-Set-Header": set.join(",") }),
  };
  return { port, authority: parent, method: Method, path: Path, headers };
}

async function run({ Namespace: _, Backend, ...each }: Case, asked: Asked): Promise<string | undefined> {
  // Rows name the namespace of another profile's base.
  const wanted: Case = typeof Backend === "string" ? { ...each, Backend } : each;
  try {
    const host = asked.headers["Host"];
    return differenceOf(wanted, host === undefined ? asked : { ...asked, authority: host }, await askHttp(asked), true);
  } catch (error) {
    return (error as Error).message;
  }
}
