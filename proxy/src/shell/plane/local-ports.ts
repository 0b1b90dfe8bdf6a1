/**
 * The ports of a thread that are for one service each, as a snapshot names them: planned, which may
 * fail and changes nothing that is served, and put in force with the snapshot.
 */
import type { LocalPort, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";
import { OutboundAcceptor } from "../downstream/acceptor.ts";
import type { DownstreamTimeouts } from "../downstream/downstream-timeouts.ts";
import { Listener } from "../net/listener.ts";
import { Acceptors } from "./acceptors.ts";
import type { Activity } from "./data-plane.ts";
import type { Plane } from "./plane.ts";

type Planned = { readonly local: LocalPort; readonly listener: Listener };

export type LocalPortPlan = {
  readonly ports: readonly Planned[];
  /** Listeners that nobody has yet. */
  readonly opened: readonly Listener[];
};

export class LocalPorts {
  readonly #plane: Plane;
  readonly #timeouts: DownstreamTimeouts | undefined;
  /** Several threads listen on the same ports. */
  readonly #isShared: boolean;
  #ports: readonly Planned[] = [];
  readonly #acceptors: Acceptors<OutboundAcceptor>;

  constructor(plane: Plane, timeouts: DownstreamTimeouts | undefined, isShared: boolean) {
    this.#plane = plane;
    this.#timeouts = timeouts;
    this.#isShared = isShared;
    this.#acceptors = new Acceptors(OutboundAcceptor, () => plane.graceMs);
  }

  /** With problems nothing has been opened. */
  async plan({
    localPorts = [],
  }: WorkloadSnapshot): Promise<{ readonly plan?: LocalPortPlan; readonly problems: readonly SnapshotProblem[] }> {
    const ports: Planned[] = [];
    const opened: Listener[] = [];
    for (const local of localPorts) {
      const same = this.#ports.find(({ listener }) => listener.address.port === local.port);
      try {
        const where = {
          address: "127.0.0.1",
          port: local.port,
          isShared: this.#isShared,
          thread: this.#plane.thread,
        };
        const listener = same?.listener ?? (await Listener.open(where));
        if (same === undefined) opened.push(listener);
        ports.push({ local, listener });
      } catch (error) {
        for (const listener of opened) listener.close();
        const message = `cannot listen on 127.0.0.1:${local.port} (for ${local.service}): ${(error as Error).message}`;
        return { problems: [{ code: "listen_failed", message }] };
      }
    }
    return { plan: { ports, opened }, problems: [] };
  }

  /** Puts a plan in force, at once. */
  commit(plan: LocalPortPlan): void {
    const before = this.#ports;
    this.#ports = plan.ports;
    for (const { local, listener } of plan.ports) {
      const known = before.find((planned) => planned.listener === listener);
      if (known !== undefined && targetOf(known.local) === targetOf(local)) continue;
      const aim = { kind: "service", service: targetOf(local) } as const;
      this.#acceptors.serve(listener, new OutboundAcceptor(this.#plane, this.#timeouts, aim));
    }
    this.#acceptors.listenAt(plan.ports.map(({ listener }) => listener));
  }

  abandon(plan: LocalPortPlan): void {
    for (const listener of plan.opened) listener.close();
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
}

/** As a client would name it. */
function targetOf({ service, servicePort }: LocalPort): string {
  return `${service}:${servicePort}`;
}
