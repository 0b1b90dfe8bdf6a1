/**
 * Token buckets in one Int32Array over a SharedArrayBuffer, so that a limit holds over
 * all workers: a fixed table, open addressing, no lock.
 *
 * A bucket is the generic cell rate algorithm: one number, the time up to which the
 * capacity is used (theoretical arrival time). A request of cost c moves it by
 * c × window / limit; it may lie ahead of now by at most the burst's worth of time.
 * Two words a slot: the key's hash (never 0) and that time in units of a 1/16 ms since
 * the table's epoch. One compare-and-swap admits a request.
 *
 *     slot: | key hash | arrival time |
 *
 * Times wrap after 2^32 / 16 ms (3.1 days): a difference is what counts, so windows are
 * bounded by a day. Two keys of one 32-bit hash in one table share a bucket: of 10,000
 * live keys that befalls about one in 80 tables, and errs on the side of refusing.
 */
export const UNITS_PER_MS = 16;
/** Longest window: a difference of times must stay below half of the wrap. */
export const WINDOW_MS_MAX = 86_400_000;
/** Slots looked at for a key before the stalest of them is taken over. */
const PROBES = 8;

export type BucketTable = { readonly words: Int32Array; readonly slots: number };

/** Bytes of a table of `slots` buckets; a power of two. */
export function bucketTableBytes(slots: number): number {
  return slots * 8;
}

export function openBucketTable(buffer: SharedArrayBuffer | ArrayBuffer): BucketTable {
  const words = new Int32Array(buffer);
  return { words, slots: words.length / 2 };
}

export type Limit = {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  readonly cost: number;
};

/** 0 where the request is admitted; otherwise milliseconds until it would be. `nowMs` counts from the table's epoch. */
export function takeTokens(table: BucketTable, keyHash: number, limit: Limit, nowMs: number): number {
  const { words } = table;
  const now = Math.floor(nowMs * UNITS_PER_MS) | 0;
  const slot = findSlot(table, keyHash === 0 ? 1 : keyHash, now);
  const unitsPerToken = (Math.min(limit.windowMs, WINDOW_MS_MAX) * UNITS_PER_MS) / limit.limit;
  const step = Math.max(1, Math.round(unitsPerToken * limit.cost));
  const room = Math.round(unitsPerToken * Math.max(limit.burst, 1));
  for (;;) {
    const seen = Atomics.load(words, slot + 1);
    const ahead = Math.max(0, (seen - now) | 0);
    if (limit.cost > 0 && ahead + step > room + 1) return Math.max(1, Math.ceil((ahead + step - room) / UNITS_PER_MS));
    const next = (now + ahead + (limit.cost > 0 ? step : 0)) | 0;
    if (Atomics.compareExchange(words, slot + 1, seen, next) === seen) return 0;
  }
}

/** Gives back what `takeTokens` took, for a request that another limit refused. */
export function giveBackTokens(table: BucketTable, keyHash: number, limit: Limit, nowMs: number): void {
  const now = Math.floor(nowMs * UNITS_PER_MS) | 0;
  const slot = findSlot(table, keyHash === 0 ? 1 : keyHash, now);
  const step = Math.max(
    1,
    Math.round(((Math.min(limit.windowMs, WINDOW_MS_MAX) * UNITS_PER_MS) / limit.limit) * limit.cost),
  );
  Atomics.sub(table.words, slot + 1, step);
}

/** Word offset of the key's slot; a new key takes an empty slot, or the one unused for longest. */
function findSlot(table: BucketTable, keyHash: number, now: number): number {
  const { words, slots } = table;
  const home = (Math.imul(keyHash, 0x9e3779b1) >>> 0) % slots;
  let victim = -1;
  let victimAhead = 0;
  for (let probe = 0; probe < PROBES; probe++) {
    const slot = ((home + probe) % slots) * 2;
    const key = Atomics.load(words, slot);
    if (key === keyHash) return slot;
    if (key === 0) {
      const raced = Atomics.compareExchange(words, slot, 0, keyHash);
      if (raced === 0) Atomics.store(words, slot + 1, now);
      if (raced === 0 || raced === keyHash) return slot;
    }
    const ahead = (Atomics.load(words, slot + 1) - now) | 0;
    if (victim < 0 || ahead < victimAhead) {
      victim = slot;
      victimAhead = ahead;
    }
  }
  // A full bucket (time not ahead of now) says nothing that a fresh one does not.
  const old = Atomics.load(words, victim);
  if (Atomics.compareExchange(words, victim, old, keyHash) === old) Atomics.store(words, victim + 1, now);
  return victim;
}

/** FNV-1a over UTF-16 units, seeded with the limit's own numbers: another rate is another bucket. */
export function hashLimitKey(scope: string, key: string, limit: number, windowMs: number): number {
  let hash = Math.imul(0x811c9dc5 ^ limit, 0x01000193) ^ windowMs;
  for (let i = 0; i < scope.length; i++) hash = Math.imul(hash ^ scope.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 0x1f, 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash | 0;
}
