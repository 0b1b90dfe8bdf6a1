/**
 * The data plane in this thread: takes snapshots in two steps (prepare, which may refuse,
 * and commit, which may not), endpoints and identities, and says what it counted.
 */
import type { Policy } from "@regomesh/policy-runtime";
import type { FileEndpoint, PolicyRef, Revoked, Snapshot, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";
import { type BoundPolicy, bindPolicy } from "../../decide/bound-policy.ts";
import { makeVia } from "../../edge/via.ts";
import type { Cluster } from "../../route/cluster.ts";
import { makeCluster } from "../../route/cluster.ts";
import { makeEndpoint } from "../../route/endpoint.ts";
import { makeServiceTable } from "../../route/service-table.ts";
import { applicationService } from "../../snapshot/application-service.ts";
import { type InForce, toRevisionId } from "../../snapshot/in-force.ts";
import { inboundKey } from "../../snapshot/inbound-key.ts";
import { OutboundAcceptor } from "../downstream/acceptor.ts";
import type { Aim } from "../downstream/aim.ts";
import { DEFAULT_TIMEOUTS } from "../downstream/downstream-timeouts.ts";
import type { ThreadOpened } from "../module/module-thread.ts";
import { destinationOf, openModule } from "../module/open-module.ts";
import { type Address, Listener } from "../net/listener.ts";
import { authoritiesOf, type Identity, makePeerDial } from "../net/tls.ts";
import { CapturedPorts } from "./captured-ports.ts";
import {
  type Activity,
  type CaptureOptions,
  type DataPlane,
  type DataPlaneOptions,
  type Direction,
  type Prepared,
  type Reading,
  type SnapshotLoad,
  staleAfterMs,
  type Taken,
} from "./data-plane.ts";
import { type LocalPortPlan, LocalPorts } from "./local-ports.ts";
import { Plane } from "./plane.ts";
import { type PortPlan, Ports } from "./ports.ts";
import type { Thread } from "./thread.ts";

/** Of the event loop, before a port closes on clients that never stop coming. */
const TURNS_MAX = 50;

type Candidate = {
  readonly inForce: Omit<InForce, "counts">;
  readonly ports: PortPlan;
  readonly localPorts: LocalPortPlan;
  readonly policies: ReadonlyMap<string, Policy>;
};

/** What a snapshot is made ready with; `policies` and `opened` are filled. */
type Making = {
  readonly load: SnapshotLoad;
  readonly workload: WorkloadSnapshot;
  readonly policies: Map<string, Policy>;
  readonly opened: Map<string, ThreadOpened>;
};

export class ThreadPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #plane: Plane;
  readonly #thread: Thread;
  readonly #ports: Ports;
  readonly #localPorts: LocalPorts;
  #captured: CapturedPorts | undefined = undefined;
  readonly #outbound: { readonly listener: Listener; readonly acceptor: OutboundAcceptor }[] = [];
  #identity: Identity | undefined = undefined;
  #candidate: Candidate | undefined = undefined;
  /** Opened policies by direction and module; those of the snapshot in force. */
  #policies: ReadonlyMap<string, Policy> = new Map();

  constructor(thread: Thread, options: DataPlaneOptions) {
    this.#thread = thread;
    this.#options = options;
    this.#plane = new Plane(thread, options.graceMs);
    this.#ports = new Ports(this.#plane, options);
    this.#localPorts = new LocalPorts(this.#plane, options.timeouts, options.isShared);
  }

  async listenOutbound(port: number, service?: string): Promise<Address> {
    const where = { address: "127.0.0.1", port, isShared: this.#options.isShared, thread: this.#thread };
    const listener = await Listener.open(where);
    const aim: Aim = service === undefined ? { kind: "named" } : { kind: "service", service };
    const acceptor = new OutboundAcceptor(this.#plane, this.#options.timeouts, aim);
    listener.serve(acceptor);
    this.#outbound.push({ listener, acceptor });
    return listener.address;
  }

  async listenCaptured(capture: CaptureOptions): Promise<readonly Address[]> {
    this.#captured = await CapturedPorts.open(this.#plane, this.#ports, capture, this.#options);
    return this.#captured.addresses;
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
    const opened = new Map<string, ThreadOpened>();
    const made = { load, workload, policies, opened };
    // In one turn: what the module thread is asked for both, one thread does.
    const [inbound, outbound] = await Promise.all([
      this.#bind("inbound", workload.policies.inbound, made),
      this.#bind("outbound", workload.policies.outbound, made),
    ]);
    const problems = [...inbound.problems, ...outbound.problems];
    if (problems.length > 0) return { problems, inbound: {} };
    const planned = await this.#ports.plan(workload, ports);
    if (planned.plan === undefined) return { problems: planned.problems, inbound: {} };
    const local = await this.#localPorts.plan(workload);
    if (local.plan === undefined) {
      this.#ports.abandon(planned.plan);
      return { problems: local.problems, inbound: {} };
    }
    const inForce: Candidate["inForce"] = {
      hash: load.hash,
      staleAtMs: load.isOperators ? Number.POSITIVE_INFINITY : snapshot.expiresAtMs,
      staleAfterMs: staleAfterMs(load),
      snapshot,
      workload,
      inbound: inbound.bound,
      outbound: outbound.bound,
      services: this.#services(workload),
      applications: this.#applications(workload),
      via: { inbound: makeVia("in", workload), outbound: makeVia("out", workload) },
    };
    this.#candidate = { inForce, ports: planned.plan, localPorts: local.plan, policies };
    return { problems, inbound: this.#ports.addresses(planned.plan), opened };
  }

  async commit(): Promise<void> {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    this.#policies = candidate.policies;
    const counts = this.#thread.edges.enforce(toRevisionId(candidate.inForce.snapshot));
    this.#plane.enforce({ ...candidate.inForce, counts });
    // In the same turn of the event loop: no request is decided by one and served by the other.
    this.#ports.commit(candidate.ports);
    this.#localPorts.commit(candidate.localPorts);
    this.#ports.endRefused();
  }

  async revoke(revoked: Revoked): Promise<void> {
    this.#plane.revoke(revoked);
    this.#ports.endRefused();
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

  async setBehind(sinceMs: number | undefined): Promise<void> {
    this.#plane.behindSinceMs = sinceMs;
  }

  async setIdentity(identity: Identity): Promise<void> {
    const before = this.#identity;
    this.#identity = identity;
    const authorities = authoritiesLeft(before, identity);
    this.#plane.setPeer(makePeerDial(identity, this.#thread.wallMs), authorities);
    this.#ports.setIdentity(identity, authorities);
  }

  async read(): Promise<Reading> {
    return {
      edges: this.#thread.edges.read(),
      pastEdges: this.#thread.edges.readPast(),
      ownAnswers: this.#thread.ownAnswers.read((row) => this.#thread.edges.keyOf(row)),
      shadows: this.#thread.shadows.read(),
      grpcCalls: this.#thread.grpcCalls.read(),
      handshakes: this.#thread.handshakes.read(),
      counters: this.#thread.counters.read(),
      recent: this.#thread.decisions.recent(),
      endpoints: this.#plane.endpointStates(),
    };
  }

  async takeDecisions(): Promise<Taken> {
    return this.#thread.decisions.take();
  }

  async reopenLog(): Promise<void> {
    await this.#thread.accessLog?.reopen();
  }

  async announceDrain(direction: Direction): Promise<void> {
    if (direction === "inbound") this.#plane.isDraining = true;
    else this.#plane.isOutboundDraining = true;
  }

  async closePorts(direction: Direction): Promise<void> {
    await this.#untilTaken(direction);
    this.#captured?.closeIdle(direction);
    if (direction === "inbound") return this.#ports.closeIdle();
    this.#localPorts.closeIdle();
    for (const { listener, acceptor } of this.#outbound) {
      listener.close();
      acceptor.endIdle();
    }
  }

  /** Who still waits in the kernel when a socket closes is reset: it closes after a turn in which nobody came. */
  async #untilTaken(direction: Direction): Promise<void> {
    let before = -1;
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      const { accepted } = await this.activity(direction);
      if (accepted === before) return;
      before = accepted;
      await new Promise((next) => setImmediate(next));
    }
  }

  async activity(direction: Direction): Promise<Activity> {
    if (direction === "inbound") return this.#ports.activity();
    const all = [this.#localPorts.activity(), ...this.#outbound.map(({ acceptor }) => acceptor)];
    if (this.#captured !== undefined) all.push(this.#captured.activity());
    return {
      connections: all.reduce((sum, { connections }) => sum + connections, 0),
      accepted: all.reduce((sum, { accepted }) => sum + accepted, 0),
    };
  }

  async close(): Promise<void> {
    this.#dropCandidate();
    for (const { listener, acceptor } of this.#outbound) {
      listener.close();
      acceptor.destroy();
    }
    this.#captured?.close();
    this.#ports.close();
    this.#localPorts.close();
    this.#plane.close();
    await this.#thread.modules.close();
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
    { load, workload, policies, opened }: Making,
  ): Promise<{ readonly bound?: BoundPolicy; readonly problems: readonly SnapshotProblem[] }> {
    if (ref === undefined) return { problems: [] };
    const destination = destinationOf(workload);
    const key = [direction, ref.module, JSON.stringify([destination, ref.entrypoints])].join(" ");
    let policy = this.#policies.get(key);
    if (policy === undefined) {
      const { loadBuiltins, modules } = this.#thread;
      const made = await openModule({
        ...{ ref, modules: load.modules, destination, load: loadBuiltins, role: direction },
        // While nothing is in force nobody waits for this thread.
        thread: this.#plane.inForce === undefined ? undefined : modules,
        shared: load.opened?.get(key),
      });
      if (made.policy === undefined) return { problems: made.problems };
      policy = made.policy;
      if (made.shared !== undefined) opened.set(key, made.shared);
    }
    const { bound, problems } = bindPolicy(direction, policy, ref);
    if (bound === undefined) return { problems };
    policies.set(key, policy);
    return { bound, problems };
  }

  #services(workload: WorkloadSnapshot) {
    const service = `${workload.service}.${workload.namespace}`;
    const mtls = this.#identity !== undefined;
    return makeServiceTable(
      workload,
      (key) => this.#plane.endpointsOf(key),
      (peerService, subset) =>
        this.#thread.edges.row({ direction: "outbound", peerService, peerPrincipal: "", service, subset, mtls }),
      this.#plane.inForce?.services,
    );
  }

  /** The application's endpoint stays the same thing while its address does, and with it its connections. */
  #applications(workload: WorkloadSnapshot): ReadonlyMap<string, Cluster> {
    const { applicationMs } = this.#options.timeouts ?? DEFAULT_TIMEOUTS;
    return new Map(
      workload.inbound.map((port) => {
        const key = inboundKey(port);
        const address = port.application.address;
        const number = port.application.port === 0 ? (this.#options.appPort ?? 0) : port.application.port;
        const before = this.#plane.inForce?.applications.get(key);
        const known = before?.groups.get("")?.endpoints[0];
        const isSame =
          known?.address === address && known.port === number && before?.service.protocol === port.protocol;
        if (before !== undefined && isSame) return [key, before];
        const service = applicationService(workload, port.name, applicationMs, port.protocol);
        const endpoint = makeEndpoint({
          address,
          port: number,
          portName: port.name,
          workload: workload.name,
          principal: "",
          labels: {},
        });
        return [key, makeCluster(service, number === 0 ? [] : [endpoint], () => -1)];
      }),
    );
  }

  #dropCandidate(): void {
    if (this.#candidate === undefined) return;
    this.#ports.abandon(this.#candidate.ports);
    this.#localPorts.abandon(this.#candidate.localPorts);
    this.#candidate = undefined;
  }
}

/** What is left of the authorities where the new identity trusts some of the old one's no longer; otherwise undefined. */
function authoritiesLeft(before: Identity | undefined, identity: Identity) {
  if (before === undefined || before.bundlePem === identity.bundlePem) return undefined;
  const left = authoritiesOf(identity.bundlePem);
  const names = new Set(left.map(({ fingerprint256 }) => fingerprint256));
  return authoritiesOf(before.bundlePem).every(({ fingerprint256 }) => names.has(fingerprint256)) ? undefined : left;
}
