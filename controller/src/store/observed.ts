/** A lease whose writes somebody hears of: for what status says of a disk. */
import type { Clock } from "@regomesh/base";
import { KEEP_AGAIN_MS } from "./keeper.ts";
import { type Lease, StoreError } from "./store.ts";

/**
 * `hear` is told of each write: what the disk said, or undefined where it was taken. Of what was
 * refused it is also told when it would be taken again, whether somebody tries it again or not: an
 * operator's command is refused once, and status must not say so for ever.
 */
export function observed(
  lease: Lease,
  clock: Clock,
  hear: (key: string, refusal: StoreError | undefined) => void,
): Lease {
  const refused = new Set<string>();
  const prove = async (key: string): Promise<void> => {
    while (refused.has(key)) {
      await clock.sleep(KEEP_AGAIN_MS);
      if (!refused.has(key)) return;
      try {
        await lease.prove(key);
        taken(key);
      } catch (error) {
        // Another controller writes now, or this one has ended.
        if (error instanceof StoreError && error.code === "fenced") return;
      }
    }
  };
  const taken = (key: string): void => {
    refused.delete(key);
    hear(key, undefined);
  };
  return {
    epoch: lease.epoch,
    get: (key) => lease.get(key),
    before: (key) => lease.before(key),
    async sync(key, version) {
      try {
        return await lease.sync(key, version);
      } catch (error) {
        if (error instanceof StoreError && error.code === "refused") hear(key, error);
        throw error;
      }
    },
    watch: (key, onChange, signal) => lease.watch(key, onChange, signal),
    prove: (key) => lease.prove(key),
    list: (folder) => lease.list(folder),
    async remove(key) {
      await lease.remove(key);
      taken(key);
    },
    end: () => lease.end(),
    async compareAndSet(key, expected, value, options) {
      try {
        const version = await lease.compareAndSet(key, expected, value, options);
        taken(key);
        return version;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== "refused") throw error;
        hear(key, error);
        if (!refused.has(key)) {
          refused.add(key);
          void prove(key);
        }
        throw error;
      }
    },
  };
}
