import type { ControllerOptions } from "./controller-options.ts";
import { LOOK_EVERY_MS } from "./git/source.ts";
import type { Rollout } from "./release/rollout.ts";
import type { OperatedSource } from "./sources/operated-source.ts";

/** An empty repository has its first commit to come: where there is nothing else to serve, that is waited for. */
export async function awaitFirstCommit(
  source: OperatedSource,
  rollout: Rollout,
  { clock, signal }: ControllerOptions,
): Promise<void> {
  while (rollout.release === undefined && source.isEmpty && signal?.aborted !== true) {
    await clock.sleep(LOOK_EVERY_MS, signal ?? new AbortController().signal).catch(() => {});
    await source.look();
  }
  // While sources were gathered nothing was said of it: of a cluster all goes in force that is not at fault itself.
  if (rollout.release === undefined && signal?.aborted !== true) await source.look();
}
