/**
 * The files from which proxies join: a token each, for the workloads that the operator names.
 * A disk that takes none now is asked again: what runs already needs none.
 *
 * A file whose token is spent is given another one where somebody asks by it in vain and nobody
 * has that workload's identity any more: so a proxy that slept past the end of its own comes back
 * by itself. While one is good, a second key may be a thief's; and once something was taken back,
 * who is let in again is the operator's word.
 */
import { type Clock, isDiskRefusal, type Log } from "@regomesh/base";
import { SECRET, writeWhole } from "@regomesh/base/node";
import type { JoinTokenFile } from "@regomesh/protocol";
import { KEEP_AGAIN_MS } from "../store/keeper.ts";
import { StoreError } from "../store/store.ts";
import type { Joining, JoinTokens } from "./ca/join-tokens.ts";

/** Certificates count in whole seconds. */
const MOMENT_MS = 1000;
/** Within a timer's own bound. */
const SLEEP_MAX_MS = 3_600_000;

export type JoinTokenOrder = {
  readonly file: string;
  readonly spiffeId: string;
  /** `namespace/name` */
  readonly workload: string;
};

/** The token that a file will hold, once there is one: a file that is not taken is no reason for another token. */
type Made = { token: string | undefined; atMs: number; expiresAtMs: number };

/** A file as it is kept good. */
type Kept = {
  readonly order: JoinTokenOrder;
  made: Made;
  /** When the last identity ends that this workload was given; 0 where it was given none. */
  heldUntilMs: number;
  /** Somebody has asked by its spent token. */
  isWanted: boolean;
};

export type JoinTokenFiles = {
  /** An identity was given: to any workload of its SPIFFE ID where none is named. */
  issued(joining: Joining, notAfterMs: number): void;
  /** A token let nobody in. */
  refused(token: string): void;
};

export type JoinTokenFilesOptions = {
  readonly tokens: JoinTokens;
  /** What a proxy pins: PEM. */
  readonly caPem: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told what the disk says of a file; undefined once it is written. */
  readonly hear: (file: string, refusal: string | undefined) => void;
  /** Whether anything was taken back since that may be what was issued then. */
  readonly isTakenBackSince: (joining: Joining, sinceMs: number) => boolean;
  /** Writes a file whole or not at all. */
  readonly write?: typeof writeWhole;
};

/** Writes them. Throws where it is not the disk that refuses one. */
export async function openJoinTokenFiles(
  orders: readonly JoinTokenOrder[],
  options: JoinTokenFilesOptions,
): Promise<JoinTokenFiles> {
  const files: Kept[] = [];
  for (const order of orders) {
    const made: Made = { token: undefined, atMs: 0, expiresAtMs: 0 };
    const refusal = await tryWrite(order, made, options);
    if (refusal !== undefined) void writeLater(order, made, options);
    files.push({ order, made, heldUntilMs: 0, isWanted: false });
  }
  return {
    issued({ spiffeId, workload }, notAfterMs) {
      for (const file of files) {
        if (workload === undefined ? file.order.spiffeId !== spiffeId : file.order.workload !== workload) continue;
        file.heldUntilMs = Math.max(file.heldUntilMs, notAfterMs);
      }
    },
    refused(token) {
      const file = files.find(({ made }) => made.token === token);
      if (file !== undefined && !file.isWanted) void writeAnother(file, options);
    },
  };
}

/** Once nobody has an identity of the workload, and unless one was taken back. */
async function writeAnother(file: Kept, options: JoinTokenFilesOptions): Promise<void> {
  const { clock, log, signal, isTakenBackSince } = options;
  const { order, made: spent } = file;
  file.isWanted = true;
  try {
    for (let leftMs = 1; leftMs > 0; leftMs = file.heldUntilMs + MOMENT_MS - clock.nowMs())
      await clock.sleep(Math.min(leftMs, SLEEP_MAX_MS), signal);
    const facts = { workload: order.workload, file: order.file };
    if (isTakenBackSince(order, spent.atMs))
      return log.log("warn", "no other join token is written: what its workload had was taken back", facts);
    file.made = { token: undefined, atMs: 0, expiresAtMs: 0 };
    const refusal = await tryWrite(order, file.made, options);
    if (refusal !== undefined) await writeLater(order, file.made, options);
    log.log("info", "another join token is written: nobody has the identity of its workload", facts);
  } catch (error) {
    if (!signal.aborted) log.log("error", "a join token is not written", { reason: (error as Error).message });
  } finally {
    file.isWanted = false;
  }
}

async function writeLater(order: JoinTokenOrder, made: Made, options: JoinTokenFilesOptions): Promise<void> {
  const { clock, log, signal } = options;
  try {
    do await clock.sleep(KEEP_AGAIN_MS, signal);
    while ((await tryWrite(order, made, options)) !== undefined);
  } catch (error) {
    if (!signal.aborted) log.log("error", "a join token is not written", { reason: (error as Error).message });
  }
}

/** What the disk said, or undefined where the file is written. */
async function tryWrite(
  { file, spiffeId, workload }: JoinTokenOrder,
  made: Made,
  options: JoinTokenFilesOptions,
): Promise<string | undefined> {
  const { tokens, caPem, clock, hear, write = writeWhole } = options;
  try {
    const nowMs = clock.nowMs();
    if (made.token === undefined || made.expiresAtMs <= nowMs) {
      const { token, expiresAtMs } = await tokens.create({ spiffeId, workload }, nowMs);
      Object.assign(made, { token, atMs: nowMs, expiresAtMs });
    }
    const content: JoinTokenFile = { token: made.token ?? "", spiffeId, caPem };
    await write(file, `${JSON.stringify(content)}\n`, SECRET);
    hear(file, undefined);
    return undefined;
  } catch (error) {
    const isRefused = isDiskRefusal(error) || (error instanceof StoreError && error.code === "refused");
    if (!isRefused) throw error;
    const refusal = `the join token ${file} is not written: ${(error as Error).message}`;
    hear(file, refusal);
    return refusal;
  }
}
