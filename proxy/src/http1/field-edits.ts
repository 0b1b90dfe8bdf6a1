/**
 * What a forwarded head differs in from the one received: fields that go, lines that come.
 * One record is reused; `clear` brings it back to what every forwarded head loses.
 */
import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes, COLON, equalsFolded, IS_TOKEN, IS_VALUE, isSameVariable, LF } from "./characters.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type Framing, type Head, NO_BYTES } from "./head.ts";
import { bitOf, HOP_BY_HOP, knownField } from "./known-field.ts";
import { LINE_SPAN, type ReadyLines, readyLines } from "./ready-lines.ts";

const LINES_BYTES_AT_FIRST = 512;
const LINES_AT_FIRST = 16;
/** A UTF-16 unit's most. */
const UTF8_BYTES_MAX = 3;
const TE = bitOf(KnownField.te);
const TRAILERS = asciiBytes("trailers");
const encoder = new TextEncoder();

export class FieldEdits {
  /** Mask of known fields that are not forwarded. */
  drop = HOP_BY_HOP;
  /** Names (lower case, hyphens for underscores) of further fields that are not. */
  readonly removed: Uint8Array[] = [];
  /** Whole field lines that are added at the end, lines[0, linesBytes). */
  lines = new Uint8Array(LINES_BYTES_AT_FIRST);
  linesBytes = 0;
  /** Of each added line what ReadyLines say, in `lines`; lineSpans[0, spansEnd). */
  lineSpans = new Int32Array(LINES_AT_FIRST * LINE_SPAN);
  spansEnd = 0;
  /** Framing on the outgoing connection; undefined as received. */
  framing: Framing | undefined = undefined;

  clear(drop: number = HOP_BY_HOP): void {
    this.drop = drop | HOP_BY_HOP;
    // Even an empty array is made anew by its next element.
    if (this.removed.length > 0) this.removed.length = 0;
    this.linesBytes = 0;
    this.spansEnd = 0;
    this.framing = undefined;
  }

  /** A client that takes trailers says so to the next hop, too, unless its field is this connection's own. */
  keepTrailersWord(head: Head): void {
    const index = (head.repeated & TE) === 0 ? head.indexOf(KnownField.te) : -1;
    if (index < 0) return;
    const { bytes, spans } = head;
    if (equalsFolded(bytes, spans[index * 4 + 2]!, spans[index * 4 + 3]!, TRAILERS)) this.drop &= ~TE;
  }

  /** Drops every field of this name, however it is spelt. False, and nothing done, where it is not a token. */
  remove(name: string): boolean {
    if (!isToken(name)) return false;
    const removed = asciiBytes(variableOf(name));
    this.removed.push(removed);
    this.#takeBack(removed);
    return true;
  }

  /** Adds a line; white space around the value does not belong to it. False, and nothing done, where name or value may not stand in a head. */
  add(name: string, text: string): boolean {
    const value = trimBlanks(text);
    if (!isToken(name) || !isFieldValue(value)) return false;
    this.#reserve(name.length + value.length * UTF8_BYTES_MAX + 4);
    const { lines } = this;
    const start = this.linesBytes;
    let at = start;
    for (let index = 0; index < name.length; index++) lines[at++] = name.charCodeAt(index);
    lines[at++] = 0x3a;
    lines[at++] = 0x20;
    at = writeText(lines, at, value);
    this.#addSpans(start, start + name.length, at, knownField(lines, start, start + name.length));
    lines[at++] = 0x0d;
    lines[at++] = 0x0a;
    this.linesBytes = at;
    return true;
  }

  /** Removes the fields of this name, received or added, and adds one with this value. */
  set(name: string, value: string): boolean {
    return isFieldValue(trimBlanks(value)) && this.remove(name) && this.add(name, value);
  }

  /** Adds lines made once and for all. */
  addLines({ bytes, spans }: ReadyLines): void {
    this.#reserve(bytes.length);
    const start = this.linesBytes;
    this.linesBytes = copyBytes(this.lines, start, bytes, 0, bytes.length);
    for (let at = 0; at < spans.length; at += LINE_SPAN)
      this.#addSpans(start + spans[at]!, start + spans[at + 1]!, start + spans[at + 3]!, spans[at + 4]!);
  }

  #addSpans(name: number, nameEnd: number, valueEnd: number, field: number): void {
    const at = this.spansEnd;
    if (at === this.lineSpans.length) {
      const spans = new Int32Array(at * 2);
      spans.set(this.lineSpans);
      this.lineSpans = spans;
    }
    const { lineSpans } = this;
    lineSpans[at] = name;
    lineSpans[at + 1] = nameEnd;
    lineSpans[at + 2] = nameEnd + 2;
    lineSpans[at + 3] = valueEnd;
    lineSpans[at + 4] = field;
    this.spansEnd = at + LINE_SPAN;
  }

  /** Whether the field at `index` goes. */
  isDropped(head: Head, index: number): boolean {
    if ((this.drop & (1 << head.names[index]!) & ~1) !== 0 || head.marks[index] === 1) return true;
    for (let at = 0; at < this.removed.length; at++) {
      const name = this.removed[at] ?? NO_BYTES;
      if (isSameVariable(head.bytes, head.spans[index * 4]!, head.spans[index * 4 + 1]!, name)) return true;
    }
    return false;
  }

  /** Forgets lines of this name that were added. */
  #takeBack(name: Uint8Array): void {
    const { lines } = this;
    let to = 0;
    for (let at = 0; at < this.linesBytes; ) {
      const end = lines.indexOf(LF, at) + 1;
      if (!isSameVariable(lines, at, lines.indexOf(COLON, at), name)) {
        lines.copyWithin(to, at, end);
        to += end - at;
      }
      at = end;
    }
    if (to === this.linesBytes) return;
    this.linesBytes = to;
    const { spans } = readyLines(lines.subarray(0, to));
    this.spansEnd = spans.length;
    this.lineSpans.set(spans);
  }

  #reserve(bytes: number): void {
    if (this.linesBytes + bytes <= this.lines.length) return;
    let size = this.lines.length * 2;
    while (size < this.linesBytes + bytes) size *= 2;
    const lines = new Uint8Array(size);
    lines.set(this.lines);
    this.lines = lines;
  }
}

function isToken(name: string): boolean {
  if (name.length === 0) return false;
  for (let at = 0; at < name.length; at++) if (IS_TOKEN[name.charCodeAt(at)] !== 1) return false;
  return true;
}

/** A field name as it is compared: applications may not tell its spellings apart. */
export function variableOf(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Optional white space around a value, RFC 9110, section 5.5; nothing else counts as such. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Without control characters. */
function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 256 && IS_VALUE[code] !== 1) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** UTF-8; what is all ASCII, as nearly everything is, without a detour. */
function writeText(out: Uint8Array, start: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return start + encoder.encodeInto(text, out.subarray(start)).written;
    out[start + index] = code;
  }
  return start + text.length;
}
