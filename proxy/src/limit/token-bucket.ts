/**
 * Token buckets in one Int32Array over a SharedArrayBuffer, so that a limit holds over
 * all workers: a fixed table, open addressing, no lock.
 *
 * A bucket is the generic cell rate algorithm: one number, the time up to which the
 * capacity is used (theoretical arrival time). A request of cost c moves it by
 * c × window / limit; it may lie ahead of now by at most the burst's worth of time.
 * Two words a slot: the key's hash (never 0) and that time in units since the table's
 * epoch: 1/16 ms, or 1/4096 ms where the burst's worth of time is short, so that a
 * million a second are still counted one by one. The hash's last bit says which.
 *
 *     slot: | key hash, fine? | arrival time |
 *
 * Times wrap after 2^32 units (3.1 days; 17 minutes): a difference is what counts. One
 * that is much more than the burst's worth ahead is no time of ours but a wrap, and counts as
 * long past; a little more is what a thread wrote whose request began later than this one. Two keys of one 32-bit hash in one table share a bucket: of 10,000 live keys
 * that befalls about one in 40 tables, and errs on the side of refusing. The hash has a
 * key that the threads of a process share, so that nobody outside can choose the two.
 */
import { type HashKey, KeyedHash } from "./keyed-hash.ts";

const COARSE_UNITS_PER_MS = 16;
const FINE_UNITS_PER_MS = 4096;
/** The burst's worth of time up to which a bucket is counted finely. */
const FINE_ROOM_MS_MAX = 65_536;
/** Below the half of the wrap, with room for one more step. */
const ROOM_UNITS_MAX = 1.5e9;
/** Longest window: a difference of times must stay below half of the wrap. */
export const WINDOW_MS_MAX = 86_400_000;
/**
 * By how much a thread's time may lie behind that of another: it was kept from running since it looked.
 * No more, for a key that comes back a wrap later within that much is refused until it is over.
 */
const LAG_MS_MAX = 2000;
/** Slots looked at for a key before the stalest of them is taken over. */
const PROBES = 8;

export type BucketTable = { readonly words: Int32Array; readonly slots: number; readonly hash: KeyedHash };

/** Behind the slots: the hash's key. */
const KEY_WORDS = 2;

/** Memory of a table of `slots` (a power of two) buckets, for all threads that count together. */
export function makeBucketMemory(slots: number, [k0, k1]: HashKey): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(slots * 8 + KEY_WORDS * 4);
  new Int32Array(buffer).set([k0, k1], slots * 2);
  return buffer;
}

/** The table in memory that `makeBucketMemory` made, for one thread. */
export function openBucketTable(buffer: SharedArrayBuffer): BucketTable {
  const words = new Int32Array(buffer);
  const slots = (words.length - KEY_WORDS) / 2;
  return { words, slots, hash: new KeyedHash([words[slots * 2] ?? 0, words[slots * 2 + 1] ?? 0]) };
}

export type Limit = {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  readonly cost: number;
};

/** How one limit is counted. */
type Scale = { readonly unitsPerMs: number; readonly step: number; readonly room: number };

function scaleOf(limit: Limit): Scale {
  const msPerToken = Math.min(limit.windowMs, WINDOW_MS_MAX) / limit.limit;
  const roomMs = msPerToken * Math.max(limit.burst, 1);
  const unitsPerMs = roomMs <= FINE_ROOM_MS_MAX ? FINE_UNITS_PER_MS : COARSE_UNITS_PER_MS;
  const step = Math.max(1, Math.round(msPerToken * unitsPerMs * limit.cost));
  return { unitsPerMs, step, room: Math.min(ROOM_UNITS_MAX, Math.round(roomMs * unitsPerMs)) };
}

/**
 * 0 where the request is admitted; otherwise milliseconds until it would be, which is never
 * for one that costs more than a burst. `nowMs` counts from the table's epoch.
 */
export function takeTokens(table: BucketTable, keyHash: number, limit: Limit, nowMs: number): number {
  if (limit.cost <= 0) return 0;
  const { words } = table;
  const { unitsPerMs, step, room } = scaleOf(limit);
  if (step > room + 1) return Number.POSITIVE_INFINITY;
  const now = Math.floor(nowMs * unitsPerMs) | 0;
  const slot = findSlot(table, slotKey(keyHash, unitsPerMs), nowMs);
  for (;;) {
    const seen = Atomics.load(words, slot + 1);
    const ahead = aheadOf(seen, now, room + LAG_MS_MAX * unitsPerMs);
    if (ahead + step > room + 1) return Math.max(1, Math.ceil((ahead + step - room) / unitsPerMs));
    if (Atomics.compareExchange(words, slot + 1, seen, (now + ahead + step) | 0) === seen) return 0;
  }
}

/** Gives back what `takeTokens` took, for a request that another limit refused. */
export function giveBackTokens(table: BucketTable, keyHash: number, limit: Limit, nowMs: number): void {
  if (limit.cost <= 0) return;
  const { unitsPerMs, step } = scaleOf(limit);
  Atomics.sub(table.words, findSlot(table, slotKey(keyHash, unitsPerMs), nowMs) + 1, step);
}

/** Units by which a bucket is used beyond now; what is more than `most` is a time that has wrapped. */
function aheadOf(seen: number, now: number, most: number): number {
  const ahead = (seen - now) | 0;
  return ahead < 0 || ahead > most + 1 ? 0 : ahead;
}

function slotKey(keyHash: number, unitsPerMs: number): number {
  const key = (keyHash & ~1) | (unitsPerMs === FINE_UNITS_PER_MS ? 1 : 0);
  return key === 0 ? 2 : key;
}

function unitsOf(key: number): number {
  return (key & 1) === 1 ? FINE_UNITS_PER_MS : COARSE_UNITS_PER_MS;
}

/** Word offset of the key's slot; a new key takes an empty slot, or the one unused for longest. */
function findSlot(table: BucketTable, key: number, nowMs: number): number {
  const { words, slots } = table;
  const home = (Math.imul(key, 0x9e3779b1) >>> 0) % slots;
  let victim = -1;
  let victimAheadMs = 0;
  for (let probe = 0; probe < PROBES; probe++) {
    const slot = ((home + probe) % slots) * 2;
    const found = Atomics.load(words, slot);
    if (found === key) return slot;
    if (found === 0) {
      const raced = claim(words, slot, 0, key, nowMs);
      if (raced === 0 || raced === key) return slot;
    }
    const units = unitsOf(Atomics.load(words, slot));
    const aheadMs = ((Atomics.load(words, slot + 1) - Math.floor(nowMs * units)) | 0) / units;
    if (victim < 0 || aheadMs < victimAheadMs) {
      victim = slot;
      victimAheadMs = aheadMs;
    }
  }
  // A full bucket (time not ahead of now) says nothing that a fresh one does not.
  claim(words, victim, Atomics.load(words, victim), key, nowMs);
  return victim;
}

/**
 * Gives a slot to another key, and starts its time now; what the slot's key was when it was
 * tried. Between the two, another thread may find the key and count a request: its word stays.
 */
function claim(words: Int32Array, slot: number, from: number, key: number, nowMs: number): number {
  const before = Atomics.load(words, slot + 1);
  const found = Atomics.compareExchange(words, slot, from, key);
  if (found === from) Atomics.compareExchange(words, slot + 1, before, Math.floor(nowMs * unitsOf(key)) | 0);
  return found;
}

/** What tells a limit from any other: another rate is another bucket. */
export function hashLimitKey(
  { hash }: BucketTable,
  scope: string,
  key: string,
  limit: number,
  windowMs: number,
): number {
  hash.begin();
  hash.word(limit);
  hash.word(windowMs);
  hash.text(scope);
  hash.text(key);
  return hash.end();
}
