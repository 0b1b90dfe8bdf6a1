/**
 * The files from which proxies join: a token each, for the workloads that the operator names.
 * A disk that takes none now is asked again: what runs already needs none.
 */
import { type Clock, isDiskRefusal, type Log } from "@regomesh/base";
import { SECRET, writeWhole } from "@regomesh/base/node";
import type { JoinTokenFile } from "@regomesh/protocol";
import { KEEP_AGAIN_MS } from "../store/keeper.ts";
import { StoreError } from "../store/store.ts";
import type { JoinTokens } from "./ca/join-tokens.ts";

export type JoinTokenOrder = {
  readonly file: string;
  readonly spiffeId: string;
  /** `namespace/name` */
  readonly workload: string;
};

/** The token that a file will hold, once there is one: a file that is not taken is no reason for another token. */
type Made = { token: string | undefined; expiresAtMs: number };

export type JoinTokenFilesOptions = {
  readonly tokens: JoinTokens;
  /** What a proxy pins: PEM. */
  readonly caPem: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told what the disk says of a file; undefined once it is written. */
  readonly hear: (file: string, refusal: string | undefined) => void;
  /** Writes a file whole or not at all. */
  readonly write?: typeof writeWhole;
};

/** Writes them. Throws where it is not the disk that refuses one. */
export async function writeJoinTokenFiles(
  orders: readonly JoinTokenOrder[],
  options: JoinTokenFilesOptions,
): Promise<void> {
  for (const order of orders) {
    const made: Made = { token: undefined, expiresAtMs: 0 };
    const refusal = await tryWrite(order, made, options);
    if (refusal !== undefined) void writeLater(order, made, options);
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
    if (made.token === undefined || made.expiresAtMs <= clock.nowMs()) {
      const { token, expiresAtMs } = await tokens.create({ spiffeId, workload }, clock.nowMs());
      Object.assign(made, { token, expiresAtMs });
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
