/**
 * The dynamic table (RFC 7541, section 2.3.2 and 4): entries in the order of their insertion, the
 * newest first. Each counts 32 bytes beside its text.
 */
export type Entry = {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /**
   * Its KnownField, once it has proven to be a field like any other, so that what repeats is looked at
   * once; UNSEEN before, and LOOKED_AT each time where what it means hangs on more than itself.
   */
  known: number;
};

export const UNSEEN = -1;
export const LOOKED_AT = -2;

export const ENTRY_OVERHEAD = 32;

/** A power of two, as every length of a ring. */
const ENTRIES_AT_FIRST = 16;
/** Of a table into which nothing was put, as of every connection on which nothing was said; never written. */
const EMPTY: (Entry | undefined)[] = [];

export class DynamicTable {
  /** A ring: #ring[(#first + i) % length] is the entry with index i, the newest has 0. */
  #ring: (Entry | undefined)[] = EMPTY;
  #first = 0;
  count = 0;
  /** Bytes of all entries, with overhead. */
  bytes = 0;
  bytesMax: number;
  /** Entries that were inserted ever: an entry's own number is `inserted` at that time. */
  inserted = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The entry at `index` from 0, the newest; undefined where there is none. */
  at(index: number): Entry | undefined {
    return index < this.count ? this.#ring[(this.#first + index) & (this.#ring.length - 1)] : undefined;
  }

  /** Evicts down to a new bound. */
  resize(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.#evict(bytesMax);
  }

  /** Inserts two texts, which are the table's from here on; one that is larger than the table empties it, which is no error. */
  insert(name: Uint8Array, value: Uint8Array): Entry {
    const entry = { name, value, known: UNSEEN };
    this.insertAgain(entry);
    return entry;
  }

  /** As `insert`, of an entry that was in the table before, and may still be. */
  insertAgain(entry: Entry): void {
    const size = entry.name.length + entry.value.length + ENTRY_OVERHEAD;
    this.#evict(this.bytesMax - size);
    this.inserted++;
    if (size > this.bytesMax) return;
    if (this.count === this.#ring.length) this.#grow();
    this.#first = (this.#first - 1 + this.#ring.length) & (this.#ring.length - 1);
    this.#ring[this.#first] = entry;
    this.count++;
    this.bytes += size;
  }

  #evict(bytesMax: number): void {
    while (this.count > 0 && this.bytes > bytesMax) {
      const last = (this.#first + --this.count) & (this.#ring.length - 1);
      const entry = this.#ring[last];
      if (entry !== undefined) this.bytes -= entry.name.length + entry.value.length + ENTRY_OVERHEAD;
      this.#ring[last] = undefined;
    }
  }

  #grow(): void {
    const length = Math.max(ENTRIES_AT_FIRST, this.#ring.length * 2);
    const larger = new Array<Entry | undefined>(length).fill(undefined);
    for (let i = 0; i < this.count; i++) larger[i] = this.at(i);
    this.#ring = larger;
    this.#first = 0;
  }
}
