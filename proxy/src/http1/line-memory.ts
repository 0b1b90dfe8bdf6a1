/**
 * Field lines of a message before on the same connection. Who sends one message after the other says nearly the same
 * lines with each: a line that is, byte for byte, the one that stood at its place then is not read again, for what was
 * found of it then is what would be found now. It is never a connection's first message that is remembered (many have
 * no second), and none of another connection: how long a comparison takes must tell nobody what others send. (Between
 * sidecars one connection carries what all clients of a workload send: they are told apart by nobody behind it.)
 */
import { type Head, NO_BYTES } from "./head.ts";
import { viewFor } from "./words.ts";

/** Of lines beyond, those that fit are remembered: most heads have less than half of it. */
const LINES_BYTES_MAX = 2048;
/** Messages of which some line was another, until what is remembered is one of them: a date changes once a second, an id each time. */
const STALE_AT = 8;

/** Of a head whose lines all end as they should. */
const EMPTY_LINE_BYTES = 2;
/** Bytes that are compared at once, as a float. */
const FLOAT_BYTES = 8;
/** Of each line four places (its start, the name's end, the value's, the line's own is the next one's start), and what it is. */
const WIDTH = 5;
const NAME = 0xff;
const MARKED = 0x100;
const NO_TABLE = new Int32Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

export class LineMemory {
  /** Of the remembered lines, counted from the first one's start; behind them the last one's end. */
  #table: Int32Array = NO_TABLE;
  #bytes: Uint8Array = NO_BYTES;
  #view: DataView = NO_VIEW;
  #count = 0;
  /** Lines of the head that is being read which were as remembered. */
  #recalled = 0;
  #isFirst = true;
  #stale = 0;

  /** A head's lines are to be read. */
  begin(): void {
    this.#recalled = 0;
  }

  /**
   * Notes the fields of the lines from `at` on that are as they were, up to `fieldsMax`; gives the start of the first
   * one that is not, or may not be whole.
   */
  recall(head: Head, at: number, limit: number, fieldsMax: number): number {
    const first = head.fieldCount;
    if (first >= this.#count) return at;
    const table = this.#table;
    const from = table[first * WIDTH]!;
    const end = from + this.#sameFrom(head.bytes, at, from, limit);
    const most = Math.min(this.#count, fieldsMax);
    let last = first;
    while (last < most && table[(last + 1) * WIDTH]! <= end) last++;
    if (last === first) return at;
    this.#recalled += last - first;
    noteAll(head, table, last, at - from);
    return table[last * WIDTH]! + at - from;
  }

  /**
   * How many bytes from `at` on are as the remembered ones from `from` on. Floats are equal where their bytes are, but for
   * zero and its negative, and what is no number: the former is bytes that no line has which was read, the latter is
   * equal to nothing, and so read again.
   */
  #sameFrom(bytes: Uint8Array, at: number, from: number, limit: number): number {
    const view = viewFor(bytes);
    const mine = this.#view;
    const length = Math.min(limit - at, this.#table[this.#count * WIDTH]! - from);
    let to = 0;
    for (const last = length - FLOAT_BYTES; to <= last; to += FLOAT_BYTES) {
      if (view.getFloat64(at + to, true) !== mine.getFloat64(from + to, true)) break;
    }
    while (to < length && bytes[at + to] === this.#bytes[from + to]) to++;
    return to;
  }

  /** The lines of a head have been read, and the empty line, up to `next`. */
  settle(head: Head, next: number): void {
    if (this.#recalled === head.fieldCount || head.fieldCount === 0 || head.isLoose) return;
    if (this.#isFirst) this.#isFirst = false;
    else if (this.#recalled * 2 < head.fieldCount || ++this.#stale >= STALE_AT)
      this.#learn(head, next - EMPTY_LINE_BYTES);
  }

  #learn(head: Head, end: number): void {
    const { spans, bytes } = head;
    const start = spans[0]!;
    const endOf = (index: number): number => (index + 1 < head.fieldCount ? spans[(index + 1) * 4]! : end) - start;
    let count = head.fieldCount;
    while (count > 0 && endOf(count - 1) > LINES_BYTES_MAX) count--;
    this.#stale = 0;
    this.#count = count;
    if (count === 0) return;
    const length = endOf(count - 1);
    const tableBytes = (count * WIDTH + 1) * 4;
    const memory = this.#roomFor(tableBytes, length);
    const table = new Int32Array(memory, 0, count * WIDTH + 1);
    for (let index = 0; index < count; index++) {
      for (let place = 0; place < 4; place++) table[index * WIDTH + place] = spans[index * 4 + place]! - start;
      table[index * WIDTH + 4] = head.names[index]! | (head.marks[index] === 1 ? MARKED : 0);
    }
    table[count * WIDTH] = length;
    this.#table = table;
    this.#bytes = new Uint8Array(memory, tableBytes);
    this.#view = new DataView(memory, tableBytes);
    this.#bytes.set(bytes.subarray(start, start + length));
  }

  #roomFor(tableBytes: number, bytes: number): ArrayBuffer {
    const { buffer } = this.#table as Int32Array<ArrayBuffer>;
    return buffer.byteLength >= tableBytes + bytes ? buffer : new ArrayBuffer(tableBytes + bytes);
  }
}

/** Notes the remembered fields from the head's next one up to `last`, `moved` bytes behind where they were. */
function noteAll(head: Head, table: Int32Array, last: number, moved: number): void {
  let { present, repeated } = head;
  for (let index = head.fieldCount; index < last; index++) {
    head.reserve();
    head.fieldCount = index + 1;
    const { spans, names, marks } = head;
    const at = index * WIDTH;
    const kind = table[at + 4]!;
    const place = index * 4;
    spans[place] = table[at]! + moved;
    spans[place + 1] = table[at + 1]! + moved;
    spans[place + 2] = table[at + 2]! + moved;
    spans[place + 3] = table[at + 3]! + moved;
    names[index] = kind & NAME;
    marks[index] = 0;
    if ((kind & MARKED) !== 0) head.withhold(index);
    // Of those without a number of their own nothing is counted.
    const bit = (1 << (kind & NAME)) & ~1;
    repeated |= present & bit;
    present |= bit;
  }
  head.present = present;
  head.repeated = repeated;
}
