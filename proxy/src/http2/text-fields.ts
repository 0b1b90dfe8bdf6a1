/**
 * From a request's head as HTTP/1.1's text, and from trailer lines, to fields of HTTP/2
 * (RFC 9113, section 8). The text is one that the mesh has written: every line is whole.
 *
 *     the request line     :method, :scheme http, :authority (the Host field's value), :path
 *     other lines          names in lower case; those of one connection (section 8.2.2) are left out. Of te,
 *                          what the mesh has written is `trailers`, which may stay
 */
import { asciiBytes, COLON, CR, equalsFolded, HTAB, SP } from "../http1/characters.ts";

export interface FieldSink {
  field(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): void;
}

const METHOD = asciiBytes(":method");
const SCHEME = asciiBytes(":scheme");
const HTTP = asciiBytes("http");
const AUTHORITY = asciiBytes(":authority");
const PATH = asciiBytes(":path");
const HOST = asciiBytes("host");
const OF_CONNECTION = ["host", "connection", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade"].map(
  asciiBytes,
);
const NAME_BYTES_AT_FIRST = 64;

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
    while (to < end && bytes[to] !== CR) to++;
    this.next = to + 2;
    while (to > this.value && isBlank(bytes[to - 1])) to--;
    this.valueEnd = to;
    return true;
  }
}

export class TextFields {
  readonly #line = new Line();
  #name = new Uint8Array(NAME_BYTES_AT_FIRST);

  /** The head bytes[from, to) of a request. */
  request(bytes: Uint8Array, from: number, to: number, sink: FieldSink): void {
    const methodEnd = bytes.indexOf(SP, from);
    const pathEnd = bytes.indexOf(SP, methodEnd + 1);
    const lines = bytes.indexOf(CR, pathEnd) + 2;
    sink.field(METHOD, 0, METHOD.length, bytes, from, methodEnd);
    sink.field(SCHEME, 0, SCHEME.length, HTTP, 0, HTTP.length);
    const line = this.#line;
    for (let at = lines; line.scan(bytes, at, to); at = line.next) {
      if (!equalsFolded(bytes, at, line.nameEnd, HOST)) continue;
      sink.field(AUTHORITY, 0, AUTHORITY.length, bytes, line.value, line.valueEnd);
      break;
    }
    sink.field(PATH, 0, PATH.length, bytes, methodEnd + 1, pathEnd);
    this.lines(bytes, lines, to, sink);
  }

  /** Field lines bytes[from, to) up to the empty one. */
  lines(bytes: Uint8Array, from: number, to: number, sink: FieldSink): void {
    const line = this.#line;
    for (let at = from; line.scan(bytes, at, to); at = line.next) {
      const { nameEnd, value, valueEnd } = line;
      if (isOfConnection(bytes, at, nameEnd)) continue;
      const name = this.#fold(bytes, at, nameEnd);
      sink.field(name, 0, nameEnd - at, bytes, value, valueEnd);
    }
  }

  #fold(bytes: Uint8Array, from: number, to: number): Uint8Array {
    if (to - from > this.#name.length) this.#name = new Uint8Array((to - from) * 2);
    const name = this.#name;
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      name[at - from] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    }
    return name;
  }
}

function isOfConnection(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = 0; index < OF_CONNECTION.length; index++) {
    if (equalsFolded(bytes, from, to, OF_CONNECTION[index]!)) return true;
  }
  return false;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}
