/** The Lease of the cluster that one controller holds: waited for, renewed while it is held, given back at the end. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Clock, Log } from "@regomesh/base";
import {
  type LeaseSpec,
  mayTake,
  type Observed,
  observe,
  RENEW_EVERY_MS,
  RENEW_WITHIN_MS,
  taken,
} from "../../kubernetes/leader.ts";
import { StoreError } from "../../store/store.ts";
import { type ApiConnection, refusalOf } from "./api-connection.ts";

export type LeadershipOptions = {
  readonly connection: ApiConnection;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** It is no longer held: whoever led must end. */
  readonly onLost: () => void;
  /** Of a clock that nobody sets; Node's where absent. */
  readonly passedMs?: () => number;
};

type LeaseObject = { readonly metadata: { readonly resourceVersion?: string }; readonly spec: LeaseSpec };

const NAME = "regomesh-controller";
const CONFLICT = 409;
const NOT_FOUND = 404;

export class Leadership {
  /** Of this taking; greater than that of each before it. */
  readonly epoch: number;
  readonly #options: LeadershipOptions;
  readonly #me: string;
  readonly #ending = new AbortController();
  #held: LeaseObject;
  #renewedAtMs: number;
  #isLost = false;
  readonly #passedMs: () => number;
  #running: Promise<void>;

  /** `atMs`: before it was asked for. */
  private constructor(options: LeadershipOptions, me: string, held: LeaseObject, atMs: number) {
    this.#options = options;
    this.#me = me;
    this.#held = held;
    this.epoch = (held.spec.leaseTransitions ?? 0) + 1;
    this.#passedMs = passedOf(options);
    this.#renewedAtMs = atMs;
    this.#running = this.#renewAll();
  }

  /** Waits until it is this process's. Throws StoreError where the wait is ended. */
  static async take(options: LeadershipOptions): Promise<Leadership> {
    const { clock, log, signal } = options;
    const passedMs = passedOf(options);
    const me = `${hostname()}_${process.pid}_${randomBytes(4).toString("hex")}`;
    let seen: Observed | undefined;
    let said = "";
    while (signal?.aborted !== true) {
      try {
        const found = await read(options);
        seen = observe(seen, found?.metadata.resourceVersion ?? "", passedMs());
        if (found === undefined || mayTake(found.spec, me, seen, passedMs())) {
          const atMs = passedMs();
          const held = await write(options, found, taken(found?.spec, me, timeOf(clock)));
          if (held !== undefined) return new Leadership(options, me, held, atMs);
        } else if (said !== found.spec.holderIdentity) {
          said = found.spec.holderIdentity ?? "";
          log.log("info", "another controller leads: this one waits", { holder: said });
        }
      } catch (error) {
        if ((error as Error).message !== said)
          log.log("warn", "the Lease cannot be had yet", { reason: (error as Error).message });
        said = (error as Error).message;
      }
      await clock.sleep(RENEW_EVERY_MS, signal).catch(() => {});
    }
    throw new StoreError("held", "ended while another controller led");
  }

  /** Asks the cluster: nobody writes by a Lease that is another's. Throws StoreError. */
  async require(): Promise<void> {
    if (this.#isLost || this.#leftMs <= 0) throw fenced();
    const found = await read(this.#options).catch((cause: Error) => {
      throw new StoreError("refused", `the cluster's Lease cannot be read: ${cause.message}`, { cause });
    });
    if (found?.spec.holderIdentity !== this.#me) throw fenced();
  }

  /** Gives it back, so that who waits need not wait for its end. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    if (this.#isLost) return;
    this.#isLost = true;
    await write(this.#options, this.#held, {
      ...this.#held.spec,
      holderIdentity: "",
      renewTime: timeOf(this.#options.clock),
    }).catch(() => {});
  }

  /** How long it may go on without a renewal. */
  get #leftMs(): number {
    return this.#renewedAtMs + RENEW_WITHIN_MS - this.#passedMs();
  }

  async #renewAll(): Promise<void> {
    const { clock, log, onLost } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.sleep(RENEW_EVERY_MS, signal).catch(() => {});
      if (signal.aborted) return;
      if (await this.#renewInTime()) continue;
      if (signal.aborted) return;
      this.#isLost = true;
      log.log("error", "the Lease is lost: this controller ends", {});
      onLost();
      return;
    }
  }

  /**
   * False where it is another's, or may be soon: a process that was stopped asks nobody first, and an API server
   * that takes its time is not waited for.
   */
  async #renewInTime(): Promise<boolean> {
    if (this.#leftMs <= 0) return false;
    const over = new AbortController();
    const overdue = this.#options.clock.sleep(this.#leftMs, over.signal).then(
      () => false,
      () => true,
    );
    const renewed = this.#renew().catch((error: Error) => {
      this.#options.log.log("warn", "the Lease is not renewed", { reason: error.message });
      return this.#leftMs > 0;
    });
    const isHeld = await Promise.race([renewed, overdue]);
    over.abort();
    return isHeld;
  }

  /** False where it is another's. */
  async #renew(): Promise<boolean> {
    const { clock } = this.#options;
    const atMs = this.#passedMs();
    const spec = { ...this.#held.spec, renewTime: timeOf(clock) };
    let held = await write(this.#options, this.#held, spec);
    if (held === undefined) {
      // A renewal whose answer was lost is one all the same.
      const found = await read(this.#options);
      if (found?.spec.holderIdentity !== this.#me) return false;
      held = await write(this.#options, found, spec);
    }
    if (held === undefined) return false;
    this.#held = held;
    this.#renewedAtMs = atMs;
    return true;
  }
}

function passedOf({ passedMs = () => performance.now() }: LeadershipOptions): () => number {
  return passedMs;
}

function fenced(): StoreError {
  return new StoreError("fenced", "this controller no longer holds the cluster's Lease");
}

/** As Kubernetes' MicroTime. */
function timeOf(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().replace("Z", "000Z");
}

function pathOf(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

async function read({ connection, namespace }: LeadershipOptions): Promise<LeaseObject | undefined> {
  const answer = await connection.request({ path: `${pathOf(namespace)}/${NAME}` });
  if (answer.status === NOT_FOUND) return undefined;
  if (answer.status !== 200) throw new Error(refusalOf(answer));
  return answer.body as LeaseObject;
}

/** Undefined where another has come between. */
async function write(
  { connection, namespace }: LeadershipOptions,
  before: LeaseObject | undefined,
  spec: LeaseSpec,
): Promise<LeaseObject | undefined> {
  const path = pathOf(namespace);
  const version = before?.metadata.resourceVersion;
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: NAME, namespace, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec,
  };
  const answer = await connection.request(
    before === undefined ? { method: "POST", path, body } : { method: "PUT", path: `${path}/${NAME}`, body },
  );
  if (answer.status === CONFLICT || answer.status === NOT_FOUND) return undefined;
  if (answer.status >= 300) throw new Error(refusalOf(answer));
  return answer.body as LeaseObject;
}
