/**
 * The data plane over several threads: each has listeners on the same ports (the kernel
 * spreads connections) and everything else of its own; limits alone are shared memory.
 */
import { Worker } from "node:worker_threads";
import type { Log } from "@regomesh/base";
import type { EndpointState, FileEndpoint, Revoked } from "@regomesh/protocol";
import { sumCounters } from "../../metrics/counters.ts";
import { sumEdges } from "../../metrics/edge-table.ts";
import { sumGrpcCalls } from "../../metrics/grpc-calls.ts";
import { sumHandshakes } from "../../metrics/handshakes.ts";
import { sumOwnAnswers } from "../../metrics/own-answers.ts";
import { sumShadows } from "../../metrics/shadow-table.ts";
import type { Address } from "../net/listener.ts";
import type { Identity } from "../net/tls.ts";
import type {
  Activity,
  CaptureOptions,
  DataPlane,
  Direction,
  Prepared,
  Reading,
  SnapshotLoad,
  Taken,
} from "./data-plane.ts";
import type { Call, FromWorker, PlaneMethod, WorkerStart } from "./worker-calls.ts";

const RECENT_MAX = 256;

export type WorkerEvents = {
  /** A thread has ended unasked: what it carried is lost. */
  readonly onFailed: (error: Error) => void;
  /** What the disk says to a thread of its access log; undefined where all is well with it. */
  readonly onTrouble: (thread: number, trouble: string | undefined) => void;
};

export class WorkerPlane implements DataPlane {
  readonly #workers: readonly WorkerThread[];

  private constructor(workers: readonly WorkerThread[]) {
    this.#workers = workers;
  }

  static async open(count: number, start: WorkerStart, log: Log, told: WorkerEvents): Promise<WorkerPlane> {
    const workers = Array.from({ length: count }, (_, at) => new WorkerThread(start, log, at, told));
    await Promise.all(workers.map((worker) => worker.ready));
    return new WorkerPlane(workers);
  }

  async listenOutbound(port: number, service?: string): Promise<Address> {
    const [first, ...others] = this.#workers;
    const address = (await first?.call("listenOutbound", port, service)) as Address;
    await Promise.all(others.map((worker) => worker.call("listenOutbound", address.port, service)));
    return address;
  }

  async listenCaptured(capture: CaptureOptions): Promise<readonly Address[]> {
    const [first] = (await this.#all("listenCaptured", capture)) as (readonly Address[])[];
    return first ?? [];
  }

  /** The first thread finds the ports, and faults; the others follow it. */
  async prepare(load: SnapshotLoad, ports: Readonly<Record<string, number>>): Promise<Prepared> {
    const [first, ...others] = this.#workers;
    const prepared = (await first?.call("prepare", load, ports)) as Prepared;
    if (prepared.problems.length > 0) return prepared;
    const found = Object.fromEntries(Object.entries(prepared.inbound).map(([name, { port }]) => [name, port]));
    const { opened } = prepared;
    const theirs: SnapshotLoad = opened === undefined ? load : { ...load, opened };
    const rest = (await Promise.all(others.map((worker) => worker.call("prepare", theirs, found)))) as Prepared[];
    const failed = rest.find(({ problems }) => problems.length > 0);
    if (failed === undefined) return prepared;
    await this.abandon();
    return failed;
  }

  async commit(): Promise<void> {
    await this.#all("commit");
  }

  async abandon(): Promise<void> {
    await this.#all("abandon");
  }

  async setEndpoints(
    endpoints: readonly FileEndpoint[],
    services: readonly string[],
    isComplete: boolean,
  ): Promise<void> {
    await this.#all("setEndpoints", endpoints, services, isComplete);
  }

  async revoke(revoked: Revoked): Promise<void> {
    await this.#all("revoke", revoked);
  }

  async setBehind(sinceMs: number | undefined): Promise<void> {
    await this.#all("setBehind", sinceMs);
  }

  async setIdentity(identity: Identity): Promise<void> {
    await this.#all("setIdentity", identity);
  }

  async read(): Promise<Reading> {
    const readings = (await this.#all("read")) as Reading[];
    const recent = readings.flatMap((reading) => reading.recent).sort((a, b) => b.timeMs - a.timeMs);
    return {
      edges: sumEdges(readings.map(({ edges }) => edges)),
      pastEdges: sumEdges(readings.map(({ pastEdges }) => pastEdges)),
      ownAnswers: sumOwnAnswers(readings.map(({ ownAnswers }) => ownAnswers)),
      grpcCalls: sumGrpcCalls(readings.map(({ grpcCalls }) => grpcCalls)),
      handshakes: sumHandshakes(readings.map(({ handshakes }) => handshakes)),
      shadows: sumShadows(readings.map(({ shadows }) => shadows)),
      counters: sumCounters(readings.map(({ counters }) => counters)),
      recent: recent.slice(0, RECENT_MAX),
      endpoints: worstStates(readings.flatMap(({ endpoints }) => endpoints)),
    };
  }

  async takeDecisions(): Promise<Taken> {
    const taken = (await this.#all("takeDecisions")) as Taken[];
    const decisions = taken.flatMap((one) => one.decisions);
    return {
      decisions: [
        ...decisions.filter(({ verdict }) => verdict !== "allowed"),
        ...decisions.filter(({ verdict, shadows }) => verdict === "allowed" && shadows.length > 0),
        ...decisions.filter(({ verdict, shadows }) => verdict === "allowed" && shadows.length === 0),
      ],
      dropped: taken.reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }

  async reopenLog(): Promise<void> {
    await this.#all("reopenLog");
  }

  async announceDrain(direction: Direction): Promise<void> {
    await this.#all("announceDrain", direction);
  }

  async closePorts(direction: Direction): Promise<void> {
    await this.#all("closePorts", direction);
  }

  async activity(direction: Direction): Promise<Activity> {
    const all = (await this.#all("activity", direction)) as Activity[];
    return {
      connections: all.reduce((sum, { connections }) => sum + connections, 0),
      accepted: all.reduce((sum, { accepted }) => sum + accepted, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => worker.call("close")));
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #all(method: PlaneMethod, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    return await Promise.all(this.#workers.map((worker) => worker.call(method, ...args)));
  }
}

/** Each thread has breakers of its own: an endpoint is shown as the thread sees it that trusts it least. */
function worstStates(states: readonly EndpointState[]): readonly EndpointState[] {
  const rank = ["closed", "half-open", "open"];
  const worst = new Map<string, EndpointState>();
  for (const state of states) {
    const key = `${state.service} ${state.address} ${state.port}`;
    const known = worst.get(key);
    if (known === undefined || rank.indexOf(state.breaker) > rank.indexOf(known.breaker)) worst.set(key, state);
  }
  return [...worst.values()];
}

type Pending = { readonly done: (value: unknown) => void; readonly fail: (error: Error) => void };

class WorkerThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isEnding = false;

  constructor(start: WorkerStart, log: Log, at: number, { onFailed, onTrouble }: WorkerEvents) {
    this.#worker = new Worker(new URL("./worker-main.ts", import.meta.url), { workerData: start });
    let markReady: () => void = () => {};
    let failReady: (error: Error) => void = () => {};
    this.ready = new Promise((done, fail) => {
      markReady = done;
      failReady = fail;
    });
    const end = (error: Error): void => {
      failReady(error);
      for (const { fail } of this.#pending.values()) fail(error);
      this.#pending.clear();
      if (!this.#isEnding) onFailed(error);
      this.#isEnding = true;
    };
    this.#worker.on("error", (error) => end(error as Error));
    this.#worker.on("exit", (code) => end(new Error(`a worker thread ended with code ${code}`)));
    this.#worker.on("message", (message: FromWorker) => {
      if (message.kind === "ready") markReady();
      else if (message.kind === "trouble") onTrouble(at, message.trouble);
      else if (message.kind === "log") log.log(message.level, message.message, message.facts);
      else this.#settle(message);
    });
  }

  call(method: PlaneMethod, ...args: readonly unknown[]): Promise<unknown> {
    if (this.#isEnding) return Promise.reject(new Error("the worker thread has ended"));
    const call: Call = { id: this.#nextId++, method, args };
    return new Promise((done, fail) => {
      this.#pending.set(call.id, { done, fail });
      this.#worker.postMessage(call);
    });
  }

  async terminate(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
  }

  #settle(message: Extract<FromWorker, { id: number }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "result") pending?.done(message.value);
    else pending?.fail(new Error(message.message));
  }
}
