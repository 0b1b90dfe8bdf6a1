/**
 * Keeps the proxy's identity good: from the state folder, by join token the first time,
 * by the current SVID ever after, at half of its life. A controller that is away is
 * asked again and again; the old SVID serves to its end. A token that was refused is not
 * tried again: another one in its file is. Where the controller refuses the SVID itself,
 * which was taken back, only a token can help.
 */
import { X509Certificate } from "node:crypto";
import type { Clock, Log, Random } from "@regomesh/base";
import type { IssueReply, JoinTokenFile } from "@regomesh/protocol";
import { type BackoffSettings, backoffMs, RECONNECT, renewAfterMs } from "../../control/backoff.ts";
import { GrpcStatus } from "../../grpc/status.ts";
import type { Identity } from "../net/tls.ts";
import { issue } from "./channel.ts";
import { encodeCsr, makeKeyPem } from "./csr.ts";
import { makeIdentity } from "./identity-folder.ts";
import { readJoinToken } from "./join-token.ts";
import type { StateFolder } from "./state-folder.ts";

export type KeeperOptions = {
  readonly address: string;
  /** `namespace/name` */
  readonly workload: string;
  /** Or a controller's Unix socket. */
  readonly tokenFile: string | undefined;
  readonly state: StateFolder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told each new identity, also the first. */
  readonly onIdentity: (identity: Identity) => Promise<void>;
  /** Told why there is none yet. */
  readonly onWaiting: (reason: string) => void;
};

export class IdentityKeeper {
  readonly #options: KeeperOptions;
  #identity: Identity | undefined = undefined;
  #renewAtMs = 0;
  /** A join token that the controller has refused, and in which words. */
  #refused: { readonly token: string; readonly why: string } | undefined = undefined;
  /** The refusal for which another identity was asked for last. */
  #renewedFor = { words: "", atMs: 0 };

  /** Ends a wait for the time to renew. */
  #wake = new AbortController();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** The first identity: the one kept, or one by join token, however long that takes. */
  async first(): Promise<Identity> {
    const { state, clock, random, log, signal, onWaiting } = this.#options;
    const { identity: kept, fault } = await state.readIdentity();
    if (fault !== undefined) log.log("warn", "the identity that is kept is not used", { reason: fault });
    if (kept !== undefined && kept.notAfterMs > clock.nowMs()) return await this.#take(kept, false);
    let said = "";
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#take(await this.#join(), true);
      } catch (error) {
        const why = describeError(error);
        onWaiting(`no identity yet: ${why}`);
        if (why !== said || attempt % SAY_AGAIN === 0) log.log("warn", "no identity yet", { error: why, attempt });
        said = why;
        await clock.sleep(backoffMs(RECONNECT, attempt, random), signal);
      }
    }
  }

  /** Renews for as long as the signal lets it. */
  async keep(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const leftMs = this.#renewAtMs - clock.nowMs();
      if (leftMs <= 0) await this.#renewAtLast();
      else
        await clock.sleep(Math.min(leftMs, SLEEP_MAX_MS), AbortSignal.any([signal, this.#wake.signal])).catch(() => {});
    }
    signal.throwIfAborted();
  }

  /**
   * The controller refuses who we are, in these words: where there is a token file, another identity is asked for at
   * once. Where another did not help, not before a minute.
   */
  renewNow(why: string): void {
    const nowMs = this.#options.clock.nowMs();
    const { words, atMs } = this.#renewedFor;
    if (this.#options.tokenFile === undefined || (words === why && nowMs - atMs < RENEW_REFUSED_MS)) return;
    this.#renewedFor = { words: why, atMs: nowMs };
    this.rotate();
  }

  /** Another key and certificate at once, however long the present one is good. */
  rotate(): void {
    this.#renewAtMs = 0;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  async #renewAtLast(): Promise<void> {
    const { clock, random, log, signal } = this.#options;
    let said = "";
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const { notAfterMs } = await this.#take(await this.#renew(), true);
        return log.log("info", "the SVID was renewed", { notAfterMs });
      } catch (error) {
        if (signal.aborted) throw error;
        const why = describeError(error);
        if (why !== said || attempt % SAY_AGAIN === 0)
          log.log("warn", "the SVID could not be renewed", { error: why, attempt });
        said = why;
        await clock.sleep(backoffMs(RENEW_AGAIN, attempt, random), signal);
      }
    }
  }

  async #take(identity: Identity, isNew: boolean): Promise<Identity> {
    // At once in use, whether it can be kept or not: the one before runs out.
    const kept = isNew ? this.#options.state.keepIdentity(identity) : undefined;
    const { clock, random } = this.#options;
    this.#identity = identity;
    this.#renewAtMs = clock.nowMs() + renewAfterMs(clock.nowMs(), identity.notAfterMs, random);
    await this.#options.onIdentity(identity);
    await kept;
    return identity;
  }

  async #join(): Promise<Identity> {
    const { address, state, tokenFile } = this.#options;
    const token = await this.#readToken();
    if (this.#refused?.token === token.token) {
      throw new Error(`${this.#refused.why}: ${tokenFile} needs another one, which regomesh token create writes`);
    }
    let keyPem = await state.readPendingKey();
    if (keyPem === undefined) {
      keyPem = makeKeyPem();
      await state.keepPendingKey(keyPem);
    }
    const csrDer = encodeCsr(keyPem);
    const asking = { address, rootPem: token.caPem, csrDer, identity: undefined, joinToken: token.token };
    const reply = await issue(asking).catch((error: unknown) => {
      if (isRefusal(error)) this.#refused = { token: token.token, why: describeError(error) };
      throw error;
    });
    return this.#toIdentity(keyPem, reply, token.spiffeId);
  }

  /** A new key for each certificate; past its end only the token can help. */
  async #renew(): Promise<Identity> {
    const identity = this.#identity as Identity;
    if (identity.notAfterMs <= this.#options.clock.nowMs()) return await this.#join();
    const keyPem = makeKeyPem();
    const csrDer = encodeCsr(keyPem);
    const { address, tokenFile } = this.#options;
    try {
      const reply = await issue({ address, rootPem: identity.bundlePem, csrDer, identity, joinToken: "" });
      return this.#toIdentity(keyPem, reply, identity.spiffeId);
    } catch (error) {
      if (tokenFile === undefined || !isRefusal(error)) throw error;
      return await this.#join();
    }
  }

  /** The identity that a reply gives, if it is the one that was meant, and good now. */
  #toIdentity(keyPem: string, reply: IssueReply, wanted: string): Identity {
    const identity = makeIdentity(keyPem, reply.certificateChainPem, reply.trustBundlePem, "the controller's reply");
    if (identity.spiffeId !== wanted)
      throw new Error(`the controller gave ${identity.spiffeId} where ${wanted} was meant`);
    const nowMs = this.#options.clock.nowMs();
    const begunMs = nowMs - new X509Certificate(identity.chainPem).validFromDate.getTime();
    const leftMs = identity.notAfterMs - nowMs;
    if (leftMs > 0 && begunMs >= 0) return identity;
    const off = leftMs <= 0 ? `ended ${inSeconds(-leftMs)} ago` : `begins in ${inSeconds(-begunMs)}`;
    throw new Error(`the identity that the controller gave ${off} by this machine's clock: the two clocks differ`);
  }

  async #readToken(): Promise<JoinTokenFile> {
    const { tokenFile, workload } = this.#options;
    if (tokenFile === undefined) {
      throw new Error(
        "no identity is kept that is good, and there is no --join-token-file: start with the file that regomesh token create writes",
      );
    }
    return await readJoinToken(tokenFile, workload);
  }
}

/** Within a timer's own bound, and short enough that a clock that jumps is noticed. */
const SLEEP_MAX_MS = 3_600_000;
const RENEW_REFUSED_MS = 60_000;
const RENEW_AGAIN: BackoffSettings = { firstMs: 500, maxMs: 10_000 };

/** What goes on failing in the same words is said anew so seldom. */
const SAY_AGAIN = 30;

function inSeconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}

/** The controller answered, and said no to who asks: asking again in the same words changes nothing. */
export function isRefusal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return REFUSALS.includes(code as GrpcStatus);
}

const REFUSALS: readonly GrpcStatus[] = [
  GrpcStatus.unauthenticated,
  GrpcStatus.permissionDenied,
  GrpcStatus.invalidArgument,
  GrpcStatus.failedPrecondition,
];

/** gRPC's details where there are any, else the error's own words. */
export function describeError(error: unknown): string {
  const { details, message } = error as { readonly details?: string; readonly message?: string };
  return details || message || String(error);
}
