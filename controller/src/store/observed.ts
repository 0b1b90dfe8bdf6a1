/** A lease whose writes somebody hears of: for what status says of a disk. */
import { type Lease, StoreError } from "./store.ts";

/** `hear` is told of each write: what the disk said, or undefined where it was taken. */
export function observed(lease: Lease, hear: (key: string, refusal: StoreError | undefined) => void): Lease {
  return {
    epoch: lease.epoch,
    get: (key) => lease.get(key),
    watch: (key, onChange, signal) => lease.watch(key, onChange, signal),
    end: () => lease.end(),
    async compareAndSet(key, expected, value, options) {
      try {
        const version = await lease.compareAndSet(key, expected, value, options);
        hear(key, undefined);
        return version;
      } catch (error) {
        if (error instanceof StoreError && error.code === "refused") hear(key, error);
        throw error;
      }
    },
  };
}
