/**
 * Memory that a storm has left: a thousand proxies that connect, or take a release, at once leave
 * buffers beside the heap of which V8 knows by a few young objects alone, and so does not collect
 * them. Soon after the last of it all is collected, where that is worth the tenth of a second that a
 * thousand proxies take; a good while after it again as thoroughly as can be, for three times as long.
 */

/** After which nothing of it is under way any more. */
const QUIET_MS = 2000;
/** After which nothing else is to be expected. */
const LONG_QUIET_MS = 30_000;
/** What a process has grown by since the last time, at least. */
const GROWN_BYTES = 24 * 1024 * 1024;

export type GiveBackOptions = {
  readonly quietMs?: number;
  readonly longQuietMs?: number;
  readonly residentBytes?: () => number;
  /** Node's own where it is started with `--expose-gc`; without one nothing is given back. */
  readonly collect?: (isThorough: boolean) => void;
};

/** `busy` says that something is under way. */
export function giveBackAfter({
  quietMs = QUIET_MS,
  longQuietMs = LONG_QUIET_MS,
  residentBytes = () => process.memoryUsage.rss(),
  collect = collectAll,
}: GiveBackOptions = {}): { readonly busy: () => void; readonly stop: () => void } {
  // What the start has left is given back in any case.
  let beforeBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (isThorough: boolean) => {
    timer = isThorough ? undefined : setTimeout(() => look(true), longQuietMs - quietMs).unref();
    if (residentBytes() - beforeBytes < GROWN_BYTES && !isThorough) return;
    collect(isThorough);
    if (isThorough) beforeBytes = residentBytes();
  };
  return {
    busy: () => {
      clearTimeout(timer);
      timer = setTimeout(() => look(false), quietMs).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

function collectAll(isThorough: boolean): void {
  globalThis.gc?.({ execution: "sync", type: "major", ...(isThorough ? { flavor: "last-resort" } : {}) });
}
