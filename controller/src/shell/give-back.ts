/**
 * Memory that a storm has left: a thousand proxies that connect, or take a release, at once leave
 * buffers beside the heap of which V8 knows by a few young objects alone, and so does not collect
 * them. A while after the last of it all is collected, where that is worth a tenth of a second.
 */

/** After which nothing of it is under way any more. */
const QUIET_MS = 5000;
/** What a process has grown by since the last time, at least. */
const GROWN_BYTES = 48 * 1024 * 1024;

export type GiveBackOptions = {
  readonly quietMs?: number;
  readonly residentBytes?: () => number;
  /** Node's own where it is started with `--expose-gc`; without one nothing is given back. */
  readonly collect?: (() => void) | undefined;
};

/** `busy` says that something is under way. */
export function giveBackAfter({
  quietMs = QUIET_MS,
  residentBytes = () => process.memoryUsage.rss(),
  collect = () => globalThis.gc?.({ execution: "sync", type: "major", flavor: "last-resort" }),
}: GiveBackOptions = {}): { readonly busy: () => void; readonly stop: () => void } {
  // What the start has left is given back in any case.
  let beforeBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    timer = undefined;
    if (residentBytes() - beforeBytes < GROWN_BYTES) return;
    collect();
    beforeBytes = residentBytes();
  };
  return {
    busy: () => {
      if (timer === undefined) timer = setTimeout(look, quietMs).unref();
      else timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}
