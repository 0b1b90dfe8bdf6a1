/**
 * The data plane in this thread: takes snapshots in two steps (prepare, which may refuse,
 * and commit, which may not), endpoints and identities, and says what it counted.
 */
import type { Policy } from "@regomesh/policy-runtime";
import type { FileEndpoint, PolicyRef, Snapshot, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";
import { type BoundPolicy, bindPolicy } from "../decide/bound-policy.ts";
import type { Cluster } from "../route/cluster.ts";
import { makeCluster } from "../route/cluster.ts";
import { makeEndpoint } from "../route/endpoint.ts";
import { makeServiceTable } from "../route/service-table.ts";
import { applicationService } from "../snapshot/application-service.ts";
import { type InForce, toRevisionId } from "../snapshot/in-force.ts";
import type { DataPlane, DataPlaneOptions, Prepared, Reading, SnapshotLoad, Taken } from "./data-plane.ts";
import { type Address, type Listener, makeInbound, makeOutbound } from "./listener.ts";
import { destinationOf, openModule } from "./open-module.ts";
import { Plane } from "./plane.ts";
import type { Thread } from "./thread.ts";
import { type Identity, makePeerDial } from "./tls.ts";
import { warm } from "./warm.ts";

type Candidate = {
  readonly inForce: Omit<InForce, "counts">;
  readonly opened: readonly Listener[];
  readonly policies: ReadonlyMap<string, Policy>;
};

export class ThreadPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #plane: Plane;
  readonly #thread: Thread;
  readonly #inbound = new Map<string, Listener>();
  #outbound: Listener | undefined = undefined;
  #identity: Identity | undefined = undefined;
  #candidate: Candidate | undefined = undefined;
  /** Opened policies by direction and module; those of the snapshot in force. */
  #policies: ReadonlyMap<string, Policy> = new Map();

  constructor(thread: Thread, options: DataPlaneOptions) {
    this.#thread = thread;
    this.#options = options;
    this.#plane = new Plane(thread);
  }

  async listenOutbound(port: number): Promise<Address> {
    this.#outbound = makeOutbound(this.#plane, this.#options.timeouts);
    return await this.#outbound.listen({ address: "127.0.0.1", port, isShared: this.#options.isShared });
  }

  async prepare(load: SnapshotLoad, ports: Readonly<Record<string, number>>): Promise<Prepared> {
    this.#dropCandidate();
    const { snapshot } = load;
    const workload = this.#findWorkload(snapshot);
    if (workload === undefined) {
      const { workload: name, namespace } = this.#options;
      const message = `the snapshot has no workload ${name === undefined ? "of its own" : `${namespace}/${name}`}`;
      return { problems: [{ code: "snapshot_workload", message }], inbound: {} };
    }
    const policies = new Map<string, Policy>();
    const inbound = await this.#bind("inbound", workload.policies.inbound, load, workload, policies);
    const outbound = await this.#bind("outbound", workload.policies.outbound, load, workload, policies);
    const problems = [...inbound.problems, ...outbound.problems];
    if (problems.length > 0) return { problems, inbound: {} };
    const listeners = await this.#openInbound(workload, ports);
    if (listeners.problems.length > 0) return { problems: listeners.problems, inbound: {} };
    const inForce: Candidate["inForce"] = {
      hash: load.hash,
      snapshot,
      workload,
      inbound: inbound.bound,
      outbound: outbound.bound,
      services: this.#services(workload),
      applications: this.#applications(workload),
    };
    this.#candidate = { inForce, opened: listeners.opened, policies };
    const known = [...this.#inbound.values(), ...listeners.opened];
    return { problems, inbound: Object.fromEntries(known.map(({ name, address }) => [name, address])) };
  }

  async commit(): Promise<void> {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    for (const listener of candidate.opened) this.#inbound.set(listener.name, listener);
    this.#policies = candidate.policies;
    const counts = this.#thread.edges.enforce(toRevisionId(candidate.inForce.snapshot));
    this.#plane.enforce({ ...candidate.inForce, counts });
    const names = new Set(candidate.inForce.workload.inbound.map(({ name }) => name));
    for (const [name, listener] of this.#inbound) {
      if (names.has(name)) continue;
      listener.drain();
      this.#inbound.delete(name);
    }
  }

  async abandon(): Promise<void> {
    this.#dropCandidate();
  }

  async setEndpoints(
    endpoints: readonly FileEndpoint[],
    services: readonly string[],
    isComplete: boolean,
  ): Promise<void> {
    const byService = new Map<string, FileEndpoint[]>(services.map((service) => [service, []]));
    for (const endpoint of endpoints) {
      const list = byService.get(endpoint.service);
      if (list === undefined) byService.set(endpoint.service, [endpoint]);
      else list.push(endpoint);
    }
    this.#plane.setEndpoints(byService, isComplete);
  }

  async setIdentity(identity: Identity): Promise<void> {
    this.#identity = identity;
    this.#plane.setPeer(makePeerDial(identity, this.#thread.wallMs));
    for (const listener of this.#inbound.values()) listener.setIdentity(identity);
  }

  async read(): Promise<Reading> {
    return {
      edges: this.#thread.edges.read(),
      pastEdges: this.#thread.edges.readPast(),
      counters: this.#thread.counters.read(),
      recent: this.#thread.decisions.recent(),
      endpoints: this.#plane.endpointStates(),
    };
  }

  async takeDecisions(): Promise<Taken> {
    return this.#thread.decisions.take();
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#plane.isDraining = true;
    const listeners = [...this.#inbound.values(), ...(this.#outbound === undefined ? [] : [this.#outbound])];
    for (const listener of listeners) listener.drain();
    const untilMs = this.#thread.monoMs() + deadlineMs;
    while (listeners.some(({ connections }) => connections > 0) && this.#thread.monoMs() < untilMs) {
      await new Promise((next) => setTimeout(next, 20));
      for (const listener of listeners) listener.drain();
    }
    await this.close();
  }

  async close(): Promise<void> {
    this.#dropCandidate();
    this.#outbound?.close();
    for (const listener of this.#inbound.values()) listener.close();
    this.#plane.close();
    await this.#thread.accessLog?.close();
  }

  #findWorkload(snapshot: Snapshot): WorkloadSnapshot | undefined {
    const { workload: name, namespace } = this.#options;
    if (name === undefined) return snapshot.workloads.length === 1 ? snapshot.workloads[0] : undefined;
    return snapshot.workloads.find((workload) => workload.name === name && workload.namespace === namespace);
  }

  async #bind(
    direction: "inbound" | "outbound",
    ref: PolicyRef | undefined,
    load: SnapshotLoad,
    workload: WorkloadSnapshot,
    policies: Map<string, Policy>,
  ): Promise<{ readonly bound?: BoundPolicy; readonly problems: readonly SnapshotProblem[] }> {
    if (ref === undefined) return { problems: [] };
    const destination = destinationOf(workload);
    const key = [direction, ref.module, JSON.stringify([destination, ref.entrypoints])].join(" ");
    let policy = this.#policies.get(key);
    const isNew = policy === undefined;
    if (policy === undefined) {
      const opened = await openModule(ref, load.modules, destination, this.#thread.loadBuiltins, direction);
      if (opened.policy === undefined) return { problems: opened.problems };
      policy = opened.policy;
    }
    const { bound, problems } = bindPolicy(direction, policy, ref);
    if (bound === undefined) return { problems };
    if (isNew) warm(bound);
    policies.set(key, policy);
    return { bound, problems };
  }

  async #openInbound(
    workload: WorkloadSnapshot,
    ports: Readonly<Record<string, number>>,
  ): Promise<{ readonly opened: readonly Listener[]; readonly problems: readonly SnapshotProblem[] }> {
    const opened: Listener[] = [];
    for (const port of workload.inbound) {
      if (this.#inbound.has(port.name)) continue;
      const where = this.#whereToListen(port.name, port.listen, port.mode, ports);
      const service = `${workload.service}.${workload.namespace}`;
      const listener = makeInbound(this.#plane, port, this.#identity, service, this.#options.timeouts);
      try {
        await listener.listen({ ...where, isShared: this.#options.isShared });
        opened.push(listener);
      } catch (error) {
        for (const other of opened) other.close();
        const message = `cannot listen on ${where.address}:${where.port} (port ${port.name}): ${(error as Error).message}`;
        return { opened: [], problems: [{ code: "listen_failed", message }] };
      }
    }
    return { opened, problems: [] };
  }

  #whereToListen(
    name: string,
    listen: Address,
    mode: "strict" | "edge",
    ports: Readonly<Record<string, number>>,
  ): Address {
    const edge = mode === "edge" ? this.#options.edge : undefined;
    const { address, port } = edge ?? listen;
    return { address, port: ports[name] ?? port };
  }

  #services(workload: WorkloadSnapshot) {
    const service = `${workload.service}.${workload.namespace}`;
    const mtls = this.#identity !== undefined;
    return makeServiceTable(
      workload,
      (key) => this.#plane.endpointsOf(key),
      (peerService, subset) =>
        this.#thread.edges.row({ direction: "outbound", peerService, peerPrincipal: "", service, subset, mtls }),
    );
  }

  /** The application's endpoint stays the same thing while its address does, and with it its connections. */
  #applications(workload: WorkloadSnapshot): ReadonlyMap<string, Cluster> {
    return new Map(
      workload.inbound.map((port) => {
        const address = port.application.address;
        const number = port.application.port === 0 ? (this.#options.appPort ?? 0) : port.application.port;
        const before = this.#plane.inForce?.applications.get(port.name);
        const known = before?.groups.get("")?.endpoints[0];
        if (before !== undefined && known?.address === address && known.port === number) return [port.name, before];
        const service = applicationService(workload, port.name);
        const endpoint = makeEndpoint({
          address,
          port: number,
          portName: port.name,
          workload: workload.name,
          principal: "",
          labels: {},
        });
        return [port.name, makeCluster(service, number === 0 ? [] : [endpoint], () => -1)];
      }),
    );
  }

  #dropCandidate(): void {
    for (const listener of this.#candidate?.opened ?? []) listener.close();
    this.#candidate = undefined;
  }
}
