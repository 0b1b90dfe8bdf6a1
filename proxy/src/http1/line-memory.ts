/**
 * Field lines of a message before on the same connection. Who sends one message after the other says nearly the same
 * lines with each: a line that is, byte for byte, the one that stood at its place then is not read again, for what was
 * found of it then is what would be found now. It is never a connection's first message that is remembered (many have
 * no second), and none of another connection: how long a comparison takes must tell nobody what others send. (Between
 * sidecars one connection carries what all clients of a workload send: they are told apart by nobody behind it.)
 */
import type { Head } from "./head.ts";
import { type LineRooms, ROOM_BYTES } from "./line-rooms.ts";
import { viewFor } from "./words.ts";

/** Of lines beyond, those that fit are remembered: most heads have less than half of it. */
const LINES_BYTES_MAX = 2048;
/** Messages of which some line was another, until what is remembered is one of them: a date changes once a second, an id each time. */
const STALE_AT = 8;

/** Of a head whose lines all end as they should. */
const EMPTY_LINE_BYTES = 2;
/** Bytes that are compared at once, as a float. */
const FLOAT_BYTES = 8;
/**
 * Of each line five numbers of two bytes: its start, the name's end, the value's start and end, and what it is. Its own
 * end is the next one's start, and behind the last line's numbers there is that of the one that would follow.
 */
const PLACE_BYTES = 2;
const KIND_AT = 4 * PLACE_BYTES;
const ROW_BYTES = KIND_AT + PLACE_BYTES;
const NAME = 0xff;
const MARKED = 0x100;
const NO_VIEW = new DataView(new ArrayBuffer(0));

export class LineMemory {
  /**
   * Of the remembered lines, whose places are counted from the first one's start; behind that their bytes. All of it from
   * `#at` on.
   */
  #rows: DataView = NO_VIEW;
  #at = 0;
  #count = 0;
  /** Whose memory that is; -1: its own. */
  #room = -1;
  #isClosed = false;
  /** Lines of the head that is being read which were as remembered. */
  #recalled = 0;
  #isFirst = true;
  #stale = 0;
  readonly #rooms: LineRooms | undefined;

  /** `rooms`: where it has its place until it is closed; otherwise in memory of its own, of one connection among few. */
  constructor(rooms?: LineRooms) {
    this.#rooms = rooms;
  }

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
    const count = this.#count;
    if (first >= count) return at;
    const rows = this.#rows;
    const base = this.#at;
    const from = startOf(rows, base, first);
    const lines = base + linesAt(count);
    const same = sameFrom(head.bytes, at, limit, rows, lines + from, lines + startOf(rows, base, count));
    const most = Math.min(count, fieldsMax);
    let last = first;
    while (last < most && startOf(rows, base, last + 1) <= from + same) last++;
    if (last === first) return at;
    this.#recalled += last - first;
    noteAll(head, rows, base, last, at - from);
    return startOf(rows, base, last) + at - from;
  }

  /** The lines of a head have been read, and the empty line, up to `next`. */
  settle(head: Head, next: number): void {
    if (this.#recalled === head.fieldCount || head.fieldCount === 0 || head.isLoose || this.#isClosed) return;
    if (this.#isFirst) this.#isFirst = false;
    else if (this.#recalled * 2 < head.fieldCount || ++this.#stale >= STALE_AT)
      this.#learn(head, next - EMPTY_LINE_BYTES);
  }

  /** The connection is no more, and remembers nothing. */
  close(): void {
    this.#leaveRoom();
    this.#rows = NO_VIEW;
    this.#count = 0;
    this.#isClosed = true;
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
    this.#settleIn(linesAt(count) + length);
    const rows = this.#rows;
    const base = this.#at;
    for (let index = 0; index < count; index++) {
      const at = base + index * ROW_BYTES;
      for (let place = 0; place < 4; place++) {
        rows.setUint16(at + place * PLACE_BYTES, spans[index * 4 + place]! - start, true);
      }
      rows.setUint16(at + KIND_AT, head.names[index]! | (head.marks[index] === 1 ? MARKED : 0), true);
    }
    rows.setUint16(base + count * ROW_BYTES, length, true);
    new Uint8Array(rows.buffer, base + linesAt(count)).set(bytes.subarray(start, start + length));
  }

  /** Finds memory of so many bytes. */
  #settleIn(bytes: number): void {
    const rooms = this.#rooms;
    if (rooms !== undefined && bytes <= ROOM_BYTES) {
      if (this.#room < 0) this.#room = rooms.take();
      if (this.#room >= 0) {
        this.#rows = rooms.pieceOf(this.#room);
        this.#at = rooms.offsetOf(this.#room);
        return;
      }
    }
    const isOwn = this.#room < 0;
    this.#leaveRoom();
    if (!isOwn || this.#rows.byteLength < bytes) this.#rows = new DataView(new ArrayBuffer(bytes));
  }

  #leaveRoom(): void {
    if (this.#room >= 0) this.#rooms?.giveBack(this.#room);
    this.#room = -1;
    this.#at = 0;
  }
}

/** Of the line at this index, whose rows begin at `base`. */
function startOf(rows: DataView, base: number, index: number): number {
  return rows.getUint16(base + index * ROW_BYTES, true);
}

/** Where the bytes of so many lines begin. */
function linesAt(count: number): number {
  return count * ROW_BYTES + PLACE_BYTES;
}

/**
 * How many bytes from `at` on are as the remembered ones from `from` on. Floats are equal where their bytes are, but for
 * zero and its negative, and what is no number: the former is bytes that no line has which was read, the latter is
 * equal to nothing, and so read again.
 */
function sameFrom(bytes: Uint8Array, at: number, limit: number, rows: DataView, from: number, end: number): number {
  const view = viewFor(bytes);
  const length = Math.min(limit - at, end - from);
  let to = 0;
  for (const last = length - FLOAT_BYTES; to <= last; to += FLOAT_BYTES) {
    if (view.getFloat64(at + to, true) !== rows.getFloat64(from + to, true)) break;
  }
  while (to < length && view.getUint8(at + to) === rows.getUint8(from + to)) to++;
  return to;
}

/** Notes the remembered fields from the head's next one up to `last`, `moved` bytes behind where they were. */
function noteAll(head: Head, rows: DataView, base: number, last: number, moved: number): void {
  let { present, repeated } = head;
  for (let index = head.fieldCount; index < last; index++) {
    head.reserve();
    head.fieldCount = index + 1;
    const { spans, names, marks } = head;
    const at = base + index * ROW_BYTES;
    const kind = rows.getUint16(at + KIND_AT, true);
    const place = index * 4;
    spans[place] = rows.getUint16(at, true) + moved;
    spans[place + 1] = rows.getUint16(at + PLACE_BYTES, true) + moved;
    spans[place + 2] = rows.getUint16(at + 2 * PLACE_BYTES, true) + moved;
    spans[place + 3] = rows.getUint16(at + 3 * PLACE_BYTES, true) + moved;
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
