/**
 * Endpoints: state, never part of a revision. Outside Kubernetes an endpoint is what an
 * authenticated proxy says of its listeners, as far as its Workload resource lets it.
 */
import { isEveryAddress } from "@regomesh/base";
import type { Endpoint, ListenAddress } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";
import { servedBy, type WorkloadPlan } from "../snapshot/outbound.ts";

/** Where a workload's proxy says that it listens. */
export type Claim = {
  /** `namespace/name` */
  readonly workload: string;
  /** The proxy's process; absent in what an earlier version kept. */
  readonly instance?: string;
  readonly listen: readonly ListenAddress[];
};

/** Listeners of one proxy; a workload has no more ports. */
export const LISTEN_MAX = 64;
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

/** One service's endpoints. A row that is made again of the same claims is the same row. */
export type EndpointRow = {
  readonly service: string;
  /** By `address port`, in the order of these. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** What it was made of: of each claim what it gives. */
  readonly sources: readonly (readonly Endpoint[])[];
  /** Of each claim that does not answer now, what it would give. */
  readonly silent: readonly (readonly Endpoint[])[];
  /** Nobody claims to answer for it: these are the endpoints of those who did last, and who did not say that they go. */
  readonly isKept: boolean;
};

/** Where every service is. */
export type EndpointTable = {
  /** Grows by one with every table by which somebody is told something else than by the one before. */
  readonly version: number;
  /** By `name.namespace`. */
  readonly rows: ReadonlyMap<string, EndpointRow>;
  /** Services whose row is not that of the version before. */
  readonly changed: ReadonlySet<string>;
  readonly places: PlanPlaces;
};

/** What a plan says of endpoints, looked up once. */
type PlanPlaces = {
  readonly plan: MeshPlan | undefined;
  /** By `namespace/name`. */
  readonly workloads: ReadonlyMap<string, WorkloadPlan>;
  readonly services: readonly string[];
  /** By workload, all that the plan says of what its claims give: while that is the same, so is what they give. */
  readonly facts: ReadonlyMap<string, string>;
  /** What each claim gives, by the claim's addresses. */
  readonly given: WeakMap<readonly ListenAddress[], Given>;
  /** By service (`name.namespace`), the numbers of its ports by their names. */
  readonly numbers: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** By workload, the services that its proxies are told of; made when they are first asked for. */
  readonly scopes: Map<string, EndpointScope>;
};

/** What a claim gives: of each service that the workload answers for. */
type Given = {
  readonly workload: string;
  readonly facts: string | undefined;
  readonly byService: ReadonlyMap<string, readonly Endpoint[]>;
};

/** Services that a proxy is told of: those that its workload may call, and its own. Undefined: all. */
export type EndpointScope = ReadonlySet<string> | undefined;

export const EMPTY_TABLE: EndpointTable = {
  version: 0,
  rows: new Map(),
  changed: new Set(),
  places: {
    plan: undefined,
    workloads: new Map(),
    services: [],
    facts: new Map(),
    given: new WeakMap(),
    numbers: new Map(),
    scopes: new Map(),
  },
};

/** Workloads that answer for a service now, by `name.namespace`; of a service that is not named, all that claim to. */
export type Answering = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The table of a plan and of claims; `before` itself where nothing differs from it. `lost`: claims of proxies whose
 * streams broke off. They count for services of which nobody else is known: a machine without time to spare loses its
 * stream before it stops serving, and whoever is not there any more answers as little as no endpoint would.
 */
export function toEndpointTable(
  plan: MeshPlan,
  claims: readonly Claim[],
  before: EndpointTable,
  answering: Answering = new Map(),
  lost: readonly Claim[] = [],
): EndpointTable {
  const places = before.places.plan === plan ? before.places : toPlaces(plan, before.places);
  const none = (): [string, (readonly Endpoint[])[]][] => places.services.map((service) => [service, []]);
  const [sources, silent, kept] = [new Map(none()), new Map(none()), new Map(none())];
  const give = (claim: Claim, to: ByService, otherwise: ByService | undefined) => {
    const workload = places.workloads.get(claim.workload);
    if (workload === undefined) return;
    for (const [service, endpoints] of endpointsOf(claim, workload, places)) {
      const isAnswering = answering.get(service)?.has(claim.workload) !== false;
      (isAnswering ? to : otherwise)?.get(service)?.push(endpoints);
    }
  };
  for (const claim of claims) give(claim, sources, silent);
  for (const claim of lost) give(claim, kept, undefined);
  const changed = new Set<string>();
  const rows = new Map<string, EndpointRow>();
  for (const [service, given] of sources) {
    const last = kept.get(service) ?? [];
    const isKept = last.flat().length > 0 && given.flat().length === 0;
    const made = { sources: isKept ? last : given, silent: silent.get(service) ?? [], isKept };
    const row = toRow(service, made, before.rows.get(service));
    rows.set(service, row);
    if (row !== before.rows.get(service)) changed.add(service);
  }
  for (const service of before.rows.keys()) if (!rows.has(service)) changed.add(service);
  const isSame =
    changed.size === 0 && before.version > 0 && (places === before.places || isToldAsBefore(places, before));
  if (isSame) return places === before.places ? before : { ...before, places };
  return { version: before.version + 1, rows, changed, places };
}

/** By service, of each claim what it gives. */
type ByService = ReadonlyMap<string, (readonly Endpoint[])[]>;

/** Services whose endpoints are kept of those who answered for them last. */
export function keptServices({ rows }: EndpointTable): readonly string[] {
  return [...rows.values()].flatMap(({ service, isKept }) => (isKept ? [service] : []));
}

/** The services that a claim gives endpoints of. */
export function servicesOf({ places }: EndpointTable, claim: Claim): readonly string[] {
  const workload = places.workloads.get(claim.workload);
  return workload === undefined ? [] : [...endpointsOf(claim, workload, places).keys()];
}

/** Whether each workload's proxies are told of the services that they were told of. */
function isToldAsBefore({ workloads }: PlanPlaces, { places }: EndpointTable): boolean {
  if (workloads.size !== places.workloads.size) return false;
  return workloads.entries().every(([key, workload]) => {
    const before = places.workloads.get(key);
    return before === workload || (before !== undefined && printTold(before) === printTold(workload));
  });
}

function printTold(workload: WorkloadPlan): string {
  return workload.calls === undefined ? "all" : servicesTold(workload).join(" ");
}

/** What was found out under the plan before holds on wherever the two say the same; what is the same value need not be looked at. */
function toPlaces(plan: MeshPlan, before: PlanPlaces): PlanPlaces {
  const workloads = new Map(
    plan.workloads.map((workload): [string, WorkloadPlan] => [`${workload.namespace}/${workload.name}`, workload]),
  );
  const isSameOutbound =
    before.plan?.outbound.length === plan.outbound.length &&
    plan.outbound.every((each, at) => each === before.plan?.outbound[at]);
  const numbers = isSameOutbound ? before.numbers : numbersOf(plan);
  const isSame = (key: string) => workloads.has(key) && before.workloads.get(key) === workloads.get(key);
  const toFacts = (key: string, workload: WorkloadPlan): string =>
    (isSameOutbound && isSame(key) ? before.facts.get(key) : undefined) ?? factsOf(workload, numbers);
  return {
    plan,
    workloads,
    services: plan.services.map(({ name, namespace }) => `${name}.${namespace}`),
    facts: new Map([...workloads].map(([key, workload]) => [key, toFacts(key, workload)])),
    given: before.given,
    numbers,
    scopes: new Map([...before.scopes].filter(([key, scope]) => isSame(key) || isScopeOf(scope, workloads.get(key)))),
  };
}

function factsOf(workload: WorkloadPlan, numbers: PlanPlaces["numbers"]): string {
  const { name, principal, labels, inbound } = workload;
  const served = servedBy(workload).map((service) => [service, [...(numbers.get(service) ?? [])]]);
  return JSON.stringify([name, principal, labels, inbound, served]);
}

function isScopeOf(scope: EndpointScope, workload: WorkloadPlan | undefined): boolean {
  const services = new Set(workload && servicesTold(workload));
  return scope !== undefined && scope.size === services.size && scope.isSubsetOf(services);
}

function numbersOf({ outbound }: MeshPlan): PlanPlaces["numbers"] {
  const byService = Map.groupBy(outbound, ({ name, namespace }) => `${name}.${namespace}`);
  return new Map(
    [...byService].map(([service, ports]) => [service, new Map(ports.map(({ portName, port }) => [portName, port]))]),
  );
}

/** Of a claim what its Workload resource lets it say, of each service that it answers for. */
function endpointsOf({ workload: key, listen }: Claim, workload: WorkloadPlan, { facts, given, numbers }: PlanPlaces) {
  const known = given.get(listen);
  if (known?.workload === key && known.facts === facts.get(key)) return known.byService;
  const endpoints = endpointsOfPorts(listen, workload);
  const byService = new Map<string, readonly Endpoint[]>();
  for (const service of endpoints.length === 0 ? [] : servedBy(workload)) {
    const ports = numbers.get(service);
    byService.set(
      service,
      endpoints.map((endpoint) => ({ ...endpoint, servicePort: ports?.get(endpoint.portName) })),
    );
  }
  given.set(listen, { workload: key, facts: facts.get(key), byService });
  return byService;
}

function endpointsOfPorts(listen: Claim["listen"], { name, principal, labels, inbound }: WorkloadPlan): Endpoint[] {
  const strict = inbound.filter(({ mode }) => mode === "strict");
  return listen.flatMap((address): Endpoint[] => {
    // By its number it is known under the name that it had before, too.
    const port =
      strict.find(({ servicePort }) => servicePort !== undefined && servicePort === address.servicePort) ??
      strict.find(({ name: portName }) => portName === address.portName);
    if (port === undefined || !isAllowed(port.listen, address)) return [];
    return [
      {
        address: address.address,
        port: address.port,
        workload: name,
        principal,
        labels: { ...labels },
        portName: port.name,
        ...(port.application.port === 0 ? {} : { applicationPort: port.application.port }),
        transports: address.transports,
      },
    ];
  });
}

function toRow(
  service: string,
  made: Pick<EndpointRow, "sources" | "silent" | "isKept">,
  before: EndpointRow | undefined,
): EndpointRow {
  const { sources, silent, isKept } = made;
  if (before?.isKept === isKept && isMade(before.sources, sources) && isMade(before.silent, silent)) return before;
  const found = new Map(sources.flat().map((endpoint) => [placeOf(endpoint), endpoint]));
  const endpoints = new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  const isSame =
    before !== undefined &&
    before.endpoints.size === endpoints.size &&
    [...endpoints].every(([place, endpoint]) => isEqual(before.endpoints.get(place), endpoint));
  // A proxy that came back to where it was, or another revision of the same: nobody need be told.
  return isSame ? { ...before, ...made } : { service, endpoints, ...made };
}

function isMade(made: EndpointRow["sources"], of: EndpointRow["sources"]): boolean {
  return made.length === of.length && made.every((each, at) => each === of[at]);
}

/** Whether the same is told of both. */
export function isEqual(a: Endpoint | undefined, b: Endpoint): boolean {
  return a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b));
}

/** `address port` */
export function placeOf({ address, port }: Pick<Endpoint, "address" | "port">): string {
  return `${address} ${port}`;
}

/** The services that proxies of a workload are told of. */
export function scopeOf({ places }: EndpointTable, workload: string): EndpointScope {
  const { workloads, scopes } = places;
  const planned = workloads.get(workload);
  if (planned?.calls === undefined) return undefined;
  const scope = scopes.get(workload) ?? new Set(servicesTold(planned));
  scopes.set(workload, scope);
  return scope;
}

/** Those that it may call, and its own; none of one that may call all, for which there is no scope. */
function servicesTold(workload: WorkloadPlan): readonly string[] {
  return workload.calls === undefined ? [] : [...workload.calls, ...servedBy(workload)];
}

/** The claim must be an address that the Workload resource names, or any of its own where that leaves it open. */
function isAllowed(
  listen: { readonly address: string; readonly port: number },
  claim: { readonly address: string; readonly port: number },
): boolean {
  return (
    IP_ADDRESS.test(claim.address) &&
    claim.port > 0 &&
    claim.port <= 65_535 &&
    (isEveryAddress(listen.address) || listen.address === claim.address) &&
    (listen.port === 0 || listen.port === claim.port)
  );
}
