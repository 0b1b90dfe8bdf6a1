/**
 * From a request's head as HTTP/1.1's text, and from trailer lines, to fields of HTTP/2
 * (RFC 9113, section 8). The text is one that the mesh has written: every line is whole.
 *
 *     the request line     :method, :scheme http, :authority (the Host field's value), :path
 *     other lines          as they are; those of one connection (section 8.2.2) are left out. Of te,
 *                          what the mesh has written is `trailers`, which may stay
 */
import { asciiBytes, COLON, CR, equalsFolded, HTAB, SP } from "../http1/characters.ts";
import { skipValue } from "../http1/words.ts";
import { FoldedName } from "./hpack/folded-name.ts";

export interface FieldSink {
  /** Its name may have letters of either case. */
  field(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): void;
  named(name: FoldedName, value: Uint8Array, vs: number, ve: number): void;
  /** An entry of HPACK's static table. */
  fixed(index: number): void;
}

const METHOD = FoldedName.of(":method");
/** `:scheme: http`. */
const SCHEME_HTTP = 6;
const AUTHORITY = FoldedName.of(":authority");
const PATH = FoldedName.of(":path");
const HOST = asciiBytes("host");
const OF_CONNECTION = ["host", "connection", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade"].map(
  asciiBytes,
);
/** 1 where a name of this length may be one of them: nearly every name is told from them by that. */
const LENGTHS = Uint8Array.from({ length: 32 }, (_, length) =>
  OF_CONNECTION.some((name) => name.length === length) ? 1 : 0,
);

/** One line at a time: spans of what was scanned last. */
class Line {
  nameEnd = 0;
  value = 0;
  valueEnd = 0;
  /** Where the next line begins. */
  next = 0;

  /** The line at `at`; false where it is the empty one, or there is none before `end`. */
  scan(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end || bytes[at] === CR) return false;
    let to = at;
    while (to < end && bytes[to] !== COLON) to++;
    this.nameEnd = to++;
    while (to < end && isBlank(bytes[to])) to++;
    this.value = to;
    // It ends at the first byte that no value has, unless that is a tab.
    to = skipValue(bytes, to, end);
    while (to < end && bytes[to] !== CR) to++;
    this.next = to + 2;
    while (to > this.value && isBlank(bytes[to - 1])) to--;
    this.valueEnd = to;
    return true;
  }
}

export class TextFields {
  readonly #line = new Line();

  /** The head bytes[from, to) of a request. */
  request(bytes: Uint8Array, from: number, to: number, sink: FieldSink): void {
    const methodEnd = bytes.indexOf(SP, from);
    const pathEnd = bytes.indexOf(SP, methodEnd + 1);
    const lines = bytes.indexOf(CR, pathEnd) + 2;
    sink.named(METHOD, bytes, from, methodEnd);
    sink.fixed(SCHEME_HTTP);
    const line = this.#line;
    for (let at = lines; line.scan(bytes, at, to); at = line.next) {
      if (!equalsFolded(bytes, at, line.nameEnd, HOST)) continue;
      sink.named(AUTHORITY, bytes, line.value, line.valueEnd);
      break;
    }
    sink.named(PATH, bytes, methodEnd + 1, pathEnd);
    this.lines(bytes, lines, to, sink);
  }

  /** Field lines bytes[from, to) up to the empty one. */
  lines(bytes: Uint8Array, from: number, to: number, sink: FieldSink): void {
    const line = this.#line;
    for (let at = from; line.scan(bytes, at, to); at = line.next) {
      const { nameEnd, value, valueEnd } = line;
      if (isOfConnection(bytes, at, nameEnd)) continue;
      sink.field(bytes, at, nameEnd, bytes, value, valueEnd);
    }
  }
}

function isOfConnection(bytes: Uint8Array, from: number, to: number): boolean {
  if (LENGTHS[to - from] !== 1) return false;
  for (let index = 0; index < OF_CONNECTION.length; index++) {
    if (equalsFolded(bytes, from, to, OF_CONNECTION[index]!)) return true;
  }
  return false;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}
