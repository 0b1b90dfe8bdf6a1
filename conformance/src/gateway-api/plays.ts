/**
 * The cases of a suite as requests. Some of upstream's are written in Go, and have no rows: what they
 * do is made here of the manifests that they apply, by the rule that upstream's code follows.
 */
import type { Asked } from "./ask.ts";
import { type Case, type CaseRequest, type Fields, isExpression, type Manifest, type Suite } from "./cases.ts";

/** Who asks: a program, in its namespace. */
export type Client = { readonly name: string; readonly namespace: string };

export type Play = {
  readonly name: string;
  readonly client: Client;
  readonly isGrpc: boolean;
  readonly asked: Omit<Asked, "port">;
} & (
  | { readonly kind: "once"; readonly case: Case }
  /** So many requests, of which each program gets its share. */
  | { readonly kind: "split"; readonly shares: Readonly<Record<string, number>> }
);

const MESH = "gateway-conformance-mesh";
const CLIENT: Client = { name: "echo-v1", namespace: MESH };
const CONSUMER: Client = { name: "echo-v1", namespace: `${MESH}-consumer` };

/** `addressOf`: the address of a program itself, for requests that go by no service's name. */
export function playsOf(
  suite: Suite,
  manifests: readonly Manifest[],
  addressOf: (program: Client) => string,
): readonly Play[] {
  const routes = manifests.filter(({ kind }) => /^(HTTP|GRPC)Route$/.test(kind));
  if (/Weight$/.test(suite.short_name)) return routes.map(toSplit);
  const grpc = routes.filter(({ kind }) => kind === "GRPCRoute");
  if (grpc.length > 0) return grpc.flatMap(toHeaderPlays);
  return suite.cases.map((each, at) => toPlay(suite, each, at, addressOf));
}

function toPlay(suite: Suite, each: Case, at: number, addressOf: (program: Client) => string): Play {
  if (isExpression(each.Request)) throw new Error(`case ${at + 1} is written in Go, and nobody knows it here`);
  const { Host, Method = "GET", Path = "/", Headers = {} } = each.Request;
  if (isExpression(Path)) throw new Error(`the path of case ${at + 1} is written in Go, and nobody knows it here`);
  const name = each.TestCaseName ?? `case ${at + 1}`;
  const isConsumers = suite.features.includes("MeshConsumerRoute") && !/\bnot from\b/.test(name);
  const authority = isExpression(Host) ? podAddress(each, addressOf) : Host || "echo";
  return {
    kind: "once",
    name: `${name}: ${Method} ${authority}${Path}`,
    case: each,
    client: isConsumers ? CONSUMER : CLIENT,
    isGrpc: false,
    asked: { authority, method: Method, path: Path, headers: Headers },
  };
}

/** Where Go says the host, it is the address of the backend's own pod. */
function podAddress({ Backend, Namespace }: Case, addressOf: (program: Client) => string): string {
  if (typeof Backend !== "string") throw new Error("whose address is asked, nobody knows here");
  return addressOf({ name: Backend, namespace: Namespace ?? MESH });
}

type Parent = { readonly name: string; readonly port?: number };
type Rule = {
  readonly matches?: readonly {
    readonly path?: { readonly value?: string };
    readonly headers?: readonly Pair[];
    readonly method?: { readonly service?: string; readonly method?: string };
  }[];
  readonly filters?: readonly {
    readonly requestHeaderModifier?: {
      readonly set?: readonly Pair[];
      readonly add?: readonly Pair[];
      readonly remove?: readonly string[];
    };
  }[];
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[];
};
type Pair = { readonly name: string; readonly value: string };

function specOf({ spec = {} }: Manifest): { readonly parent: Parent; readonly rules: readonly Rule[] } {
  const [parent] = spec["parentRefs"] as readonly Parent[];
  return { parent: parent as Parent, rules: spec["rules"] as readonly Rule[] };
}

/** Upstream's echo service, where a rule names no method. */
const CALL = "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/Echo";

function baseOf(route: Manifest, rule: Rule): Pick<Play, "client" | "isGrpc" | "asked"> {
  const { parent } = specOf(route);
  const isGrpc = route.kind === "GRPCRoute";
  const [match] = rule.matches ?? [];
  const { service, method } = match?.method ?? {};
  const call = service === undefined ? CALL : `/${service}/${method ?? "Echo"}`;
  return {
    client: CLIENT,
    isGrpc,
    asked: {
      authority: `${parent.name}${parent.port === undefined || parent.port === 80 ? "" : `:${parent.port}`}`,
      method: isGrpc ? "POST" : "GET",
      path: isGrpc ? call : (match?.path?.value ?? "/"),
      headers: toFields(match?.headers ?? []),
    },
  };
}

/** Upstream's weight tests: each backend gets its share of many requests. */
function toSplit(route: Manifest): Play {
  const [rule = {}] = specOf(route).rules;
  const backends = rule.backendRefs ?? [];
  const total = backends.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const shares = Object.fromEntries(backends.map(({ name, weight = 1 }) => [name, weight / total]));
  return { kind: "split", name: `shares of ${route.metadata.name}`, shares, ...baseOf(route, rule) };
}

/** Upstream's tests of field changes in calls: each rule is asked with its fields, with those that it changes there already. */
function toHeaderPlays(route: Manifest): readonly Play[] {
  return specOf(route).rules.map((rule, at): Play => {
    const base = baseOf(route, rule);
    const changes = rule.filters?.flatMap(({ requestHeaderModifier }) => requestHeaderModifier ?? []) ?? [];
    const set = changes.flatMap((each) => each.set ?? []);
    const add = changes.flatMap((each) => each.add ?? []);
    const remove = changes.flatMap((each) => each.remove ?? []);
    const before = (name: string) => [name.toLowerCase(), `before-${name.toLowerCase()}`] as const;
    const there = [
      ...set.map(({ name }) => before(name)),
      ...add.map(({ name }) => before(name)),
      ...remove.map(before),
    ];
    const wanted = [
      ...set.map(({ name, value }) => [name, value] as const),
      ...add.map(({ name, value }) => [name, `${before(name)[1]},${value}`] as const),
      ["x-other", "stays"] as const,
    ];
    const [backend] = rule.backendRefs ?? [];
    const headers = { ...Object.fromEntries(there), "x-other": "stays", ...base.asked.headers };
    return {
      ...base,
      kind: "once",
      name: `rule ${at + 1} of ${route.metadata.name}`,
      asked: { ...base.asked, headers },
      case: {
        Request: { Headers: headers } satisfies CaseRequest,
        ExpectedRequest: { Request: { Headers: Object.fromEntries(wanted) }, AbsentHeaders: remove },
        Namespace: MESH,
        ...(backend === undefined ? {} : { Backend: backend.name }),
      },
    };
  });
}

function toFields(pairs: readonly Pair[]): Fields {
  return Object.fromEntries(pairs.map(({ name, value }) => [name.toLowerCase(), value]));
}
