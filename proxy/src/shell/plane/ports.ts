/**
 * The inbound ports of a thread. A snapshot's ports are planned, which may fail and changes
 * nothing that is served, and then put in force at once: every listening socket is given
 * to whom the new snapshot says, and what the old one had taken takes no further request.
 */
import type { X509Certificate } from "node:crypto";
import { createServer } from "node:net";
import type { InboundPort, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";
import { inboundKey } from "../../snapshot/inbound-key.ts";
import { type Acceptor, acceptorKey, InboundAcceptor, type InboundOptions } from "../downstream/acceptor.ts";
import { type Address, Listener } from "../net/listener.ts";
import type { Identity } from "../net/tls.ts";
import { Acceptors } from "./acceptors.ts";
import type { Activity, DataPlaneOptions } from "./data-plane.ts";
import type { Plane } from "./plane.ts";

/** Several sockets of one process may share a port, or overlap: a wildcard and an address. */
const SHARES_PORTS = process.platform === "linux";

type Planned = { readonly port: InboundPort; readonly key: string; readonly listener: Listener };

/** What the ports are going to be. */
export type PortPlan = {
  readonly ports: readonly Planned[];
  /** Listeners that nobody has yet. */
  readonly opened: readonly Listener[];
  /** `name.namespace` of the workload's service. */
  readonly service: string;
};

export class Ports {
  readonly #plane: Plane;
  readonly #options: DataPlaneOptions;
  #ports: readonly Planned[] = [];
  #service = "";
  #identity: Identity | undefined = undefined;
  readonly #acceptors: Acceptors<InboundAcceptor>;

  constructor(plane: Plane, options: DataPlaneOptions) {
    this.#plane = plane;
    this.#options = options;
    this.#acceptors = new Acceptors(InboundAcceptor, () => plane.graceMs);
  }

  /** `known`: where other threads listen, by the port's name. With problems nothing has been opened. */
  async plan(
    workload: WorkloadSnapshot,
    known: Readonly<Record<string, number>>,
  ): Promise<{ readonly plan?: PortPlan; readonly problems: readonly SnapshotProblem[] }> {
    const ports: Planned[] = [];
    const opened: Listener[] = [];
    for (const port of workload.inbound) {
      const asked = this.#whereToListen(port);
      try {
        const planned = await this.#find(port, asked, known[port.name], opened);
        const other = ports.find(({ listener }) => listener === planned.listener);
        if (other !== undefined) throw new Error(`port ${other.port.name} listens there`);
        ports.push(planned);
      } catch (error) {
        for (const listener of opened) listener.close();
        const message = `cannot listen on ${asked.address}:${asked.port} (port ${port.name}): ${(error as Error).message}`;
        return { problems: [{ code: "listen_failed", message }] };
      }
    }
    return { plan: { ports, opened, service: `${workload.service}.${workload.namespace}` }, problems: [] };
  }

  /** Puts a plan in force, at once. */
  commit(plan: PortPlan): void {
    this.#ports = plan.ports;
    this.#service = plan.service;
    this.#serve();
    this.#acceptors.listenAt(plan.ports.map(({ listener }) => listener));
  }

  abandon(plan: PortPlan): void {
    for (const listener of plan.opened) listener.close();
  }

  /** Where the ports of a plan listen, by name. */
  addresses(plan: PortPlan): Readonly<Record<string, Address>> {
    return Object.fromEntries(plan.ports.map(({ port, listener }) => [port.name, listener.address]));
  }

  /** Whom a captured connection is for that called this port: where the proxy listens, or where the application does. */
  acceptorOf(number: number): Acceptor | undefined {
    const { appPort } = this.#options;
    const isApplication = ({ port: { application } }: Planned) =>
      (application.port === 0 ? appPort : application.port) === number;
    const found =
      this.#ports.find(({ listener }) => listener.address.port === number) ?? this.#ports.find(isApplication);
    return found?.listener.acceptor;
  }

  /** As `InboundAcceptor.setIdentity`, for every connection there is. */
  setIdentity(identity: Identity, authorities: readonly X509Certificate[] | undefined): void {
    this.#identity = identity;
    for (const acceptor of this.#acceptors) acceptor.setIdentity(identity, authorities);
    // With the first identity, a strict port is no longer one in plaintext.
    this.#serve();
  }

  /** Ends the connections of clients who may not speak to us any more. */
  endRefused(): void {
    for (const acceptor of this.#acceptors) acceptor.endRefused();
  }

  /** Takes no new connection, and ends those on which nothing is under way. */
  closeIdle(): void {
    this.#acceptors.closeIdle();
  }

  activity(): Activity {
    return this.#acceptors.activity();
  }

  close(): void {
    this.#acceptors.close();
  }

  /** Gives every socket to whom the snapshot and the identity say. */
  #serve(): void {
    for (const { port, listener } of this.#ports) {
      const options: InboundOptions = {
        port,
        service: this.#service,
        identity: this.#identity,
        timeouts: this.#options.timeouts,
        trustedHops: this.#options.trustedHops,
      };
      if (this.#acceptors.of(listener)?.key === acceptorKey(options)) continue;
      this.#acceptors.serve(listener, new InboundAcceptor(this.#plane, options));
    }
  }

  #whereToListen({ mode, listen }: InboundPort): Address {
    return (mode === "edge" ? this.#options.edge : undefined) ?? listen;
  }

  /** A socket that is open already, or a new one. */
  async #find(port: InboundPort, asked: Address, known: number | undefined, opened: Listener[]): Promise<Planned> {
    const key = `${asked.address} ${asked.port === 0 ? inboundKey(port) : asked.port}`;
    const where = { address: asked.address, port: known ?? asked.port };
    const same = this.#ports.find(({ key: other, listener: { address } }) => {
      return other === key || (address.port === where.port && address.address === where.address);
    });
    const mine = same?.listener ?? opened.find(({ address }) => isSame(address, where));
    if (mine !== undefined) return { port, key, listener: mine };
    const held = [...this.#ports.map(({ listener }) => listener), ...opened];
    const isAlone = !held.some(({ address }) => address.port === where.port);
    // Sharing is among ourselves: of others nobody may listen there.
    if (SHARES_PORTS && isAlone && known === undefined && where.port !== 0) await probe(where);
    const { thread } = this.#plane;
    const listener = await Listener.open({ ...where, isShared: SHARES_PORTS || this.#options.isShared, thread });
    opened.push(listener);
    return { port, key, listener };
  }
}

function isSame(one: Address, other: Address): boolean {
  return one.port === other.port && one.address === other.address;
}

/** Rejects where somebody listens on the address. */
async function probe({ address: host, port }: Address): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen({ host, port }, () => server.close(() => done()));
  });
}
