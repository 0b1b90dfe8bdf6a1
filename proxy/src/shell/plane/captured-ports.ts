/**
 * The two ports of a thread to which `regomesh capture` leads the workload's traffic, each on both families. What the
 * workload opened is a client of the outbound side; what came for it is given to the inbound port that it was for, by
 * the number that its client had called.
 */
import type { Socket } from "node:net";
import { type OriginalDestination, openOriginalDestination } from "../capture/original-destination.ts";
import { type Acceptor, OutboundAcceptor } from "../downstream/acceptor.ts";
import { type Address, Listener, type ListenOptions } from "../net/listener.ts";
import type { Activity, CaptureOptions, DataPlaneOptions, Direction } from "./data-plane.ts";
import type { Plane } from "./plane.ts";
import type { Ports } from "./ports.ts";

/** The kernel leads what the workload opens to loopback, and what comes for it to the address where it comes in. */
const ADDRESSES = { outbound: ["127.0.0.1", "::1"], inbound: ["0.0.0.0", "::"] } as const;
/** This machine has no IPv6: nothing comes by it. */
const NO_FAMILY = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

export class CapturedPorts {
  readonly #outbound: OutboundAcceptor;
  readonly #listeners: Readonly<Record<Direction, readonly Listener[]>>;

  private constructor(outbound: OutboundAcceptor, listeners: Readonly<Record<Direction, readonly Listener[]>>) {
    this.#outbound = outbound;
    this.#listeners = listeners;
    for (const listener of listeners.outbound) listener.serve(outbound);
  }

  /** Rejects where a port is not to be had, or this Node does not tell where a connection went. */
  static async open(
    plane: Plane,
    ports: Ports,
    capture: CaptureOptions,
    { isShared, timeouts }: DataPlaneOptions,
  ): Promise<CapturedPorts> {
    const originalOf = openOriginalDestination();
    const shared = { isShared, thread: plane.thread };
    const outbound = await openAll("outbound", capture.outboundPort, shared);
    try {
      const inbound = await openAll("inbound", capture.inboundPort, shared);
      const relay = new InboundRelay(ports, originalOf);
      for (const listener of inbound) listener.serve(relay);
      const acceptor = new OutboundAcceptor(plane, timeouts, { kind: "captured", originalOf, word: capture.word });
      return new CapturedPorts(acceptor, { outbound, inbound });
    } catch (error) {
      for (const listener of outbound) listener.close();
      throw error;
    }
  }

  /** Where the workload's connections are taken. */
  get addresses(): readonly Address[] {
    return this.#listeners.outbound.map(({ address }) => address);
  }

  /** Takes no new connection, and ends those on which nothing is under way. */
  closeIdle(direction: Direction): void {
    for (const listener of this.#listeners[direction]) listener.close();
    if (direction === "outbound") this.#outbound.endIdle();
  }

  /** Of what the workload opened: what comes for it is counted by the ports that it is given to. */
  activity(): Activity {
    return { connections: this.#outbound.connections, accepted: this.#outbound.accepted };
  }

  close(): void {
    for (const listener of [...this.#listeners.outbound, ...this.#listeners.inbound]) listener.close();
    this.#outbound.destroy();
  }
}

/** Gives each connection to the port that its client called, and ends it where that is none of the mesh. */
class InboundRelay implements Acceptor {
  readonly connections = 0;
  accepted = 0;
  readonly #ports: Ports;
  readonly #originalOf: OriginalDestination;

  constructor(ports: Ports, originalOf: OriginalDestination) {
    this.#ports = ports;
    this.#originalOf = originalOf;
  }

  accept(socket: Socket): void {
    this.accepted++;
    const called = this.#originalOf(socket);
    const acceptor = called === undefined ? undefined : this.#ports.acceptorOf(called.port);
    if (acceptor === undefined) socket.destroy();
    else acceptor.accept(socket, called);
  }

  endIdle(): void {}
  retire(): void {}
  destroy(): void {}
}

async function openAll(
  direction: Direction,
  port: number,
  shared: Pick<ListenOptions, "isShared" | "thread">,
): Promise<readonly Listener[]> {
  const [first, second] = ADDRESSES[direction];
  const listeners = [await Listener.open({ address: first, port, ...shared })];
  try {
    listeners.push(await Listener.open({ address: second, port, ...shared, isOfOneFamily: true }));
  } catch (error) {
    if (!NO_FAMILY.has((error as NodeJS.ErrnoException).code ?? "")) {
      for (const listener of listeners) listener.close();
      throw error;
    }
  }
  return listeners;
}
